//! What is asked of a run that does a stage beside others: with what does it begin, and who may steer it?

use crate::run::rules::tests::{CENT, Facts, RunDriver, ana, decision, request, slack};
use crate::run::{Again, Decision, GateSpec, Next, Request, Run, Usd, Verdict};

/// A draft, then a map and pictures beside each other; Ben approves the pictures.
fn asked() -> Request {
    let mut request = request(&["draft", "map", "pictures"]);
    let draft = request.pipeline.stages[0].name.clone();
    for stage in &mut request.pipeline.stages[1..] {
        (stage.parallel, stage.needs) = (true, vec![draft.clone()]);
    }
    let ben = slack("T1", "UBEN").into();
    request.pipeline.stages[2].gate =
        Some(GateSpec { approvers: vec![ben], ..GateSpec::usual(60) });
    request
}

fn drafted(request: Request) -> RunDriver {
    let mut driver = RunDriver::of(request);
    driver.brings(Facts::Green);
    driver
}

/// What is asked of the run of the map.
fn of_map(driver: &mut RunDriver) -> Request {
    assert_eq!(driver.on(), Next::Children);
    driver.run.child(2).expect("a run")
}

#[test]
fn whoever_may_steer_the_run_may_steer_its_parts_and_nobody_else() {
    let map = Run::starting(of_map(&mut drafted(asked())));
    let [ben, cleo] = ["UBEN", "UCLEO"].map(|user| slack("T1", user));
    assert!(map.may_steer(&ben, &[]) && map.may_steer(&ana(), &[]));
    assert!(
        !map.may_steer(&cleo, &[]),
        "its own gates are not asked there, and count all the same"
    );
}

#[test]
fn where_all_was_taken_over_it_is_taken_from_where_it_was_made() {
    let mut first = drafted(asked());
    let own = of_map(&mut first).again.map(|it| it.run);
    assert_eq!(own.as_ref(), Some(first.run.id()));
    let from_map = "map".parse().expect("a name");
    let again = Again::from(&first.run, &first.run.request, &from_map).expect("it can begin there");
    let run = "tale-again22".parse().expect("an id");
    let request = Request { run, again: Some(again), ..first.run.request.clone() };
    let mut second = RunDriver::of(request);
    let map = of_map(&mut second);
    assert_eq!(map.again.as_ref().map(|it| &it.run), Some(first.run.id()));
    assert_eq!(Run::starting(map).last_good(), first.run.last_good());
}

#[test]
fn what_people_said_before_is_read_by_all_that_begin() {
    let mut driver = drafted(asked());
    let note =
        Decision { words: Some("Use oil".to_owned()), ..decision(Verdict::Note, None, ana()) };
    assert_eq!(driver.hears(&note), Ok(()));
    let map = of_map(&mut driver);
    assert!(driver.run.notes.iter().all(|note| note.read_by.is_some()), "it waits for nobody more");
    let pictures = driver.run.child(3).expect("a run");
    for request in [map, pictures] {
        let mut driver = RunDriver::of(request);
        assert_eq!(driver.plan().remarks.len(), 1);
    }
}

#[test]
fn a_stage_may_spend_what_is_left_of_its_own_money() {
    let mut request = asked();
    request.pipeline.stages[1].budget_usd = Some(CENT);
    let map = of_map(&mut drafted(request));
    assert_eq!(map.pipeline.stages[1].budget_usd, Some(CENT));
    assert_eq!(map.pipeline.stages[0].budget_usd, None);
    assert_eq!(map.budget_usd, None::<Usd>, "no limit is shared");
}
