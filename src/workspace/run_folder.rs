//! The folder of a run: where is what a worker of this machine has of it?
//! Only names. Whoever looks back comes through [`super::Archive`], because another worker may have carried the run on.

use std::path::{Path, PathBuf};

use super::artifact_keys::attempt_name;
use crate::run::{RunId, StageName};

/// Where a run is on a disk, or would be.
#[derive(Clone, Debug)]
pub struct RunFolder {
    folder: PathBuf,
}

impl RunFolder {
    /// Below the folder of all runs.
    #[must_use]
    pub fn of(runs: &Path, run: &RunId) -> Self {
        Self { folder: runs.join(run.as_str()) }
    }

    /// Its own path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The folder of an attempt.
    #[must_use]
    pub fn attempt(&self, stage: &StageName, n: u32) -> PathBuf {
        self.folder.join(attempt_name(stage, n))
    }

    /// Its shadow repository.
    #[must_use]
    pub fn git_dir(&self) -> PathBuf {
        self.folder.join("shadow.git")
    }
}
