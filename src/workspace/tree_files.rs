//! The files of a snapshot: does it have one of this name, and with how many lines?
//! Asked of the repository, never of a work tree: there a name may lead anywhere.

use std::collections::{BTreeMap, BTreeSet};

use super::records::raw_records;
use super::{Result, Shadow};
use crate::run::Snapshot;

impl Shadow {
    /// The names of its files, as far as they can be read.
    pub async fn files(&self, snapshot: &Snapshot) -> Result<BTreeSet<String>> {
        let list = ["ls-tree", "-r", "--name-only", "-z", &snapshot.commit];
        let listed = self.git().args(list).bytes().await?;
        Ok(raw_records(&listed).filter_map(|name| String::from_utf8(name.to_vec()).ok()).collect())
    }

    /// How many lines these have, as far as they are regular files with text in them.
    pub async fn line_counts(
        &self,
        snapshot: &Snapshot,
        files: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, u32>> {
        if files.is_empty() {
            return Ok(BTreeMap::new());
        }
        let git = self.git().env("GIT_LITERAL_PATHSPECS", "1");
        let count = ["grep", "-I", "-c", "-z", "--full-name", "-e", "", &snapshot.commit, "--"];
        let output = git.args(count).args(files).output(u64::MAX).await?;
        // One says that none of them has a line.
        match output.status.code() {
            Some(0 | 1) => {
                let counts = found_lines(&output.out, &snapshot.commit).into_iter();
                Ok(counts.filter_map(|(name, lines)| Some((name, lines.parse().ok()?))).collect())
            }
            _ => Err(output.error("grep")),
        }
    }
}

/// What `grep -z` says of a commit: reads `<commit>:<name>\0<line>\n`, again and again. What is no text is replaced.
pub(super) fn found_lines(said: &[u8], commit: &str) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (mut found, mut rest) = (Vec::new(), said);
    while let Some((name, line, after)) = first_line(rest) {
        let name = text(name);
        if let Some(name) = name.strip_prefix(commit).and_then(|it| it.strip_prefix(':')) {
            found.push((name.to_owned(), text(line)));
        }
        rest = after;
    }
    found
}

fn first_line(said: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let name = said.iter().position(|byte| *byte == 0)?;
    let after = &said[name + 1..];
    let end = after.iter().position(|byte| *byte == b'\n')?;
    Some((&said[..name], &after[..end], &after[end + 1..]))
}
