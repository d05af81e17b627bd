//! The chart of a run: which bars has it?

use super::{StageBar, StageChart};
use crate::run::{Run, StagePhase, StageState, StageUse};
use crate::thread::figures;
use crate::thread::table::worked;

impl<'r> StageChart<'r> {
    /// Of the stages that were begun; none while the run goes on, or where nothing was begun.
    #[must_use]
    pub fn of(run: &'r Run) -> Option<Self> {
        let bars: Vec<StageBar<'r>> =
            worked(run).map(|(_, stage, used)| bar(stage, used)).collect();
        (run.outcome.is_some() && !bars.is_empty()).then(|| Self {
            title: run.request.project.as_str(),
            cost: run.spent().to_string(),
            time: figures::span(worked(run).map(|(.., used)| used.seconds).sum()),
            bars,
        })
    }
}

fn bar(stage: &StageState, StageUse { cost, seconds, .. }: StageUse) -> StageBar<'_> {
    StageBar {
        name: stage.name().as_str(),
        cost_nanos: cost.nanos(),
        cost: cost.to_string(),
        seconds,
        time: figures::span(seconds),
        trouble: match stage.phase {
            StagePhase::Failed => Some("failed"),
            StagePhase::Undone => Some("not kept"),
            _ => None,
        },
    }
}
