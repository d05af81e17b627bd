//! The workspace: where is the code?
//! In a run's shadow repository: bare, outside every box, never touched by what an agent writes into its own `.git`.
//! Everything is done by the git program, which never asks anybody anything.

mod agent_index;
mod archive;
mod artifact_keys;
mod artifacts;
mod attempt_files;
mod bundles;
mod by_hand;
mod checkout;
mod deliver;
mod diff;
mod error;
mod fetch;
mod git;
mod git_version;
mod hunks;
mod import;
mod inline_tests;
mod left_out;
mod leftovers;
mod lfs;
mod merge;
mod not_here;
mod parts;
mod patch;
mod push_failure;
mod readable;
mod records;
mod repository;
mod risks;
mod run_folder;
mod seen;
mod shadow;
mod snapshot;
mod staging;
mod test_part;
mod tree_files;
mod unified;
mod untouched;

pub use archive::{Archive, ArchivedRun};
pub use artifact_keys::ArtifactKeys;
pub use artifacts::{Artifact, ArtifactStore};
pub use attempt_files::{AttemptFile, AttemptFiles, LogPiece};
pub use bundles::Bundles;
pub use by_hand::pushed_by_hand;
pub use deliver::Delivery;
use error::Result;
pub use error::WorkspaceError;
pub use fetch::FetchedWork;
pub use git_version::GitVersion;
pub use import::try_repository;
pub use leftovers::{Inventory, Leftovers, Removal};
pub use merge::{Changed, Merged};
pub use parts::read_parts;
pub use patch::{Became, FileModes, FilePatch, FileStatus, Patch};
pub use run_folder::RunFolder;
pub use seen::FilesSeen;
pub use shadow::Shadow;
pub use snapshot::Kept;
pub use test_part::TestPart;

#[cfg(test)]
mod tests;
