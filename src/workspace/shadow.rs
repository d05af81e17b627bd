//! The shadow repository: what does it hold?
//! Snapshots, each under `refs/signoff/`, and the branch that was delivered. Every step may be killed and done again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::git::Git;
use super::import::BASE;
use super::{Result, WorkspaceError};
use crate::files::Staging;
use crate::run::Snapshot;

/// git holds its locks for milliseconds; an older one belongs to a git that was killed.
const STALE_LOCK: Duration = Duration::from_secs(10);
/// A snapshot of a big project reads for minutes.
const STALE_INDEX: Duration = Duration::from_hours(1);

/// A run's bare repository.
#[derive(Clone, Debug)]
pub struct Shadow {
    git_dir: PathBuf,
    /// The repository of another run, whose snapshots can be named too.
    beside: Option<PathBuf>,
}

impl Shadow {
    /// Opens the repository of a run that has begun. An error where its first snapshot is not here: a new, empty repository would be wrong.
    pub async fn existing(git_dir: &Path) -> Result<Self> {
        let elsewhere = || WorkspaceError::Elsewhere { path: git_dir.display().to_string() };
        if !git_dir.join("HEAD").is_file() {
            return Err(elsewhere());
        }
        let shadow = Self::open(git_dir).await?;
        if shadow.find(BASE).await?.is_some() { Ok(shadow) } else { Err(elsewhere()) }
    }

    /// Opens it; makes it first where it is not there yet.
    pub async fn open(git_dir: &Path) -> Result<Self> {
        let git_dir = std::path::absolute(git_dir)
            .map_err(WorkspaceError::io("finding the shadow repository"))?;
        if git_dir.join("HEAD").is_file() {
            remove_stale_locks(&git_dir);
        } else {
            make(&git_dir).await?;
        }
        Ok(Self { git_dir, beside: None })
    }

    /// The same, only to be looked at: whoever writes to it meanwhile is not disturbed.
    pub(super) fn to_look_at(git_dir: &Path) -> Result<Self> {
        if !git_dir.join("HEAD").is_file() {
            return Err(WorkspaceError::Elsewhere { path: git_dir.display().to_string() });
        }
        let git_dir = std::path::absolute(git_dir)
            .map_err(WorkspaceError::io("finding the shadow repository"))?;
        Ok(Self { git_dir, beside: None })
    }

    /// The same, and the snapshots of another one.
    pub(super) fn with(self, other: &Self) -> Self {
        Self { beside: Some(other.git_dir.clone()), ..self }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.git_dir
    }

    /// The tree that a commit really has here, read from the repository and not from any record of it.
    ///
    /// `NoCommit` where it is surely not here, or is no full object name; every other error says nothing about it.
    pub async fn tree_of(&self, commit: &str) -> Result<String> {
        let none =
            |why: &str| WorkspaceError::NoCommit { commit: commit.to_owned(), why: why.to_owned() };
        if !is_full_name(commit) {
            return Err(none("it names no commit"));
        }
        if !self.has_object(commit).await? {
            return Err(none("it is not here"));
        }
        match self.of_commit(commit.to_owned()).await {
            Err(WorkspaceError::Git { why, .. }) if is_damaged(&why) => Err(none("it was damaged")),
            read => Ok(read?.tree),
        }
    }

    async fn has_object(&self, name: &str) -> Result<bool> {
        let asked = self.git().args(["cat-file", "-e", name]).output(u64::MAX).await?;
        match asked.status.code() {
            Some(0) => Ok(true),
            // The one code by which git says that there is none; a git that fails has others, and one that is killed has no code.
            Some(1) => Ok(false),
            _ => Err(asked.error("cat-file")),
        }
    }

    pub(super) fn git(&self) -> Git {
        let git = Git::ours(&self.git_dir);
        match &self.beside {
            Some(other) => git.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", other.join("objects")),
            None => git,
        }
    }

    /// What `refs/signoff/<name>` holds.
    pub(super) async fn find(&self, name: &str) -> Result<Option<Snapshot>> {
        let wanted = format!("refs/signoff/{name}");
        let list = ["for-each-ref", "--format=%(objectname) %(tree)", &wanted];
        let found = self.git().args(list).line().await?;
        let named = found.split_once(' ');
        Ok(named
            .map(|(commit, tree)| Snapshot { commit: commit.to_owned(), tree: tree.to_owned() }))
    }

    pub(super) async fn of_commit(&self, commit: String) -> Result<Snapshot> {
        let tree = self
            .git()
            .args(["rev-parse", "--verify", &format!("{commit}^{{tree}}")])
            .line()
            .await?;
        Ok(Snapshot { commit, tree })
    }

    /// A commit by nobody in particular, at a time that follows from its parents: done again, it has the same id.
    pub(super) async fn commit(
        &self,
        tree: &str,
        parents: &[&Snapshot],
        message: &str,
    ) -> Result<Snapshot> {
        let date = format!("@{} +0000", self.time_after(parents).await?);
        let git = self.git().args(["commit-tree", tree]).input(format!("{message}\n").into_bytes());
        let parents = parents.iter().flat_map(|parent| ["-p", &parent.commit]);
        let commit = with_identity(git, &date).args(parents).line().await?;
        Ok(Snapshot { commit, tree: tree.to_owned() })
    }

    /// A second after the last of its parents; where there is none, when an empty repository begins.
    async fn time_after(&self, parents: &[&Snapshot]) -> Result<i64> {
        let mut time = EPOCH;
        for parent in parents {
            let show = ["show", "-s", "--format=%ct", &parent.commit];
            time = time.max(self.git().args(show).line().await?.parse().unwrap_or(EPOCH) + 1);
        }
        Ok(time)
    }
}

/// With who wrote it and who committed it, and when.
fn with_identity(mut git: Git, date: &str) -> Git {
    for role in ["AUTHOR", "COMMITTER"] {
        git = git
            .env(&format!("GIT_{role}_NAME"), NAME)
            .env(&format!("GIT_{role}_EMAIL"), EMAIL)
            .env(&format!("GIT_{role}_DATE"), date);
    }
    git
}

fn is_full_name(commit: &str) -> bool {
    matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Who a snapshot is by, and who an agent commits as.
pub(super) const NAME: &str = "Signoff";
pub(super) const EMAIL: &str = "signoff@localhost";

/// 2000-01-01: when an empty repository begins.
const EPOCH: i64 = 946_684_800;

/// What git says of an object that is there and is not what it was.
fn is_damaged(complaint: &str) -> bool {
    complaint.contains("hash mismatch")
        || complaint.contains("is corrupt")
        || complaint.contains("unable to unpack")
}

/// Made in a folder beside it and moved into place, so that it is never half there.
async fn make(git_dir: &Path) -> Result<()> {
    let fresh = Staging::folder(git_dir, STALE_LOCK)
        .map_err(WorkspaceError::io("making the shadow repository's folder"))?;
    let git = || Git::ours(fresh.path());
    git().args(["init", "-q", "--bare", "--template=", "-b", "main"]).bytes().await?;
    // A checkout asks for its snapshot by id, whatever refs there are.
    git().args(["config", "uploadpack.allowAnySHA1InWant", "true"]).bytes().await?;
    match fresh.put() {
        // Somebody else was faster, and theirs is as good.
        Err(_) if git_dir.join("HEAD").is_file() => Ok(()),
        put => put.map_err(WorkspaceError::io("moving the shadow repository into place")),
    }
}

/// What a killed git left: locks of refs, and indexes nobody will read.
fn remove_stale_locks(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.iter().any(|part| part == "refs") && path.is_dir() {
            remove_stale_locks(&path);
        } else if longest_age(&path).is_some_and(|limit| is_older(&entry, limit)) {
            let _ = fs::remove_file(path);
        }
    }
}

/// How old a lock or an index becomes at most while its git lives; none for other files.
fn longest_age(path: &Path) -> Option<Duration> {
    let is_index = path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("index-"));
    if is_index {
        Some(STALE_INDEX)
    } else {
        path.extension().is_some_and(|kind| kind == "lock").then_some(STALE_LOCK)
    }
}

fn is_older(entry: &fs::DirEntry, limit: Duration) -> bool {
    let changed = entry.metadata().and_then(|data| data.modified()).ok();
    changed.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > limit)
}
