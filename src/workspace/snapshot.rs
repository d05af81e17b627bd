//! Snapshots: how is work kept?
//! As a commit made from outside, with an index of our own. Of the agent's `.git` only the list of what it tracks is read, as data.
//! Files that nobody touched stay byte for byte; ignored files are taken only where the agent tracked them.

use std::path::Path;

use super::staging::StagedWorktree;
use super::{Result, Shadow, WorkspaceError};
use crate::run::Snapshot;

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
        let tree = StagedWorktree::new(self, worktree).tree(parent).await?;
        let snapshot = self.commit(&tree, Some(parent), &format!("signoff: {name}")).await?;
        self.git()
            .args(["update-ref", &format!("refs/signoff/{name}"), &snapshot.commit])
            .bytes()
            .await?;
        Ok(snapshot)
    }
}
