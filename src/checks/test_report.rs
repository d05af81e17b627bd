//! A test report: what do the tests' own reports say, whatever their format?

use std::collections::BTreeSet;

use super::test_names::Names;
use crate::run::{TestNames, Tests};

/// Most failures that are kept by name; all are counted.
const NAMED: usize = 100;

/// What one report says, or several together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TestReport {
    /// Something of a report was seen.
    pub is_report: bool,
    pub tests: Tests,
    /// Tests that failed, but for tries that another one followed.
    pub failed_for_good: u32,
    pub failures: Vec<FailedCase>,
    /// None where a report breaks off, is no report, or holds too many tests.
    pub names: Option<TestNames>,
    /// Names of tests that failed, also where they passed when they were tried again.
    pub red: BTreeSet<String>,
    /// What is odd about it, for people: it follows the report's name.
    pub trouble: Option<String>,
}

/// A test that failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FailedCase {
    pub name: String,
    pub message: String,
}

/// What became of a test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum CaseResult {
    #[default]
    Passed,
    Skipped,
    Failed,
}

/// Counts tests as a report tells them.
#[derive(Debug, Default)]
pub(super) struct TestCounter {
    pub tests: Tests,
    pub failures: Vec<FailedCase>,
    names: Names,
    /// Failures that a later try of the same test stands for.
    tried_again: u32,
}

impl TestCounter {
    pub fn count(&mut self, suites: &[String], name: &str, result: CaseResult) {
        self.names.insert(suites, name, result);
        let of_its_kind = match result {
            CaseResult::Passed => &mut self.tests.passed,
            CaseResult::Skipped => &mut self.tests.skipped,
            CaseResult::Failed => &mut self.tests.failed,
        };
        *of_its_kind = of_its_kind.saturating_add(1);
    }

    /// Says of a test that failed what it said.
    pub fn name_failure(&mut self, failure: impl FnOnce() -> FailedCase) {
        if self.failures.len() < NAMED {
            self.failures.push(failure());
        }
    }

    /// Another try of a test that failed was told: only that counts for good.
    pub fn forgive_failure(&mut self) {
        self.tried_again = self.tried_again.saturating_add(1);
    }

    /// Tests that a report says failed and does not name.
    pub fn add_failed(&mut self, failed: u32) {
        self.tests.failed = self.tests.failed.saturating_add(failed);
    }

    /// `whole` where the report says everything that it began to say.
    pub fn report(self, is_report: bool, whole: bool) -> TestReport {
        let Self { tests, failures, names, tried_again } = self;
        TestReport {
            is_report,
            tests,
            failed_for_good: tests.failed.saturating_sub(tried_again),
            failures,
            red: names.red(),
            names: if whole { names.known() } else { None },
            trouble: None,
        }
    }
}

impl TestReport {
    /// Both reports as one.
    pub fn joined(mut self, other: Self) -> Self {
        let add = |one: u32, other: u32| one.saturating_add(other);
        self.tests = Tests {
            passed: add(self.tests.passed, other.tests.passed),
            failed: add(self.tests.failed, other.tests.failed),
            skipped: add(self.tests.skipped, other.tests.skipped),
        };
        self.failed_for_good = add(self.failed_for_good, other.failed_for_good);
        self.failures.extend(other.failures);
        self.failures.truncate(NAMED);
        self.red.extend(other.red);
        self.names = self.names.zip(other.names).and_then(|(one, other)| joined_names(one, other));
        self
    }

    /// Another report could not be read, so that nobody knows all tests.
    pub fn with_unknown_names(self) -> Self {
        Self { names: None, ..self }
    }
}

fn joined_names(mut one: TestNames, other: TestNames) -> Option<TestNames> {
    one.ran.extend(other.ran);
    one.skipped.extend(other.skipped);
    one.skipped.retain(|name| !one.ran.contains(name));
    (one.ran.len() + one.skipped.len() <= TestNames::MOST).then_some(one)
}
