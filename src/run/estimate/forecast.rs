//! The sum of stages: what do they come to together?
//! By playing the run many times. A Latin hypercube: each stage goes once through all of its equally likely outcomes, so that few
//! plays are enough, and one stage alone is exact. In what order it goes is drawn, from a seed that never changes.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;

use super::common_factor::CommonFactor;
use super::interval::Interval;
use super::normal;
use super::posterior::Predictive;
use super::{SoFar, StageHistory};

/// No logarithm goes beyond; the largest amount of money has 43.7.
const MOST: f64 = 44.0;

/// One stage of the run that is played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forecast {
    pub predictive: Predictive,
    pub known: Known,
    /// The least logarithm that is believed.
    pub least: f64,
}

/// What is known of its logarithm.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known {
    Nothing,
    AtLeast(f64),
    Exactly(f64),
}

/// How each stage comes out in each play: for each stage the same outcomes, equally likely normal values, in an order of its own.
pub(super) struct Plays(Vec<Vec<f64>>);

impl Plays {
    /// An even number of plays, of a run with these stages.
    pub(super) fn of(plays: usize, stages: &[StageHistory]) -> Self {
        let is_finished = |stage: &StageHistory| matches!(stage.so_far, SoFar::Finished(_));
        Self::new(plays, stages.iter().map(is_finished))
    }

    /// The same, by whether each stage is finished.
    pub(super) fn new(plays: usize, finished: impl Iterator<Item = bool> + Clone) -> Self {
        let outcomes = outcomes(plays);
        // How much of the common part is left does not depend on how the finished stages came out.
        let known = finished.clone().filter(|is_finished| *is_finished);
        let factor = known.fold(CommonFactor::UNKNOWN, |factor, _| factor.after(0.0));
        let common = shuffled(&outcomes, 0);
        let of_stage = |(_, place)| {
            let parts = common.iter().zip(shuffled(&outcomes, place));
            let together = parts.map(|(common, own)| factor.together(*common, own)).collect();
            in_order_of(together, &outcomes)
        };
        Self(finished.zip(1..).map(of_stage).collect())
    }

    /// What the unfinished stages come to; finished ones say only what kind of run it is.
    pub(super) fn total(&self, stages: &[Forecast]) -> Interval<f64> {
        let factor = stages.iter().fold(CommonFactor::UNKNOWN, learn);
        let mut totals = vec![0.0; self.0.first().map_or(1, Vec::len)];
        for (stage, outcomes) in
            stages.iter().zip(&self.0).filter(|(stage, _)| !stage.is_finished())
        {
            for (total, z) in totals.iter_mut().zip(outcomes) {
                *total += amount(stage, factor, *z);
            }
        }
        totals.sort_by(f64::total_cmp);
        let at = |tenths: usize| totals[totals.len() * tenths / 10];
        Interval { low: at(1), middle: at(5), high: at(9) }
    }
}

/// So many, in rising order.
#[expect(clippy::cast_precision_loss, reason = "thousands are exact in a float")]
fn outcomes(plays: usize) -> Vec<f64> {
    let at = |play: usize| normal::quantile_above(1.0 - (play as f64 + 0.5) / plays as f64);
    let lower: Vec<f64> = (0..plays / 2).map(at).collect();
    lower.iter().copied().chain(lower.iter().rev().map(|z| -z)).collect()
}

/// In the order of this place: that of a stage stays when another stage finishes.
fn shuffled(outcomes: &[f64], place: u64) -> Vec<f64> {
    let mut outcomes = outcomes.to_vec();
    outcomes.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(place));
    outcomes
}

/// The outcomes, the lowest where `values` is lowest (Iman and Conover 1982).
fn in_order_of(values: Vec<f64>, outcomes: &[f64]) -> Vec<f64> {
    let mut values: Vec<(f64, usize)> = values.into_iter().zip(0..).collect();
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut ordered = vec![0.0; outcomes.len()];
    for ((_, play), outcome) in values.into_iter().zip(outcomes) {
        ordered[play] = *outcome;
    }
    ordered
}

impl Forecast {
    pub(super) const fn is_finished(&self) -> bool {
        matches!(self.known, Known::Exactly(_))
    }
}

fn learn(factor: CommonFactor, stage: &Forecast) -> CommonFactor {
    match stage.known {
        Known::Exactly(log) => factor.after(stage.predictive.z_of(log)),
        Known::Nothing | Known::AtLeast(_) => factor,
    }
}

/// What a stage uses whose outcome, among all that are possible, is as likely as the normal `z`.
fn amount(stage: &Forecast, factor: CommonFactor, z: f64) -> f64 {
    let log_at = |z| stage.predictive.log_at(factor.scaled(z));
    let log = match stage.known {
        Known::Exactly(log) => log,
        Known::Nothing => log_at(z),
        Known::AtLeast(least) => {
            let z_of_least = factor.unscaled(stage.predictive.z_of(least));
            let above = normal::quantile_above(normal::tail(z_of_least) * normal::tail(z));
            log_at(above).max(least)
        }
    };
    libm::exp(log.clamp(stage.least, MOST))
}
