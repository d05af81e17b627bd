//! What does an amount look like that is only roughly known?
//! Two significant digits; bounds are rounded outward, so that no interval promises more than it knows.

use super::{Interval, Usd};

impl Interval<Usd> {
    /// As people read it: `$0.50`, `$1.40` and `$4.00`.
    #[must_use]
    pub fn rounded(self) -> Self {
        Self { low: at_least(self.low), middle: nearest(self.middle), high: at_most(self.high) }
    }
}

impl Usd {
    /// Two digits, to the nearest.
    #[must_use]
    pub const fn roughly(self) -> Self {
        nearest(self)
    }
}

/// Two digits, rounded down.
#[must_use]
pub(super) const fn at_least(usd: Usd) -> Usd {
    let step = step(usd);
    Usd::from_nanos(usd.nanos().div_euclid(step).saturating_mul(step))
}

/// Two digits, rounded half up.
#[must_use]
pub(super) const fn nearest(usd: Usd) -> Usd {
    at_least(Usd::from_nanos(usd.nanos().saturating_add(step(usd) / 2)))
}

/// Two digits, rounded up.
#[must_use]
pub(super) const fn at_most(usd: Usd) -> Usd {
    at_least(Usd::from_nanos(usd.nanos().saturating_add(step(usd) - 1)))
}

/// What one of the second digit is worth, in nano-dollars.
const fn step(usd: Usd) -> i64 {
    match usd.nanos().unsigned_abs().checked_ilog10() {
        Some(digits) if digits > 1 => 10_i64.pow(digits - 1),
        _ => 1,
    }
}
