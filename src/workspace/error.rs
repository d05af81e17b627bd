//! Errors of the workspace: what can go wrong with the code, by what the caller does next?

use std::io;

use thiserror::Error;

use crate::files;

/// Why the workspace could not do what it was asked.
#[derive(Debug, Error)]
pub enum WorkspaceError {
    /// Somebody must change something about the project's repository; trying again changes nothing.
    #[error("the repository {repository} cannot be used: {why}")]
    Repository { repository: String, why: String },
    /// The project's repository does not answer; later it may.
    #[error("the repository {repository} cannot be reached: {why}")]
    Unreachable { repository: String, why: String },
    /// The agent left a file that no snapshot can hold; it can be told so.
    #[error("{path} is {megabytes} MB, and a snapshot holds files up to {} MB: make it smaller, or name it in .gitignore", Self::LARGEST_FILE_BYTES >> 20)]
    TooBig { path: String, megabytes: u64 },
    /// The agent left a file under a name that git keeps for itself on some machine; it can be told so.
    #[error("{path} cannot be kept: git takes that name for its own; give it another")]
    GitsName { path: String },
    /// git refuses something about the files that the agent left; it can be told so.
    #[error("the work cannot be kept: {why}")]
    Unkeepable { why: String },
    /// Nothing can be written; once there is room again, it may go well.
    #[error("{what}: there is no room on the disk, or it cannot be written")]
    DiskFull { what: String },
    /// Nothing of the run is on this machine or in the artifact store; a worker that uses the others' store has it.
    #[error(
        "this worker does not have the run's repository at {path}, nor has the artifact store; workers share SIGNOFF_ARTIFACTS"
    )]
    Elsewhere { path: String },
    /// What all workers share does not answer, or lacks something; later it may go well.
    #[error("the artifact store {address}: {why}")]
    Artifacts { address: String, why: String },
    /// The repository works, and this commit is surely missing in it or damaged.
    #[error("the commit {commit} cannot be read: {why}")]
    NoCommit { commit: String, why: String },
    /// git took too long and was ended.
    #[error("git {what} took longer than {seconds} s")]
    Slow { what: String, seconds: u64 },
    /// git refused; our fault, or the machine's. It says nothing about what a repository holds.
    #[error("git {what}: {why}")]
    Git { what: String, why: String },
    /// A folder could not be made or removed.
    #[error("{what}")]
    Io { what: String, source: io::Error },
}

/// What programs print that found no room on the disk.
const NO_ROOM: [&str; 3] =
    ["No space left on device", "Disk quota exceeded", "Read-only file system"];

/// What every step of this room returns.
pub(super) type Result<T, E = WorkspaceError> = std::result::Result<T, E>;

impl WorkspaceError {
    /// Largest file of a snapshot: hosts refuse bigger ones, and nobody reviews them.
    pub const LARGEST_FILE_BYTES: u64 = 50 << 20;

    /// Whether it is about what the agent left: another attempt can do something about it, and trying the same again cannot.
    #[must_use]
    pub const fn is_about_the_work(&self) -> bool {
        matches!(
            self,
            // Whose files take minutes to read left too many of them, or too large ones.
            Self::TooBig { .. }
                | Self::GitsName { .. }
                | Self::Unkeepable { .. }
                | Self::Slow { .. }
        )
    }

    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| {
            if files::is_disk_full(&source) {
                Self::DiskFull { what: format!("{what}: {source}") }
            } else {
                Self::Io { what, source }
            }
        }
    }

    /// What a call of git said when it failed.
    pub(super) fn git(what: &str, complaint: &str) -> Self {
        let (what, why) = (what.to_owned(), complaint.trim().to_owned());
        if NO_ROOM.iter().any(|sign| why.contains(sign)) {
            Self::DiskFull { what: format!("git {what}") }
        } else {
            Self::Git { what, why }
        }
    }
}
