//! Diffs as facts: how much changed, and what of it should be looked at twice?

use serde::{Deserialize, Serialize};

/// One changed file. A binary file counts no lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDiff {
    pub path: String,
    pub added: u64,
    pub removed: u64,
}

/// `git diff --numstat` between two snapshots, summed; `biggest` holds at most `Diff::BIGGEST` files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    pub files: u32,
    pub added: u64,
    pub removed: u64,
    pub biggest: Vec<FileDiff>,
    /// What a reader should look at twice; each risk at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<Flag>,
}

/// Something in a diff that deserves a second look, found by our own code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    pub risk: Risk,
    /// How many files or entries of that kind.
    pub count: u32,
    /// One of them: a path, or the name of a dependency. Never what looks like a secret.
    pub example: String,
    /// Where each matters by its name, some more of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<String>,
}

impl Flag {
    /// How many are named where each matters.
    pub const NAMES: usize = 3;
}

/// Why a change is risky.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// A file of tests is gone.
    TestsDeleted,
    /// A test is gone from its file.
    TestsRemoved,
    /// A test asserts less than it did, or less exactly.
    TestsWeakened,
    /// A test says that it is to be skipped.
    TestsSkipped,
    /// A line looks like a credential.
    Secret,
    /// What runs on the project's build servers: workflows, pipelines.
    Automation,
    /// A dependency that was not there before.
    Dependency,
    /// A lock file changed.
    LockFile,
    /// Existing tests changed.
    Tests,
    /// What decides which tests are run, or what a check calls.
    Checks,
    Binary,
    /// A file larger than a reader will read.
    Large,
    /// Code that the page of the diff does not show whole.
    NotShown,
    /// A file that Git LFS should hold, and that is in git itself.
    LfsFile,
    /// A repository inside: its files are kept, its own history is not.
    Repository,
    /// A folder without files, a pipe, or files of a submodule: no snapshot has them.
    NotKept,
    /// A kind of a later version.
    #[serde(other)]
    Unknown,
}

impl Risk {
    /// Whether it is one by which tests say less than they did: a reader is told which.
    #[must_use]
    pub const fn is_lost_test(self) -> bool {
        matches!(
            self,
            Self::TestsDeleted | Self::TestsRemoved | Self::TestsWeakened | Self::TestsSkipped
        )
    }
}

impl Diff {
    /// How many files a card names.
    pub const BIGGEST: usize = 3;
}
