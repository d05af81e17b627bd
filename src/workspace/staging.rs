//! The staging of a worktree: which tree is what an agent left?
//! In an index of our own. What git refuses about the files is about the work, and is said so.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use uuid::Uuid;

use super::checkout::{copy_with_time, index_beside};
use super::git::{Git, GitOutput};
use super::left_out::Seen;
use super::readable::make_readable;
use super::records::{
    FileName, SUBMODULE, TreeEntry, as_path, index_line, joined, raw_records, tree_entries,
};
use super::untouched::Untouched;
use super::{Result, Shadow, WorkspaceError};
use crate::run::{Flag, Snapshot, TaskPart};

/// Reading every file of a big project takes time.
const READ_TIMEOUT: Duration = Duration::from_mins(5);

const LIST_CHANGED: [&str; 6] =
    ["ls-files", "-z", "--others", "--modified", "--exclude-standard", "--"];

/// An index of ours, which is removed when this is dropped.
pub(super) struct IndexFile(pub PathBuf);

impl IndexFile {
    pub fn of(shadow: &Shadow) -> Self {
        Self(shadow.path().join(format!("index-{}", Uuid::new_v4())))
    }
}

impl Drop for IndexFile {
    fn drop(&mut self) {
        // Not there where git could not even begin.
        let _ = fs::remove_file(&self.0);
    }
}

/// A worktree with an index of its own.
pub(super) struct StagedWorktree<'a> {
    pub shadow: &'a Shadow,
    pub worktree: PathBuf,
    index: IndexFile,
}

impl<'a> StagedWorktree<'a> {
    pub fn new(shadow: &'a Shadow, worktree: PathBuf) -> Self {
        Self { shadow, worktree, index: IndexFile::of(shadow) }
    }

    pub fn git(&self) -> Git {
        self.shadow.git().on(&self.worktree, &self.index.0).within(READ_TIMEOUT)
    }

    /// The tree of what is in the worktree, and what is not as it was left there.
    pub async fn tree(&self, parent: &Snapshot) -> Result<(String, Vec<Flag>)> {
        let in_clone = make_readable(self.shadow, self.worktree.clone()).await?;
        let base = self.read_base(parent).await?;
        let submodules: Vec<_> = base.iter().filter(|(_, entry)| entry.mode == SUBMODULE).collect();
        self.remove_from_index(&submodules).await?;
        let kept: Vec<_> = submodules
            .into_iter()
            .filter(|(name, _)| self.worktree.join(as_path(name)).is_dir())
            .collect();
        let written = self.add_files(parent, &base, &kept).await?;
        let back = kept.iter().map(|(name, entry)| index_line(SUBMODULE, &entry.id, name));
        self.index_info(back).await?;
        let seen = Seen {
            in_clone: &in_clone,
            submodules: kept.iter().map(|(name, _)| *name).collect(),
            written: written.iter().collect(),
        };
        let left_out = self.left_out(&seen).await?;
        Ok((self.git().args(["write-tree"]).line().await?, left_out))
    }

    /// Begins with what the work began with; of files that are as the clone was written, git then knows that.
    async fn read_base(&self, parent: &Snapshot) -> Result<HashMap<FileName, TreeEntry>> {
        // Where it is not there, every file is read.
        let known = copy_with_time(&index_beside(&self.worktree), &self.index.0).is_ok();
        let read = |how: &[&'static str]| {
            self.git().args(["read-tree"]).args(how).args([&parent.commit]).bytes()
        };
        if !known || read(&["--reset"]).await.is_err() {
            // Its lock goes with it: git made a new index from the old one.
            let _ = fs::remove_file(&self.index.0);
            read(&[]).await?;
        }
        let list = self.shadow.git().args(["ls-tree", "-r", "-z", &parent.commit]).bytes().await?;
        Ok(tree_entries(&list))
    }

    /// Before git looks at the files: it would run `git status` inside a submodule, by that one's own configuration.
    async fn remove_from_index(&self, entries: &[(&FileName, &TreeEntry)]) -> Result<()> {
        self.index_info(entries.iter().map(|(name, entry)| removal(entry, name))).await
    }

    /// The files that the agent wrote.
    async fn add_files(
        &self,
        parent: &Snapshot,
        base: &HashMap<FileName, TreeEntry>,
        submodules: &[(&FileName, &TreeEntry)],
    ) -> Result<Vec<FileName>> {
        let all = pathspecs(submodules);
        // Says which files differ, and exits 1 if any does.
        self.git().args(["update-index", "-q", "--refresh"]).output(u64::MAX).await?;
        let mut changed = self.changed(&all).await?;
        let untouched = self.untouched(parent, base, &changed).await?;
        let same: HashSet<&FileName> = untouched.all().collect();
        changed.retain(|name| !same.contains(name));
        changed.iter().try_for_each(|name| self.can_be_kept(name))?;
        let marks = joined(untouched.all());
        self.feed(&["update-index", "-z", "--assume-unchanged", "--stdin"], marks).await?;
        let add = ["add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul"];
        let added = self.git().args(add).input(all).output(u64::MAX).await?;
        refuse_if_incomplete(&added)?;
        self.index_info(untouched.only_their_mode.into_iter()).await?;
        self.follow_the_agents_index(base).await?;
        Ok(changed)
    }

    /// The files that are new or changed.
    async fn changed(&self, all: &[u8]) -> Result<Vec<FileName>> {
        let specs = raw_records(all).map(as_path);
        let list = self.git().args(LIST_CHANGED).args(specs).output(u64::MAX).await?;
        let list = list.about_the_work("ls-files")?;
        Ok(raw_records(&list).map(<[u8]>::to_vec).collect())
    }

    pub fn can_be_kept(&self, name: &[u8]) -> Result<()> {
        let path = displayable(name);
        if path.split('/').any(is_gits_own) {
            return Err(WorkspaceError::GitsName { path });
        }
        let found = fs::symlink_metadata(self.worktree.join(as_path(name)));
        let bytes = found.map_or(0, |data| data.len());
        if bytes > WorkspaceError::LARGEST_FILE_BYTES {
            return Err(WorkspaceError::TooBig { path, megabytes: bytes >> 20 });
        }
        Ok(())
    }

    /// Those of these that git ignores.
    pub async fn ignored(&self, names: &[&FileName]) -> Result<HashSet<FileName>> {
        if names.is_empty() {
            return Ok(HashSet::new());
        }
        // `./` in front: git would take a name such as `:(x)a` for a pattern, and refuses here to be told that it is none.
        let asked = names.iter().flat_map(|name| [b"./", name.as_slice(), b"\0"].concat());
        let ask = ["check-ignore", "--no-index", "-z", "--stdin"];
        let said = self.git().args(ask).input(asked.collect()).output(u64::MAX).await?;
        // 1 where none is ignored.
        if !matches!(said.status.code(), Some(0 | 1)) {
            return Err(said.refusal("check-ignore"));
        }
        let ignored = raw_records(&said.out).filter_map(|name| name.strip_prefix(b"./"));
        Ok(ignored.map(<[u8]>::to_vec).collect())
    }

    /// Of the changed files, those that have the very bytes that they began with: git would convert some of them.
    async fn untouched(
        &self,
        parent: &Snapshot,
        base: &HashMap<FileName, TreeEntry>,
        changed: &[FileName],
    ) -> Result<Untouched> {
        let known = changed.iter().filter_map(|name| Some((name, base.get(name)?)));
        let here = known.filter(|(_, entry)| entry.mode != SUBMODULE);
        Untouched::find(self.shadow, parent, &self.worktree, here.collect()).await
    }

    pub async fn index_info(&self, lines: impl Iterator<Item = Vec<u8>>) -> Result<()> {
        let lines: Vec<u8> = lines.flatten().collect();
        self.feed(&["update-index", "-z", "--add", "--index-info"], lines).await
    }

    /// A call of git that reads a list; none where the list is empty.
    pub async fn feed(&self, words: &[&str], list: Vec<u8>) -> Result<()> {
        if !list.is_empty() {
            self.git().args(words).input(list).bytes().await?;
        }
        Ok(())
    }
}

/// The line of `--index-info` that takes an entry away.
pub(super) fn removal(entry: &TreeEntry, name: &[u8]) -> Vec<u8> {
    index_line("0", &"0".repeat(entry.id.len()), name)
}

/// Everything but the submodules, and the list of a task's parts.
fn pathspecs(submodules: &[(&FileName, &TreeEntry)]) -> Vec<u8> {
    let mut all = vec![b".".to_vec()];
    let left_out =
        submodules.iter().map(|(name, _)| name.as_slice()).chain([TaskPart::FILE.as_bytes()]);
    all.extend(left_out.map(|name| [b":(top,exclude,literal)", name].concat()));
    joined(&all)
}

/// git adds what it can, warns of folders that it could not look into, and says that all went well.
fn refuse_if_incomplete(added: &GitOutput) -> Result<()> {
    let unseen = added.err.lines().find(|line| line.contains("could not open directory"));
    match unseen {
        _ if !added.status.success() => Err(added.refusal("add")),
        Some(warning) => Err(WorkspaceError::Unkeepable {
            why: warning.trim_start_matches("warning: ").to_owned(),
        }),
        None => Ok(()),
    }
}

/// A name that some file system takes for `.git`, such as `.GIT` or `git~1`: git refuses all of them.
fn is_gits_own(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.split(':').next().unwrap_or_default().trim_end_matches([' ', '.']);
    matches!(name, ".git" | "git~1")
}

/// For people; what is no text is replaced.
pub(super) fn displayable(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
