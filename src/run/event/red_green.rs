//! The proof of tests: can they fail?
//! Tests that a stage adds are run on the code before it as well: one that passes there proves nothing of its work.

use serde::{Deserialize, Serialize};

/// What the new tests of a stage say of the code before it. It judges nothing: an attempt is as good without it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedGreen {
    /// Tests that ran and are not in the code before, by their names.
    pub new: u32,
    /// Of these, how many fail on the code before; what does not even run there fails too.
    pub fail: u32,
    /// And how many pass there.
    pub pass: u32,
    /// Tests of older names that pass now and fail there: they were changed.
    #[serde(default)]
    pub older_fail: u32,
    /// Some of those that pass; at most `RedGreen::NAMES`, each cut to `RedGreen::NAME` characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Why nothing is known of the new tests that neither fail nor pass there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_known: Option<NotKnown>,
}

/// Why it is not known whether a test fails without the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotKnown {
    /// They stand in the same files as the code that they test.
    AmongTheCode,
    /// The stage changed nothing but tests.
    OnlyTests,
    OutOfTime,
    /// The code before cannot be set up.
    Setup,
    /// The checks left no whole report there.
    NoReport,
    /// A reason of a later version.
    #[serde(other)]
    Unknown,
}

impl RedGreen {
    pub const NAMES: usize = 3;
    pub const NAME: usize = 120;

    /// Of so many new tests, nothing is known.
    #[must_use]
    pub fn not_known(new: u32, why: NotKnown) -> Self {
        Self { new, not_known: Some(why), ..Self::default() }
    }

    /// New tests of which it is not known.
    #[must_use]
    pub const fn untold(&self) -> u32 {
        self.new.saturating_sub(self.fail).saturating_sub(self.pass)
    }

    /// Whether it says anything at all.
    #[must_use]
    pub const fn says_something(&self) -> bool {
        self.new > 0 || self.older_fail > 0
    }
}
