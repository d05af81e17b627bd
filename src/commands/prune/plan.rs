//! What of all that runs left is thrown away, and why is the rest kept?
//! Pure: first what is too old, then, of what is left, what ended first. Never anything of a run that is not over, nor what such a run takes
//! over.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::run::RunId;
use crate::store::RunEnd;
use crate::workspace::Leftovers;

/// What is kept at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PruneLimits {
    /// What ended before goes.
    pub ended_before: Option<DateTime<Utc>>,
    /// So many bytes are left, on this disk and in the artifact store together.
    pub bytes: Option<u64>,
    /// Whether results go, too, that are nowhere else: only where somebody says so.
    pub only_copies: bool,
}

/// A run, and what it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunLeft {
    pub end: RunEnd,
    pub left: Leftovers,
}

/// Why something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PruneReason {
    /// It ended too long ago.
    Age,
    /// All together are too much, and this ended first.
    Size,
    /// It was pruned already, and this was left, or came late.
    Rest,
}

/// Why something stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeepReason {
    NotOver,
    /// This run is not over, and takes it over.
    TakenOver(RunId),
    /// A worker of this machine is still at it.
    InUse,
    /// Its result was pushed nowhere.
    OnlyCopy,
    WithinLimits,
}

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrunePlan {
    pub going: Vec<(RunLeft, PruneReason)>,
    pub kept: Vec<(RunLeft, KeepReason)>,
}

/// What goes and what stays.
#[must_use]
pub fn plan(
    runs: Vec<RunLeft>,
    beginnings: &BTreeMap<String, u64>,
    limits: PruneLimits,
) -> PrunePlan {
    let (kept, may_go) = split(runs, limits.only_copies);
    let mut plan = PrunePlan { going: Vec::new(), kept };
    let staying = plan.kept.iter().map(|(run, _)| run);
    let mut room = Room::of(staying.chain(may_go.iter().map(|(_, run)| run)), beginnings);
    let mut young = Vec::new();
    for (ended_at, run) in may_go {
        let reason = if run.end.pruned_at.is_some() {
            PruneReason::Rest
        } else if limits.ended_before.is_some_and(|before| ended_at < before) {
            PruneReason::Age
        } else {
            young.push(run);
            continue;
        };
        room.gains(&run);
        plan.going.push((run, reason));
    }
    for run in young {
        if limits.bytes.is_some_and(|most| room.used > most) && run.left.bytes() > 0 {
            room.gains(&run);
            plan.going.push((run, PruneReason::Size));
        } else {
            plan.kept.push((run, KeepReason::WithinLimits));
        }
    }
    plan
}

type KeptRuns = Vec<(RunLeft, KeepReason)>;

/// Those that stay in any case, and the others, what ended first first.
fn split(runs: Vec<RunLeft>, only_copies: bool) -> (KeptRuns, Vec<(DateTime<Utc>, RunLeft)>) {
    let taken_over = taken_over(&runs);
    let (mut kept, mut may_go) = (Vec::new(), Vec::new());
    for run in runs {
        match (run.end.ended_at, taken_over.get(&run.end.run)) {
            (None, _) => kept.push((run, KeepReason::NotOver)),
            (Some(_), Some(by)) => kept.push((run, KeepReason::TakenOver(by.clone()))),
            (Some(_), None) if run.end.only_copy && !only_copies => {
                kept.push((run, KeepReason::OnlyCopy));
            }
            (Some(ended_at), None) => may_go.push((ended_at, run)),
        }
    }
    may_go.sort_by_key(|(ended_at, _)| *ended_at);
    (kept, may_go)
}

/// What runs that are not over take over or merge, also of one that took it over itself; and which run that is.
fn taken_over(runs: &[RunLeft]) -> BTreeMap<RunId, RunId> {
    let again: BTreeMap<&RunId, &RunId> =
        runs.iter().filter_map(|it| Some((&it.end.run, it.end.again.as_ref()?))).collect();
    let is_open = |id: &RunId| runs.iter().any(|it| it.end.run == *id && it.end.ended_at.is_none());
    let merged = runs.iter().filter_map(|it| Some((it.end.run.clone(), it.end.batch.clone()?)));
    let mut taken: BTreeMap<RunId, RunId> = merged.filter(|(_, batch)| is_open(batch)).collect();
    for open in runs.iter().filter(|it| it.end.ended_at.is_none()) {
        let mut next = again.get(&open.end.run);
        while let Some(&before) = next {
            if taken.insert(before.clone(), open.end.run.clone()).is_some() {
                break;
            }
            next = again.get(before);
        }
    }
    taken
}

/// How much is used. What several runs began with goes with the last of them.
#[derive(Default)]
struct Room {
    used: u64,
    /// Bytes, and how many began with it.
    shared: BTreeMap<String, (u64, usize)>,
}

impl Room {
    fn of<'a>(runs: impl Iterator<Item = &'a RunLeft>, beginnings: &BTreeMap<String, u64>) -> Self {
        let mut room = Self::default();
        for run in runs {
            room.used = room.used.saturating_add(run.left.bytes());
            let known = |key: &String| Some((key.clone(), *beginnings.get(key)?));
            if let Some((key, bytes)) = run.left.beginning.as_ref().and_then(known) {
                room.shared.entry(key).or_insert((bytes, 0)).1 += 1;
            }
        }
        let shared: u64 = room.shared.values().map(|(bytes, _)| *bytes).sum();
        room.used = room.used.saturating_add(shared);
        room
    }

    fn gains(&mut self, run: &RunLeft) {
        self.used = self.used.saturating_sub(run.left.bytes());
        let shared = run.left.beginning.as_ref().and_then(|key| self.shared.get_mut(key));
        if let Some((bytes, runs)) = shared {
            *runs = runs.saturating_sub(1);
            if *runs == 0 {
                self.used = self.used.saturating_sub(*bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn day(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(n)
    }

    fn id(name: &str) -> RunId {
        format!("{name}-k3f9qdz").parse().expect("a run's name")
    }

    /// A run of a hundred bytes that ended on this day, if it did.
    fn run(name: &str, ended: Option<i64>) -> RunLeft {
        RunLeft {
            end: RunEnd {
                run: id(name),
                ended_at: ended.map(day),
                again: None,
                batch: None,
                only_copy: false,
                pruned_at: None,
            },
            left: Leftovers { here: 60, stored: 40, beginning: None },
        }
    }

    fn again(name: &str, of: &str, ended: Option<i64>) -> RunLeft {
        let mut run = run(name, ended);
        run.end.again = Some(id(of));
        run
    }

    fn names(plan: &PrunePlan) -> Vec<(&str, PruneReason)> {
        fn name(run: &RunLeft) -> &str {
            run.end.run.as_str().trim_end_matches("-k3f9qdz")
        }
        plan.going.iter().map(|(run, why)| (name(run), *why)).collect()
    }

    fn why_kept(plan: &PrunePlan, name: &str) -> Option<KeepReason> {
        plan.kept.iter().find(|(run, _)| run.end.run == id(name)).map(|(_, why)| why.clone())
    }

    const NO_BEGINNINGS: BTreeMap<String, u64> = BTreeMap::new();

    #[test]
    fn what_a_batch_that_is_not_over_merges_stays() {
        let all = PruneLimits { bytes: Some(0), ..PruneLimits::default() };
        let feature = |name: &str| {
            let mut feature = run(name, Some(1));
            feature.end.batch = Some(id("batch"));
            feature
        };
        let open = plan(vec![run("batch", None), feature("roses")], &NO_BEGINNINGS, all);
        assert_eq!(why_kept(&open, "roses"), Some(KeepReason::TakenOver(id("batch"))));
        let over = plan(vec![run("batch", Some(2)), feature("roses")], &NO_BEGINNINGS, all);
        assert_eq!(why_kept(&over, "roses"), None);
    }

    #[test]
    fn what_ended_long_ago_goes_and_what_is_not_over_never() {
        let runs = vec![run("old", Some(1)), run("new", Some(9)), run("open", None)];
        let limits = PruneLimits { ended_before: Some(day(5)), bytes: Some(0), only_copies: false };
        let by_age = PruneLimits { bytes: None, ..limits };
        assert_eq!(names(&plan(runs.clone(), &NO_BEGINNINGS, by_age)), [("old", PruneReason::Age)]);
        let all = plan(runs.clone(), &NO_BEGINNINGS, limits);
        assert_eq!(names(&all), [("old", PruneReason::Age), ("new", PruneReason::Size)]);
        assert_eq!(why_kept(&all, "open"), Some(KeepReason::NotOver));
        assert!(plan(runs, &NO_BEGINNINGS, PruneLimits::default()).going.is_empty());
    }

    #[test]
    fn a_result_that_is_nowhere_else_goes_only_where_somebody_says_so() {
        let mut only = run("only", Some(1));
        only.end.only_copy = true;
        let limits = PruneLimits { ended_before: Some(day(5)), ..PruneLimits::default() };
        let by_itself = plan(vec![only.clone()], &NO_BEGINNINGS, limits);
        assert_eq!(why_kept(&by_itself, "only"), Some(KeepReason::OnlyCopy));
        let said = plan(vec![only], &NO_BEGINNINGS, PruneLimits { only_copies: true, ..limits });
        assert_eq!(names(&said), [("only", PruneReason::Age)]);
    }

    #[test]
    fn of_too_much_those_go_first_that_ended_first() {
        let runs = ["c", "a", "b"].iter().zip([3, 1, 2]).map(|(name, day)| run(name, Some(day)));
        let runs: Vec<RunLeft> = runs.chain([run("open", None)]).collect();
        let within = |bytes| PruneLimits { bytes: Some(bytes), ..PruneLimits::default() };
        let gone = |bytes| plan(runs.clone(), &NO_BEGINNINGS, within(bytes)).going.len();
        assert_eq!((gone(400), gone(399), gone(200), gone(199)), (0, 1, 2, 3));
        let plan = plan(runs.clone(), &NO_BEGINNINGS, within(300));
        assert_eq!(names(&plan), [("a", PruneReason::Size)]);
        assert_eq!(why_kept(&plan, "b"), Some(KeepReason::WithinLimits));
    }

    #[test]
    fn what_a_run_that_is_not_over_takes_over_stays() {
        let runs = vec![
            run("first", Some(1)),
            again("second", "first", Some(2)),
            again("third", "second", None),
            again("other", "lone", Some(3)),
            run("lone", Some(1)),
        ];
        let limits = PruneLimits { ended_before: Some(day(9)), ..PruneLimits::default() };
        let plan = plan(runs, &NO_BEGINNINGS, limits);
        assert_eq!(names(&plan), [("lone", PruneReason::Age), ("other", PruneReason::Age)]);
        assert_eq!(why_kept(&plan, "first"), Some(KeepReason::TakenOver(id("third"))));
        assert_eq!(why_kept(&plan, "second"), Some(KeepReason::TakenOver(id("third"))));
    }

    #[test]
    fn what_several_began_with_is_room_once_the_last_of_them_is_gone() {
        let begun = |name, day| {
            let mut run = run(name, Some(day));
            run.left.beginning = Some("beginnings/x.bundle".to_owned());
            run
        };
        let runs = vec![begun("a", 1), begun("b", 2), run("c", Some(3))];
        let beginnings = BTreeMap::from([("beginnings/x.bundle".to_owned(), 1_000)]);
        let limits = PruneLimits { bytes: Some(1_200), ..PruneLimits::default() };
        let gone = plan(runs.clone(), &beginnings, limits);
        assert_eq!(gone.going.len(), 1, "1,300 bytes, and a hundred less are enough");
        let limits = PruneLimits { bytes: Some(1_000), ..limits };
        assert_eq!(plan(runs, &beginnings, limits).going.len(), 2, "with b its beginning goes");
    }

    #[test]
    fn what_was_pruned_and_came_back_goes_whatever_is_kept() {
        let mut late = run("late", Some(9));
        late.end.pruned_at = Some(day(9));
        let plan = plan(vec![late], &NO_BEGINNINGS, PruneLimits::default());
        assert_eq!(names(&plan), [("late", PruneReason::Rest)]);
    }
}
