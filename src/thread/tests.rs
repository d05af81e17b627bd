//! Laws that hold for every drawing.

use chrono::TimeDelta;
use proptest::prelude::*;

use crate::run::{Outcome, Verdict};

use super::sample::{Tale, ana, ben, place};
use super::{Groups, Message, Priority, limits, redraw_at, render};

#[test]
fn the_largest_run_keeps_the_limits() {
    let tale = Tale::largest().closes(Outcome::Failed, Some(&"<&>".repeat(5_000)));
    let messages = render(&tale.run, (None, &Groups::default()), tale.now, &place());
    assert_eq!(messages.len(), 15);
    messages.iter().for_each(limits::message);
}

#[test]
fn the_largest_question_keeps_the_limits() {
    let tale = Tale::largest_question();
    render(&tale.run, (None, &Groups::default()), tale.now, &place()).iter().for_each(limits::message);
}

#[test]
fn messages_are_posted_in_order() {
    let tale = Tale::done();
    let keys: Vec<String> = render(&tale.run, (None, &Groups::default()), tale.now, &place()).into_iter().map(|m| m.key).collect();
    assert_eq!(keys, ["card", "ledger", "gate:core-implementation:1", "end"]);
}

#[test]
fn a_run_with_one_gate_calls_somebody_twice() {
    let tale = Tale::done();
    let calls = |m: &&Message| serde_json::to_string(&m.blocks).unwrap().contains("<@") || m.text.contains("<@");
    let messages = render(&tale.run, (None, &Groups::default()), tale.now, &place());
    let calling: Vec<&str> = messages.iter().filter(calls).map(|m| m.key.as_str()).collect();
    assert_eq!(calling, ["gate:core-implementation:1", "end"]);
    assert!(messages.iter().filter(calls).all(|m| m.priority() == Priority::Call));
}

#[test]
fn a_digest_tells_drawings_apart() {
    let (tale, later) = (Tale::waiting(), Tale::waiting().after(1_801));
    let digest = |tale: &Tale| render(&tale.run, (None, &Groups::default()), tale.now, &place())[2].digest();
    assert_eq!(digest(&tale), digest(&tale));
    assert_ne!(digest(&tale), digest(&later));
    assert_eq!(digest(&tale).len(), 64);
}

#[test]
fn a_run_that_is_over_never_changes() {
    let tale = Tale::done();
    assert_eq!(redraw_at(&tale.run, tale.now), None);
    let much_later = render(&tale.run, (None, &Groups::default()), tale.now + TimeDelta::days(400), &place());
    assert_eq!(render(&tale.run, (None, &Groups::default()), tale.now, &place()), much_later);
}

#[test]
fn a_run_that_no_worker_took_does_not_change_by_itself() {
    assert_eq!(redraw_at(&Tale::new().run, Tale::new().now), None);
}

fn tale(which: u8) -> Tale {
    match which {
        0 => Tale::waiting(),
        1 => Tale::rolled_back(),
        2 => Tale::waiting().decides(ben(), Verdict::Approve, None),
        3 => Tale::waiting().decides(ana(), Verdict::Stop, None),
        _ => Tale::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn within_a_minute_nothing_changes(which in 0..5_u8, minutes in 0..4_000_i64, one in 0..60_i64, other in 0..60_i64) {
        let tale = tale(which);
        let at = super::clock::minute(tale.now) + TimeDelta::minutes(minutes);
        let draw = |seconds| render(&tale.run, (None, &Groups::default()), at + TimeDelta::seconds(seconds), &place());
        prop_assert_eq!(draw(one), draw(other));
    }

    #[test]
    fn a_drawing_is_right_until_it_is_redrawn(which in 0..5_u8, seconds in 0..300_000_i64, early in 1..100_000_i64) {
        let tale = tale(which);
        let now = tale.now + TimeDelta::seconds(seconds);
        let draw = |at| render(&tale.run, (None, &Groups::default()), at, &place());
        let Some(at) = redraw_at(&tale.run, now) else {
            prop_assert_eq!(draw(now), draw(now + TimeDelta::seconds(early)));
            return Ok(());
        };
        prop_assert!(at > now && at.timestamp() % 60 == 0);
        let before = now.max(at - TimeDelta::seconds(early));
        prop_assert_eq!(draw(now), draw(before));
    }
}
