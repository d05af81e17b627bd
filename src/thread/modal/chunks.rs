//! Chunks of a diff: which lines stand together in a modal?
//! Cut cheaply, however long the diff is; only the chunks of one page are ever drawn.

use crate::slack::{Mrkdwn, truncate_plain};
use crate::thread::figures;
use crate::workspace::FilePatch;

/// Lines and characters of a chunk, chunks of one file before others have their turn.
const LINES: usize = 40;
const CHARACTERS: usize = 2_600;
const FIRST_CHUNKS: usize = 4;
/// Longest line that is shown whole.
const LINE: usize = 240;

/// Some lines of a file.
pub(super) struct FileChunk<'a> {
    pub file: &'a FilePatch,
    /// The file's first one.
    pub first: bool,
    last: bool,
    lines: &'a str,
}

/// All files in chunks: the first ones of each in their order, so that a long file hides no other, and then what is left of long ones.
pub(super) fn chunks(files: &[FilePatch]) -> Vec<FileChunk<'_>> {
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for file in files {
        for (i, chunk) in of_file(file).enumerate() {
            if i < FIRST_CHUNKS { &mut first } else { &mut rest }.push(chunk);
        }
    }
    first.extend(rest);
    first
}

/// At least one.
fn of_file(file: &FilePatch) -> impl Iterator<Item = FileChunk<'_>> {
    let mut left = Some(if file.binary { "" } else { file.text.as_str() });
    std::iter::from_fn(move || {
        let text = left?;
        let (lines, more) = text.split_at(fitting(text));
        let first = text.len() == file.text.len() || file.binary;
        left = Some(more).filter(|more| !more.is_empty());
        Some(FileChunk { file, first, last: left.is_none(), lines })
    })
}

/// How many bytes of the text fit into one chunk, in whole lines and at least one.
fn fitting(text: &str) -> usize {
    let (mut end, mut characters) = (0, 0);
    for (taken, line) in text.split_inclusive('\n').enumerate() {
        characters += line.chars().take(LINE).map(escaped_length).sum::<usize>();
        if taken == LINES || (taken > 0 && characters > CHARACTERS) {
            break;
        }
        end += line.len();
    }
    end
}

fn escaped_length(c: char) -> usize {
    match c {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        c => c.len_utf16(),
    }
}

impl FileChunk<'_> {
    /// The lines as they are shown, and what is missing after the last ones.
    pub fn text(&self) -> Mrkdwn {
        let missing = self.file.not_kept();
        let note = format!("_… {}, not shown here_", figures::plural(missing, "line"));
        match (self.lines.trim().is_empty(), missing > 0 && self.last) {
            _ if self.file.binary => "_Not text._".into(),
            (true, true) => note.into(),
            (true, false) if self.file.changed() == 0 => "_No lines._".into(),
            (_, false) => self.code(),
            (_, true) => self.code() + "\n" + note,
        }
    }

    fn code(&self) -> Mrkdwn {
        let lines = self.lines.lines().map(|line| truncate_plain(line, LINE));
        Mrkdwn::code_block(&lines.collect::<Vec<_>>().join("\n"))
    }
}
