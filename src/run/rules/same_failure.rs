//! The same failure again: does another attempt have any chance?
//! Compared by what the checks said, without the figures in it: times and places differ where nothing else does.

use super::plan::earlier_in_round;
use crate::run::{Attempt, AttemptOutcome, Checked, StageState, Trouble};

/// So often in a row.
pub(super) const TIMES: usize = 3;
/// Of the feedback so much counts: its beginning, where tests that failed stand; else its end, where a log says why.
const COMPARED: usize = 300;

/// Whether the newest attempts failed in one and the same way, so often that nobody hopes for the next.
pub(super) fn same_failure(stage: &StageState, newest: &Attempt) -> bool {
    let mut attempts = earlier_in_round(stage, newest.n + 1);
    // A provider that was busy says nothing of the work before and after.
    attempts.retain(|it| !stage.stage.iterates || it.trouble != Some(Trouble::ModelBusy));
    let Some(attempts) = attempts.get(..TIMES) else { return false };
    let first = failure(newest);
    // Where iterations build on each other, fewer failing tests are no failure in the same way.
    let tests = |attempt: &Attempt| attempt.tests.filter(|_| stage.stage.iterates);
    first.is_some()
        && attempts
            .iter()
            .all(|attempt| failure(attempt) == first && tests(attempt) == tests(newest))
}

/// What was wrong with the work; none where it was not the work.
fn failure(attempt: &Attempt) -> Option<String> {
    let is_the_works = attempt.outcome == AttemptOutcome::Bad && attempt.trouble.is_none();
    let why = attempt.why.as_deref().filter(|_| is_the_works)?;
    let said = attempt.feedback.as_deref().unwrap_or_default();
    let said = said.strip_prefix(why).unwrap_or(said);
    let lists_no_test = said.trim_start().starts_with(Checked::END_OF_LOG);
    let said: Vec<char> = said.chars().filter(|c| !c.is_ascii_digit()).collect();
    // Where a command is named and no test, those that failed were only tried again: its own words stand last.
    let is_command = why.contains("` exited ") || why.ends_with("` was killed");
    let names_command = is_command && lists_no_test;
    let tests = attempt.tests.is_some_and(|tests| tests.failed > 0) && !names_command;
    let compared = if tests {
        &said[..said.len().min(COMPARED)]
    } else {
        &said[said.len().saturating_sub(COMPARED)..]
    };
    let why = why.chars().filter(|c| !c.is_ascii_digit());
    Some(why.chain(compared.iter().copied()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Tests;
    use crate::run::rules::tests::{Facts, RunDriver};

    #[test]
    fn what_a_command_said_is_compared_though_a_test_was_tried_again() {
        let mut driver = RunDriver::with(&["draft"]);
        driver.brings(Facts::Red);
        let failed = |why: &str, begin: &str, end: &str| {
            let log = "x".repeat(COMPARED);
            let mut attempt = driver.run.stages[0].attempts[0].clone();
            attempt.tests = Some(Tests { passed: 1, failed: 1, skipped: 0 });
            (attempt.why, attempt.feedback) =
                (Some(why.to_owned()), Some(format!("{why}\n{begin}{log}{end}")));
            failure(&attempt)
        };
        let log = |first: &str| format!("\n{}:\n{first}", Checked::END_OF_LOG);
        for lint in ["`lint` exited 2", "`lint` was killed"] {
            let said = |first, end| failed(lint, &log(first), end);
            assert_ne!(said("", "a.js: unused"), said("", "b.js: shadowed"));
            assert_eq!(said("fast", "a.js"), said("slow", "a.js"));
            // Where exit codes alone are trusted, failed tests are listed beside the command.
            assert_ne!(failed(lint, "- a", "npm ERR"), failed(lint, "- b", "npm ERR"));
        }
        let tests = "1 of 2 tests failed";
        assert_ne!(failed(tests, "- a", ""), failed(tests, "- b", ""));
        assert_eq!(failed(tests, "- a", "1 passed"), failed(tests, "- a", "done"));
    }
}
