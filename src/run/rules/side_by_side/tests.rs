//! Side by side: stages whose needs are met begin at once, and each merges what its run made in its turn.

use chrono::DateTime;

use crate::run::rules::tests::{CENT, Facts, RunDriver, ana, decision, request, snapshot};
use crate::run::{
    Decision, FailureReport, FeatureEnd, GateSpec, Happened, MergeStep, Next, Outcome, Request,
    Retry, RollbackTo, Run, SlotRequest, StagePhase, Tokens, Usd, Verdict,
};

/// A draft, pictures and a map beside each other, an index that needs both, and a blurb that needs but the draft.
fn asked() -> Request {
    let mut request = request(&["draft", "pictures?", "map", "index", "blurb"]);
    let needs: [&[usize]; 5] = [&[], &[0], &[0], &[1, 2], &[0]];
    let names: Vec<_> = request.pipeline.stages.iter().map(|it| it.name.clone()).collect();
    for (stage, needs) in request.pipeline.stages.iter_mut().zip(needs) {
        stage.needs = needs.iter().map(|n| names[*n].clone()).collect();
        stage.parallel = !["draft", "index"].contains(&stage.name.as_str());
        stage.recovery = Some(GateSpec::recovery());
        stage.checks = vec![format!("test -s {}", stage.name)];
    }
    Request { budget_usd: Some(cents(31)), ..request }
}

fn drafted(request: Request) -> RunDriver {
    let mut driver = RunDriver::of(request);
    driver.brings(Facts::Green);
    driver
}

impl RunDriver {
    /// What is asked of the run of the map.
    fn side_run(&mut self) -> Request {
        assert_eq!(self.on(), Next::Children);
        self.run.child(3).expect("a run")
    }
}

fn end(outcome: Outcome, n: u32) -> FeatureEnd {
    FeatureEnd {
        work: (outcome == Outcome::Done).then(|| snapshot(100 + n)),
        tokens: Tokens::default(),
        cost_usd: CENT,
        seconds: 60,
        ..FeatureEnd::nothing(outcome, "1 of 1 tests failed".to_owned())
    }
}

const fn cents(n: i64) -> Usd {
    Usd::from_nanos(n * 10_000_000)
}

/// All three are over, the pictures so.
fn developed(pictures: Outcome) -> RunDriver {
    let mut driver = drafted(asked());
    for (n, outcome) in [(5, Outcome::Done), (2, pictures), (3, Outcome::Done)] {
        assert_eq!(driver.on(), Next::Children);
        driver.emit(driver.run.child_ended(n, end(outcome, u32::try_from(n).expect("few"))));
    }
    driver
}

fn phases(run: &Run) -> Vec<StagePhase> {
    run.stages.iter().map(|stage| stage.phase).collect()
}

#[test]
fn stages_whose_needs_are_met_begin_at_once_with_what_there_is() {
    let mut driver = drafted(asked());
    assert_eq!(driver.on(), Next::Children);
    assert_eq!(driver.run.children_under_way(), [2, 3, 5], "the index needs two of them");
    assert!(driver.run.in_one_line().starts_with("3 stages side by side"));
    let mut ended = driver.run.clone();
    ended.outcome = Some(Outcome::Stopped);
    assert!(ended.in_one_line().starts_with("5 stages ·"), "an operator may end it meanwhile");
    let mut part = Run::starting(driver.run.child(3).expect("a run"));
    part.stages[1].attempts = driver.run.stages[0].attempts.clone();
    let spent = |run: &Run| run.spent_with(std::slice::from_ref(&part));
    assert_eq!(spent(&driver.run), cents(2), "it is not over, and spent something all the same");
    driver.run.stages[2].side_runs[0].end = Some(end(Outcome::Done, 3));
    assert_eq!(spent(&driver.run), cents(2), "it stands with the run by now");
    driver.run.stages[2].side_runs[0].end = None;
    let map = driver.run.child(3).expect("a run");
    let names: Vec<_> = map.pipeline.stages.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["draft", "map"]);
    assert_eq!(map.budget_usd, Some(cents(10)), "30 cents are left for three");
    let begun = Run::starting(map.clone());
    assert_eq!(begun.last_good(), driver.run.last_good());
    assert_eq!(begun.current().map(|(n, _)| n), Some(2));
    let pictures = driver.run.child(2).expect("a run").pipeline.stages.remove(1);
    assert!(pictures.gate.is_none() && pictures.recovery.is_none(), "its run asks");
    assert_ne!(driver.run.child(2).map(|it| it.run), Some(map.run));
}

#[test]
fn a_stage_done_beside_others_goes_on_with_what_was_begun() {
    let asks = |mut driver: RunDriver| SlotRequest::new(&driver.run.clone(), &driver.plan()).begun;
    assert!(!asks(RunDriver::of(asked())));
    let mut driver = drafted(asked());
    assert_eq!(driver.on(), Next::Children);
    assert!(
        asks(RunDriver::of(driver.run.child(3).expect("a run"))),
        "and waits behind no new run"
    );
}

#[test]
fn each_is_merged_in_its_turn_and_judged_by_the_checks_of_all_before_it() {
    let mut driver = developed(Outcome::Done);
    let mut seen = Vec::new();
    for _ in 0..4 {
        let plan = driver.plan();
        let of = match &plan.merge {
            Some(MergeStep::Feature { n, work, .. }) => Some((*n, work.clone())),
            _ => None,
        };
        seen.push((plan.stage.name.to_string(), of.map(|(n, _)| n), plan.stage.checks.len()));
        driver.ends(&plan, Facts::Green);
        if driver.run.gate.is_none() && matches!(driver.on(), Next::Ask { .. }) {
            driver.ana(Verdict::Approve);
        }
    }
    let expected = [("pictures", Some(2), 1), ("map", Some(3), 2), ("index", None, 1)];
    let expected = expected.into_iter().chain([("blurb", Some(5), 4)]);
    assert_eq!(seen, expected.map(|(name, n, of)| (name.to_owned(), n, of)).collect::<Vec<_>>());
    assert_eq!(driver.end().0, Outcome::Done);
    assert_eq!(driver.run.spent(), cents(8), "five attempts and three runs");
}

#[test]
fn one_that_is_not_good_asks_in_its_turn_and_stops_no_other() {
    let mut driver = developed(Outcome::Failed);
    let gate = driver.gate();
    assert_eq!(gate.stage.as_str(), "pictures");
    let pictures = &driver.run.stages[1];
    assert_eq!(pictures.attempts.len(), 1, "its run tried often enough");
    assert!(pictures.only_tells(1) && !pictures.was_merge(1));
    let failures = FailureReport::of(std::slice::from_ref(&driver.run), DateTime::UNIX_EPOCH);
    assert_eq!(failures.attempts, 0, "it is counted with the run that did it");
    let retry =
        Decision { retry: Some(Retry::default()), ..decision(Verdict::Retry, Some(gate), ana()) };
    assert_eq!(driver.hears(&retry), Ok(()));
    let plan = driver.plan();
    assert_eq!((plan.merge, plan.base.as_ref()), (None, driver.run.last_good()));
}

#[test]
fn where_merging_does_not_work_its_own_agent_goes_on_from_there() {
    let mut driver = developed(Outcome::Done);
    driver.brings(Facts::Red);
    let merged = |run: &Run| [1, 2].map(|n| run.stages[1].was_merge(n));
    assert_eq!(merged(&driver.run), [true, false]);
    let plan = driver.plan();
    assert_eq!((plan.merge, plan.base), (None, driver.run.stages[1].snapshot_of(1)));
    let told = plan.feedback.expect("what it learns");
    assert!(told.contains("beside others") && told.contains("crooked"), "{told}");
    driver.brings(Facts::Red);
    assert_eq!(driver.plan().base, driver.run.stages[1].snapshot_of(1), "red work is not built on");
    driver.brings(Facts::Red);
    assert_eq!(driver.gate().stage.as_str(), "pictures", "a merge is no try of its agent");
    let to = RollbackTo::Attempt { stage: "draft".parse().expect("a name"), attempt: 1 };
    let back = Decision { rollback: Some(to), ..decision(Verdict::Rollback, None, ana()) };
    assert_eq!(driver.hears(&back), Ok(()));
    assert_eq!(merged(&driver.run), [true, false], "what was merged then is left behind now");
}

#[test]
fn a_merge_that_brought_nothing_is_done_again_and_red_work_is_not_built_on() {
    let mut driver = developed(Outcome::Done);
    driver.brings(Facts::Unfinished);
    assert!(driver.plan().merge.is_some(), "what was paid is merged");
    driver.brings(Facts::Red);
    let merged = driver.run.stages[1].snapshot_of(2);
    let plan = driver.plan();
    assert_eq!((plan.merge.clone(), &plan.base), (None, &merged));
}

#[test]
fn work_of_one_that_was_not_good_is_not_built_on() {
    let mut driver = developed(Outcome::Failed);
    let gate = driver.gate();
    let retry = Some(Retry::default());
    for _ in 0..2 {
        let again = Decision {
            retry: retry.clone(),
            ..decision(Verdict::Retry, Some(gate.clone()), ana())
        };
        let _ = driver
            .hears(&Decision { gate: driver.run.gate.as_ref().map(|it| it.id.clone()), ..again });
        let plan = driver.plan();
        assert_eq!(plan.base.as_ref(), driver.run.last_good());
        assert!(!plan.feedback.clone().unwrap_or_default().contains("beside others"));
        driver.ends(&plan, Facts::Red).gate();
    }
}

#[test]
fn whoever_goes_back_to_a_merge_that_does_not_fit_still_has_to_make_it_fit() {
    let mut driver = developed(Outcome::Done);
    let plan = driver.plan();
    driver.conflicts(&plan, &["map.txt"]);
    driver.brings(Facts::Red).brings(Facts::Red).gate();
    let to = RollbackTo::Attempt { stage: plan.stage.name.clone(), attempt: 1 };
    let back = Decision { rollback: Some(to), ..decision(Verdict::Rollback, None, ana()) };
    assert_eq!(driver.hears(&back), Ok(()));
    let resumed = driver.plan();
    assert_eq!((resumed.merge, resumed.resolves), (None, vec!["map.txt".to_owned()]));
    assert!(resumed.feedback.is_some_and(|told| told.contains("beside others")));
}

#[test]
fn what_others_did_before_their_turn_counts_on_after_a_rollback_where_its_base_does() {
    let mut driver = developed(Outcome::Done);
    driver.brings(Facts::Green).gate();
    let to = RollbackTo::Attempt { stage: "draft".parse().expect("a name"), attempt: 1 };
    let back = Decision { rollback: Some(to), ..decision(Verdict::Rollback, None, ana()) };
    assert_eq!(driver.hears(&back), Ok(()));
    assert!(driver.run.stages[1].side_run().is_none(), "it is done anew");
    assert!(driver.run.stages[2].side_run().is_some() && driver.run.stages[4].side_run().is_some());
    assert!(driver.plan().merge.is_none(), "alone, and so in its turn");
}

#[test]
fn what_people_say_meanwhile_is_for_who_writes_next() {
    let mut driver = drafted(asked());
    driver.on();
    let note = decision(Verdict::Note, None, ana());
    let note = Decision { words: Some("Use oil".to_owned()), ..note };
    assert_eq!(driver.hears(&note), Ok(()));
    for n in [2, 3, 5] {
        driver.emit(driver.run.child_ended(n, end(Outcome::Done, u32::try_from(n).expect("few"))));
    }
    driver.brings(Facts::Red);
    assert_eq!(driver.plan().remarks.len(), 1);
}

#[test]
fn a_stop_and_a_rollback_call_them_off() {
    let mut driver = drafted(asked());
    driver.on();
    let to = RollbackTo::Attempt { stage: "draft".parse().expect("a name"), attempt: 1 };
    let back = Decision { rollback: Some(to), ..decision(Verdict::Rollback, None, ana()) };
    assert_eq!(driver.hears(&back), Ok(()));
    assert_eq!((driver.on(), driver.run.children_called_off().len()), (Next::Children, 3));
    let before = driver.run.child(2).map(|it| it.run);
    for n in [2, 3, 5] {
        driver.emit(driver.run.child_ended(n, end(Outcome::Stopped, 0)));
    }
    assert_eq!(driver.on(), Next::Children, "they begin once more");
    assert_ne!(driver.run.child(2).map(|it| it.run), before);
    driver.ana(Verdict::Stop);
    assert_eq!(driver.run.children_called_off(), [2, 3, 5]);
    for n in [2, 3, 5] {
        driver.emit(driver.run.child_ended(n, end(Outcome::Stopped, 0)));
    }
    assert_eq!(driver.end().0, Outcome::Stopped);
    assert_eq!(driver.run.spent(), cents(7));
}

#[test]
fn a_stage_alone_a_feature_and_a_run_without_money_go_in_their_turn() {
    let alone = |change: fn(&mut Request)| {
        let mut request = asked();
        change(&mut request);
        matches!(drafted(request).on(), Next::Children)
    };
    assert!(alone(|_| ()));
    assert!(!alone(|it| it.pipeline.stages[1..=3].iter_mut().for_each(|it| it.parallel = false)));
    assert!(!alone(|it| it.budget_usd = Some(CENT)));
    assert!(!alone(|it| it.part_of = drafted(asked()).side_run().part_of));
    let mut nowhere = asked();
    nowhere.pipeline.stages.remove(0);
    nowhere.pipeline.stages.iter_mut().for_each(|it| it.needs.clear());
    assert!(matches!(RunDriver::of(nowhere.clone()).on(), Next::Attempt(_)));
    nowhere.repository = Some("/a/repository".to_owned());
    assert_eq!(RunDriver::of(nowhere).on(), Next::Children);
}

#[test]
fn whoever_lets_one_go_on_beyond_a_month_lets_their_run() {
    let mut driver = drafted(asked());
    assert_eq!(driver.on(), Next::Children);
    assert!(!driver.run.goes_beyond_months());
    let let_go = FeatureEnd { beyond_months: true, ..end(Outcome::Done, 3) };
    driver.emit(driver.run.child_ended(3, let_go));
    assert!(driver.run.goes_beyond_months());
}

#[test]
fn a_side_run_delivers_nothing_by_itself() {
    let mut driver = drafted(asked());
    driver.on();
    let mut map = RunDriver::of(driver.run.child(3).expect("a run"));
    map.brings(Facts::Green);
    assert_eq!(map.on(), Next::End(Outcome::Done));
    assert_eq!(phases(&map.run), [StagePhase::Good, StagePhase::Good]);
    assert!(!map.events.iter().any(|it| matches!(it.what, Happened::Delivered(_))));
}
