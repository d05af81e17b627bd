//! The output of a child, line by line: what did it print?
//! A line may be megabytes long or never end: what is too long is cut, so that memory is bounded.

use std::collections::VecDeque;
use std::mem::take;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// Longest line that is kept; the CLI prints a whole tool result on one line.
const LONGEST_LINE_BYTES: usize = 16 * 1024 * 1024;
/// How much of standard error is kept for an error message.
const TAIL_BYTES: usize = 4 * 1024;

/// Lines without their line ends. `next` is cancel safe: dropping it loses nothing.
pub(super) struct LineReader<R> {
    from: BufReader<R>,
    line: Vec<u8>,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub fn new(from: R) -> Self {
        Self { from: BufReader::new(from), line: Vec::new() }
    }

    /// None at the end; a last line without its line end counts.
    pub async fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        loop {
            let bytes = self.from.fill_buf().await?;
            if bytes.is_empty() {
                return Ok(Some(take(&mut self.line)).filter(|last| !last.is_empty()));
            }
            let end = bytes.iter().position(|b| *b == b'\n');
            append(&mut self.line, &bytes[..end.unwrap_or(bytes.len())]);
            let taken = end.map_or(bytes.len(), |at| at + 1);
            self.from.consume(taken);
            if end.is_some() {
                return Ok(Some(take(&mut self.line)));
            }
        }
    }
}

/// As much of it as fits.
fn append(line: &mut Vec<u8>, part: &[u8]) {
    let room = LONGEST_LINE_BYTES.saturating_sub(line.len());
    line.extend_from_slice(&part[..part.len().min(room)]);
}

/// The tail of a stream: reads to its end and keeps the last few kilobytes, as text.
pub(super) async fn tail(mut from: impl AsyncRead + Unpin) -> String {
    let mut kept: VecDeque<u8> = VecDeque::new();
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        kept.extend(&bytes[..count]);
        let surplus = kept.len().saturating_sub(TAIL_BYTES);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(kept.make_contiguous()).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_last_line_without_its_end_counts() {
        let mut lines = LineReader::new(&b"one\n\ntwo"[..]);
        let read = [lines.next().await, lines.next().await, lines.next().await, lines.next().await];
        assert_eq!(
            read.map(|l| l.expect("no error")),
            [Some(b"one".to_vec()), Some(vec![]), Some(b"two".to_vec()), None]
        );
    }

    #[tokio::test]
    async fn only_the_tail_of_a_flood_is_kept() {
        let flood = [vec![b'x'; 100_000], b"the end".to_vec()].concat();
        let kept = tail(&flood[..]).await;
        assert_eq!(kept.len(), TAIL_BYTES);
        assert!(kept.ends_with("the end"));
    }
}
