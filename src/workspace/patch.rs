//! Patches: what changed, line by line?
//! Hunks per file, up to a size that a page can show.

use serde::{Deserialize, Serialize};

use super::diff::{DIFF, NumstatEntry};
use super::records::records;
use super::{Result, Shadow};
use crate::run::Snapshot;

/// How much the header of one file may take, besides its hunks.
const HEADER_BYTES: usize = 10_000;

/// A difference to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// Every changed file, also those whose text did not fit.
    pub files: Vec<FilePatch>,
    /// Some text was left out.
    pub truncated: bool,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePatch {
    pub path: String,
    /// Its name before, where it was renamed.
    pub old_path: Option<String>,
    pub status: FileStatus,
    pub added: u64,
    pub removed: u64,
    pub binary: bool,
    /// Unified hunks, each from its `@@` line.
    pub text: String,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileStatus {
    Added,
    Modified,
    Deleted,
    Renamed,
}

impl Shadow {
    /// The difference between two snapshots; all hunks together take at most `max_bytes`.
    pub async fn patch(&self, from: &Snapshot, to: &Snapshot, max_bytes: usize) -> Result<Patch> {
        let files = self.numstat(from, to).await?;
        let letters = self.status_letters(from, to).await?;
        let most = max_bytes.saturating_add(files.len().saturating_mul(HEADER_BYTES));
        let text = self.diff_text(from, to, most).await?;
        let room = SpaceLeft { left: max_bytes, full: text.len() >= most };
        Ok(assemble(files, &letters, &String::from_utf8_lossy(&text), room))
    }

    async fn status_letters(&self, from: &Snapshot, to: &Snapshot) -> Result<Vec<char>> {
        let ids = [from.commit.as_str(), to.commit.as_str()];
        let raw = self.git().args(DIFF).args(["--raw", "-z"]).args(ids).bytes().await?;
        Ok(parse_letters(&raw))
    }

    /// The difference as text, up to so many bytes.
    async fn diff_text(&self, from: &Snapshot, to: &Snapshot, most: usize) -> Result<Vec<u8>> {
        let ids = [from.commit.as_str(), to.commit.as_str()];
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        let output = self.git().args(DIFF).args(["-p"]).args(ids).output(limit).await?;
        // A git whose output was cut was ended in the middle of it.
        if output.out.len() >= most { Ok(output.out) } else { output.success("diff") }
    }
}

/// How much text still fits.
struct SpaceLeft {
    left: usize,
    full: bool,
}

impl SpaceLeft {
    fn take(&mut self, text: &str) -> String {
        if text.len() <= self.left {
            self.left -= text.len();
            return text.to_owned();
        }
        self.full = true;
        let fits = text.floor_char_boundary(self.left);
        self.left = 0;
        // Whole lines only.
        text[..text[..fits].rfind('\n').map_or(0, |end| end + 1)].to_owned()
    }
}

fn assemble(files: Vec<NumstatEntry>, letters: &[char], text: &str, mut room: SpaceLeft) -> Patch {
    let mut sections = sections(text).into_iter();
    let files = files.into_iter().zip(letters).map(|(file, letter)| {
        let hunks: String = sections.by_ref().take(sections_of(*letter)).map(hunks).collect();
        let (added, removed) = file.lines.unwrap_or_default();
        FilePatch {
            status: status(*letter),
            added,
            removed,
            binary: file.lines.is_none(),
            text: room.take(&hunks),
            path: file.path,
            old_path: file.old_path,
        }
    });
    let files = files.collect();
    Patch { files, truncated: room.full }
}

/// How many sections tell of a file: one that became a link, or the other way round, is told in two, gone and new.
pub(super) const fn sections_of(letter: char) -> usize {
    if letter == 'T' { 2 } else { 1 }
}

const fn status(letter: char) -> FileStatus {
    match letter {
        'A' => FileStatus::Added,
        'D' => FileStatus::Deleted,
        'R' => FileStatus::Renamed,
        _ => FileStatus::Modified,
    }
}

/// The letters of `--raw -z`, in order: `:100644 100644 id id M\0path\0`, a rename with two paths.
fn parse_letters(raw: &[u8]) -> Vec<char> {
    let mut fields = records(raw).into_iter();
    let mut letters = vec![];
    let last_word = |field: &str| field.rsplit(' ').next().and_then(|word| word.chars().next());
    while let Some(letter) = fields.next().as_deref().and_then(last_word) {
        let paths = if matches!(letter, 'R' | 'C') { 2 } else { 1 };
        fields.nth(paths - 1);
        letters.push(letter);
    }
    letters
}

/// One section per `diff --git` line; a line of a file never begins like that, for it is marked by its first character.
pub(super) fn sections(text: &str) -> Vec<&str> {
    let heads = text
        .match_indices("diff --git ")
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n');
    let starts: Vec<usize> = heads.chain([text.len()]).collect();
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

/// The hunks of a section, without its header.
pub(super) fn hunks(section: &str) -> &str {
    section.find("\n@@ ").map_or("", |at| &section[at + 1..])
}
