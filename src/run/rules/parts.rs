//! Smaller steps: how is a task done in parts that was too big for one go?
//! The first attempt splits it and does the first part; each part is an attempt with a snapshot of its own, on top of the one before. The
//! checks judge all of them, and only the last has to pass.

use serde::{Deserialize, Serialize};

use crate::run::{Attempt, AttemptOutcome, Retried, Snapshot, StageState};

/// Which part of its task an attempt does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPart {
    /// From 1. The first splits the task before it does anything.
    pub n: usize,
    /// All of them; empty before the task is split.
    pub all: Vec<String>,
}

impl TaskPart {
    /// Where the agent writes them, in its clone. Snapshots leave it out.
    pub const FILE: &str = ".signoff-parts";
    /// Most parts of a task, and most characters that say what one is.
    pub const MOST: usize = 6;
    pub const WORDS: usize = 200;

    /// Whether what comes after it is judged as the whole.
    #[must_use]
    pub const fn is_last(&self) -> bool {
        self.n >= self.all.len()
    }
}

impl StageState {
    /// Which part of its task this attempt does; none where it does the whole.
    #[must_use]
    pub fn part(&self, attempt: u32) -> Option<TaskPart> {
        let since = self.retry_before(attempt).filter(|retried| retried.retry.smaller)?.after;
        let n = 1 + self.parts_between(since, attempt).count();
        let all = self.attempt(since + 1).map(|first| first.parts.clone()).unwrap_or_default();
        (n == 1 || n <= all.len()).then_some(TaskPart { n, all })
    }

    /// Whether another part follows this attempt, which is over.
    pub(super) fn has_another_part(&self, last: &Attempt) -> bool {
        is_done(last) && self.part(last.n).is_some_and(|part| !part.is_last())
    }

    /// Whether it is good, and not only a part of the task.
    #[must_use]
    pub fn is_good_as_a_whole(&self, attempt: &Attempt) -> bool {
        attempt.outcome == AttemptOutcome::Good && !self.has_another_part(attempt)
    }

    /// The part before, on which this attempt builds: also one that is done otherwise, because the next part could not be.
    pub(super) fn part_before(&self, attempt: u32) -> Option<&Snapshot> {
        let since = self.retry_before(attempt)?.after;
        let now = self.part(attempt).and_then(|_| self.parts_between(since, attempt).last());
        let before = || {
            let begun = self.redone.as_ref().map_or(0, |redone| redone.attempts);
            let done = self.parts_between(begun, since + 1).last()?;
            Some(done).filter(|done| self.has_another_part(done))
        };
        now.or_else(before)?.snapshot.as_ref()
    }

    /// The parts that were done by these attempts.
    fn parts_between(&self, after: u32, before: u32) -> impl Iterator<Item = &Attempt> {
        let between = move |attempt: &&Attempt| attempt.n > after && attempt.n < before;
        self.attempts.iter().filter(between).filter(|attempt| is_done(attempt))
    }

    /// The try that somebody asked for last before this attempt, since the stage was last begun.
    pub(super) fn retry_before(&self, attempt: u32) -> Option<&Retried> {
        let since = self.redone.as_ref().filter(|redone| attempt > redone.attempts);
        let tries = self.retries.get(since.map_or(0, |redone| redone.retries)..)?;
        let retried = tries.iter().rev().find(|retried| retried.after < attempt)?;
        let changed = self
            .changes
            .iter()
            .any(|changes| changes.after >= retried.after && changes.after < attempt);
        (!changed).then_some(retried)
    }
}

/// Whether it left work that the checks judged, whatever they said of it.
fn is_done(attempt: &Attempt) -> bool {
    let judged = matches!(attempt.outcome, AttemptOutcome::Good | AttemptOutcome::Bad);
    judged && attempt.trouble.is_none() && attempt.snapshot.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::rules::tests::{Facts, RunDriver, ana, decision, request};
    use crate::run::{Decision, GateSpec, Outcome, Retry, Verdict};

    /// A run whose only stage has failed and is to be done in smaller steps.
    fn in_smaller_steps() -> RunDriver {
        let mut request = request(&["draft"]);
        request.pipeline.stages[0].recovery = Some(GateSpec::recovery());
        let mut driver = RunDriver::of(request);
        driver.brings(Facts::Red).brings(Facts::Red);
        let gate = Some(driver.gate());
        let retry = Some(Retry { smaller: true, ..Retry::default() });
        let asked = driver.hears(&Decision { retry, ..decision(Verdict::Retry, gate, ana()) });
        assert_eq!(asked, Ok(()));
        driver
    }

    /// The attempt that is next splits its task, and is not good.
    fn splits(driver: &mut RunDriver, parts: &[&str]) {
        let plan = driver.plan();
        assert_eq!(plan.part, Some(TaskPart { n: 1, all: vec![] }));
        driver.splits(parts).ends(&plan, Facts::Red);
    }

    #[test]
    fn each_part_is_an_attempt_on_top_of_the_one_before_and_the_last_is_judged() {
        let mut driver = in_smaller_steps();
        splits(&mut driver, &["read", "write", "close"]);
        let second = driver.plan();
        let part = second.part.clone().expect("a part");
        assert_eq!((part.n, part.is_last()), (2, false));
        let before = driver.run.stages[0].attempt(second.attempt - 1).expect("the first part");
        assert_eq!(second.base, before.snapshot);
        driver.brings(Facts::Green);
        let third = driver.plan();
        assert!(third.part.as_ref().is_some_and(TaskPart::is_last), "{third:?}");
        driver.brings(Facts::Green);
        assert_eq!(driver.end(), (Outcome::Done, None));
    }

    #[test]
    fn where_the_last_part_is_not_good_it_is_asked_again() {
        let mut driver = in_smaller_steps();
        splits(&mut driver, &["read", "write"]);
        driver.brings(Facts::Red);
        assert_eq!(driver.gate().round, 2);
    }

    #[test]
    fn a_part_that_could_not_be_done_is_asked_about_before_the_next_begins() {
        let mut driver = in_smaller_steps();
        splits(&mut driver, &["read", "write", "close"]);
        driver.brings(Facts::Unfinished);
        assert_eq!(driver.gate().round, 2);
    }

    #[test]
    fn parts_that_went_well_are_built_on_also_by_a_plain_retry_and_are_no_good_work_of_the_stage() {
        let mut driver = in_smaller_steps();
        splits(&mut driver, &["read", "write", "close"]);
        driver.brings(Facts::Green).brings(Facts::Unfinished);
        let gate = Some(driver.gate());
        let stage = &driver.run.stages[0];
        assert_eq!(stage.good_attempt(), None, "a part is not the whole");
        let second = stage.attempts[3].snapshot.clone();
        let retry = Some(Retry::default());
        let asked = driver.hears(&Decision { retry, ..decision(Verdict::Retry, gate, ana()) });
        assert_eq!(asked, Ok(()));
        let plan = driver.plan();
        assert_eq!((plan.part, plan.base), (None, second));
    }

    #[test]
    fn what_the_agent_did_not_split_is_judged_as_a_whole() {
        let mut driver = in_smaller_steps();
        driver.brings(Facts::Green);
        assert_eq!(driver.end(), (Outcome::Done, None));
        let mut driver = in_smaller_steps();
        splits(&mut driver, &["all of it"]);
        assert_eq!(driver.gate().round, 2);
    }
}
