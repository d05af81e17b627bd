//! Does a run's status tell what is around it?

use super::*;
use crate::thread::samples::Tale;

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
