//! The same failure again: does another attempt have any chance?
//! Compared by what the checks said, without the figures in it: times and places differ where nothing else does.

use super::plan::earlier_in_round;
use crate::run::{Attempt, AttemptOutcome, Breaker, StageState};

/// So often in a row.
const TIMES: usize = 3;
/// Of the feedback its beginning counts: the tests that failed, and what they said.
const BEGINNING: usize = 300;

/// That an attempt would only fail as those before it did; none where they failed in different ways, or were few.
pub(super) fn same_failure(stage: &StageState, attempt: u32) -> Option<Breaker> {
    let earlier = earlier_in_round(stage, attempt);
    let (first, rest) = earlier.get(..TIMES)?.split_first()?;
    let same = failure(first)?;
    let times = u32::try_from(TIMES).unwrap_or(u32::MAX);
    let all = rest.iter().all(|attempt| failure(attempt).as_ref() == Some(&same));
    all.then_some(Breaker::SameFailure { times })
}

/// What was wrong with the work; none where it was not the work.
fn failure(attempt: &Attempt) -> Option<String> {
    let is_the_works = attempt.outcome == AttemptOutcome::Bad && attempt.trouble.is_none();
    let (why, feedback) =
        (attempt.why.as_deref()?, attempt.feedback.as_deref().unwrap_or_default());
    let beginning = feedback.chars().filter(|c| !c.is_ascii_digit()).take(BEGINNING);
    is_the_works.then(|| why.chars().chain(beginning).collect())
}
