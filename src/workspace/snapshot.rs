//! Snapshots: how is work kept?
//! As a commit made from outside, with an index of our own. Of the agent's `.git` only the list of what it tracks is read, as data.
//! Files that nobody touched stay byte for byte; ignored files are taken only where the agent tracked them.

use std::path::Path;

use super::staging::StagedWorktree;
use super::{Result, Shadow, WorkspaceError};
use crate::run::{Flag, Snapshot};

/// Work that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub snapshot: Snapshot,
    /// What it does not hold as it was left.
    pub left_out: Vec<Flag>,
}

impl Shadow {
    /// Keeps what is in `worktree` as a child of `parent`, under `refs/signoff/<name>`. The same files give the same commit.
    pub async fn keep(&self, worktree: &Path, parent: &Snapshot, name: &str) -> Result<Kept> {
        self.keep_merge(worktree, (parent, None), name).await
    }

    /// The same, of what was merged: as a child of the second as well.
    pub async fn keep_merge(
        &self,
        worktree: &Path,
        (parent, merged): (&Snapshot, Option<&Snapshot>),
        name: &str,
    ) -> Result<Kept> {
        let worktree =
            std::path::absolute(worktree).map_err(WorkspaceError::io("finding the clone"))?;
        let (tree, left_out) = StagedWorktree::new(self, worktree).tree(parent).await?;
        let parents: Vec<&Snapshot> = [parent].into_iter().chain(merged).collect();
        let snapshot = self.commit(&tree, &parents, &format!("signoff: {name}")).await?;
        self.git()
            .args(["update-ref", &format!("refs/signoff/{name}"), &snapshot.commit])
            .bytes()
            .await?;
        Ok(Kept { snapshot, left_out })
    }
}
