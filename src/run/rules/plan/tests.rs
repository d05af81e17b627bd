//! Tests of plans: what a new round reads, what it starts from, and what it is compared with.

use crate::run::rules::tests::{Facts, RunDriver, ana, decision, request, slack, snapshot};
use crate::run::{
    Decision, GateSpec, Next, OnReject, Outcome, Refusal, RemarkKind, Rework, StagePhase, Trouble,
    Verdict,
};

fn note(words: &str) -> Decision {
    Decision { words: Some(words.to_owned()), ..decision(Verdict::Note, None, ana()) }
}

/// Ana looked at `draft` and wants retries.
fn changes(rework: Rework) -> RunDriver {
    let mut driver = RunDriver::with(&["draft?", "polish"]);
    driver.brings(Facts::Green).ana_wants("use retries", rework);
    driver
}

#[test]
fn changes_make_a_new_round_on_top_of_the_work() {
    let mut driver = changes(Rework::Top);
    let next = driver.plan();
    assert_eq!(
        (next.attempt, next.base, next.compare.stage_base),
        (2, Some(snapshot(1)), Some(snapshot(0)))
    );
    assert_eq!(next.compare.round, Some(snapshot(1)));
    assert_eq!(next.remarks[0].words, "use retries");
    assert_eq!(driver.brings(Facts::Green).gate().round, 2);
}

#[test]
fn the_tests_that_a_stage_began_with_are_those_of_the_stage_before_whatever_its_own_rounds_added() {
    let mut driver = changes(Rework::Top);
    assert_eq!(driver.plan().compare.base_tests, None, "nobody checked what the run began with");
    driver.brings(Facts::Green).gate();
    driver.ana(Verdict::Approve);
    let polish = driver.plan();
    assert_eq!(polish.compare.base_tests, Some(("draft".parse().expect("a slug"), 2)));
}

#[test]
fn or_from_what_the_stage_started_with() {
    let next = changes(Rework::Base).plan();
    assert_eq!((next.base, next.compare.round), (Some(snapshot(0)), Some(snapshot(1))));
}

#[test]
fn an_answer_to_the_old_round_never_passes_the_new_one() {
    let mut driver = RunDriver::with(&["draft?"]);
    let old = driver.brings(Facts::Green).gate();
    driver.ana_wants("use retries", Rework::Top).brings(Facts::Green).gate();
    let late = decision(Verdict::Approve, Some(old), slack("T1", "UBEN"));
    assert!(matches!(
        driver.hears(&late),
        Err(Refusal::AlreadyDecided { verdict: Verdict::Changes, .. })
    ));
    assert_eq!(driver.gate().round, 2);
}

#[test]
fn words_stay_with_a_round_until_its_work_is_good() {
    let mut driver = changes(Rework::Top);
    let next = driver.brings(Facts::Red).plan();
    assert_eq!((next.attempt, next.base, next.remarks.len()), (3, Some(snapshot(1)), 1));
    assert_eq!(next.feedback.as_deref(), Some("line 3 is crooked"));
    driver.brings(Facts::Green).gate();
    assert_eq!(driver.ana(Verdict::Approve).plan().remarks, []);
}

#[test]
fn changes_that_could_not_be_made_leave_the_work_from_before_to_decide_about() {
    let mut driver = changes(Rework::Top);
    let gate = driver.brings(Facts::Red).brings(Facts::Red).gate();
    assert_eq!((gate.round, driver.run.gate.as_ref().map(|g| g.attempt)), (2, Some(1)));
    driver.ana(Verdict::Approve);
    assert_eq!(driver.plan().base, Some(snapshot(1)));
}

#[test]
fn changes_asked_for_again_are_tried_again_though_they_hit_a_wall_before() {
    let mut driver = changes(Rework::Top);
    driver.brings(Facts::Trouble(Trouble::Setup)).gate();
    driver.ana_wants("now there is a key", Rework::Top);
    assert_eq!((driver.plan().attempt, driver.plan().base), (3, Some(snapshot(1))));
}

#[test]
fn a_note_is_read_by_the_next_attempt_and_by_no_later_one_once_that_was_good() {
    let mut driver = RunDriver::with(&["draft", "polish", "ship"]);
    driver.plan();
    assert_eq!(driver.hears(&note("mind the gap")), Ok(()));
    assert_eq!(driver.run.notes[0].read_by, None);
    let next = driver.brings(Facts::Red).plan();
    assert_eq!(
        (next.remarks[0].words.as_str(), next.remarks[0].kind),
        ("mind the gap", RemarkKind::Note)
    );
    let next = driver.brings(Facts::Green).plan();
    assert_eq!((next.stage.name.as_str(), next.remarks), ("polish", vec![]));
}

#[test]
fn a_note_is_what_its_message_says_until_an_attempt_has_read_it() {
    let says = |words: &str| Decision { message: Some("1.5".to_owned()), ..note(words) };
    let mut driver = RunDriver::with(&["draft", "polish"]);
    driver.plan();
    driver.hears(&says("hunter2")).expect("a note");
    driver.hears(&note("mind the gap")).expect("another");
    driver.hears(&says("in the vault")).expect("its words now");
    let words: Vec<&str> = driver.run.notes.iter().map(|note| note.words.as_str()).collect();
    assert_eq!(words, ["mind the gap", "in the vault"]);
    let theirs = Decision { by: slack("T1", "UBEN"), ..says("mine") };
    assert_eq!(driver.hears(&theirs), Err(Refusal::NotAllowed));
    driver.hears(&says("")).expect("it was taken back");
    assert_eq!(driver.run.notes.len(), 1);
    driver.hears(&says("once more")).expect("a note again");
    driver.brings(Facts::Red).plan();
    assert_eq!(driver.hears(&says("")), Err(Refusal::NoteRead));
    assert_eq!(driver.run.notes.len(), 2);
}

#[test]
fn a_flood_of_notes_is_refused() {
    let mut driver = RunDriver::with(&["draft"]);
    driver.plan();
    for _ in 0..20 {
        driver.hears(&note("again")).expect("room");
    }
    assert_eq!(driver.hears(&note("again")), Err(Refusal::TooManyNotes));
}

#[test]
fn a_rejection_may_skip_the_stage_and_the_run_goes_on_without_its_work() {
    let mut request = request(&["draft", "extras?", "polish"]);
    request.pipeline.stages[1].gate =
        Some(GateSpec { on_reject: OnReject::Skip, ..GateSpec::usual(3_600) });
    let mut driver = RunDriver::of(request);
    driver.brings(Facts::Green).brings(Facts::Green).gate();
    driver.ana(Verdict::Reject);
    let next = driver.plan();
    assert_eq!((next.stage.name.as_str(), next.base), ("polish", Some(snapshot(1))));
    assert_eq!(driver.brings(Facts::Green).end().0, Outcome::Done);
    assert_eq!(driver.run.stages[1].phase, StagePhase::Undone);
}

#[test]
fn what_was_approved_guards_what_is_made_of_it() {
    let mut driver = RunDriver::with(&["draft?", "polish"]);
    driver.brings(Facts::Green).gate();
    let guard = driver.ana(Verdict::Approve).plan().guard.expect("a guard");
    assert!(guard.holds("tree-1", &driver.run.request.pipeline.digest));
    assert!(!guard.holds("tree-2", &driver.run.request.pipeline.digest));
}

#[test]
fn what_was_approved_last_guards_the_delivery() {
    let mut driver = RunDriver::with(&["draft?"]);
    driver.brings(Facts::Green).gate();
    driver.ana(Verdict::Approve);
    assert!(matches!(driver.on(), Next::Deliver { guard: Some(_), push: true, .. }));
}

#[test]
fn as_many_different_people_as_the_quorum_wants_approve() {
    let mut request = request(&["draft?"]);
    request.pipeline.stages[0].gate = Some(GateSpec { quorum: 2, ..GateSpec::usual(3_600) });
    let mut driver = RunDriver::of(request);
    let gate = driver.brings(Facts::Green).gate();
    driver.ana(Verdict::Approve);
    let again = decision(Verdict::Approve, Some(gate.clone()), ana());
    assert_eq!(driver.hears(&again), Err(Refusal::AlreadyApproved { missing: 1 }));
    assert_eq!(driver.hears(&decision(Verdict::Approve, Some(gate), slack("T1", "UBEN"))), Ok(()));
    assert_eq!(driver.end().0, Outcome::Done);
}

#[test]
fn one_rejection_outweighs_approvals_that_are_too_few() {
    let mut request = request(&["draft?"]);
    request.pipeline.stages[0].gate = Some(GateSpec { quorum: 2, ..GateSpec::usual(3_600) });
    let mut driver = RunDriver::of(request);
    let gate = driver.brings(Facts::Green).gate();
    driver.ana(Verdict::Approve);
    assert_eq!(driver.hears(&decision(Verdict::Reject, Some(gate), slack("T1", "UBEN"))), Ok(()));
    assert_eq!(driver.end().0, Outcome::Rejected);
}
