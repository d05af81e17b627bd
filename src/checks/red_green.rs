//! Tests on the code before: which of them can fail?
//! It judges nothing. All commands are run, whatever fails: a complaint of the first must not hide what the tests of the second say.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::log::Log;
use super::shell::{CommandEnd, Shell};
use super::test_report::TestReport;
use super::{CheckSpec, Ran, Which, run_command, run_setup_and_checks};
use crate::run::{NotKnown, RedGreen, TestNames};

/// What the tests did on the code before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestsTried {
    /// All of them are known by name.
    Ran {
        names: TestNames,
        red: BTreeSet<String>,
    },
    /// A command failed before any test could report: nothing passes.
    NothingRan,
    NotKnown(NotKnown),
    Stopped,
}

/// Runs the stage's setup and each of its checks, and reads what their tests say. An error is our fault, as in `check`.
pub async fn try_tests(
    spec: CheckSpec<'_>,
    stop: &CancellationToken,
) -> anyhow::Result<TestsTried> {
    let mut log = spec.make_log_and_home()?;
    Ok(match run_setup_and_checks(spec, Which::All, &mut log, stop).await? {
        Ran::OnlySetup(CommandEnd::Stopped) => TestsTried::Stopped,
        Ran::OnlySetup(CommandEnd::Slow) => TestsTried::NotKnown(NotKnown::OutOfTime),
        Ran::OnlySetup(_) => TestsTried::NotKnown(NotKnown::Setup),
        Ran::Checks(end, reported) => TestsTried::of(&end, reported.tests),
    })
}

/// Every check; the first that did not go well is how they ended, unless time or a stop ended all.
pub(super) async fn run_all(
    spec: CheckSpec<'_>,
    shell: Shell<'_>,
    log: &mut Log,
) -> anyhow::Result<CommandEnd> {
    let mut all = CommandEnd::Good;
    for command in &spec.stage.checks {
        match run_command(command, spec, shell, log).await? {
            end @ (CommandEnd::Slow | CommandEnd::Stopped) => return Ok(end),
            end if all == CommandEnd::Good => all = end,
            _ => {}
        }
    }
    Ok(all)
}

impl TestsTried {
    fn of(end: &CommandEnd, tests: Option<TestReport>) -> Self {
        match (end, tests) {
            (CommandEnd::Stopped, _) => Self::Stopped,
            (CommandEnd::Slow, _) => Self::NotKnown(NotKnown::OutOfTime),
            (_, Some(TestReport { names: Some(names), red, .. })) => Self::Ran { names, red },
            (CommandEnd::Good, None) | (_, Some(_)) => Self::NotKnown(NotKnown::NoReport),
            (_, None) => Self::NothingRan,
        }
    }
}

/// What is told of the tests that `now` are there and were not `before`, by what they did on the code before. `left_out` is why some could not
/// be tried there: then a test that did not run may be one of them, else it fails. None after a stop.
#[must_use]
pub fn compare_red_green(
    (before, now): (&TestNames, &TestNames),
    tried: &TestsTried,
    left_out: Option<NotKnown>,
) -> Option<RedGreen> {
    let (older, new): (Vec<&String>, Vec<&String>) =
        now.ran.iter().partition(|name| before.has(name));
    let (all, nothing) = (count(&new), BTreeSet::new());
    let (ran, red) = match tried {
        TestsTried::Stopped => return None,
        TestsTried::NotKnown(why) => return Some(RedGreen::not_known(all, *why)),
        TestsTried::NothingRan => (&nothing, &nothing),
        TestsTried::Ran { names, red } => (&names.ran, red),
    };
    let (there, absent): (Vec<_>, Vec<_>) = new.into_iter().partition(|name| ran.contains(*name));
    let (mut fail, pass): (Vec<_>, Vec<_>) =
        there.into_iter().partition(|name| red.contains(*name));
    let not_known = left_out.filter(|_| !absent.is_empty());
    if not_known.is_none() {
        fail.extend(absent);
    }
    let older_fail: Vec<_> = older.into_iter().filter(|name| red.contains(*name)).collect();
    let cut = |name: &&String| name.chars().take(RedGreen::NAME).collect();
    Some(RedGreen {
        new: all,
        fail: count(&fail),
        pass: count(&pass),
        older_fail: count(&older_fail),
        names: pass.iter().take(RedGreen::NAMES).map(cut).collect(),
        not_known,
    })
}

fn count(names: &[&String]) -> u32 {
    u32::try_from(names.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_set;

    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn names(ran: &[&str]) -> TestNames {
        TestNames { ran: set(ran), skipped: BTreeSet::new() }
    }

    fn tried(ran: &[&str], red: &[&str]) -> TestsTried {
        TestsTried::Ran { names: names(ran), red: set(red) }
    }

    fn told(tried: &TestsTried, left_out: Option<NotKnown>) -> RedGreen {
        let (before, now) = (names(&["old", "mended"]), names(&["old", "mended", "a", "b", "c"]));
        compare_red_green((&before, &now), tried, left_out).expect("no stop")
    }

    #[test]
    fn what_passes_without_the_change_is_named() {
        let told = told(&tried(&["old", "mended", "a", "b"], &["a", "mended"]), None);
        assert_eq!((told.new, told.fail, told.pass, told.older_fail), (3, 2, 1, 1));
        assert_eq!((told.names, told.not_known), (vec!["b".to_owned()], None));
    }

    #[test]
    fn where_nothing_runs_nothing_passes() {
        let told = told(&TestsTried::NothingRan, None);
        assert_eq!((told.new, told.fail, told.untold()), (3, 3, 0));
    }

    #[test]
    fn what_could_not_be_tried_is_not_said_to_fail() {
        let told = told(&tried(&["a"], &["a"]), Some(NotKnown::AmongTheCode));
        assert_eq!((told.fail, told.pass, told.untold()), (1, 0, 2));
        assert_eq!(told.not_known, Some(NotKnown::AmongTheCode));
    }

    #[test]
    fn where_all_could_be_tried_nothing_is_left_open() {
        let all = tried(&["a", "b", "c"], &["a", "b"]);
        assert_eq!(told(&all, Some(NotKnown::AmongTheCode)).not_known, None);
    }

    #[test]
    fn out_of_time_and_a_stop_say_nothing_of_any_test() {
        let slow = told(&TestsTried::NotKnown(NotKnown::OutOfTime), None);
        assert_eq!((slow.new, slow.untold()), (3, 3));
        let nothing = TestNames::default();
        assert_eq!(compare_red_green((&nothing, &nothing), &TestsTried::Stopped, None), None);
    }

    #[test]
    fn a_check_that_fails_before_any_report_is_told_from_one_that_leaves_none() {
        let failed = CommandEnd::Failed { command: "npm test".to_owned(), code: Some(1) };
        assert_eq!(TestsTried::of(&failed, None), TestsTried::NothingRan);
        let unread = TestsTried::NotKnown(NotKnown::NoReport);
        assert_eq!(TestsTried::of(&CommandEnd::Good, None), unread);
        assert_eq!(TestsTried::of(&failed, Some(TestReport::default())), unread);
    }

    proptest::proptest! {
        #[test]
        fn no_test_is_counted_twice(before in btree_set("[a-f]", 0..6), now in btree_set("[a-f]", 0..6), ran in btree_set("[a-f]", 0..6), red in btree_set("[a-f]", 0..6)) {
            let (before, now) = (TestNames { ran: before, ..TestNames::default() }, TestNames { ran: now, ..TestNames::default() });
            let red = red.intersection(&ran).cloned().collect();
            let tried = TestsTried::Ran { names: TestNames { ran, ..TestNames::default() }, red };
            for left_out in [None, Some(NotKnown::AmongTheCode)] {
                let told = compare_red_green((&before, &now), &tried, left_out).expect("no stop");
                proptest::prop_assert_eq!(told.new, told.fail + told.pass + told.untold());
                proptest::prop_assert_eq!(told.new as usize, now.ran.difference(&before.ran).count());
                proptest::prop_assert_eq!(told.not_known.is_some(), told.untold() > 0);
            }
        }
    }
}
