//! Checkouts: where does an agent work?
//! In a clone of its own: nothing in it is shared with the shadow repository, not even by a hard link.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::git::Git;
use super::shadow::{EMAIL, NAME};
use super::{Result, Shadow, WorkspaceError};
use crate::files;
use crate::run::Snapshot;

/// The branch an agent finds itself on.
const BRANCH: &str = "signoff";

/// A repository that is larger than this, in KiB, is copied without its older past: every attempt has a copy.
const WHOLE_KIB: u64 = 100 << 10;

const FETCH: [&str; 4] = ["fetch", "-q", "--no-write-fetch-head", "--update-head-ok"];
/// All of the past, with every tag: what a project's own tools read their version from.
const WHOLE: [&str; 2] = ["--no-tags", "--update-shallow"];
const TAGS: &str = "refs/tags/*:refs/tags/*";
/// Enough of the past to read how the project is written, with the tags in it.
const RECENT: [&str; 1] = ["--depth=50"];
/// The project's default branch, to compare with.
const ORIGIN: &str = "refs/remotes/origin/*:refs/remotes/origin/*";

const COPY_TIMEOUT: Duration = Duration::from_mins(5);

impl Shadow {
    /// A fresh clone of `snapshot` at `into`; what was there is removed.
    pub async fn checkout(&self, snapshot: &Snapshot, into: &Path) -> Result<()> {
        let into =
            std::path::absolute(into).map_err(WorkspaceError::io("finding the clone's folder"))?;
        empty_folder(&into).await?;
        let clone = AgentClone { git_dir: into.join(".git"), worktree: into };
        clone.init().await?;
        clone.fetch(self, snapshot).await?;
        clone.fill_worktree().await
    }
}

impl Shadow {
    /// How much room its objects take.
    async fn size_kib(&self) -> Result<u64> {
        let counted = self.git().args(["count-objects", "-v"]).line().await?;
        let sizes = counted.lines().filter_map(|line| line.split_once(": "));
        let sizes = sizes.filter(|(name, _)| matches!(*name, "size" | "size-pack"));
        Ok(sizes.filter_map(|(_, kib)| kib.parse::<u64>().ok()).sum())
    }
}

async fn empty_folder(folder: &Path) -> Result<()> {
    files::remove(folder)
        .await
        .map_err(WorkspaceError::io(format!("removing {}", folder.display())))?;
    fs::create_dir_all(folder).map_err(WorkspaceError::io(format!("making {}", folder.display())))
}

/// A repository with a worktree, for one agent.
struct AgentClone {
    worktree: PathBuf,
    git_dir: PathBuf,
}

impl AgentClone {
    fn git(&self) -> Git {
        Git::ours(&self.git_dir)
    }

    async fn init(&self) -> Result<()> {
        self.git().args(["init", "-q", "--template=", "-b", BRANCH]).bytes().await?;
        self.git().args(["config", "user.name", NAME]).bytes().await?;
        self.git().args(["config", "user.email", EMAIL]).bytes().await?;
        Ok(())
    }

    async fn fetch(&self, from: &Shadow, snapshot: &Snapshot) -> Result<()> {
        let branch = format!("{}:refs/heads/{BRANCH}", snapshot.commit);
        let whole = from.size_kib().await? <= WHOLE_KIB;
        let (past, tags) = if whole { (&WHOLE[..], Some(TAGS)) } else { (&RECENT[..], None) };
        let fetch = self.git().args(FETCH).args(past).args(["--"]).args([from.path()]);
        let fetch = fetch.args([branch.as_str(), ORIGIN]).args(tags);
        fetch.within(COPY_TIMEOUT).bytes().await?;
        self.name_default_branch(from).await
    }

    /// So that `origin` alone is a name too, as in a clone.
    async fn name_default_branch(&self, from: &Shadow) -> Result<()> {
        if let Some(default) = from.default_branch().await? {
            let name = format!("refs/remotes/origin/{default}");
            let words = ["symbolic-ref", "refs/remotes/origin/HEAD", &name];
            self.git().args(words).bytes().await?;
        }
        Ok(())
    }

    async fn fill_worktree(&self) -> Result<()> {
        let reset = ["reset", "-q", "--hard", "--no-recurse-submodules"];
        let git = self.git().on(&self.worktree, &self.git_dir.join("index"));
        git.args(reset).within(COPY_TIMEOUT).bytes().await?;
        Ok(())
    }
}
