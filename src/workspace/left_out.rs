//! What is left out: what does a snapshot not hold as the agent left it, and people should know?
//! Only what git would not have ignored: a tool's empty folders are nobody's work.

use super::Result;
use super::lfs::{ASK, Pointer, held_by_lfs};
use super::readable::InClone;
use super::records::{FileName, as_path, joined, raw_records};
use super::risks::RiskFindings;
use super::staging::{StagedWorktree, displayable};
use crate::run::{Flag, Risk};

/// What is looked at to say what was left out.
pub(super) struct Seen<'a> {
    pub in_clone: &'a InClone,
    /// The folders of submodules.
    pub submodules: Vec<&'a FileName>,
    /// Files that the agent wrote.
    pub written: Vec<&'a FileName>,
}

impl StagedWorktree<'_> {
    /// After everything is in the index.
    pub(super) async fn left_out(&self, seen: &Seen<'_>) -> Result<Vec<Flag>> {
        let mut findings = RiskFindings::default();
        for name in self.lfs_files(&seen.written).await? {
            findings.add(Risk::LfsFile, &displayable(&name));
        }
        for name in self.with_files(&seen.in_clone.repositories).await? {
            findings.add(Risk::Repository, &as_folder(name));
        }
        for name in seen.submodules.iter().filter(|name| self.has_entries(name)) {
            findings.add(Risk::NotKept, &as_folder(name));
        }
        let in_submodule =
            |name: &FileName| seen.submodules.iter().any(|it| is_below(name, it) || *it == name);
        let no_files: Vec<_> =
            seen.in_clone.no_files.iter().filter(|name| !in_submodule(name)).collect();
        let ignored = self.ignored(&no_files).await?;
        for name in no_files.into_iter().filter(|name| !ignored.contains(*name)) {
            let is_folder = self.worktree.join(as_path(name)).is_dir();
            findings
                .add(Risk::NotKept, &if is_folder { as_folder(name) } else { displayable(name) });
        }
        Ok(findings.flags())
    }

    /// Of these files, those that LFS should hold and that are no pointers.
    async fn lfs_files(&self, written: &[&FileName]) -> Result<Vec<FileName>> {
        if written.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.git().args(ASK).input(joined(written.iter().copied())).bytes().await?;
        let mut held = held_by_lfs(&answer);
        held.retain(|name| {
            let file = self.worktree.join(as_path(name));
            file.is_file() && !file.is_symlink() && Pointer::read(&file).is_none()
        });
        held.sort();
        Ok(held)
    }

    /// Of these folders, those that have something in the snapshot.
    async fn with_files<'a>(&self, folders: &'a [FileName]) -> Result<Vec<&'a FileName>> {
        if folders.is_empty() {
            return Ok(Vec::new());
        }
        let list = self.git().env("GIT_LITERAL_PATHSPECS", "1").args(["ls-files", "-z", "--"]);
        let list = list.args(folders.iter().map(|name| as_path(name))).bytes().await?;
        let has_files = |folder: &&FileName| raw_records(&list).any(|name| is_below(name, folder));
        Ok(folders.iter().filter(has_files).collect())
    }

    fn has_entries(&self, folder: &[u8]) -> bool {
        let entries = std::fs::read_dir(self.worktree.join(as_path(folder)));
        entries.is_ok_and(|mut entries| entries.next().is_some())
    }
}

fn is_below(name: &[u8], folder: &[u8]) -> bool {
    name.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/"))
}

fn as_folder(name: &[u8]) -> String {
    displayable(name) + "/"
}
