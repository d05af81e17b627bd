//! Checkouts: where does an agent work?
//! In a clone of its own: nothing in it is shared with the shadow repository, not even by a hard link.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::git::Git;
use super::shadow::{EMAIL, NAME};
use super::{Shadow, WorkspaceError};
use crate::files;
use crate::run::Snapshot;

/// The branch an agent finds itself on.
const BRANCH: &str = "signoff";

/// How much of the past an agent sees: enough to read how the project is written, little enough to copy for every attempt.
const DEPTH: &str = "--depth=50";

const COPYING: Duration = Duration::from_mins(5);

impl Shadow {
    /// A fresh clone of `snapshot` at `into`; what was there is removed.
    pub async fn checkout(&self, snapshot: &Snapshot, into: &Path) -> Result<(), WorkspaceError> {
        let into =
            std::path::absolute(into).map_err(WorkspaceError::io("finding the clone's folder"))?;
        files::remove(&into)
            .await
            .map_err(WorkspaceError::io(format!("removing {}", into.display())))?;
        fs::create_dir_all(&into)
            .map_err(WorkspaceError::io(format!("making {}", into.display())))?;
        let git_dir = into.join(".git");
        let git = || Git::ours(&git_dir);
        git().args(["init", "-q", "--template=", "-b", BRANCH]).bytes().await?;
        git().args(["config", "user.name", NAME]).bytes().await?;
        git().args(["config", "user.email", EMAIL]).bytes().await?;
        let fetch =
            ["fetch", "-q", "--no-tags", "--no-write-fetch-head", "--update-head-ok", DEPTH, "--"];
        let arriving = format!("{}:refs/heads/{BRANCH}", snapshot.commit);
        git().args(fetch).args([self.path()]).args([arriving]).within(COPYING).bytes().await?;
        git()
            .on(&into, &git_dir.join("index"))
            .args(["reset", "-q", "--hard", "--no-recurse-submodules"])
            .within(COPYING)
            .bytes()
            .await?;
        Ok(())
    }
}
