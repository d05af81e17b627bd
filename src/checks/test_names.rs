//! Test names: what are tests called?
//! By suite, class and name, so that two tests called "works" are two; never by what differs from one run to the next.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use sha2::{Digest, Sha256};

use super::log::strip_ansi;
use super::test_report::CaseResult;
use crate::run::TestNames;

/// Suites that every report of a runner has, and that say nothing.
const EVERYWHERE: [&str; 4] = ["", "pytest", "Root Suite", "undefined"];

/// Most tries of tests that are told apart by name.
const MOST_INSERTED: usize = 10 * TestNames::MOST;

/// Length of the hash that ends a name that was too long, so that it stays different from others.
const MARK: usize = 16;

/// An address in memory, as some names hold it.
static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("0x[0-9A-Fa-f]{6,16}").expect("a pattern of ours"));

/// The names of a report, as they come.
#[derive(Debug, Default)]
pub(super) struct Names {
    all: TestNames,
    failed: BTreeSet<String>,
    inserted: usize,
    too_many: bool,
}

impl Names {
    /// A test that is reported twice, such as one that was retried, is one test.
    pub fn insert(&mut self, suites: &[String], case: &str, result: CaseResult) {
        if self.too_many {
            return;
        }
        let name = full_name(suites, case);
        match result {
            CaseResult::Skipped => {
                self.all.skipped.insert(name);
            }
            CaseResult::Passed => {
                self.all.ran.insert(name);
            }
            CaseResult::Failed => {
                self.all.ran.insert(name.clone());
                self.failed.insert(name);
            }
        }
        self.inserted += 1;
        self.too_many = self.all.ran.len() + self.all.skipped.len() > TestNames::MOST
            || self.inserted > MOST_INSERTED;
    }

    /// Those that failed, at whichever try.
    pub fn red(&self) -> BTreeSet<String> {
        self.failed.clone()
    }

    /// None where there were too many.
    pub fn known(self) -> Option<TestNames> {
        let TestNames { ran, skipped } = self.all;
        let skipped: BTreeSet<_> = skipped.difference(&ran).cloned().collect();
        (!self.too_many).then_some(TestNames { ran, skipped })
    }
}

/// `suites` from the outermost; those that the name repeats are left out.
fn full_name(suites: &[String], case: &str) -> String {
    let suites = suites
        .iter()
        .map(|suite| suite.trim())
        .filter(|suite| !EVERYWHERE.contains(suite) && !case.starts_with(suite));
    let full = suites.chain([case.trim()]).collect::<Vec<_>>().join(" › ");
    let one_line = strip_ansi(&full).replace(['\n', '\t'], " ");
    truncate(&ADDRESS.replace_all(&one_line, "0x…"))
}

fn truncate(name: &str) -> String {
    if name.chars().count() <= TestNames::NAME {
        return name.to_owned();
    }
    let mark = hex::encode(Sha256::digest(name));
    let begin: String = name.chars().take(TestNames::NAME - MARK - 1).collect();
    format!("{begin}…{}", &mark[..MARK])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(tests: &[(&str, &str, bool)]) -> Option<TestNames> {
        let mut names = Names::default();
        for (suite, case, skipped) in tests {
            let result = if *skipped { CaseResult::Skipped } else { CaseResult::Passed };
            names.insert(&[(*suite).to_owned()], case, result);
        }
        names.known()
    }

    #[test]
    fn a_test_that_ran_once_was_not_skipped() {
        let names = noted(&[
            ("", "a", true),
            ("", "a", false),
            ("", "a", false),
            ("", "b", true),
            ("", "b", true),
        ])
        .unwrap();
        assert_eq!((names.ran.len(), names.skipped.len()), (1, 1));
    }

    #[test]
    fn suites_tell_tests_of_one_name_apart() {
        assert_eq!(
            noted(&[("one", "works", false), ("other", "works", false)]).unwrap().ran.len(),
            2
        );
        let names =
            noted(&[("pytest", "test_a › works", false), ("h/calc", "h/calc › TestAdd", false)])
                .unwrap();
        assert!(names.has("test_a › works") && names.has("h/calc › TestAdd"));
    }

    #[test]
    fn what_differs_every_time_is_no_name() {
        assert_eq!(
            full_name(&[], "calls <f at 0x7fe1c0d3a1f0>\n twice"),
            "calls <f at 0x…>  twice"
        );
    }

    #[test]
    fn long_names_stay_their_own() {
        let (one, other) = (format!("{}1", "ü".repeat(500)), format!("{}2", "ü".repeat(500)));
        assert_ne!(full_name(&[], &one), full_name(&[], &other));
        assert_eq!(full_name(&[], &one).chars().count(), TestNames::NAME);
    }

    #[test]
    fn of_too_many_none_are_known() {
        let mut names = Names::default();
        let all = 0..=TestNames::MOST;
        all.for_each(|n| names.insert(&[], &n.to_string(), CaseResult::Failed));
        assert_eq!(names.known(), None);
    }
}
