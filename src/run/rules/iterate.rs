//! Iterations: how does a stage try until its checks are green?
//! Each goes on from the work of the one before, because that is nearer to the goal than the beginning is; none of it is a result before the
//! checks are green, so red work is never kept. A provider that is busy uses no iteration up; it is waited for, longer each time. Only of
//! stages that say so: those of older versions begin anew each time.

use super::next::failure_of;
use super::plan::{BUSY_BACKOFF_SECONDS, earlier_in_round};
use super::same_failure::{TIMES, same_failure};
use crate::run::ids::chance;
use crate::run::{Attempt, AttemptOutcome, RunId, Snapshot, StageState, Trouble};

/// So often in a row a busy provider is waited for: about an hour in all.
const MOST_BUSY: usize = 10;
const LONGEST_BACKOFF_SECONDS: u64 = 600;

/// The work that this attempt goes on from: of the newest attempt of its round that the checks judged.
pub(super) fn built_on(stage: &StageState, attempt: u32) -> Option<&Snapshot> {
    if !stage.stage.iterates {
        return None;
    }
    let judged = |it: &&&Attempt| it.outcome == AttemptOutcome::Bad && it.trouble.is_none();
    let earlier = earlier_in_round(stage, attempt);
    earlier.iter().filter(judged).find_map(|it| it.snapshot.as_ref())
}

/// Why no other attempt follows the last one, of at most so many after that number; none where one does.
pub(super) fn why_no_other(
    stage: &StageState,
    last: &Attempt,
    (began_after, most): (u32, u32),
) -> Option<String> {
    let since = stage.attempts.iter().filter(|it| it.n > began_after && it.n <= last.n);
    let (busy, tried): (Vec<_>, Vec<_>) = since.partition(|it| is_busy(it));
    let in_a_row = stage.attempts.iter().rev().skip_while(|it| it.n > last.n);
    let in_a_row = in_a_row.take_while(|it| is_busy(it)).count().min(busy.len());
    if is_busy(last) {
        let why = || format!("the model was busy {in_a_row} times in a row: {}", failure_of(last));
        return (in_a_row >= MOST_BUSY).then(why);
    }
    if same_failure(stage, last) {
        return Some(format!("{TIMES} iterations failed in the same way: {}", failure_of(last)));
    }
    match u32::try_from(tried.len()).unwrap_or(u32::MAX) {
        n if n < most => None,
        1 => Some(failure_of(last)),
        n => Some(format!("{n} iterations, the last: {}", failure_of(last))),
    }
}

/// The pause before an attempt, after these of its round, of which the newest is the first: none after red checks; twice as long each time that
/// the provider was busy, and half of that by chance, so that runs that were sent away together do not come back together. The chance
/// follows from the run and the attempt: a workflow that is replayed waits as long.
pub(super) fn backoff_seconds(run: &RunId, earlier: &[&Attempt]) -> u64 {
    let busy = earlier.iter().take_while(|it| is_busy(it)).count();
    let Some(doubled) = busy.checked_sub(1) else { return 0 };
    let longest = BUSY_BACKOFF_SECONDS << doubled.min(10);
    let half = longest.min(LONGEST_BACKOFF_SECONDS).div_ceil(2);
    let newest = earlier.first().map_or(0, |it| it.n);
    half + chance(&format!("{run} {newest}")) % (half + 1)
}

fn is_busy(attempt: &Attempt) -> bool {
    attempt.trouble == Some(Trouble::ModelBusy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::rules::tests::{Facts, RunDriver, ana, decision, request, snapshot};
    use crate::run::{Decision, GateSpec, Outcome, Retry, Rework, Verdict};

    /// A run whose only stage iterates.
    fn fixing(attempts: u32) -> RunDriver {
        let mut request = request(&["fix?"]);
        let stage = &mut request.pipeline.stages[0];
        (stage.iterates, stage.attempts) = (true, attempts);
        stage.recovery = Some(GateSpec::recovery());
        RunDriver::of(request)
    }

    #[test]
    fn each_goes_on_from_the_one_before_and_only_green_work_is_kept() {
        let mut driver = fixing(5);
        driver.brings(Facts::Red).brings(Facts::RedElsewhere);
        let third = driver.plan();
        assert_eq!((third.base, third.compare.stage_base), (Some(snapshot(2)), Some(snapshot(0))));
        assert_eq!(third.backoff_seconds, 0, "red tests need no pause");
        assert_eq!(driver.run.last_good(), None);
        driver.brings(Facts::Green).gate();
        driver.ana(Verdict::Approve);
        assert_eq!(driver.end(), (Outcome::Done, None));
        assert_eq!(driver.run.last_good(), Some(&snapshot(3)));
    }

    #[test]
    fn what_nobody_judged_is_not_gone_on_from() {
        let mut driver = fixing(5);
        driver.brings(Facts::Red).brings(Facts::Unchecked).brings(Facts::Trouble(Trouble::TimeOut));
        assert_eq!(driver.plan().base, Some(snapshot(1)));
    }

    #[test]
    fn after_asked_for_changes_it_goes_on_from_where_they_begin() {
        for (rework, first) in [(Rework::Top, 2), (Rework::Base, 0)] {
            let mut driver = fixing(5);
            driver.brings(Facts::Red).brings(Facts::Green).ana_wants("use retries", rework);
            assert_eq!(driver.plan().base, Some(snapshot(first)));
            driver.brings(Facts::Red);
            assert_eq!(driver.plan().base, Some(snapshot(3)));
        }
    }

    #[test]
    fn the_same_failure_three_times_is_asked_about_whatever_came_between() {
        let mut driver = fixing(9);
        driver.brings(Facts::Red).brings(Facts::Red).brings(Facts::Trouble(Trouble::ModelBusy));
        driver.brings(Facts::Red).gate();
        let why = driver.run.why_failed(&driver.run.stages[0]);
        assert_eq!(
            why.as_deref(),
            Some("3 iterations failed in the same way: 3 of 50 tests failed")
        );
    }

    #[test]
    fn where_none_is_left_it_is_asked_and_a_try_that_somebody_wants_goes_on_from_there() {
        let mut driver = fixing(2);
        driver.brings(Facts::Red).brings(Facts::RedElsewhere);
        let gate = Some(driver.gate());
        let retry = Some(Retry::default());
        let asked = driver.hears(&Decision { retry, ..decision(Verdict::Retry, gate, ana()) });
        assert_eq!(asked, Ok(()));
        assert_eq!(driver.plan().base, Some(snapshot(2)));
        assert_eq!(driver.brings(Facts::Red).gate().round, 2);
    }

    #[test]
    fn a_busy_provider_uses_no_iteration_up_and_is_waited_for_longer_each_time() {
        let mut driver = fixing(2);
        let mut pauses = Vec::new();
        for _ in 0..MOST_BUSY {
            let plan = driver.plan();
            pauses.push(plan.backoff_seconds);
            driver.ends(&plan, Facts::Trouble(Trouble::ModelBusy));
        }
        let longest = [0, 15, 30, 60, 120, 240, 480, 600, 600, 600];
        for (pause, most) in pauses.iter().zip(longest) {
            assert!((most / 2..=most + 1).contains(pause), "{pauses:?}");
        }
        let gate = driver.gate();
        assert_eq!(gate.round, 1, "at last it is asked");
        let mut driver = fixing(2);
        driver.brings(Facts::Red).brings(Facts::Trouble(Trouble::ModelBusy));
        driver.brings(Facts::Green).gate();
    }

    #[test]
    fn the_pause_is_by_chance_and_the_same_when_it_is_replayed() {
        let pause = |run: &str| {
            let mut driver = fixing(2);
            driver.brings(Facts::Trouble(Trouble::ModelBusy));
            let (run, stage) = (run.parse().expect("an id"), &driver.run.stages[0]);
            backoff_seconds(&run, &earlier_in_round(stage, 2))
        };
        let runs = ["tale-k3f9qdz", "tale-vh4wrvx", "tale-2b7c3dq", "tale-9x8y7zq"];
        let pauses: std::collections::BTreeSet<u64> = runs.iter().map(|run| pause(run)).collect();
        assert!(pauses.len() > 1, "{pauses:?}");
        assert_eq!(pause(runs[0]), pause(runs[0]));
    }
}
