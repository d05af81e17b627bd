//! A person does a failed stage: what is handed out to them, and what becomes of what they hand in?

use super::{Facts, RunDriver, ana, decision, request, slack, snapshot};
use crate::run::{
    GateKind, GateSpec, HandBranch, Happened, Next, Outcome, PersonId, Refusal, Verdict,
};

/// A run whose only stage has failed, after two attempts.
fn failed() -> RunDriver {
    let mut request = request(&["draft"]);
    request.pipeline.stages[0].recovery = Some(GateSpec::recovery());
    let mut driver = RunDriver::of(request);
    driver.brings(Facts::Red).brings(Facts::Red);
    assert_eq!(driver.gate().kind, GateKind::Recovery);
    driver
}

fn says(driver: &mut RunDriver, verdict: Verdict, by: PersonId) -> Result<(), Refusal> {
    let gate = driver.run.gate.as_ref().map(|open| open.id.clone());
    driver.hears(&decision(verdict, gate, by))
}

fn branch() -> HandBranch {
    HandBranch {
        name: "signoff/by-hand/draft-1".to_owned(),
        repository: "/the/repository".to_owned(),
        commit: "c".repeat(40),
        host: None,
        not_pushed: None,
    }
}

fn hands_out(driver: &mut RunDriver) {
    let Next::HandOut { gate, work, .. } = driver.on() else { panic!("nothing is handed out") };
    assert_eq!(work, snapshot(2), "what was tried last");
    driver.emit(Happened::HandedOut { gate, branch: branch() });
    assert!(matches!(driver.on(), Next::AwaitPush { branch: handed, .. } if handed == branch()));
}

#[test]
fn what_somebody_hands_in_is_an_attempt_of_its_own_and_is_checked_like_any_other() {
    let mut driver = failed();
    assert_eq!(says(&mut driver, Verdict::HandIn, ana()), Err(Refusal::NotTakenOver));
    assert_eq!(says(&mut driver, Verdict::TakeOver, ana()), Ok(()));
    assert_eq!(says(&mut driver, Verdict::HandIn, ana()), Err(Refusal::NotTakenOver));
    hands_out(&mut driver);
    let again = says(&mut driver, Verdict::TakeOver, slack("T1", "UBEN"));
    assert!(matches!(again, Err(Refusal::AlreadyDecided { by, .. }) if by == ana()));
    assert_eq!(says(&mut driver, Verdict::HandIn, ana()), Ok(()));
    let plan = driver.plan();
    assert_eq!((plan.attempt, plan.by_hand), (3, Some(branch())));
    driver.brings(Facts::Red);
    assert_eq!(driver.gate().round, 2, "it is asked again, and nobody has it any more");
    assert_eq!(says(&mut driver, Verdict::Retry, ana()), Ok(()));
    assert_eq!(driver.plan().by_hand, None);
    driver.brings(Facts::Green);
    assert_eq!(driver.end(), (Outcome::Done, None));
}

#[test]
fn whoever_takes_a_stage_over_has_days_and_may_give_it_back() {
    let mut driver = failed();
    let before = driver.run.gate.as_ref().expect("a question").deadline;
    assert_eq!(says(&mut driver, Verdict::TakeOver, ana()), Ok(()));
    let after = driver.run.gate.as_ref().expect("the same question").deadline;
    assert!((after - before).num_hours() > 60, "{before} {after}");
    hands_out(&mut driver);
    assert_eq!(says(&mut driver, Verdict::Retry, ana()), Ok(()));
    assert_eq!(driver.plan().by_hand, None, "an agent's");
}

#[test]
fn what_nobody_hands_in_ends_the_run_at_the_deadline_and_a_stop_at_once() {
    let mut driver = failed();
    assert_eq!(says(&mut driver, Verdict::TakeOver, ana()), Ok(()));
    hands_out(&mut driver);
    driver.deadline_passes();
    assert_eq!(driver.end().0, Outcome::Failed);
    let mut driver = failed();
    assert_eq!(says(&mut driver, Verdict::TakeOver, ana()), Ok(()));
    assert_eq!(says(&mut driver, Verdict::Stop, ana()), Ok(()));
    assert_eq!(driver.end().0, Outcome::Stopped);
}

#[test]
fn what_could_not_be_handed_out_is_asked_about_as_before() {
    let mut driver = failed();
    assert_eq!(says(&mut driver, Verdict::TakeOver, ana()), Ok(()));
    let Next::HandOut { gate, wake, .. } = driver.on() else { panic!("nothing is handed out") };
    assert!(wake.is_some(), "people are still reminded");
    driver.emit(Happened::NotHandedOut { gate, why: "no route".to_owned() });
    assert!(matches!(driver.on(), Next::Ask { .. }));
    assert_eq!(says(&mut driver, Verdict::TakeOver, ana()), Ok(()));
    hands_out(&mut driver);
}

#[test]
fn whoever_wrote_it_by_hand_approves_it_not_alone_where_others_have_to() {
    let mut request = request(&["draft?"]);
    request.pipeline.stages[0].recovery = Some(GateSpec::recovery());
    request.pipeline.stages[0].gate.as_mut().expect("a gate").self_approval = false;
    let mut driver = RunDriver::of(request);
    driver.brings(Facts::Red).brings(Facts::Red).gate();
    let ben = || slack("T1", "UBEN");
    assert_eq!(says(&mut driver, Verdict::TakeOver, ben()), Ok(()));
    hands_out(&mut driver);
    assert_eq!(says(&mut driver, Verdict::HandIn, ben()), Ok(()));
    driver.brings(Facts::Green).gate();
    assert_eq!(says(&mut driver, Verdict::Approve, ben()), Err(Refusal::OwnWork));
    assert_eq!(says(&mut driver, Verdict::Approve, slack("T1", "UCLEO")), Ok(()));
}

#[test]
fn work_by_hand_costs_nothing_and_waits_for_no_money() {
    let mut driver = failed();
    driver.run.request.budget_usd = Some(driver.run.spent());
    driver.run.request.money = Some(crate::run::Policy::default().money_terms(&[]));
    assert_eq!(says(&mut driver, Verdict::TakeOver, ana()), Ok(()));
    hands_out(&mut driver);
    assert_eq!(says(&mut driver, Verdict::HandIn, ana()), Ok(()));
    assert!(driver.plan().by_hand.is_some());
}
