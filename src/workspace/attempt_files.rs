//! The files of an attempt: what was it told, and what did its agent and its checks print?
//! Read from the end, because that is where the reason stands, and in pieces, because logs are long; from this disk, or from the artifact
//! store, of which only the piece is fetched.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::artifact_keys::file_name;
use super::{Artifact, ArtifactStore, Result, WorkspaceError};

/// What is kept of an attempt besides its work.
#[derive(Clone, Debug)]
pub struct AttemptFiles {
    folder: PathBuf,
    stored: Option<StoredFiles>,
    /// Whether nobody works on it any more, so that what the store has is what counts.
    over: bool,
}

/// Those of them that the artifact store has.
#[derive(Clone, Debug)]
struct StoredFiles {
    artifacts: ArtifactStore,
    /// By name.
    files: BTreeMap<String, Artifact>,
}

/// Where a file is read, and how long it is.
enum Source<'a> {
    Here(PathBuf, u64),
    Stored(&'a ArtifactStore, &'a Artifact),
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
    /// What the checks printed with the new tests on the code before.
    ChecksRedGreen,
    /// The test report.
    Junit,
}

/// A line that is longer comes in pieces.
const LONGEST_LINE_BYTES: u64 = 64 << 20;

/// A piece of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPiece {
    pub bytes: Vec<u8>,
    /// Where it begins in the file.
    pub from: u64,
}

impl AttemptFile {
    /// In the order in which they are written.
    pub const ALL: [Self; 7] = [
        Self::Prompt,
        Self::Setup,
        Self::Agent,
        Self::ChecksBefore,
        Self::Checks,
        Self::ChecksRedGreen,
        Self::Junit,
    ];
    /// Those that grow while something works.
    pub const LOGS: [Self; 5] =
        [Self::Setup, Self::Agent, Self::ChecksBefore, Self::Checks, Self::ChecksRedGreen];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt.txt",
            Self::Setup => "setup.log",
            Self::Agent => "agent.jsonl",
            Self::ChecksBefore => "checks-before.log",
            Self::Checks => "checks.log",
            Self::ChecksRedGreen => "checks-red-green.log",
            Self::Junit => "junit.xml",
        }
    }
}

impl AttemptFiles {
    /// On this disk alone.
    pub(super) const fn at(folder: PathBuf) -> Self {
        Self { folder, stored: None, over: false }
    }

    /// The same, and these of the artifact store.
    pub(super) fn and_stored(
        self,
        artifacts: &ArtifactStore,
        files: Vec<Artifact>,
        over: bool,
    ) -> Self {
        let named = files.into_iter().map(|file| (file_name(&file.key).to_owned(), file));
        let stored = StoredFiles { artifacts: artifacts.clone(), files: named.collect() };
        Self { stored: Some(stored), over, ..self }
    }

    /// Where they are on this disk, or would be.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Where its agent worked, if on this disk: the names in its log begin with it.
    #[must_use]
    pub fn worktree(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// Whether there is anything of it, here or in the artifact store.
    #[must_use]
    pub fn are_found(&self) -> bool {
        let stored = self.stored.as_ref().is_some_and(|stored| !stored.files.is_empty());
        stored || self.folder.is_dir()
    }

    /// The end of a file, in whole lines; none where there is no such file.
    pub async fn tail(&self, file: AttemptFile, most_bytes: u64) -> Result<Option<LogPiece>> {
        let Some(source) = self.source(file)? else { return Ok(None) };
        let from = source.bytes().saturating_sub(most_bytes);
        let mut piece = source.read(from, most_bytes).await?;
        if from > 0 {
            let line = piece.bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            piece.bytes.drain(..line);
            piece.from += u64::try_from(line).unwrap_or(0);
        }
        Ok(Some(piece))
    }

    /// At most so much of a file from this byte on; none where there is no such file.
    pub async fn piece(
        &self,
        file: AttemptFile,
        from: u64,
        most_bytes: u64,
    ) -> Result<Option<LogPiece>> {
        let Some(source) = self.source(file)? else { return Ok(None) };
        source.read(from, most_bytes).await.map(Some)
    }

    /// The same in whole lines: those that fit, or one that is longer. Empty while the next line has not ended.
    pub async fn lines(
        &self,
        file: AttemptFile,
        from: u64,
        most_bytes: u64,
    ) -> Result<Option<LogPiece>> {
        let mut most = most_bytes;
        loop {
            let Some(piece) = self.piece(file, from, most).await? else { return Ok(None) };
            let is_all = piece.end() < from.saturating_add(most);
            if !is_all && !piece.bytes.contains(&b'\n') {
                if most >= LONGEST_LINE_BYTES {
                    return Ok(Some(piece));
                }
                most = most.saturating_mul(4);
            } else {
                return Ok(Some(piece.whole_lines()));
            }
        }
    }

    /// While somebody works on it, what is here is the newest. Afterwards a worker with another disk may have gone on with it, and then
    /// what was left here is not how it ended.
    fn source(&self, file: AttemptFile) -> Result<Option<Source<'_>>> {
        let path = self.folder.join(file.name());
        let here = match fs::metadata(&path) {
            Ok(data) => Some(data.len()),
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                None
            }
            Err(e) => return Err(reading(&path)(e)),
        };
        let stored = self.stored.as_ref();
        let stored = stored.and_then(|it| Some((&it.artifacts, it.files.get(file.name())?)));
        Ok(match (here, stored) {
            (Some(bytes), Some((artifacts, it))) if self.over && it.bytes != bytes => {
                Some(Source::Stored(artifacts, it))
            }
            (Some(bytes), _) => Some(Source::Here(path, bytes)),
            (None, Some((artifacts, it))) => Some(Source::Stored(artifacts, it)),
            (None, None) => None,
        })
    }
}

impl Source<'_> {
    const fn bytes(&self) -> u64 {
        match self {
            Self::Here(_, bytes) => *bytes,
            Self::Stored(_, file) => file.bytes,
        }
    }

    async fn read(&self, from: u64, most_bytes: u64) -> Result<LogPiece> {
        let bytes = match self {
            Self::Here(path, _) => {
                read_here(path, from, most_bytes).await.map_err(reading(path))?
            }
            Self::Stored(artifacts, file) => {
                let end = file.bytes.min(from.saturating_add(most_bytes));
                artifacts.get_part(&file.key, from..end).await?
            }
        };
        Ok(LogPiece { bytes, from })
    }
}

fn reading(path: &Path) -> impl FnOnce(io::Error) -> WorkspaceError + use<> {
    WorkspaceError::io(format!("reading {}", path.display()))
}

async fn read_here(path: &Path, from: u64, most_bytes: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path).await?;
    file.seek(SeekFrom::Start(from)).await?;
    let mut bytes = Vec::new();
    file.take(most_bytes).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

impl LogPiece {
    /// As text that steers no terminal and hides nothing.
    #[must_use]
    pub fn text(&self) -> String {
        crate::run::foreign_text::printable(&self.raw_text())
    }

    /// As it was written, for whoever reads it as data: a line of it may hold what people see as the end of one.
    #[must_use]
    pub fn raw_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// The same without a last line that has not ended.
    fn whole_lines(mut self) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_of_a_log_is_read_in_whole_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("checks.log"), "first\nsecond\n\u{1b}[31mthird\u{1b}[0m\n")
            .expect("written");
        let files = AttemptFiles::at(folder.path().to_owned());
        let text = async |most| {
            let tail = files.tail(AttemptFile::Checks, most).await.expect("read").expect("a log");
            (tail.text(), tail.from, tail.end())
        };
        assert_eq!(text(100).await, ("first\nsecond\nthird\n".to_owned(), 0, 28));
        assert_eq!(text(18).await, ("third\n".to_owned(), 13, 28));
        assert_eq!(files.tail(AttemptFile::Agent, 9).await.expect("read"), None);
        let rest = files.piece(AttemptFile::Checks, 6, 6).await.expect("read").expect("a log");
        assert_eq!((rest.text().as_str(), rest.end()), ("second", 12));
    }

    #[tokio::test]
    async fn a_line_that_is_longer_than_a_piece_is_read_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = "x".repeat(100);
        fs::write(folder.path().join("agent.jsonl"), format!("a\n{long}\nb\nc")).expect("written");
        let files = AttemptFiles::at(folder.path().to_owned());
        let mut from = 0;
        let mut lines = async || {
            let piece = files.lines(AttemptFile::Agent, from, 8).await.expect("read");
            let piece = piece.expect("a log");
            from = piece.end();
            piece.text()
        };
        assert_eq!(lines().await, "a\n");
        assert_eq!(lines().await, format!("{long}\nb\n"));
        assert_eq!(lines().await, "", "the last has not ended");
        let json = LogPiece { bytes: "{\"words\":\"a\u{2028}b\"}\n".into(), from: 0 };
        assert_eq!((json.raw_text().lines().count(), json.text().lines().count()), (1, 2));
    }

    #[tokio::test]
    async fn what_another_disk_made_of_it_counts_once_it_is_over() {
        let root = tempfile::tempdir().expect("a folder");
        let store = root.path().join("store").display().to_string();
        let artifacts = ArtifactStore::open(&store).expect("a store");
        fs::write(root.path().join("agent.jsonl"), "begun\n").expect("written");
        for (name, text) in [("agent.jsonl", "begun\nand done\n"), ("checks.log", "50 passed\n")] {
            artifacts.put(&format!("runs/a/{name}"), text.into()).await.expect("kept");
        }
        let stored = artifacts.list("runs/a").await.expect("listed");
        let files = |over| {
            AttemptFiles::at(root.path().to_owned()).and_stored(&artifacts, stored.clone(), over)
        };
        let tail = async |over: bool, file| {
            files(over).tail(file, 10).await.expect("read").expect("a log").text()
        };
        assert_eq!(tail(false, AttemptFile::Agent).await, "begun\n");
        assert_eq!(tail(true, AttemptFile::Agent).await, "and done\n");
        assert_eq!(tail(false, AttemptFile::Checks).await, "50 passed\n");
        let behind = files(true).piece(AttemptFile::Checks, 10, 9).await.expect("read");
        assert_eq!(behind.map(|piece| piece.bytes), Some(Vec::new()));
    }
}
