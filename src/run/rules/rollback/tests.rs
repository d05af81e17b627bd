//! Tests of rollback: what does it make of stages, gates and approvals?

use crate::run::rules::tests::{Facts, RunDriver, ana, decision, slack};
use crate::run::{
    AttemptOutcome, Decision, Happened, Next, Refusal, RollbackTo, SnapshotFate, StagePhase,
    Verdict,
};

/// Three stages, the second of which Ana approves; the third is at work.
fn third_at_work() -> RunDriver {
    let mut driver = RunDriver::with(&["draft", "polish?", "print"]);
    driver.brings(Facts::Green).brings(Facts::Green).gate();
    driver.ana(Verdict::Approve);
    driver.plan();
    driver
}

fn back_to(driver: &RunDriver, word: &str) -> Decision {
    let rollback = Some(driver.run.find_snapshot(word).expect("a snapshot"));
    Decision { rollback, ..decision(Verdict::Rollback, None, ana()) }
}

impl RunDriver {
    fn goes_back_to(&mut self, word: &str) -> &mut Self {
        let decision = back_to(self, word);
        assert_eq!(self.hears(&decision), Ok(()));
        self
    }

    fn phases(&self) -> Vec<StagePhase> {
        self.run.stages.iter().map(|stage| stage.phase).collect()
    }
}

#[test]
fn stages_behind_the_snapshot_are_done_again_from_it() {
    let mut driver = third_at_work();
    let begun = driver.plan();
    driver.goes_back_to("draft");
    assert!(begun.is_called_off(&driver.run));
    driver.ends(&begun, Facts::Interrupted);
    let plan = driver.plan();
    assert_eq!((plan.stage.name.as_str(), plan.attempt), ("polish", 2));
    assert_eq!(plan.base.as_ref(), driver.run.stages[0].snapshot.as_ref());
    assert_eq!(driver.phases(), [StagePhase::Good, StagePhase::Running, StagePhase::Todo]);
}

#[test]
fn an_approval_of_work_that_is_gone_counts_for_nothing_that_comes() {
    let mut driver = third_at_work();
    let begun = driver.plan();
    let approved = driver.run.stages[1].asked[0].gate.id.clone();
    driver.goes_back_to("draft").ends(&begun, Facts::Interrupted);
    let asked = driver.brings(Facts::Green).gate();
    assert_eq!((asked.round, approved.round), (2, 1));
    let late = driver.hears(&decision(Verdict::Approve, Some(approved), ana()));
    assert!(late.is_err_and(|why| matches!(why, Refusal::AlreadyDecided { .. })));
    driver.ana(Verdict::Approve);
    assert_eq!(driver.plan().stage.name.as_str(), "print");
}

#[test]
fn it_can_be_undone_and_what_was_approved_is_asked_again() {
    let mut driver = third_at_work();
    driver.brings(Facts::Red);
    driver.plan();
    let begun = driver.plan();
    driver.goes_back_to("start").ends(&begun, Facts::Interrupted).goes_back_to("print-1");
    let kept: Vec<_> = driver.run.snapshots().map(|it| (it.to().to_string(), it.fate)).collect();
    assert_eq!(kept[2], ("print-1".to_owned(), SnapshotFate::ThrownAway));
    let asked = driver.gate();
    assert_eq!((asked.stage.as_str(), asked.round), ("polish", 2), "nobody writes it again");
    driver.ana(Verdict::Approve);
    let plan = driver.plan();
    assert_eq!((plan.stage.name.as_str(), plan.attempt), ("print", 3));
    let red = driver.run.stages[2].attempts[0].snapshot.clone();
    assert_eq!(plan.base, red, "it goes on from the work that was chosen");
    assert_eq!(plan.compare.stage_base, driver.run.stages[1].snapshot);
}

#[test]
fn undo_means_where_the_run_was() {
    let mut driver = third_at_work();
    let begun = driver.plan();
    driver.goes_back_to("start").ends(&begun, Facts::Interrupted);
    let undo = driver.run.find_snapshot("undo");
    let polished = RollbackTo::Attempt { stage: "polish".parse().expect("a name"), attempt: 1 };
    assert_eq!(undo, Some(polished), "what was at work left nothing");
    driver.goes_back_to("undo").gate();
    driver.ana(Verdict::Approve);
    let plan = driver.plan();
    assert_eq!((plan.stage.name.as_str(), plan.attempt), ("print", 2));
    assert_eq!(plan.base, driver.run.stages[1].snapshot);
}

#[test]
fn the_work_that_it_goes_back_to_keeps_its_approval() {
    let mut driver = third_at_work();
    let begun = driver.plan();
    driver.goes_back_to("polish").ends(&begun, Facts::Interrupted);
    let plan = driver.plan();
    assert_eq!((plan.stage.name.as_str(), plan.attempt), ("print", 2));
    assert!(plan.guard.is_some_and(|guard| guard.gate.round == 1));
}

#[test]
fn an_open_question_closes_and_a_paused_attempt_ends() {
    let mut driver = RunDriver::with(&["draft", "polish?"]);
    driver.brings(Facts::Green).brings(Facts::Green).gate();
    driver.goes_back_to("start");
    assert!(driver.run.gate.is_none());
    let plan = driver.plan();
    assert_eq!(
        (plan.stage.name.as_str(), plan.attempt, plan.base.clone()),
        ("draft", 2, driver.run.origin().cloned())
    );
    driver.ends(&plan, Facts::Paused).goes_back_to("draft-1");
    assert_eq!(driver.run.stages[0].attempts[1].outcome, AttemptOutcome::Stopped);
    assert!(matches!(driver.run.next(driver.now), Next::Emit(Happened::StageStarted { .. })));
}

#[test]
fn what_is_said_with_it_is_read_by_the_next_attempt() {
    let mut driver = third_at_work();
    let begun = driver.plan();
    let words = Some("use axum".to_owned());
    let back = Decision { words, ..back_to(&driver, "draft") };
    assert_eq!(driver.hears(&back), Ok(()));
    driver.ends(&begun, Facts::Interrupted);
    assert_eq!(driver.plan().remarks[0].words, "use axum");
}

#[test]
fn only_who_may_steer_a_run_rolls_it_back_and_only_to_what_is_there() {
    let mut driver = third_at_work();
    let eve = Decision { by: slack("T2", "UEVE"), ..back_to(&driver, "start") };
    assert_eq!(driver.hears(&eve), Err(Refusal::NotAllowed));
    let nowhere = Decision { rollback: None, ..back_to(&driver, "start") };
    assert_eq!(driver.hears(&nowhere), Err(Refusal::NoSuchSnapshot));
    assert_eq!(driver.run.find_snapshot("print"), None, "it has left nothing yet");
}
