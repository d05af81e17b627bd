//! Names in the artifact store: under which one does what lie?
//! Nobody else makes them. What is one run's lies below `runs/<run>`; what runs began with, they share.

use crate::run::{RunId, StageName};

/// Above what is of one run.
pub(super) const RUNS: &str = "runs";
/// Above what runs began with.
pub(super) const BEGINNINGS: &str = "beginnings";
const BEGINNING: &str = "beginning.json";
/// Characters of a commit in a bundle's name.
const COMMIT: usize = 16;

/// The names of what is one run's.
#[derive(Clone, Copy, Debug)]
pub struct ArtifactKeys<'a>(pub &'a RunId);

impl ArtifactKeys<'_> {
    /// All of it is below this one.
    #[must_use]
    pub fn run(self) -> String {
        format!("{RUNS}/{}", self.0)
    }

    /// What it began with, and where the bundle of that lies.
    #[must_use]
    pub fn beginning(self) -> String {
        format!("{RUNS}/{}/{BEGINNING}", self.0)
    }

    /// The bundles of its snapshots are below this one.
    #[must_use]
    pub fn snapshots(self) -> String {
        format!("{RUNS}/{}/snapshots", self.0)
    }

    /// With the commit in it: a worker that was thought dead and comes back late puts nothing in another's place.
    #[must_use]
    pub fn snapshot(self, name: &str, commit: &str) -> String {
        format!("{}/{name}.{}.bundle", self.snapshots(), &commit[..COMMIT.min(commit.len())])
    }

    /// The files of an attempt are below this one.
    #[must_use]
    pub fn attempt(self, stage: &StageName, n: u32) -> String {
        format!("{RUNS}/{}/{}", self.0, attempt_name(stage, n))
    }

    /// A file of an attempt.
    #[must_use]
    pub fn attempt_file(self, stage: &StageName, n: u32, file: &str) -> String {
        format!("{}/{file}", self.attempt(stage, n))
    }
}

/// What an attempt's folder is called, here as on disks.
pub(super) fn attempt_name(stage: &StageName, n: u32) -> String {
    format!("{stage}-{n}")
}

/// The bundle of what runs began with, by what is in it.
pub(super) fn beginning_bundle(digest: &str) -> String {
    format!("{BEGINNINGS}/{digest}.bundle")
}

/// The last part of a name.
pub(super) fn file_name(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}
