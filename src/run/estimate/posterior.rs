//! One stage on a log scale: what do its earlier runs say about the next one?
//! A normal-inverse-gamma posterior: median and spread are both unknown, and a few runs move what is typical for the size.
//! Runs that were cut short count as "at least so much": they raise and widen, and never narrow.

use serde::{Deserialize, Serialize};

use super::normal;

/// How many runs what is typical for the size is worth.
const PRIOR_RUNS: f64 = 2.0;
/// Shape of the inverse gamma of the variance.
const PRIOR_SHAPE: f64 = 3.0;
/// Its scale, for a variance of 0.75² on average: 0.7² of runs that go well, and some that retry. Without history an interval reaches
/// from a third of its middle to three times it.
const PRIOR_SCALE: f64 = 0.75 * 0.75 * (PRIOR_SHAPE - 1.0);

/// One earlier run of a stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct LogSample {
    /// Natural logarithm of what it used.
    pub log: f64,
    pub whole: bool,
}

/// The next run's logarithm: Student's distribution around `middle`, whose two sides may differ in width.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Predictive {
    pub middle: f64,
    below: f64,
    above: f64,
    /// Degrees of freedom.
    freedom: f64,
}

impl Predictive {
    /// The logarithm that is as likely as the normal `z`.
    pub(super) fn log_at(&self, z: f64) -> f64 {
        let t = normal::student_of(z, self.freedom);
        self.middle + t * if t < 0.0 { self.below } else { self.above }
    }

    /// The way back from [`Self::log_at`].
    pub(super) fn z_of(&self, log: f64) -> f64 {
        let off = log - self.middle;
        normal::normal_of(off / if off < 0.0 { self.below } else { self.above }, self.freedom)
    }

    pub(super) fn widened(self, by: f64) -> Self {
        Self { below: self.below * by, above: self.above * by, ..self }
    }
}

pub(super) fn predict(log_median: f64, samples: &[LogSample]) -> Predictive {
    let logs = |whole| samples.iter().filter(move |s| s.whole == whole).map(|s| s.log);
    let whole: Vec<f64> = logs(true).collect();
    let mut cut: Vec<f64> = logs(false).collect();
    cut.sort_by(|a, b| b.total_cmp(a));
    let raise = |known, log: &f64| raised(known, *log, weight(&whole));
    cut.iter().fold(predict_from_whole(log_median, &whole), raise)
}

fn predict_from_whole(log_median: f64, logs: &[f64]) -> Predictive {
    let (runs, weight) = (count(logs), weight(logs));
    // Without runs both sums are zero, and so is the mean's part in them.
    let mean = logs.iter().sum::<f64>() / runs.max(1.0);
    let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
    let from_median = (mean - log_median).powi(2) * PRIOR_RUNS * runs / weight;
    let shape = PRIOR_SHAPE + 0.5 * runs;
    let scale = PRIOR_SCALE + 0.5 * (squares + from_median);
    let spread = (scale / shape * (weight + 1.0) / weight).sqrt();
    Predictive {
        middle: (PRIOR_RUNS * log_median + runs * mean) / weight,
        below: spread,
        above: spread,
        freedom: 2.0 * shape,
    }
}

/// In runs, with what is typical for the size.
fn weight(whole: &[f64]) -> f64 {
    PRIOR_RUNS + count(whole)
}

fn count(logs: &[f64]) -> f64 {
    logs.iter().fold(0.0, |count, _| count + 1.0)
}

/// After a run that was cut at `log`. It counts as the mean of what is above the cut, where a low cut says next to nothing.
/// Only the upper side widens, so that no draw becomes smaller.
fn raised(known: Predictive, log: f64, weight: f64) -> Predictive {
    let z = (log - known.middle) / known.above;
    let mean_above = normal::mean_above(z);
    let excess = (z * mean_above).max(0.0) / (known.freedom + 1.0);
    Predictive {
        middle: known.middle + known.above * mean_above / (weight + 1.0),
        above: known.above * (1.0 + excess).sqrt(),
        ..known
    }
}
