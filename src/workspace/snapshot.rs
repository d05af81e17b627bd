//! Snapshots: how is work kept?
//! As a commit made from outside, with an index of our own: the agent's `.git` is never read, its ignored files are not taken.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use super::git::Git;
use super::{Result, Shadow, WorkspaceError};
use crate::run::Snapshot;

/// Reading every file of a big project takes time.
const READ_TIMEOUT: Duration = Duration::from_mins(5);

/// Repositories inside repositories: deeper than this, no honest project goes.
const DEEPEST_NESTING: usize = 20;

/// Stands in the index for a moment and never in a snapshot: it makes git treat a nested repository as a folder.
const SEED: &str = ".signoff-seed";

const LIST_CHANGED: [&str; 6] =
    ["ls-files", "-z", "--others", "--modified", "--exclude-standard", "--"];

impl Shadow {
    /// Keeps what is in `worktree` as a child of `parent`, under `refs/signoff/<name>`. The same files give the same commit.
    pub async fn snapshot(
        &self,
        worktree: &Path,
        parent: &Snapshot,
        name: &str,
    ) -> Result<Snapshot> {
        let worktree =
            std::path::absolute(worktree).map_err(WorkspaceError::io("finding the clone"))?;
        let staging = StagedWorktree {
            shadow: self,
            index: self.path().join(format!("index-{}", Uuid::new_v4())),
            worktree,
        };
        let tree = staging.tree(parent).await?;
        let snapshot = self.commit(&tree, Some(parent), &format!("signoff: {name}")).await?;
        self.git()
            .args(["update-ref", &format!("refs/signoff/{name}"), &snapshot.commit])
            .bytes()
            .await?;
        Ok(snapshot)
    }
}

/// A worktree with an index of its own, which is removed when this is dropped.
struct StagedWorktree<'a> {
    shadow: &'a Shadow,
    index: PathBuf,
    worktree: PathBuf,
}

impl Drop for StagedWorktree<'_> {
    fn drop(&mut self) {
        // Not there where git could not even begin.
        let _ = fs::remove_file(&self.index);
    }
}

impl StagedWorktree<'_> {
    fn git(&self) -> Git {
        self.shadow.git().on(&self.worktree, &self.index).within(READ_TIMEOUT)
    }

    /// The tree of what is in the worktree.
    async fn tree(&self, parent: &Snapshot) -> Result<String> {
        self.git().args(["read-tree", &parent.commit]).bytes().await?;
        let submodules = self.submodules(parent).await?;
        self.remove_from_index(&submodules).await?;
        let kept: Vec<_> =
            submodules.iter().filter(|module| self.worktree.join(&module.path).is_dir()).collect();
        self.add_files(&kept).await?;
        let entries =
            kept.iter().map(|module| format!("160000 {}\t{}", module.commit, module.path));
        self.index_info(entries).await?;
        self.git().args(["write-tree"]).line().await
    }

    /// Before git looks at the files: it would run `git status` inside a submodule, by that one's own configuration.
    async fn remove_from_index(&self, submodules: &[Submodule]) -> Result<()> {
        let removal =
            |module: &Submodule| format!("0 {}\t{}", "0".repeat(module.commit.len()), module.path);
        self.index_info(submodules.iter().map(removal)).await
    }

    async fn add_files(&self, submodules: &[&Submodule]) -> Result<()> {
        let mut all = vec![".".to_owned()];
        all.extend(submodules.iter().map(|m| format!(":(top,exclude,literal){}", m.path)));
        // Says which files differ, and exits 1 if any does.
        self.git().args(["update-index", "-q", "--refresh"]).output(u64::MAX).await?;
        self.enter_nested(&all).await?;
        self.git().args(["add", "--all", "--"]).args(&all).bytes().await?;
        Ok(())
    }

    /// Makes git see nested repositories as folders, and no file as too big.
    async fn enter_nested(&self, all: &[String]) -> Result<()> {
        let empty = self.shadow.git().args(["hash-object", "-w", "--stdin"]).input(vec![]);
        let blob = empty.line().await?;
        for _ in 0..DEEPEST_NESTING {
            let nested = self.nested(all).await?;
            if nested.is_empty() {
                return Ok(());
            }
            let seeds = nested.iter().map(|folder| format!("100644 {blob}\t{folder}{SEED}"));
            self.index_info(seeds).await?;
        }
        Err(WorkspaceError::Git {
            what: "add".to_owned(),
            why: format!("repositories are nested more than {DEEPEST_NESTING} deep"),
        })
    }

    /// The folders that git takes for repositories of their own; an error where a file cannot be kept.
    async fn nested(&self, all: &[String]) -> Result<Vec<String>> {
        let list = self.git().args(LIST_CHANGED).args(all).bytes().await?;
        let (nested, files): (Vec<_>, Vec<_>) =
            records(&list).into_iter().partition(|path| path.ends_with('/'));
        files.iter().try_for_each(|path| self.can_be_kept(path))?;
        Ok(nested)
    }

    fn can_be_kept(&self, path: &str) -> Result<()> {
        if path.split('/').any(is_gits_own) {
            return Err(WorkspaceError::GitsName { path: path.to_owned() });
        }
        let bytes = fs::symlink_metadata(self.worktree.join(path)).map_or(0, |data| data.len());
        if bytes > WorkspaceError::LARGEST_FILE_BYTES {
            return Err(WorkspaceError::TooBig { path: path.to_owned(), megabytes: bytes >> 20 });
        }
        Ok(())
    }

    async fn index_info(&self, lines: impl Iterator<Item = String>) -> Result<()> {
        let input: String = lines.map(|line| line + "\0").collect();
        if !input.is_empty() {
            self.git()
                .args(["update-index", "-z", "--add", "--index-info"])
                .input(input.into_bytes())
                .bytes()
                .await?;
        }
        Ok(())
    }

    async fn submodules(&self, parent: &Snapshot) -> Result<Vec<Submodule>> {
        let list = self.shadow.git().args(["ls-tree", "-r", "-z", &parent.commit]).bytes().await?;
        Ok(records(&list).iter().filter_map(|record| Submodule::parse(record)).collect())
    }
}

/// A name that some file system takes for `.git`, such as `.GIT` or `git~1`: git refuses all of them.
fn is_gits_own(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.split(':').next().unwrap_or_default().trim_end_matches([' ', '.']);
    matches!(name, ".git" | "git~1")
}

/// A repository the project names without holding its files.
struct Submodule {
    commit: String,
    path: String,
}

impl Submodule {
    /// From `160000 commit <id>\t<path>`.
    fn parse(record: &str) -> Option<Self> {
        let (commit, path) = record.strip_prefix("160000 commit ")?.split_once('\t')?;
        Some(Self { commit: commit.to_owned(), path: path.to_owned() })
    }
}

/// The records of a `-z` output.
pub(super) fn records(bytes: &[u8]) -> Vec<String> {
    bytes
        .split(|byte| *byte == 0)
        .filter(|record| !record.is_empty())
        .map(|record| String::from_utf8_lossy(record).into_owned())
        .collect()
}
