//! Were the estimates right?
//! Eight of ten runs should cost what they were said to; where too few or too many did, later estimates are made wider or narrower.

use super::{Estimate, Interval, Usd};

/// The newest runs that are looked at.
const NEWEST: usize = 50;
/// Fewer say nothing.
const FEWEST: usize = 10;
/// The share of runs that should be inside.
const INSIDE: f64 = 0.8;
/// Estimates are made at most so many times wider or narrower.
const MOST_WIDENING: f64 = 4.0;
/// Less than this is taken as this, in nano-dollars: a tenth of a cent.
const LEAST: i64 = 1_000_000;

/// A run that ended, and what was said about it before it began.
#[derive(Clone, Debug, PartialEq)]
pub struct Hindsight {
    pub said: Estimate,
    pub actual: Usd,
    /// False where it was cut short. Then it counts only if it had already passed the estimate: what else it would have cost, nobody knows.
    pub whole: bool,
}

/// How the last 50 estimates came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    pub runs: usize,
    /// Between `low` and `high`; eight of ten should be.
    pub inside: usize,
    pub above: usize,
    /// Mean pinball loss of the three percentiles, of logarithms: 0.1 is about 10 % of a run's cost. Less is better; for comparing methods.
    pub pinball_loss: f64,
    /// For [`super::estimate`]: how many times wider its intervals should be. 1 within what chance explains: 80 % ± 11 points of 50 runs.
    pub widen: f64,
}

impl Calibration {
    /// Of runs in any number, the newest first.
    #[must_use]
    pub fn of(newest_first: &[Hindsight]) -> Self {
        let counts = |run: &&Hindsight| run.whole || run.actual > run.said.cost.high;
        let runs: Vec<&Hindsight> = newest_first.iter().filter(counts).take(NEWEST).collect();
        let count = |is: fn(&Hindsight) -> bool| runs.iter().filter(|run| is(run)).count();
        Self {
            runs: runs.len(),
            inside: count(|run| run.said.cost.contains(&run.actual)),
            above: count(|run| run.actual > run.said.cost.high),
            pinball_loss: mean(runs.iter().map(|run| pinball_loss(&run.said.cost, run.actual))),
            widen: widen(runs.iter().map(|run| distance(run)).collect()),
        }
    }
}

/// A correction that cannot do harm.
pub(super) fn bounded(widen: f64) -> f64 {
    if widen.is_nan() { 1.0 } else { widen.clamp(1.0 / MOST_WIDENING, MOST_WIDENING) }
}

/// The conformal correction, from the distance of each run. Distances are in half-widths of *uncorrected* estimates, else a correction
/// that works would look as if none were needed.
fn widen(mut distances: Vec<f64>) -> f64 {
    let runs = distances.len();
    if runs < FEWEST {
        return 1.0;
    }
    let inside = mean(distances.iter().map(|distance| f64::from(u8::from(*distance <= 1.0))));
    if (inside - INSIDE).abs() <= tolerance(runs) {
        return 1.0;
    }
    distances.sort_by(f64::total_cmp);
    // Of n runs the 0.8 (n + 1)-th, so that the next one is inside eight times of ten.
    let place = ((runs + 1) * 4).div_ceil(5).min(runs);
    bounded(distances[place - 1])
}

/// What chance explains 19 times of 20.
#[expect(clippy::cast_precision_loss, reason = "at most 50")]
fn tolerance(runs: usize) -> f64 {
    1.96 * (INSIDE * (1.0 - INSIDE) / runs as f64).sqrt()
}

/// How far a run was from the middle; 1 is at `low` or at `high`, had the estimate not been corrected.
fn distance(run: &Hindsight) -> f64 {
    let Interval { low, middle, high } = run.said.cost.map(log);
    let off = log(run.actual) - middle;
    let half_width = if off < 0.0 { middle - low } else { high - middle };
    off.abs() / half_width.max(f64::EPSILON) * run.said.widen
}

fn pinball_loss(said: &Interval<Usd>, actual: Usd) -> f64 {
    let loss = |percentile: f64, said: Usd| {
        let off = log(actual) - log(said);
        (off * percentile).max(off * (percentile - 1.0))
    };
    mean([loss(0.1, said.low), loss(0.5, said.middle), loss(0.9, said.high)].into_iter())
}

#[expect(clippy::cast_precision_loss, reason = "an estimate needs two digits, a float has fifteen")]
fn log(usd: Usd) -> f64 {
    libm::log(usd.nanos().max(LEAST) as f64)
}

/// Zero of nothing.
fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = numbers.fold((0.0, 0.0), |(sum, n), number| (sum + number, n + 1.0));
    if n > 0.0 { sum / n } else { 0.0 }
}
