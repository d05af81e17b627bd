//! What holds for every history.

use proptest::prelude::*;

use super::super::{Estimate, Interval, Sample, Size, SoFar, StageHistory, Used, estimate};
use super::history::{usual, whole};
use crate::run::Usd;

fn any_used() -> impl Strategy<Value = Used> {
    let nanos = prop_oneof![4 => 1_000_000..50_000_000_000_i64, 1 => Just(0), 1 => Just(i64::MAX), 1 => Just(-1)];
    let seconds = prop_oneof![4 => 1..20_000_u64, 1 => Just(0), 1 => Just(u64::MAX)];
    (nanos, seconds).prop_map(|(nanos, seconds)| Used { cost: Usd::from_nanos(nanos), seconds })
}

fn any_sample() -> impl Strategy<Value = Sample> {
    (any_used(), prop::bool::weighted(0.8)).prop_map(|(used, whole)| Sample { used, whole })
}

fn any_samples() -> impl Strategy<Value = Vec<Sample>> {
    prop::collection::vec(any_sample(), 0..12)
}

fn any_open_stage() -> impl Strategy<Value = StageHistory> {
    let size = prop_oneof![Just(Size::S), Just(Size::M), Just(Size::L)];
    let so_far = prop_oneof![Just(SoFar::Waiting), any_used().prop_map(SoFar::Running)];
    let parts = (size, any_samples(), so_far);
    parts.prop_map(|(size, samples, so_far)| StageHistory { size, samples, so_far })
}

fn any_waiting_stage() -> impl Strategy<Value = StageHistory> {
    any_open_stage().prop_map(|stage| StageHistory { so_far: SoFar::Waiting, ..stage })
}

fn in_order<T: PartialOrd + Copy>(it: Interval<T>, zero: T) -> bool {
    zero < it.low && it.low <= it.middle && it.middle <= it.high
}

fn is_nowhere_below<T: PartialOrd>(it: &Interval<T>, other: &Interval<T>) -> bool {
    it.low >= other.low && it.middle >= other.middle && it.high >= other.high
}

/// How many times `low` fits into `high`.
fn width(said: &Estimate) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a ratio of a few dollars")]
    let float = |usd: Usd| usd.nanos() as f64;
    float(said.cost.high) / float(said.cost.low)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn percentiles_are_in_order_and_above_zero(
        run in prop::collection::vec(any_open_stage(), 1..4),
        widen in prop_oneof![Just(1.0), any::<f64>()],
    ) {
        let said = estimate(&run, widen);
        prop_assert!(in_order(said.cost, Usd::ZERO), "{:?}", said);
        prop_assert!(in_order(said.seconds, 0), "{:?}", said);
        prop_assert_eq!(estimate(&run, widen), said);
    }

    #[test]
    fn an_earlier_run_that_was_cut_never_lowers_the_estimate_of_a_new_one(
        mut run in prop::collection::vec(any_waiting_stage(), 1..4),
        used in any_used(),
        place in any::<prop::sample::Index>(),
    ) {
        let without = estimate(&run, 1.0);
        let place = place.index(run[0].samples.len() + 1);
        run[0].samples.insert(place, Sample { used, whole: false });
        let with = estimate(&run, 1.0);
        prop_assert!(is_nowhere_below(&with.cost, &without.cost), "{:?} {:?}", with, without);
        prop_assert!(is_nowhere_below(&with.seconds, &without.seconds), "{:?} {:?}", with, without);
    }

    #[test]
    fn a_run_that_was_cut_says_at_least_as_much_as_a_whole_one(
        samples in any_samples(),
        used in any_used(),
    ) {
        let with = |whole| usual(&[&samples[..], &[Sample { used, whole }]].concat()).cost.middle;
        // Both are medians of a thousand plays, which agree to some percent.
        prop_assert!(with(false).nanos() >= with(true).nanos() / 100 * 90);
    }

    #[test]
    fn the_order_of_earlier_runs_does_not_matter(samples in any_samples()) {
        let backwards: Vec<Sample> = samples.iter().rev().copied().collect();
        let (one, other) = (usual(&samples).cost, usual(&backwards).cost);
        prop_assert_eq!(one.rounded().middle, other.rounded().middle);
    }

    #[test]
    fn more_runs_that_agree_narrow_it(cents in 5..300_i32, runs in 5..20_usize) {
        let all = vec![whole(f64::from(cents) / 100.0); runs + 1];
        prop_assert!(width(&usual(&all)) < width(&usual(&all[1..])));
    }

    #[test]
    fn runs_as_dear_as_expected_narrow_it_from_the_first(runs in 1..20_usize) {
        let all = vec![whole(0.4); runs];
        prop_assert!(width(&usual(&all)) < width(&usual(&all[1..])));
    }

    #[test]
    fn a_wider_estimate_has_the_same_middle(samples in prop::collection::vec(5..300_i32, 0..9)) {
        let samples: Vec<Sample> = samples.iter().map(|cents| whole(f64::from(*cents) / 100.0)).collect();
        let stage = StageHistory { size: Size::M, samples, so_far: SoFar::Waiting };
        let said = |widen| estimate(std::slice::from_ref(&stage), widen);
        prop_assert!(width(&said(2.0)) > width(&said(1.0)) * 1.5);
        prop_assert!(said(1.0).cost.contains(&said(2.0).cost.middle));
    }
}
