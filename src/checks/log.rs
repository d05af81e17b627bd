//! The log of the checks: what did the commands print?
//! On disk up to a size, and its tail in memory, for the feedback to the next attempt.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::Context;

/// Enough for every honest test run; what prints more is in a loop.
pub(super) const LARGEST_BYTES: usize = 10 << 20;

/// More than any feedback holds.
const TAIL_BYTES: usize = 16 << 10;

/// The output of all commands.
pub(super) struct Log {
    file: File,
    written: usize,
    tail: Vec<u8>,
}

impl Log {
    pub fn create(path: &Path) -> std::io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(Self { file: File::create(path)?, written: 0, tail: vec![] })
    }

    pub fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        let fits = bytes.len().min(LARGEST_BYTES - self.written);
        self.file.write_all(&bytes[..fits]).context("writing the checks' log")?;
        self.written += fits;
        if fits > 0 && self.written == LARGEST_BYTES {
            let note =
                format!("\n[the log ends here: it has reached {} MB]\n", LARGEST_BYTES >> 20);
            self.file.write_all(note.as_bytes()).context("writing the checks' log")?;
        }
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 2 * TAIL_BYTES {
            self.tail.drain(..self.tail.len() - TAIL_BYTES);
        }
        Ok(())
    }

    /// The end of it, as text without colours.
    pub fn tail(&self) -> String {
        strip_ansi(&String::from_utf8_lossy(&self.tail))
    }
}

/// Without terminal colours and other control characters.
pub(super) fn strip_ansi(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' if chars.peek() == Some(&'[') => {
                // A sequence ends with a letter.
                let _ = chars.by_ref().find(char::is_ascii_alphabetic);
            }
            '\n' | '\t' => plain.push(char),
            other if other.is_control() => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stage-1/checks.log");
        let mut log = Log::create(&path).unwrap();
        log.write(&vec![b'x'; LARGEST_BYTES + 5]).unwrap();
        log.write(b"the last words").unwrap();
        let kept = fs::read_to_string(&path).unwrap();
        assert!(
            kept.len() < LARGEST_BYTES + 100
                && kept.ends_with("[the log ends here: it has reached 10 MB]\n")
        );
        assert!(log.tail().ends_with("xthe last words"));
    }

    #[test]
    fn colours_are_left_out() {
        assert_eq!(strip_ansi("\u{1b}[31mred\u{1b}[0m\r\n\u{7}bell\tß"), "red\nbell\tß");
    }
}
