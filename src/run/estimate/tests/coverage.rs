//! Are eight of ten runs inside, whatever is known?
//! To see the table: `cargo test coverage -- --nocapture --test-threads=1`.

use super::super::forecast::Plays;
use super::super::{finished, prior, unfinished};
use super::simulation::{Chance, World};

const PROJECTS: u32 = 1_500;
/// Fewer than an estimate takes: enough for a share of many projects.
const PLAYS: usize = 400;
const EARLIER_RUNS: [usize; 5] = [0, 3, 5, 10, 30];

/// Of simulated projects, the share whose next run was inside.
fn inside(world: &World, earlier_runs: usize) -> f64 {
    let mut chance = Chance::new(1);
    let plays = Plays::of(PLAYS, &chance.project(world, 0).known);
    let is_inside = |_| {
        let project = chance.project(world, earlier_runs);
        let rest = project.actual.minus(finished(&project.known).cost);
        unfinished(&plays, &project.known, &prior::COST, 1.0).contains(&rest.nanos())
    };
    let inside: u32 = (0..PROJECTS).map(is_inside).map(u32::from).sum();
    f64::from(inside) / f64::from(PROJECTS)
}

#[track_caller]
fn assert_covered(what: &str, world: World) {
    let shares = EARLIER_RUNS.map(|runs| inside(&world, runs));
    eprintln!("after {EARLIER_RUNS:?} runs: {shares:.2?} {what}");
    let is_eight_of_ten = |share: &f64| (0.75..=0.85).contains(share);
    assert!(shares.iter().all(is_eight_of_ten), "{what}: {shares:.3?}");
}

#[test]
fn one_stage() {
    assert_covered("one stage", World::USUAL);
}

#[test]
fn one_stage_that_sometimes_retries_a_lot() {
    assert_covered("one stage, 15 % retry a lot", World { retrying: 0.15, ..World::USUAL });
}

#[test]
fn one_stage_whose_budget_cuts_dear_runs() {
    assert_covered("one stage, cut at 2 medians", World { budget: 2.0, ..World::USUAL });
}

#[test]
fn six_stages_of_one_run() {
    assert_covered("six stages", World::SIX_STAGES);
}

#[test]
fn six_stages_that_sometimes_retry_a_lot() {
    assert_covered("six stages, 15 % retry a lot", World { retrying: 0.15, ..World::SIX_STAGES });
}

#[test]
fn six_stages_of_which_three_are_finished() {
    assert_covered("six stages, three finished", World { finished: 3, ..World::SIX_STAGES });
}
