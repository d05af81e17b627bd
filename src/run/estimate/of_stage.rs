//! The estimate of a stage when it begins: what do the stages before say of it?
//! A dear beginning makes the rest dearer. Made from what the run's own estimate was made from, so that no history is read again.

use serde::{Deserialize, Serialize};

use super::forecast::{Forecast, Known, Plays};
use super::interval::Interval;
use super::posterior::Predictive;
use super::prior::{self, Measure};
use super::{PLAYS, StageHistory};
use crate::run::{Run, StageName, StagePhase, StageState, Usd};

/// What a stage will probably use up, and what those after it will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageEstimate {
    pub cost: Interval<Usd>,
    pub seconds: Interval<u64>,
    /// The middle of all later stages together.
    pub rest: Usd,
}

/// How one stage of a run was forecast, before any began.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageForecast {
    cost: Predictive,
    seconds: Predictive,
}

impl StageForecast {
    pub(super) fn of(stage: &StageHistory) -> Self {
        let predictive = |measure| super::forecast(stage, measure, 1.0).predictive;
        Self { cost: predictive(&prior::COST), seconds: predictive(&prior::SECONDS) }
    }
}

impl Run {
    /// Of a stage that begins now; none where nothing was estimated of the run.
    #[must_use]
    pub(in crate::run) fn estimate_of(&self, stage: &StageName) -> Option<StageEstimate> {
        let forecasts = &self.request.estimate.as_ref()?.forecasts;
        let at = self.stages.iter().position(|it| it.name() == stage)?;
        if forecasts.len() != self.stages.len() {
            return None;
        }
        let stages: Vec<_> = self.stages.iter().zip(forecasts).collect();
        // What was done beside others is paid.
        let rest: Vec<usize> =
            (at + 1..stages.len()).filter(|n| !stages[*n].0.is_to_be_merged()).collect();
        let sum = |asked: &[usize], of| sum(&stages, asked, of);
        Some(StageEstimate {
            cost: sum(&[at], COST).map(|it| Usd::from_nanos(prior::whole(it))),
            seconds: sum(&[at], SECONDS).map(|it| prior::whole(it).unsigned_abs()),
            rest: Usd::from_nanos(prior::whole(sum(&rest, COST).middle)),
        })
    }
}

/// One of the two amounts, and how a stage's was forecast.
type Amount = (&'static Measure, fn(&StageForecast) -> Predictive);
const COST: Amount = (&prior::COST, |stage| stage.cost);
const SECONDS: Amount = (&prior::SECONDS, |stage| stage.seconds);

/// What the stages that are asked about come to, by all that are done.
fn sum(
    stages: &[(&StageState, &StageForecast)],
    asked: &[usize],
    (measure, predictive): Amount,
) -> Interval<f64> {
    let forecasts: Vec<Forecast> = stages
        .iter()
        .enumerate()
        .filter_map(|(n, (stage, forecast))| {
            let known = match (is_done(stage), asked.contains(&n)) {
                (true, _) => Known::Exactly(measure.log(&stage.used())),
                (false, true) => Known::Nothing,
                (false, false) => return None,
            };
            Some(measure.forecast(predictive(forecast), known))
        })
        .collect();
    Plays::new(PLAYS, forecasts.iter().map(Forecast::is_finished)).total(&forecasts)
}

fn is_done(stage: &StageState) -> bool {
    stage.phase == StagePhase::Good && stage.cost() > Usd::ZERO
}
