//! The estimate of a run before it begins: what did earlier ones use, stage by stage?

use serde::{Deserialize, Serialize};

use super::{Estimate, Sample, SoFar, StageForecast, StageHistory, estimate};
use crate::run::{Request, Run, Stage, StagePhase, StageState, Usd};

/// So many runs of a project tell enough; below that, those of other projects by the same pipeline count too.
const ENOUGH: usize = 5;

/// What was estimated of a run when it was asked for. It stands in its first event, so that everybody sees what was said then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEstimate {
    pub whole: Estimate,
    /// The middle of each stage, in their order.
    pub stages: Vec<Usd>,
    /// What each stage's own estimate is made from when it begins; none in runs of older versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forecasts: Vec<StageForecast>,
}

impl RunEstimate {
    /// Of what a run has still to do, by `earlier` runs of its pipeline that are over, the newest first; rehearsals are left out.
    #[must_use]
    pub fn of_request(request: &Request, earlier: &[Run]) -> Self {
        let real: Vec<&Run> = earlier.iter().filter(|run| !run.request.rehearsal).collect();
        let own: Vec<&Run> =
            real.iter().copied().filter(|run| run.request.project == request.project).collect();
        let similar = if own.len() >= ENOUGH { own } else { real };
        let stages: Vec<StageHistory> =
            request.pipeline.stages.iter().map(|stage| history(stage, &similar)).collect();
        let middle = |stage: &StageHistory| estimate(std::slice::from_ref(stage), 1.0).cost.middle;
        let is_done = |stage: &Stage| {
            let mut kept = request.again.iter().flat_map(|again| &again.kept);
            kept.any(|kept| kept.stage == stage.name)
        };
        let open = request.pipeline.stages.iter().zip(&stages);
        let open = open.filter(|(stage, _)| !is_done(stage)).map(|(_, history)| history.clone());
        let open: Vec<StageHistory> = open.collect();
        Self {
            whole: estimate(&open, 1.0),
            stages: stages.iter().map(middle).collect(),
            forecasts: stages.iter().map(StageForecast::of).collect(),
        }
    }

    /// A budget that most runs keep: three times the middle. None where it is not known from any run.
    #[must_use]
    pub fn budget(&self) -> Option<Usd> {
        let middle = self.whole.cost.middle;
        let three = Usd::from_nanos(middle.nanos().saturating_mul(3));
        (self.whole.runs > 0).then_some(three)
    }
}

fn history(stage: &Stage, similar: &[&Run]) -> StageHistory {
    let samples = similar.iter().filter_map(|run| sample(run.stage(&stage.name)?));
    StageHistory { size: stage.size, samples: samples.collect(), so_far: SoFar::Waiting }
}

/// None of a stage that never began.
fn sample(stage: &StageState) -> Option<Sample> {
    let used = stage.used();
    let began = used.cost > Usd::ZERO;
    began.then_some(Sample { used, whole: stage.phase == StagePhase::Good })
}

impl Run {
    /// What the stages that nobody has begun will probably cost, as it was known when the newest began; none where nothing was estimated.
    #[must_use]
    pub fn estimated_rest(&self) -> Option<Usd> {
        let begun = self.stages.iter().rev().find(|stage| stage.phase != StagePhase::Todo);
        if let Some(newest) = begun.and_then(|stage| stage.estimate) {
            return Some(newest.rest);
        }
        let estimate = self.request.estimate.as_ref()?;
        let open = self.stages.iter().zip(&estimate.stages);
        let rest =
            open.filter(|(stage, _)| stage.phase == StagePhase::Todo && !stage.is_to_be_merged());
        Some(rest.map(|(_, middle)| *middle).sum())
    }
}
