//! The test inventory: which tests were there?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The tests of a report by name. No name stands in both: a test that ran once was not skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestNames {
    /// Passed or failed.
    pub ran: BTreeSet<String>,
    pub skipped: BTreeSet<String>,
}

impl TestNames {
    /// Most names that are kept. Of a project with more tests, none are kept.
    pub const MOST: usize = 20_000;
    /// Longest name, in characters.
    pub const NAME: usize = 300;

    /// Whether a test of this name was there at all.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.ran.contains(name) || self.skipped.contains(name)
    }
}
