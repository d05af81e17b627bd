//! Does a stage's own estimate follow from how the run went so far?

use crate::run::rules::tests::{Facts, RunDriver, snapshot};
use crate::run::{FeatureEnd, Outcome, RunEstimate, SideRun, StageEstimate, StageName, Usd};

fn of(driver: &RunDriver, stage: &str) -> StageEstimate {
    let stage: StageName = stage.parse().expect("a name");
    driver.run.estimate_of(&stage).expect("it was estimated")
}

/// Three stages of which nothing is known but their sizes.
fn estimated() -> RunDriver {
    let mut driver = RunDriver::with(&["draft", "polish", "print"]);
    let (request, none) = (driver.run.request.clone(), []);
    driver.run.request.estimate = Some(RunEstimate::of_request(&request, &none));
    driver
}

#[test]
fn a_stage_that_begins_first_is_as_it_was_estimated() {
    let driver = estimated();
    let estimate = driver.run.request.estimate.as_ref().expect("it was estimated");
    let first = of(&driver, "draft");
    assert_eq!(first.cost.middle, estimate.stages[0]);
    assert!(first.rest > estimate.stages[1] && first.cost.low < first.cost.high);
}

#[test]
fn a_cheap_beginning_makes_the_rest_cheaper() {
    let mut driver = estimated();
    let before = of(&driver, "polish");
    driver.brings(Facts::Green).plan();
    let after = driver.run.stages[1].estimate.expect("it stands in the event");
    assert_eq!(after, of(&driver, "polish"));
    assert!(after.cost.middle < before.cost.middle && after.rest < before.rest, "{after:?}");
    assert_eq!(driver.run.estimated_rest(), Some(after.rest));
}

#[test]
fn what_was_done_beside_others_is_paid_and_no_part_of_the_rest() {
    let mut driver = estimated();
    let (stages, whole) = (of(&driver, "draft").rest, driver.run.estimated_rest());
    let mut side = SideRun::begun("tale-m2x8wtr".parse().expect("an id"), 2, (driver.now, None));
    let end = FeatureEnd::nothing(Outcome::Done, String::new());
    side.end = Some(FeatureEnd { work: Some(snapshot(1)), ..end });
    driver.run.stages[2].side_runs.push(side);
    assert!(of(&driver, "draft").rest < stages && driver.run.estimated_rest() < whole);
    assert_eq!(of(&driver, "polish").rest, Usd::ZERO);
}
