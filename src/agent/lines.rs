//! The output of a child, line by line: what did it print?
//! A line may be megabytes long or never end: what is too long is cut, so that memory is bounded.

use std::collections::VecDeque;
use std::mem::take;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use crate::run::foreign_text::{Encoding, Utf16Lines};

/// Longest line that is kept; the CLI prints a whole tool result on one line.
const LONGEST_LINE_BYTES: usize = 16 * 1024 * 1024;
/// How much of standard error is kept for an error message.
const TAIL_BYTES: usize = 4 * 1024;

/// Lines without their line ends, as UTF-8 also where they come as UTF-16. `next` is cancel safe: dropping it loses nothing.
pub(super) struct LineReader<R> {
    from: BufReader<R>,
    line: Vec<u8>,
    /// None until the first bytes are there.
    encoding: Option<Encoding>,
    utf16: Option<Utf16Lines>,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub fn new(from: R) -> Self {
        Self { from: BufReader::new(from), line: Vec::new(), encoding: None, utf16: None }
    }

    /// None at the end; a last line without its line end counts.
    pub async fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        loop {
            let bytes = self.from.fill_buf().await?;
            if bytes.is_empty() {
                return Ok(Some(self.rest()).filter(|last| !last.is_empty()));
            }
            let encoding = *self.encoding.get_or_insert_with(|| Encoding::of(bytes));
            if encoding != Encoding::Utf8 && self.utf16.is_none() {
                self.utf16 = Some(Utf16Lines::new(encoding, LONGEST_LINE_BYTES / 2));
            }
            let (taken, line) = if let Some(lines) = &mut self.utf16 {
                let (taken, line) = lines.take(bytes);
                (taken, line.map(String::into_bytes))
            } else {
                take_line(&mut self.line, bytes)
            };
            self.from.consume(taken);
            if line.is_some() {
                return Ok(line);
            }
        }
    }

    fn rest(&mut self) -> Vec<u8> {
        match &mut self.utf16 {
            Some(lines) => lines.rest().into_bytes(),
            None => take(&mut self.line),
        }
    }
}

/// Takes bytes up to the end of a line; how many, and the line where it ended.
fn take_line(line: &mut Vec<u8>, bytes: &[u8]) -> (usize, Option<Vec<u8>>) {
    let end = bytes.iter().position(|b| *b == b'\n');
    append(line, &bytes[..end.unwrap_or(bytes.len())]);
    match end {
        Some(at) => (at + 1, Some(take(line))),
        None => (bytes.len(), None),
    }
}

/// As much of it as fits.
fn append(line: &mut Vec<u8>, part: &[u8]) {
    let room = LONGEST_LINE_BYTES.saturating_sub(line.len());
    line.extend_from_slice(&part[..part.len().min(room)]);
}

/// How far into a broken line its type is looked for.
pub(super) const MOST_LOOKED_AT: usize = 1 << 20;

/// Whether a line that cannot be read was to be an object of this type: the end of the work is not overlooked because of a broken byte.
pub(super) fn was_to_be(line: &str, kind: &str) -> bool {
    let begins = line.trim_start_matches(|c: char| !c.is_ascii_graphic()).starts_with('{');
    let plain: String = line.chars().filter(|c| !c.is_whitespace()).take(MOST_LOOKED_AT).collect();
    begins && plain.contains(&format!("\"type\":\"{kind}\""))
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
    async fn lines_in_utf_16_are_lines() {
        let bytes: Vec<u8> =
            "\u{feff}{ü}\r\n{2}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut lines = LineReader::new(&bytes[..]);
        let read = [lines.next().await, lines.next().await, lines.next().await];
        let text = |line: std::io::Result<Option<Vec<u8>>>| {
            line.expect("no error").map(|line| String::from_utf8(line).expect("UTF-8"))
        };
        assert_eq!(read.map(text), [Some("{ü}\r".to_owned()), Some("{2}".to_owned()), None]);
    }

    #[tokio::test]
    async fn only_the_tail_of_a_flood_is_kept() {
        let flood = [vec![b'x'; 100_000], b"the end".to_vec()].concat();
        let kept = tail(&flood[..]).await;
        assert_eq!(kept.len(), TAIL_BYTES);
        assert!(kept.ends_with("the end"));
    }
}
