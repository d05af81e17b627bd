//! Two runs side by side: what came of each, and what did it take?
//! As a whole and by stage. The same stage by another model is compared by the same figures.

use serde::Serialize;

use super::{Diff, Phase, ProjectName, Run, RunId, StageName, StagePhase, StageState, Tests, Usd};

/// Two runs side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    pub runs: [RunFigures; 2],
    /// Those of the first, then those that only the second has.
    pub stages: Vec<StagePair>,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunFigures {
    pub run: RunId,
    pub project: ProjectName,
    pub phase: Phase,
    /// The model that wrote last.
    pub model: Option<String>,
    #[serde(flatten)]
    pub work: WorkFigures,
}

/// The same stage of both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StagePair {
    pub stage: StageName,
    /// None where a run has no such stage.
    pub of: [Option<StageFigures>; 2],
}

/// What a stage came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageFigures {
    pub state: StagePhase,
    /// It was taken over from another run, and cost nothing here.
    pub taken_over: bool,
    /// The model that somebody chose for it; none = the run's.
    pub model: Option<String>,
    #[serde(flatten)]
    pub work: WorkFigures,
}

/// What was done, and what it took.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WorkFigures {
    pub attempts: usize,
    pub tests: Option<Tests>,
    pub coverage_percent: Option<f64>,
    pub files: u32,
    pub added: u64,
    pub removed: u64,
    pub tokens: u64,
    pub cost_usd: Usd,
    /// Of work: waiting for people is left out.
    pub seconds: u64,
}

impl Comparison {
    #[must_use]
    pub fn of(first: &Run, second: &Run) -> Self {
        let runs = [first, second];
        let only_second = second.stages.iter().filter(|it| first.stage(it.name()).is_none());
        let stages = first.stages.iter().chain(only_second);
        Self {
            runs: runs.map(RunFigures::of),
            stages: stages
                .map(|stage| StagePair {
                    stage: stage.name().clone(),
                    of: runs.map(|run| run.stage(stage.name()).map(StageFigures::of)),
                })
                .collect(),
        }
    }
}

impl RunFigures {
    fn of(run: &Run) -> Self {
        let stages: Vec<WorkFigures> =
            run.stages.iter().map(|it| StageFigures::of(it).work).collect();
        let newest = stages.iter().rev();
        let mut work = WorkFigures {
            attempts: stages.iter().map(|it| it.attempts).sum(),
            tests: newest.clone().find_map(|it| it.tests),
            coverage_percent: newest.clone().find_map(|it| it.coverage_percent),
            tokens: stages.iter().map(|it| it.tokens).sum(),
            cost_usd: run.spent(),
            seconds: run.worked_seconds(),
            ..WorkFigures::default()
        };
        match &run.delivered {
            Some(delivered) => work.changes(&delivered.diff),
            // Until it is delivered, nobody has counted what all stages together changed.
            None => {
                for stage in &stages {
                    work.files = work.files.max(stage.files);
                    work.added = work.added.saturating_add(stage.added);
                    work.removed = work.removed.saturating_add(stage.removed);
                }
            }
        }
        Self {
            run: run.id().clone(),
            project: run.request.project.clone(),
            phase: run.phase(),
            model: run.agent.as_ref().and_then(|agent| agent.model.clone()),
            work,
        }
    }
}

impl StageFigures {
    fn of(stage: &StageState) -> Self {
        let shown = stage.good_attempt().or(stage.attempts.last());
        let mut work = WorkFigures {
            attempts: stage.attempts.len(),
            tests: shown.and_then(|attempt| attempt.tests),
            coverage_percent: shown.and_then(|attempt| attempt.coverage_percent),
            tokens: stage.tokens().total(),
            cost_usd: stage.cost(),
            seconds: stage.seconds(),
            ..WorkFigures::default()
        };
        if let Some(diff) = shown.and_then(|attempt| attempt.diff.as_ref()) {
            work.changes(diff);
        }
        Self {
            state: stage.phase,
            taken_over: stage.phase == StagePhase::Good && stage.attempts.is_empty(),
            model: stage.model().map(str::to_owned),
            work,
        }
    }
}

impl WorkFigures {
    const fn changes(&mut self, diff: &Diff) {
        (self.files, self.added, self.removed) = (diff.files, diff.added, diff.removed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::rules::tests::{Facts, RunDriver};

    fn run(names: &[&str], brought: &[Facts]) -> Run {
        let mut driver = RunDriver::with(names);
        for facts in brought {
            driver.brings(*facts);
        }
        driver.end();
        driver.run
    }

    #[test]
    fn each_stage_stands_beside_its_like_and_the_whole_is_their_sum() {
        let first = run(&["draft", "print"], &[Facts::Green, Facts::Green]);
        let second = run(&["draft", "polish"], &[Facts::Red, Facts::Green, Facts::Green]);
        let compared = Comparison::of(&first, &second);
        let there: Vec<_> = compared
            .stages
            .iter()
            .map(|it| {
                (
                    it.stage.as_str(),
                    it.of.each_ref().map(|of| of.as_ref().map(|of| of.work.attempts)),
                )
            })
            .collect();
        assert_eq!(
            there,
            [
                ("draft", [Some(1), Some(2)]),
                ("print", [Some(1), None]),
                ("polish", [None, Some(1)])
            ]
        );
        for (whole, run) in compared.runs.iter().zip([&first, &second]) {
            assert_eq!(whole.work.cost_usd, run.spent());
            let attempts: usize = run.stages.iter().map(|it| it.attempts.len()).sum();
            assert_eq!(whole.work.attempts, attempts);
        }
    }
}
