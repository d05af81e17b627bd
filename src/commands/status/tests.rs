//! Does a run's status tell what is around it?

use super::*;
use crate::thread::samples::{Tale, work};

fn said(run: &Run, beside: &Surroundings) -> String {
    status(run, beside, DateTime::UNIX_EPOCH).text
}

#[test]
fn what_does_a_stage_of_another_run_does_nothing_once_more() {
    let whole = Tale::beside().run;
    let side = Tale::side_run(&whole, "streaming").run;
    assert!(side.request.again.is_some(), "it begins with what there is");
    let (nothing, now) = (Surroundings::default(), DateTime::UNIX_EPOCH);
    assert!(!said(&side, &nothing).contains("once more"));
    assert_eq!(status_json(&side, (&nothing, now), None, None)["again"], Value::Null);
}

#[test]
fn what_stages_beside_others_spent_so_far_is_in_the_sum() {
    let whole = Tale::beside().run;
    let part = Tale::side_run(&whole, "streaming").works("streaming", 1, work(2_340, 4, 135)).run;
    let beside = Surroundings { children: vec![part], ..Surroundings::default() };
    assert!(said(&whole, &beside).contains("2 stages side by side · $0.12"));
    let json = status_json(&whole, (&beside, DateTime::UNIX_EPOCH), None, None);
    assert_eq!(json["spent_usd"], "0.120000000");
}
