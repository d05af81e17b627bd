//! The chart of a run: which bars has it?

use super::{StageBar, StageChart};
use crate::run::{Run, StagePhase, StageState};
use crate::thread::figures;

impl<'r> StageChart<'r> {
    /// Of the stages that were begun; none while the run goes on, or where nothing was begun.
    #[must_use]
    pub fn of(run: &'r Run) -> Option<Self> {
        let begun = run.stages.iter().filter(|stage| !stage.attempts.is_empty());
        let bars: Vec<StageBar<'r>> = begun.map(bar).collect();
        (run.outcome.is_some() && !bars.is_empty()).then(|| Self {
            title: run.request.project.as_str(),
            cost: run.spent().to_string(),
            time: figures::span(run.worked_seconds()),
            bars,
        })
    }
}

fn bar(stage: &StageState) -> StageBar<'_> {
    StageBar {
        name: stage.name().as_str(),
        cost_nanos: stage.cost().nanos(),
        cost: stage.cost().to_string(),
        seconds: stage.seconds(),
        time: figures::span(stage.seconds()),
        trouble: match stage.phase {
            StagePhase::Failed => Some("failed"),
            StagePhase::Undone => Some("not kept"),
            _ => None,
        },
    }
}
