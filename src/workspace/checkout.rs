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

/// How much of the past an agent sees: enough to read how the project is written, little enough to copy for every attempt.
const DEPTH: &str = "--depth=50";

const FETCH: [&str; 7] =
    ["fetch", "-q", "--no-tags", "--no-write-fetch-head", "--update-head-ok", DEPTH, "--"];

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
        let refspec = format!("{}:refs/heads/{BRANCH}", snapshot.commit);
        let fetch = self.git().args(FETCH).args([from.path()]).args([refspec]);
        fetch.within(COPY_TIMEOUT).bytes().await?;
        Ok(())
    }

    async fn fill_worktree(&self) -> Result<()> {
        let reset = ["reset", "-q", "--hard", "--no-recurse-submodules"];
        let git = self.git().on(&self.worktree, &self.git_dir.join("index"));
        git.args(reset).within(COPY_TIMEOUT).bytes().await?;
        Ok(())
    }
}
