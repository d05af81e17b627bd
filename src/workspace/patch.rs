//! Patches: what changed, line by line?
//! Hunks per file, up to a size that a page can show.

use serde::{Deserialize, Serialize};

use super::diff::{DIFF, NumstatEntry};
use super::hunks::{RawChange, changed_lines, hunks, in_order, parse_raw, sections, whole_lines};
use super::risks::not_shown;
use super::{Result, Shadow};
use crate::run::{Flag, Snapshot};

/// How much the header of one file may take, besides its hunks.
const HEADER_BYTES: usize = 10_000;
/// A difference that is longer than this is read file by file, so many of them.
const READ_BYTES: usize = 16 << 20;
const ASKED_FOR: usize = 300;
/// How much text of all files together one page shows.
const PAGE_BYTES: usize = 400_000;

/// A difference to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// The commit that it leads to; none in what older versions kept.
    #[serde(default)]
    pub commit: Option<String>,
    /// Every changed file, also those whose text did not fit.
    pub files: Vec<FilePatch>,
    /// Some text was left out.
    pub truncated: bool,
    /// What changed since the stage asked before.
    #[serde(default)]
    pub since_round: Option<Box<Self>>,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePatch {
    pub path: String,
    /// Its name before, where it was renamed.
    pub old_path: Option<String>,
    pub status: FileStatus,
    /// Where that is not what it was, or no plain file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<Became>,
    /// None in what older versions kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modes: Option<FileModes>,
    pub added: u64,
    pub removed: u64,
    pub binary: bool,
    /// Unified hunks, each from its `@@` line.
    pub text: String,
    /// How many of its changed lines are not in `text`.
    #[serde(default)]
    pub left_out: u64,
}

impl Patch {
    /// How much of each file's text stands on the page of all files; the rest is on a page of its own.
    #[must_use]
    pub fn on_one_page(&self) -> Vec<usize> {
        let sizes: Vec<usize> = self.files.iter().map(|file| file.text.len()).collect();
        fair_shares(&sizes, PAGE_BYTES)
    }

    /// Code that the page of all files does not show whole, as a risk.
    #[must_use]
    pub fn not_shown(&self) -> Vec<Flag> {
        let shown = self.files.iter().zip(self.on_one_page());
        let cut = shown.filter(|(file, share)| file.beginning(*share).1 > 0);
        not_shown(cut.map(|(file, _)| file.path.as_str()))
    }
}

impl FilePatch {
    /// How many lines it has that were added or removed.
    #[must_use]
    pub const fn changed(&self) -> u64 {
        self.added.saturating_add(self.removed)
    }

    /// How many changed lines are in no text that is kept. What older versions kept does not say that any are missing.
    #[must_use]
    pub fn not_kept(&self) -> u64 {
        if self.text.is_empty() && !self.binary { self.changed() } else { self.left_out }
    }

    /// As many whole lines of its text as fit, and how many changed lines are missing then.
    #[must_use]
    pub fn beginning(&self, most_bytes: usize) -> (&str, u64) {
        let shown = whole_lines(&self.text, most_bytes);
        (shown, changed_lines(&self.text[shown.len()..]) + self.not_kept())
    }
}

/// What git calls a file before and after, such as `100644`; `000000` where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileModes {
    pub before: String,
    pub after: String,
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

/// What a file is now, besides its lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    Executable,
    NotExecutable,
    Link,
    Submodule,
    /// No link any more, nor a submodule.
    File,
}

impl Became {
    /// From the modes that git tells, such as `100644`; `000000` is no file. None where nothing is worth telling.
    pub(super) fn of(before: &str, after: &str) -> Option<Self> {
        match (before, after) {
            (before, after) if before == after => None,
            (_, "120000") => Some(Self::Link),
            (_, "160000") => Some(Self::Submodule),
            (_, "100755") => Some(Self::Executable),
            ("100755", "100644") => Some(Self::NotExecutable),
            ("120000" | "160000", "100644") => Some(Self::File),
            _ => None,
        }
    }
}

impl Shadow {
    /// The difference between two snapshots; all hunks together take at most `max_bytes`. Small files come whole before larger ones have
    /// more than their fair share.
    pub async fn patch(&self, from: &Snapshot, to: &Snapshot, max_bytes: usize) -> Result<Patch> {
        let files = self.numstat(from, to).await?;
        let changes = self.raw_changes(from, to).await?;
        let text = self.diff_text((from, to), &[], READ_BYTES).await?;
        let texts = if text.len() < READ_BYTES {
            in_order(&String::from_utf8_lossy(&text), &changes)
        } else {
            drop(text);
            self.texts_one_by_one((from, to), &files, max_bytes).await?
        };
        let mut patch = assemble(files, &changes, &texts, max_bytes);
        patch.commit = Some(to.commit.clone());
        Ok(patch)
    }

    async fn raw_changes(&self, from: &Snapshot, to: &Snapshot) -> Result<Vec<RawChange>> {
        let ids = [from.commit.as_str(), to.commit.as_str()];
        let raw = self.git().args(DIFF).args(["--raw", "-z"]).args(ids).bytes().await?;
        Ok(parse_raw(&raw))
    }

    /// The difference of these paths, or of all, as text, up to so many bytes.
    async fn diff_text(
        &self,
        (from, to): (&Snapshot, &Snapshot),
        paths: &[&str],
        most: usize,
    ) -> Result<Vec<u8>> {
        let ids = [from.commit.as_str(), to.commit.as_str(), "--"];
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        let git = self.git().env("GIT_LITERAL_PATHSPECS", "1");
        let output = git.args(DIFF).args(["-p"]).args(ids).args(paths).output(limit).await?;
        // A git whose output was cut was ended in the middle of it.
        if output.out.len() >= most { Ok(output.out) } else { output.success("diff") }
    }

    /// Of a difference that is too long to be read whole: the hunks of the smallest files, each asked for by itself, so that a giant hides no other.
    async fn texts_one_by_one(
        &self,
        ids: (&Snapshot, &Snapshot),
        files: &[NumstatEntry],
        max_bytes: usize,
    ) -> Result<Vec<String>> {
        let mut texts = vec![String::new(); files.len()];
        let mut by_size: Vec<usize> = (0..files.len()).collect();
        by_size
            .sort_by_key(|i| files[*i].lines.map(|(added, removed)| added.saturating_add(removed)));
        by_size.truncate(ASKED_FOR);
        let (mut left, count) = (max_bytes, by_size.len());
        for (asked, i) in by_size.into_iter().enumerate() {
            let paths: Vec<&str> =
                files[i].old_path.as_deref().into_iter().chain([files[i].path.as_str()]).collect();
            let most = (left / (count - asked)).saturating_add(HEADER_BYTES);
            let text = self.diff_text(ids, &paths, most).await?;
            texts[i] = sections(&String::from_utf8_lossy(&text)).into_iter().map(hunks).collect();
            left = left.saturating_sub(texts[i].len());
        }
        Ok(texts)
    }
}

fn assemble(
    files: Vec<NumstatEntry>,
    changes: &[RawChange],
    texts: &[String],
    max_bytes: usize,
) -> Patch {
    let sizes: Vec<usize> = texts.iter().map(String::len).collect();
    let shares = fair_shares(&sizes, max_bytes);
    let cut = texts.iter().zip(shares).map(|(text, share)| whole_lines(text, share));
    let files = files.into_iter().zip(changes).zip(cut).map(|((file, change), text)| {
        let (added, removed) = file.lines.unwrap_or_default();
        FilePatch {
            status: status(change.letter),
            became: Became::of(&change.modes.before, &change.modes.after),
            modes: Some(change.modes.clone()),
            added,
            removed,
            binary: file.lines.is_none(),
            left_out: added.saturating_add(removed).saturating_sub(changed_lines(text)),
            text: text.to_owned(),
            path: file.path,
            old_path: file.old_path,
        }
    });
    let files: Vec<FilePatch> = files.collect();
    let truncated = files.iter().any(|file| file.left_out > 0);
    Patch { commit: None, files, truncated, since_round: None }
}

/// How much of the room each of these gets: small ones all they need, the others as much as each other.
fn fair_shares(sizes: &[usize], room: usize) -> Vec<usize> {
    let mut by_size: Vec<usize> = (0..sizes.len()).collect();
    by_size.sort_by_key(|i| sizes[*i]);
    let (mut left, mut shares) = (room, vec![0; sizes.len()]);
    for (taken, i) in by_size.into_iter().enumerate() {
        shares[i] = sizes[i].min(left / (sizes.len() - taken));
        left -= shares[i];
    }
    shares
}

const fn status(letter: char) -> FileStatus {
    match letter {
        'A' => FileStatus::Added,
        'D' => FileStatus::Deleted,
        'R' => FileStatus::Renamed,
        _ => FileStatus::Modified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_come_whole_and_large_ones_share_the_rest() {
        assert_eq!(fair_shares(&[1_000, 10, 700, 10], 1_020), [500, 10, 500, 10]);
        assert_eq!(fair_shares(&[5, 6], 100), [5, 6]);
        assert_eq!(fair_shares(&[9, 9, 9], 2), [0, 1, 1]);
        assert_eq!(fair_shares(&[], 2), [0; 0]);
    }

    fn entry(path: &str, lines: u64) -> NumstatEntry {
        NumstatEntry { path: path.to_owned(), old_path: None, lines: Some((lines, 0)) }
    }

    #[test]
    fn what_is_missing_is_counted_and_code_of_it_is_a_risk() {
        let text = |lines: usize| format!("@@ -0,0 +1 @@\n{}", "+a line\n".repeat(lines));
        let files = vec![entry("data.csv", 90), entry("src/a.js", 178), entry("src/b.js", 2)];
        let texts = vec![text(90), text(178), text(2)];
        let modes = FileModes { before: "000000".to_owned(), after: "100644".to_owned() };
        let changes = vec![RawChange { letter: 'A', modes }; 3];
        let patch = assemble(files, &changes, &texts, 600);
        let left_out: Vec<u64> = patch.files.iter().map(|file| file.left_out).collect();
        assert_eq!(left_out, [57, 145, 0]);
        assert!(patch.truncated);
        let flags = patch.not_shown();
        assert_eq!((flags[0].count, flags[0].example.as_str()), (1, "src/a.js"));
    }

    #[test]
    fn what_older_versions_left_out_is_missing_too() {
        let old = r#"{"path":"a.js","old_path":null,"status":"added","added":178,"removed":0,"binary":false,"text":""}"#;
        let old: FilePatch = serde_json::from_str(old).expect("a file");
        assert_eq!((old.not_kept(), old.beginning(9)), (178, ("", 178)));
    }
}
