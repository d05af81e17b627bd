//! The starting point: where does a run begin, and what of it is not here?

use serde::{Deserialize, Serialize};

/// Where a run began in the project's repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartingPoint {
    /// None where its HEAD was a commit and no branch.
    pub branch: Option<String>,
    pub commit: String,
    #[serde(default, skip_serializing_if = "NotHere::is_nothing")]
    pub not_here: NotHere,
}

/// What a repository only points to, and is somewhere else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NotHere {
    /// Files that are pointers of Git LFS.
    pub lfs_files: u32,
    /// Other repositories, which are empty folders here.
    pub submodules: u32,
}

impl NotHere {
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
