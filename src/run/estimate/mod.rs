//! Estimates: what will it probably cost and take?
//! From earlier runs, and always as an interval: the same work varies up to thirty times in tokens, and models guess too low.
//! The same history gives the same estimate on every machine. A run's events keep the estimate that people saw; it is not made again.

mod calibration;
mod common_factor;
mod forecast;
mod interval;
mod normal;
mod of_run;
mod of_stage;
mod posterior;
mod prior;
mod rounding;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Size, StageState, Usd};

pub use calibration::{Calibration, Hindsight};
pub use interval::Interval;
pub use of_run::RunEstimate;
pub use of_stage::{StageEstimate, StageForecast};

use forecast::{Forecast, Known, Plays};
use posterior::LogSample;
use prior::Measure;

/// How often a run is played. Another seed moves the percentiles of six stages by 1 to 2 %; five times as many plays, by a half of that.
const PLAYS: usize = 1_000;

/// What a stage used up: all of its attempts, failed ones too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    pub cost: Usd,
    pub seconds: u64,
}

impl StageState {
    /// All of its attempts.
    fn used(&self) -> Used {
        Used { cost: self.cost(), seconds: self.seconds() }
    }
}

/// One stage of an earlier run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub used: Used,
    /// False where a budget, a failure or a stop cut it short: it would have used at least this much.
    pub whole: bool,
}

/// How far a stage of the estimated run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SoFar {
    #[default]
    Waiting,
    /// It will use at least this.
    Running(Used),
    /// It used exactly this.
    Finished(Used),
}

/// What is known of one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageHistory {
    pub size: Size,
    /// The same stage in earlier runs that used the same kind of agent. Which ones is the caller's choice: of this project, else of all.
    pub samples: Vec<Sample>,
    pub so_far: SoFar,
}

/// What stages will probably use up, together and with what they have used already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub cost: Interval<Usd>,
    pub seconds: Interval<u64>,
    /// Similar runs behind it: those of the unfinished stage of which least is known. With zero it is what is typical for the size.
    pub runs: u32,
    /// The correction it was made with, [`Calibration::widen`]; 1 is none.
    pub widen: f64,
}

/// The estimate of some stages of one run: one stage, or all of them. `widen` is [`Calibration::widen`], 1 where there is none.
#[must_use]
pub fn estimate(stages: &[StageHistory], widen: f64) -> Estimate {
    let (plays, widen) = (Plays::of(PLAYS, stages), calibration::bounded(widen));
    let finished = finished(stages);
    let add_cost = |nanos| finished.cost + Usd::from_nanos(nanos);
    let add_seconds = |open: i64| finished.seconds.saturating_add(open.unsigned_abs());
    Estimate {
        cost: unfinished(&plays, stages, &prior::COST, widen).map(add_cost),
        seconds: unfinished(&plays, stages, &prior::SECONDS, widen).map(add_seconds),
        runs: runs(stages),
        widen,
    }
}

/// Nano-dollars or seconds that unfinished stages will use, with what they have used.
fn unfinished(
    plays: &Plays,
    stages: &[StageHistory],
    measure: &Measure,
    widen: f64,
) -> Interval<i64> {
    let forecast = |stage| forecast(stage, measure, widen);
    let forecasts: Vec<Forecast> = stages.iter().map(forecast).collect();
    plays.total(&forecasts).map(prior::whole)
}

fn finished(stages: &[StageHistory]) -> Used {
    let finished = stages.iter().filter_map(|stage| match stage.so_far {
        SoFar::Finished(used) => Some(used),
        SoFar::Waiting | SoFar::Running(_) => None,
    });
    finished.fold(Used::default(), |sum, used| Used {
        cost: sum.cost + used.cost,
        seconds: sum.seconds.saturating_add(used.seconds),
    })
}

fn forecast(stage: &StageHistory, measure: &Measure, widen: f64) -> Forecast {
    let log_sample =
        |sample: &Sample| LogSample { log: measure.log(&sample.used), whole: sample.whole };
    let samples: Vec<LogSample> = stage.samples.iter().map(log_sample).collect();
    let known = match stage.so_far {
        SoFar::Waiting => Known::Nothing,
        SoFar::Running(used) => Known::AtLeast(measure.log(&used)),
        SoFar::Finished(used) => Known::Exactly(measure.log(&used)),
    };
    let predictive = posterior::predict(measure.log_median(stage.size), &samples).widened(widen);
    measure.forecast(predictive, known)
}

fn runs(stages: &[StageHistory]) -> u32 {
    let is_open = |stage: &&StageHistory| !matches!(stage.so_far, SoFar::Finished(_));
    let least = stages.iter().filter(is_open).map(|stage| stage.samples.len()).min();
    least.map_or(0, |runs| u32::try_from(runs).unwrap_or(u32::MAX))
}
