//! Whether estimates were right, and what is done where they were not.

use super::super::{Calibration, Estimate, Hindsight, Interval};
use super::simulation::{Chance, World};
use crate::run::Usd;

const WILD: World = World { spread: 3.0, ..World::USUAL };

/// Fifty runs of this world, each estimated after so many others. Where there are none, the world differs from what is believed of it.
fn ended(world: &World, earlier_runs: usize, widen: f64, seed: u64) -> Vec<Hindsight> {
    let mut chance = Chance::new(seed);
    let ended = |_| {
        let project = chance.project(world, earlier_runs);
        Hindsight { said: project.estimate(widen), actual: project.actual, whole: true }
    };
    (0..50).map(ended).collect()
}

/// A run that was said to cost between $0.50 and $4.
fn said(dollars: f64, whole: bool) -> Hindsight {
    let [low, middle, high] = [0.5, 1.4, 4.0].map(Usd::from_float);
    let seconds = Interval { low: 1, middle: 2, high: 3 };
    let said = Estimate { cost: Interval { low, middle, high }, seconds, runs: 11, widen: 1.0 };
    Hindsight { said, actual: Usd::from_float(dollars), whole }
}

#[test]
fn estimates_that_are_right_are_left_alone() {
    let calibration = Calibration::of(&ended(&World::USUAL, 10, 1.0, 1));
    assert_eq!((calibration.runs, calibration.widen), (50, 1.0));
    assert!((35..=45).contains(&calibration.inside), "{calibration:?}");
}

#[test]
fn a_wilder_world_is_met_with_wider_estimates() {
    let before = Calibration::of(&ended(&WILD, 0, 1.0, 1));
    assert!(before.inside < 34 && before.widen > 1.3, "{before:?}");
    let after = Calibration::of(&ended(&WILD, 0, before.widen, 2));
    assert!((34..=46).contains(&after.inside), "{before:?} {after:?}");
}

#[test]
fn a_tamer_world_is_met_with_narrower_estimates() {
    let tame = vec![said(2.0, true); 50];
    let widen = Calibration::of(&tame).widen;
    let exact = f64::ln(2.0 / 1.4) / f64::ln(4.0 / 1.4);
    assert!((widen - exact).abs() < 1e-9, "{widen}");
}

#[test]
fn a_correction_that_works_stays() {
    let before = Calibration::of(&ended(&WILD, 0, 1.0, 1)).widen;
    let after = Calibration::of(&ended(&WILD, 0, before, 1)).widen;
    assert!((after / before - 1.0).abs() < 0.1, "{before} became {after}");
}

#[test]
fn few_runs_correct_nothing() {
    assert!(Calibration::of(&vec![said(90.0, true); 9]).widen < 1.1);
    assert!(Calibration::of(&vec![said(90.0, true); 10]).widen > 1.0);
    assert_eq!(Calibration::of(&[]).runs, 0);
}

#[test]
fn only_the_newest_fifty_count() {
    let runs = [vec![said(1.0, true); 50], vec![said(90.0, true); 50]].concat();
    let calibration = Calibration::of(&runs);
    assert_eq!((calibration.runs, calibration.inside, calibration.above), (50, 50, 0));
}

#[test]
fn a_run_that_was_cut_counts_once_it_has_passed_the_estimate() {
    let calibration = Calibration::of(&[said(0.2, false), said(1.0, false), said(4.1, false)]);
    assert_eq!((calibration.runs, calibration.inside, calibration.above), (1, 0, 1));
}

#[test]
fn the_pinball_loss_is_that_of_its_definition() {
    let loss = Calibration::of(&[said(1.4, true)]).pinball_loss;
    let by_hand = 0.1 * (f64::ln(1.4 / 0.5) + f64::ln(4.0 / 1.4)) / 3.0;
    assert!((loss - by_hand).abs() < 1e-9, "{loss} is not {by_hand}");
}
