//! How amounts look.

use proptest::prelude::*;

use super::super::Interval;
use super::super::rounding::{at_least, at_most, nearest};
use crate::run::Usd;

fn usd(dollars: f64) -> Usd {
    Usd::from_float(dollars)
}

#[test]
fn two_digits_are_enough() {
    assert_eq!(nearest(usd(1.4449)), usd(1.4));
    assert_eq!(nearest(usd(0.0345)), usd(0.035));
    assert_eq!(nearest(usd(9.96)), usd(10.0));
    assert_eq!(nearest(usd(1_250.0)), usd(1_300.0));
}

#[test]
fn bounds_are_rounded_outward() {
    let said = Interval { low: usd(0.509), middle: usd(1.3962), high: usd(3.901) };
    let rounded = Interval { low: usd(0.5), middle: usd(1.4), high: usd(4.0) };
    assert_eq!(said.rounded(), rounded);
    assert_eq!(rounded.rounded(), rounded);
    assert_eq!(at_most(usd(99.1)), usd(100.0));
}

#[test]
fn nothing_stays_nothing() {
    assert_eq!([at_least, nearest, at_most].map(|round| round(Usd::ZERO)), [Usd::ZERO; 3]);
}

proptest! {
    #[test]
    fn bounds_keep_what_they_held(nanos in 0..1_000_000_000_000_000_000_i64) {
        let (exact, tenth) = (Usd::from_nanos(nanos), nanos / 10 + 1);
        let [low, middle, high] = [at_least, nearest, at_most].map(|round| round(exact));
        prop_assert!(low <= exact && exact <= high && low <= middle && middle <= high);
        prop_assert!(high.nanos() - low.nanos() <= tenth);
        prop_assert_eq!([low, middle, high].map(at_most), [low, middle, high]);
    }

    #[test]
    fn no_amount_is_too_large_to_round(nanos in any::<i64>()) {
        let [low, middle, high] = [at_least, nearest, at_most].map(|round| round(Usd::from_nanos(nanos)));
        prop_assert!(low <= middle && middle <= high);
    }
}
