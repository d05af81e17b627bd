//! Batches: all features first, then each is merged, then somebody looks at everything together.

use chrono::{DateTime, TimeDelta};

use super::{CENT, Facts, RunDriver, ana, decision, request, snapshot};
use crate::run::{
    Batch, Decision, Feature, FeatureEnd, GateSpec, Happened, MergePreview, MergeStep, Next,
    Outcome, Overlap, Plan, Request, Retry, StagePhase, Tokens, Usd, Verdict,
};

/// A batch of roses, tulips and weeds that has begun.
fn batch() -> RunDriver {
    RunDriver::of(asked())
}

fn asked() -> Request {
    let names = ["roses", "tulips", "weeds"];
    let mut request = request(&["roses", "tulips", "weeds", "together?"]);
    for stage in request.pipeline.stages.iter_mut().take(names.len()) {
        (stage.attempts, stage.recovery) = (1, Some(GateSpec::recovery()));
    }
    let features = names.map(|name| Feature {
        slug: name.parse().expect("a name"),
        brief: format!("Plant {name}"),
        run: format!("tale-{name}x").parse().expect("an id"),
    });
    let pipeline = request.pipeline.clone();
    request.batch = Some(Box::new(Batch { features: features.to_vec(), pipeline }));
    request
}

/// The run of a feature ended so, and made this.
fn ends(driver: &mut RunDriver, n: usize, outcome: Outcome) {
    let made = u32::try_from(100 + n).expect("few");
    let end = FeatureEnd {
        outcome,
        why: (outcome == Outcome::Failed).then(|| "1 of 1 tests failed".to_owned()),
        work: (outcome == Outcome::Done).then(|| snapshot(made)),
        tokens: Tokens::default(),
        cost_usd: CENT,
        raised_usd: Usd::ZERO,
        raised_for_stage_usd: Usd::ZERO,
        no_limit: false,
        beyond_months: false,
        feedback: None,
        seconds: 60,
    };
    driver.emit(Happened::FeatureEnded { n, end });
}

/// All features are over, and the order is known: two of them conflict.
fn developed(outcomes: [Outcome; 3]) -> RunDriver {
    let mut driver = batch();
    assert_eq!(driver.on(), Next::Children);
    for (outcome, n) in outcomes.into_iter().zip(1..) {
        assert_eq!(driver.on(), Next::Children, "{n} is not over");
        ends(&mut driver, n, outcome);
    }
    if let Next::PreviewMerge(made) = driver.on() {
        let (files, conflicts) = (vec!["beds".to_owned()], vec!["beds".to_owned()]);
        let overlap = Overlap { pair: (1, 2), files, count: 1, conflicts };
        let made: Vec<usize> = made.iter().map(|(n, ..)| *n).collect();
        driver.emit(Happened::Previewed(MergePreview::of(&made, vec![overlap])));
    }
    driver
}

fn merged(plan: &Plan) -> Option<usize> {
    match &plan.merge {
        Some(MergeStep::Feature { n, .. }) => Some(*n),
        Some(MergeStep::All) => Some(0),
        None => None,
    }
}

const GOOD: [Outcome; 3] = [Outcome::Done; 3];

#[test]
fn features_are_merged_one_after_the_other_and_asked_about_together() {
    let mut driver = developed(GOOD);
    let mut merges = Vec::new();
    let mut base = None;
    for _ in 0..3 {
        let plan = driver.plan();
        assert_eq!(plan.base, base, "what was merged before");
        merges.push(merged(&plan));
        driver.ends(&plan, Facts::Green);
        base = driver.run.attempt(&plan.stage.name, 1).and_then(|it| it.snapshot.clone());
    }
    assert_eq!(merges, [Some(3), Some(1), Some(2)], "what conflicts with nobody goes first");
    let plan = driver.plan();
    assert_eq!((merged(&plan), &plan.base), (Some(0), &base));
    assert_eq!(plan.compare.stage_base.as_ref(), driver.run.origin(), "all of it is shown");
    driver.ends(&plan, Facts::Green).gate();
    driver.ana(Verdict::Approve);
    assert_eq!(driver.end(), (Outcome::Done, None));
    assert_eq!(driver.run.spent(), CENT + CENT + CENT + driver.run.spent_itself());
}

#[test]
fn a_merge_that_does_not_work_is_made_to_work_on_top_of_what_was_merged() {
    let mut driver = developed(GOOD);
    driver.brings(Facts::Green);
    let merge = driver.plan();
    driver.ends(&merge, Facts::Red);
    let gate = driver.gate();
    assert_eq!(gate.stage.as_str(), "roses");
    let retry = Some(Retry::default());
    let asked = driver.hears(&decision_with(Verdict::Retry, &gate, retry));
    assert_eq!(asked, Ok(()));
    let plan = driver.plan();
    let merged_tree = driver.run.attempt(&merge.stage.name, 1).and_then(|it| it.snapshot.clone());
    assert_eq!((plan.merge.clone(), &plan.base), (None, &merged_tree), "an agent begins there");
    assert_eq!(plan.compare.stage_base, merge.base, "and is compared with what was before it");
    assert!(plan.feedback.is_some_and(|told| told.contains("crooked")));
}

#[test]
fn what_people_say_is_read_by_whoever_writes_and_not_by_a_merge() {
    let mut driver = developed([Outcome::Failed, Outcome::Done, Outcome::Done]);
    let said = Some("Use the word bed".to_owned());
    let note = Decision { words: said, ..decision(Verdict::Note, None, ana()) };
    assert_eq!(driver.hears(&note), Ok(()));
    let remarks = |plan: &Plan| plan.remarks.iter().map(|it| it.words.clone()).collect::<Vec<_>>();
    for _ in 0..2 {
        let merge = driver.plan();
        assert_eq!(remarks(&merge), [""; 0]);
        driver.ends(&merge, Facts::Green);
    }
    // The feature that made nothing asks; an agent writes it.
    let gate = driver.gate();
    assert_eq!(driver.hears(&decision_with(Verdict::Retry, &gate, Some(Retry::default()))), Ok(()));
    assert_eq!(remarks(&driver.plan()), ["Use the word bed"]);
}

fn decision_with(
    verdict: Verdict,
    gate: &crate::run::GateId,
    retry: Option<Retry>,
) -> crate::run::Decision {
    crate::run::Decision { retry, ..decision(verdict, Some(gate.clone()), ana()) }
}

#[test]
fn a_feature_that_is_not_good_stops_nobody_and_is_asked_about_last() {
    let mut driver = developed([Outcome::Done, Outcome::Done, Outcome::Failed]);
    driver.brings(Facts::Green).brings(Facts::Green);
    let gate = driver.gate();
    assert_eq!(gate.stage.as_str(), "weeds");
    let stage = driver.run.stage(&gate.stage).expect("a stage");
    assert_eq!(stage.attempts[0].why.as_deref(), Some("1 of 1 tests failed"));
    assert_eq!((stage.cost(), stage.attempts.len()), (Usd::ZERO, 1), "nobody was paid to try");
    assert_eq!(driver.hears(&decision_with(Verdict::Skip, &gate, None)), Ok(()));
    assert_eq!(merged(&driver.plan()), Some(0));
}

#[test]
fn a_feature_that_is_not_good_can_be_written_on_top_of_the_others() {
    let mut driver = developed([Outcome::Done, Outcome::Done, Outcome::Failed]);
    driver.brings(Facts::Green).brings(Facts::Green);
    let gate = driver.gate();
    let before = driver.run.last_good().cloned();
    let retry = Some(Retry::default());
    assert_eq!(driver.hears(&decision_with(Verdict::Retry, &gate, retry)), Ok(()));
    let plan = driver.plan();
    assert_eq!((plan.merge.clone(), plan.base), (None, before));
}

#[test]
fn where_nobody_says_in_time_what_becomes_of_a_feature_it_is_left_out() {
    let mut driver = developed(GOOD);
    driver.brings(Facts::Green).brings(Facts::Red).gate();
    driver.now += TimeDelta::hours(5);
    driver.brings(Facts::Green);
    let plan = driver.plan();
    assert_eq!(merged(&plan), Some(0));
    let phases: Vec<StagePhase> = driver.run.stages.iter().map(|stage| stage.phase).collect();
    assert_eq!(phases[..3], [StagePhase::Good, StagePhase::Undone, StagePhase::Good]);
}

#[test]
fn where_no_feature_is_good_the_batch_has_failed_and_asks_nothing() {
    let mut driver = developed([Outcome::Failed, Outcome::Stopped, Outcome::Failed]);
    let (outcome, why) = driver.end();
    assert_eq!(outcome, Outcome::Failed);
    assert_eq!(why.as_deref(), Some("none of the 3 features is good"));
}

#[test]
fn a_stop_waits_for_the_features_and_merges_nothing() {
    let mut driver = batch();
    assert_eq!(driver.on(), Next::Children);
    let stop = decision(Verdict::Stop, None, ana());
    assert_eq!(driver.hears(&stop), Ok(()));
    assert_eq!(driver.on(), Next::Children);
    for n in 1..=3 {
        ends(&mut driver, n, Outcome::Stopped);
    }
    assert_eq!(driver.end().0, Outcome::Stopped);
}

#[test]
fn an_approval_is_of_every_tree_that_goes_in() {
    let digest = |third: u32| {
        let mut driver = developed(GOOD);
        let end = driver.run.features.get_mut(&3).expect("a feature");
        end.work = Some(snapshot(third));
        for _ in 0..4 {
            driver.brings(Facts::Green);
        }
        driver.gate().digest
    };
    assert_eq!(digest(103), digest(103));
    assert_ne!(digest(103), digest(104));
}

#[test]
fn each_feature_has_its_branch_its_ports_and_its_share_of_the_money() {
    let request = Request { budget_usd: Some(CENT), push_attempts: true, ..asked() };
    let feature = request.feature(2).expect("a feature");
    assert_eq!(feature.branch(), "signoff/tale-k3f9qdz/2-tulips");
    assert_eq!(request.branch(), "signoff/tale-k3f9qdz/result");
    assert_eq!(feature.budget_usd, Some(CENT.share(3)));
    let ports = &feature.pipeline.stages[0].env["SIGNOFF_PORTS"];
    assert_eq!(
        (ports, ports == &Batch::ports(&request.run, 1)),
        (&Batch::ports(&request.run, 2), false)
    );
    assert!(feature.batch.is_none() && feature.pipeline.stages[0].recovery.is_none());
    assert_eq!(request.feature(0), None);
    assert_eq!(request.feature(4), None);
    assert_eq!(batch().now, DateTime::UNIX_EPOCH + TimeDelta::seconds(1));
}

#[test]
fn what_nobody_approved_together_is_delivered_by_no_other_answer() {
    let mut driver = developed(GOOD);
    for _ in 0..4 {
        driver.brings(Facts::Green);
    }
    let gate = driver.gate();
    let stage = driver.run.stage(&gate.stage).expect("a stage");
    assert!(driver.run.may_skip(stage).is_err());
    driver.ana(Verdict::Reject);
    let Next::Deliver { push, .. } = driver.on() else { panic!("nothing is kept") };
    assert!(!push, "it stays where it is");
}

#[test]
fn a_batch_that_failed_begins_anew() {
    let mut driver = developed(GOOD);
    driver.brings(Facts::Green).brings(Facts::Green).brings(Facts::Green);
    driver.plan();
    assert!(driver.run.stages[..3].iter().all(|merge| merge.phase == StagePhase::Good));
    assert_eq!((driver.run.resumes_at(), driver.run.beginnings().next()), (None, None));
}
