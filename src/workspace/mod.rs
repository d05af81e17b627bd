//! The workspace: where is the code?
//! In a run's shadow repository: bare, outside every box, never touched by what an agent writes into its own `.git`.
//! Everything is done by the git program, which never asks anybody anything.

mod agent_index;
mod attempt_files;
mod checkout;
mod deliver;
mod diff;
mod error;
mod git;
mod hunks;
mod import;
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
mod unified;
mod untouched;

pub use attempt_files::{AttemptFile, AttemptFiles, LogPiece};
pub use deliver::Delivery;
use error::Result;
pub use error::WorkspaceError;
pub use import::try_repository;
pub use patch::{Became, FilePatch, FileStatus, Patch};
pub use run_folder::RunFolder;
pub use seen::FilesSeen;
pub use shadow::Shadow;

#[cfg(test)]
mod tests;
