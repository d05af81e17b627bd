//! Diff statistics: what changed, in numbers?
//! Exactly what `git diff --numstat` says, with renames found.

use super::risks::RisksOf;
use super::{Result, Shadow};
use crate::run::{Diff, FileDiff, Snapshot};

/// How every diff is asked for: no program of anybody's, no colours, names as they are.
pub(super) const DIFF: [&str; 6] =
    ["diff", "-M", "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short"];

/// One record of `--numstat -z`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NumstatEntry {
    pub path: String,
    pub old_path: Option<String>,
    /// None where the file is binary.
    pub lines: Option<(u64, u64)>,
}

impl Shadow {
    /// How much changed between two snapshots, whichever came first, and what of it is risky.
    pub async fn diff(&self, from: &Snapshot, to: &Snapshot) -> Result<Diff> {
        self.diff_judged_by(from, to, &[]).await
    }

    /// The same, of work that these commands judge: a change of what they call is a risk.
    pub async fn diff_judged_by(
        &self,
        from: &Snapshot,
        to: &Snapshot,
        commands: &[String],
    ) -> Result<Diff> {
        let files = self.numstat(from, to).await?;
        let flags = self.risks(from, to, RisksOf { files: &files, commands }).await?;
        Ok(Diff { flags, ..sum(files) })
    }

    pub(super) async fn numstat(
        &self,
        from: &Snapshot,
        to: &Snapshot,
    ) -> Result<Vec<NumstatEntry>> {
        let ids = [from.commit.as_str(), to.commit.as_str()];
        let output = self.git().args(DIFF).args(["--numstat", "-z"]).args(ids).bytes().await?;
        Ok(parse_numstat(&output))
    }
}

fn sum(files: Vec<NumstatEntry>) -> Diff {
    let count = u32::try_from(files.len()).unwrap_or(u32::MAX);
    let mut biggest: Vec<FileDiff> = files.into_iter().map(file_diff).collect();
    let added = biggest.iter().map(|file| file.added).fold(0, u64::saturating_add);
    let removed = biggest.iter().map(|file| file.removed).fold(0, u64::saturating_add);
    biggest.sort_by_key(|file| std::cmp::Reverse(file.added.saturating_add(file.removed)));
    biggest.truncate(Diff::BIGGEST);
    Diff { files: count, added, removed, biggest, flags: Vec::new() }
}

fn file_diff(entry: NumstatEntry) -> FileDiff {
    let (added, removed) = entry.lines.unwrap_or_default();
    FileDiff { path: entry.path, added, removed }
}

/// Reads `added\tremoved\tpath\0`, or for a rename `added\tremoved\t\0old\0new\0`.
fn parse_numstat(bytes: &[u8]) -> Vec<NumstatEntry> {
    let text = String::from_utf8_lossy(bytes);
    let mut fields = text.split('\0');
    std::iter::from_fn(|| next_entry(&mut fields)).collect()
}

fn next_entry<'f>(fields: &mut impl Iterator<Item = &'f str>) -> Option<NumstatEntry> {
    let (added, rest) = fields.next()?.split_once('\t')?;
    let (removed, path) = rest.split_once('\t')?;
    let lines = added.parse().ok().zip(removed.parse().ok());
    if !path.is_empty() {
        return Some(NumstatEntry { path: path.to_owned(), old_path: None, lines });
    }
    let old_path = fields.next().map(str::to_owned);
    Some(NumstatEntry { path: fields.next().unwrap_or_default().to_owned(), old_path, lines })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renames_and_binaries_are_read() {
        let files = parse_numstat(b"1\t2\tsrc/a b.js\x005\t0\t\0old\tname\0new\0-\t-\tlogo.png\0");
        let names: Vec<_> = files
            .iter()
            .map(|file| (file.path.as_str(), file.old_path.as_deref(), file.lines))
            .collect();
        assert_eq!(
            names,
            [
                ("src/a b.js", None, Some((1, 2))),
                ("new", Some("old\tname"), Some((5, 0))),
                ("logo.png", None, None)
            ]
        );
        assert_eq!(sum(files).biggest[0].path, "new");
    }

    proptest::proptest! {
        #[test]
        fn whatever_git_prints_is_read(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60), text in "([0-9]{1,20}|-|\t|\u{0}|.){0,40}") {
            parse_numstat(&bytes);
            sum(parse_numstat(text.as_bytes()));
        }
    }
}
