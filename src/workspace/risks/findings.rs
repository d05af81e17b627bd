//! Findings: which risks were found in a change so far?
//! Counted by kind, each with one example that is fit to be shown.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::change::Change;
use super::check_settings::is_check_settings;
use super::{paths, secrets};
use crate::run::{Flag, Risk};

/// More added lines than this in one file are not read by anybody.
const LONG_LINES: u64 = 2_000;
/// Nor is a file larger than this.
const LARGE_BYTES: u64 = 1 << 20;
/// Longest example, in characters: it travels in history. A path's end says more than its beginning.
const EXAMPLE: usize = 160;

/// What was found so far: of each kind how often, and an example.
#[derive(Default)]
pub(in crate::workspace) struct RiskFindings(BTreeMap<Risk, Flag>);

impl RiskFindings {
    /// The first of a kind is its example; of lost tests some more are named.
    pub fn add(&mut self, risk: Risk, example: &str) {
        let first = || Flag { risk, count: 0, example: displayable(example), others: Vec::new() };
        let flag = self.0.entry(risk).or_insert_with(first);
        if risk.is_lost_test() && flag.count > 0 && flag.others.len() + 1 < Flag::NAMES {
            flag.others.push(displayable(example));
        }
        flag.count += 1;
    }

    pub(super) fn add_by_name(&mut self, change: &Change) {
        let old = change.old_name();
        if [old, &change.path].into_iter().any(paths::is_automation) {
            self.add(Risk::Automation, &change.path);
        }
        if paths::is_lock_file(&change.path) {
            self.add(Risk::LockFile, &change.path);
        }
        if change.before().is_some() && paths::is_test(old) {
            if change.is_gone() || !paths::is_test(&change.path) {
                self.add(Risk::TestsDeleted, old);
            } else if change.is_rewritten() {
                self.add(Risk::Tests, old);
            }
        }
    }

    /// A file that decides what the checks run, or that a check calls.
    pub(super) fn add_check_settings(&mut self, change: &Change, called: &BTreeSet<String>) {
        let decides = |path: &str| is_check_settings(path) || called.contains(path);
        if [change.old_name(), &change.path].into_iter().any(decides) {
            self.add(Risk::Checks, &change.path);
        }
    }

    pub(super) fn add_by_size(&mut self, change: &Change, sizes: &HashMap<String, u64>) {
        if change.is_gone() || !change.is_rewritten() {
            return;
        }
        if change.lines.is_none() {
            self.add(Risk::Binary, &change.path);
        }
        if is_large(change, sizes) {
            self.add(Risk::Large, &change.path);
        }
    }

    pub fn flags(self) -> Vec<Flag> {
        self.0.into_values().collect()
    }
}

/// Whether it is more than a reader will read.
pub(super) fn is_large(change: &Change, sizes: &HashMap<String, u64>) -> bool {
    let long = change.lines.is_some_and(|(added, _)| added > LONG_LINES)
        && !paths::is_lock_file(&change.path);
    long || change.after().and_then(|id| sizes.get(id)).is_some_and(|bytes| *bytes > LARGE_BYTES)
}

/// The example as it may be shown: on one line, not too long, without what looks like a secret, even in a file's name.
fn displayable(example: &str) -> String {
    let plain: String = secrets::masked(example)
        .chars()
        .map(|letter| if is_steering(letter) { '\u{fffd}' } else { letter })
        .collect();
    let letters = plain.chars().count();
    if letters <= EXAMPLE {
        plain
    } else {
        std::iter::once('…').chain(plain.chars().skip(letters - EXAMPLE + 1)).collect()
    }
}

/// Control characters, and those that turn the direction of the text around them.
fn is_steering(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_short_and_steer_nothing() {
        assert_eq!(displayable("src/a.js:3"), "src/a.js:3");
        assert_eq!(displayable("a\nb\u{202e}c"), "a\u{fffd}b\u{fffd}c");
        let long = displayable(&format!("{}/end.js", "x".repeat(5_000)));
        assert!(
            long.chars().count() == EXAMPLE && long.starts_with('…') && long.ends_with("x/end.js")
        );
    }

    #[test]
    fn a_secret_in_a_name_is_not_shown() {
        assert_eq!(displayable(concat!("keys/AK", "IA2E5Q7ZK3LMNTP4WX.txt")), "keys/….txt");
    }
}
