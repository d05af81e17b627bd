//! An interval: between what and what, eight times of ten?

use serde::{Deserialize, Serialize};

/// Of ten runs one is below `low`, five are below `middle`, one is above `high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval<T> {
    /// The 10th percentile.
    pub low: T,
    /// The median.
    pub middle: T,
    /// The 90th percentile; a good budget.
    pub high: T,
}

impl<T: PartialOrd> Interval<T> {
    /// Whether it came out as eight of ten should.
    pub fn contains(&self, actual: &T) -> bool {
        *actual >= self.low && *actual <= self.high
    }
}

impl<T> Interval<T> {
    pub(super) fn map<U>(self, change: impl Fn(T) -> U) -> Interval<U> {
        let Self { low, middle, high } = self;
        Interval { low: change(low), middle: change(middle), high: change(high) }
    }
}
