//! What is believed of a stage before it ever ran?
//! Typical amounts for its size, and how they are read from what was used.
//!
//! No study gives such a table. Anchor: a stage of size M costs about $0.40 and takes about four minutes, prompts cached and one check
//! repaired. A size up or down is three times that, for public figures of agents on issues differ by more *within* a size (thirty
//! times) than between sizes (Kendall's tau 0.32). So the spread in `posterior` is wide, and three runs outweigh this table.

use super::forecast::{Forecast, Known};
use super::posterior::Predictive;
use super::{Size, Used};

/// One of the two amounts that are estimated.
pub(super) struct Measure {
    /// In nano-dollars, or in seconds.
    amount: fn(&Used) -> i64,
    /// Less than this is taken as this: a stage that used nothing has no logarithm.
    least: f64,
    small: f64,
    medium: f64,
    large: f64,
}

/// Nano-dollars: $0.13, $0.40 and $1.20; from a tenth of a cent.
pub(super) const COST: Measure = Measure {
    amount: |used| used.cost.nanos(),
    least: 1e6,
    small: 0.13e9,
    medium: 0.4e9,
    large: 1.2e9,
};

/// Seconds: 80 s, 4 min and 12 min; from one second.
pub(super) const SECONDS: Measure = Measure {
    amount: |used| i64::try_from(used.seconds).unwrap_or(i64::MAX),
    least: 1.0,
    small: 80.0,
    medium: 240.0,
    large: 720.0,
};

impl Measure {
    #[expect(
        clippy::cast_precision_loss,
        reason = "an estimate needs two digits and a float has fifteen"
    )]
    pub(super) fn log(&self, used: &Used) -> f64 {
        libm::log(((self.amount)(used) as f64).max(self.least))
    }

    pub(super) fn forecast(&self, predictive: Predictive, known: Known) -> Forecast {
        Forecast { predictive, known, least: self.log(&Used::default()) }
    }

    pub(super) fn log_median(&self, size: Size) -> f64 {
        libm::log(match size {
            Size::S => self.small,
            Size::M => self.medium,
            Size::L => self.large,
        })
    }
}

/// The nearest whole nano-dollar or second; the largest there is where it is larger.
#[expect(clippy::cast_possible_truncation, reason = "rounded first; a cast of floats saturates")]
pub(super) fn whole(amount: f64) -> i64 {
    amount.round() as i64
}
