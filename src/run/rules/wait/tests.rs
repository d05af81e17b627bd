//! Tests of waiting: when reminders come, what a deadline does, and who gives more time.

use chrono::TimeDelta;

use crate::run::rules::tests::{Facts, RunDriver, ana, decision, request};
use crate::run::{
    Decision, Escalation, GateSpec, Happened, Next, OnDeadline, Outcome, Refusal, Reminder, Verdict,
};

/// A stage that asks with these terms, and its question is open.
fn asked(spec: GateSpec) -> RunDriver {
    let mut request = request(&["draft?"]);
    request.pipeline.stages[0].gate = Some(spec);
    let mut driver = RunDriver::of(request);
    driver.brings(Facts::Green).gate();
    driver
}

fn kinds(told: &[Happened]) -> Vec<&'static str> {
    let kind = |what: &Happened| match what {
        Happened::Reminded { reminder: Reminder::Half, .. } => "half",
        Happened::Reminded { reminder: Reminder::Soon, .. } => "soon",
        Happened::Escalated { .. } => "escalated",
        Happened::DeadlinePassed { .. } => "deadline",
        _ => "then",
    };
    told.iter().map(kind).collect()
}

fn minutes_left(driver: &RunDriver) -> i64 {
    (driver.run.gate.as_ref().expect("a question").deadline - driver.now + TimeDelta::seconds(30))
        .num_minutes()
}

#[test]
fn people_are_reminded_at_half_time_and_ten_minutes_before_the_end() {
    let mut driver = asked(GateSpec::usual(3_600));
    assert_eq!((kinds(&driver.waits()), minutes_left(&driver)), (vec!["half"], 30));
    assert_eq!((kinds(&driver.waits()), minutes_left(&driver)), (vec!["soon"], 10));
    assert_eq!(kinds(&driver.waits())[0], "deadline");
}

#[test]
fn a_short_wait_is_not_worth_two_reminders() {
    let mut driver = asked(GateSpec::usual(20 * 60));
    assert_eq!(kinds(&driver.waits()), ["half"]);
    assert_eq!(kinds(&driver.waits())[0], "deadline");
}

#[test]
fn after_a_long_silence_nobody_is_reminded_of_what_is_over() {
    let mut driver = asked(GateSpec::usual(3_600));
    driver.now += TimeDelta::days(2);
    let told = driver.events.len();
    driver.on();
    assert!(matches!(driver.events[told].what, Happened::DeadlinePassed { .. }));
}

#[test]
fn a_question_that_waits_stays_open_after_its_deadline() {
    let mut driver = asked(GateSpec { on_deadline: OnDeadline::Wait, ..GateSpec::usual(20) });
    driver.waits();
    assert_eq!(kinds(&driver.waits()), ["deadline"]);
    assert!(matches!(driver.on(), Next::Ask { wake: None, .. }));
    driver.now += TimeDelta::days(3);
    assert_eq!(driver.ana(Verdict::Approve).end().0, Outcome::Done);
}

#[test]
fn others_are_asked_when_nobody_answers() {
    let to = vec!["slack:T1:S0LEADS".parse().expect("a group")];
    let escalation = Some(Escalation { after_seconds: 600, to: to.clone() });
    let mut driver =
        asked(GateSpec { escalation, approvers: vec![ana().into()], ..GateSpec::usual(3_600) });
    let people = |driver: &RunDriver| {
        let gate = driver.run.gate.as_ref().expect("a question").id.clone();
        driver.run.asked_people(&gate, driver.run.spec_of(&gate).expect("its terms")).len()
    };
    assert_eq!(people(&driver), 1);
    assert_eq!(kinds(&driver.waits()), ["escalated"]);
    assert_eq!(people(&driver), 2);
}

fn more_time(driver: &RunDriver, minutes: i64) -> Decision {
    let open = driver.run.gate.as_ref().expect("a question");
    Decision {
        until: Some(open.deadline + TimeDelta::minutes(minutes)),
        ..decision(Verdict::Extend, Some(open.id.clone()), ana())
    }
}

#[test]
fn more_time_begins_its_reminders_anew() {
    let mut driver = asked(GateSpec::usual(3_600));
    driver.waits();
    let extended = more_time(&driver, 60);
    assert_eq!(driver.hears(&extended), Ok(()));
    assert_eq!((kinds(&driver.waits()), minutes_left(&driver)), (vec!["half"], 45));
    assert_eq!((kinds(&driver.waits()), minutes_left(&driver)), (vec!["soon"], 10));
}

#[test]
fn the_same_extension_twice_counts_once() {
    let mut driver = asked(GateSpec::usual(3_600));
    let extended = more_time(&driver, 60);
    driver.hears(&extended).expect("more time");
    assert!(matches!(driver.hears(&extended), Err(Refusal::NoLater { .. })));
}

#[test]
fn nobody_puts_a_question_off_for_ever() {
    let mut driver = asked(GateSpec::usual(3_600));
    let far = more_time(&driver, 31 * 24 * 60);
    assert!(matches!(driver.hears(&far), Err(Refusal::NoLater { .. })));
}
