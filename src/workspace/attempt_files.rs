//! The files of an attempt: what was it told, and what did its agent and its checks print?
//! Read from the end, because that is where the reason stands, and in pieces, because logs are long.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// What is kept of an attempt besides its work.
#[derive(Clone, Debug)]
pub struct AttemptFiles {
    folder: PathBuf,
}

/// One of its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptFile {
    /// What the agent was told.
    Prompt,
    /// What `setup` printed before the agent.
    Setup,
    /// What the agent printed, a JSON object a line.
    Agent,
    /// What the checks printed on the code that the run began with.
    ChecksBefore,
    /// What the checks printed.
    Checks,
    /// The test report.
    Junit,
}

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPiece {
    pub bytes: Vec<u8>,
    /// Where it begins in the file.
    pub from: u64,
}

impl AttemptFile {
    /// In the order in which they are written.
    pub const ALL: [Self; 6] =
        [Self::Prompt, Self::Setup, Self::Agent, Self::ChecksBefore, Self::Checks, Self::Junit];
    /// Those that grow while something works.
    pub const LOGS: [Self; 4] = [Self::Setup, Self::Agent, Self::ChecksBefore, Self::Checks];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt.txt",
            Self::Setup => "setup.log",
            Self::Agent => "agent.jsonl",
            Self::ChecksBefore => "checks-before.log",
            Self::Checks => "checks.log",
            Self::Junit => "junit.xml",
        }
    }
}

impl AttemptFiles {
    pub(super) const fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Where they are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Where its agent worked: the names in its log begin with it.
    #[must_use]
    pub fn worktree(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// Whether this machine has them.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.folder.is_dir()
    }

    /// The end of a file, in whole lines; none where there is no such file.
    pub fn tail(&self, file: AttemptFile, most_bytes: u64) -> io::Result<Option<LogPiece>> {
        let Some(mut open) = self.open(file)? else { return Ok(None) };
        let from = open.metadata()?.len().saturating_sub(most_bytes);
        let mut piece = read(&mut open, from, most_bytes)?;
        if from > 0 {
            let line = piece.bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            piece.bytes.drain(..line);
            piece.from += u64::try_from(line).unwrap_or(0);
        }
        Ok(Some(piece))
    }

    /// At most so much of a file from this byte on; none where there is no such file.
    pub fn piece(
        &self,
        file: AttemptFile,
        from: u64,
        most_bytes: u64,
    ) -> io::Result<Option<LogPiece>> {
        let Some(mut open) = self.open(file)? else { return Ok(None) };
        read(&mut open, from, most_bytes).map(Some)
    }

    fn open(&self, file: AttemptFile) -> io::Result<Option<File>> {
        match File::open(self.folder.join(file.name())) {
            Ok(open) => Ok(Some(open)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
}

impl LogPiece {
    /// As text that steers no terminal and hides nothing.
    #[must_use]
    pub fn text(&self) -> String {
        crate::run::foreign_text::printable(&String::from_utf8_lossy(&self.bytes))
    }

    /// The same without a last line that has not ended.
    #[must_use]
    pub fn whole_lines(mut self) -> Self {
        let end = self.bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.bytes.truncate(end);
        self
    }

    /// Where the file goes on.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.from + u64::try_from(self.bytes.len()).unwrap_or(0)
    }
}

fn read(file: &mut File, from: u64, most_bytes: u64) -> io::Result<LogPiece> {
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(most_bytes).read_to_end(&mut bytes)?;
    Ok(LogPiece { bytes, from })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_end_of_a_log_is_read_in_whole_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("checks.log"), "first\nsecond\n\u{1b}[31mthird\u{1b}[0m\n")
            .expect("written");
        let files = AttemptFiles::at(folder.path().to_owned());
        let text = |most| {
            let tail = files.tail(AttemptFile::Checks, most).expect("read").expect("a log");
            (tail.text(), tail.from, tail.end())
        };
        assert_eq!(text(100), ("first\nsecond\nthird\n".to_owned(), 0, 28));
        assert_eq!(text(18), ("third\n".to_owned(), 13, 28));
        assert_eq!(files.tail(AttemptFile::Agent, 9).expect("read"), None);
        let rest = files.piece(AttemptFile::Checks, 6, 6).expect("read").expect("a log");
        assert_eq!((rest.text().as_str(), rest.end()), ("second", 12));
    }
}
