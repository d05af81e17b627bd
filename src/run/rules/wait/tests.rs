//! When reminders come, what a deadline does, and who gives more time.

use chrono::TimeDelta;

use crate::run::rules::play::{Facts, Play, ana, decision, request};
use crate::run::{
    Decision, Escalation, GateSpec, Happened, Next, OnDeadline, Outcome, Refusal, Reminder, Verdict,
};

/// A stage that asks with these terms, and its question is open.
fn asked(spec: GateSpec) -> Play {
    let mut request = request(&["draft?"]);
    request.pipeline.stages[0].gate = Some(spec);
    let mut play = Play::of(request);
    play.brings(Facts::Green).gate();
    play
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

fn minutes_left(play: &Play) -> i64 {
    (play.run.gate.as_ref().expect("a question").deadline - play.now + TimeDelta::seconds(30))
        .num_minutes()
}

#[test]
fn people_are_reminded_at_half_time_and_ten_minutes_before_the_end() {
    let mut play = asked(GateSpec::usual(3_600));
    assert_eq!((kinds(&play.waits()), minutes_left(&play)), (vec!["half"], 30));
    assert_eq!((kinds(&play.waits()), minutes_left(&play)), (vec!["soon"], 10));
    assert_eq!(kinds(&play.waits())[0], "deadline");
}

#[test]
fn a_short_wait_is_not_worth_two_reminders() {
    let mut play = asked(GateSpec::usual(20 * 60));
    assert_eq!(kinds(&play.waits()), ["half"]);
    assert_eq!(kinds(&play.waits())[0], "deadline");
}

#[test]
fn after_a_long_silence_nobody_is_reminded_of_what_is_over() {
    let mut play = asked(GateSpec::usual(3_600));
    play.now += TimeDelta::days(2);
    let told = play.events.len();
    play.on();
    assert!(matches!(play.events[told].what, Happened::DeadlinePassed { .. }));
}

#[test]
fn a_question_that_waits_stays_open_after_its_deadline() {
    let mut play = asked(GateSpec { on_deadline: OnDeadline::Wait, ..GateSpec::usual(20) });
    play.waits();
    assert_eq!(kinds(&play.waits()), ["deadline"]);
    assert!(matches!(play.on(), Next::Ask { wake: None, .. }));
    play.now += TimeDelta::days(3);
    assert_eq!(play.ana(Verdict::Approve).end().0, Outcome::Done);
}

#[test]
fn others_are_asked_when_nobody_answers() {
    let to = vec!["slack:T1:S0LEADS".parse().expect("a group")];
    let escalation = Some(Escalation { after_seconds: 600, to: to.clone() });
    let mut play =
        asked(GateSpec { escalation, approvers: vec![ana().into()], ..GateSpec::usual(3_600) });
    let people = |play: &Play| {
        let gate = play.run.gate.as_ref().expect("a question").id.clone();
        play.run.asked_people(&gate, play.run.spec_of(&gate).expect("its terms")).len()
    };
    assert_eq!(people(&play), 1);
    assert_eq!(kinds(&play.waits()), ["escalated"]);
    assert_eq!(people(&play), 2);
}

fn more_time(play: &Play, minutes: i64) -> Decision {
    let open = play.run.gate.as_ref().expect("a question");
    Decision {
        until: Some(open.deadline + TimeDelta::minutes(minutes)),
        ..decision(Verdict::Extend, Some(open.id.clone()), ana())
    }
}

#[test]
fn more_time_begins_its_reminders_anew() {
    let mut play = asked(GateSpec::usual(3_600));
    play.waits();
    let extended = more_time(&play, 60);
    assert_eq!(play.hears(&extended), Ok(()));
    assert_eq!((kinds(&play.waits()), minutes_left(&play)), (vec!["half"], 45));
    assert_eq!((kinds(&play.waits()), minutes_left(&play)), (vec!["soon"], 10));
}

#[test]
fn the_same_extension_twice_counts_once() {
    let mut play = asked(GateSpec::usual(3_600));
    let extended = more_time(&play, 60);
    play.hears(&extended).expect("more time");
    assert!(matches!(play.hears(&extended), Err(Refusal::NoLater { .. })));
}

#[test]
fn nobody_puts_a_question_off_for_ever() {
    let mut play = asked(GateSpec::usual(3_600));
    let far = more_time(&play, 31 * 24 * 60);
    assert!(matches!(play.hears(&far), Err(Refusal::NoLater { .. })));
}
