//! Side runs: which run does a stage of another run, beside others of its stages?
//! It begins with what that run has so far, and what it makes is merged by that run's own stage, like a feature of a batch. Nobody is asked in
//! it for anything but money: approvals and failures are its run's.

use serde::{Deserialize, Serialize};

use super::{Batch, BatchMember, FeatureEnd};
use crate::run::{
    Again, KeptStage, Pipeline, Request, Run, RunId, Stage, StageName, StagePhase, StageState,
};

/// That a stage is done by a run of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRun {
    pub stage: StageName,
    pub run: RunId,
}

/// A run that does a stage, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideRun {
    pub run: RunId,
    /// Of so many that began at once, and share what money there was.
    pub of: usize,
    /// None while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<FeatureEnd>,
    /// Whether the run went back to work from before it: what it makes counts for nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_left_behind: bool,
}

impl StageState {
    /// The run that does it beside other stages, or did; none where it is done in its turn.
    #[must_use]
    pub fn side_run(&self) -> Option<&SideRun> {
        self.side_runs.last().filter(|it| !it.is_left_behind)
    }

    /// How the runs ended that did it beside others, whatever became of their work.
    pub(in crate::run) fn side_ends(&self) -> impl Iterator<Item = &FeatureEnd> {
        self.side_runs.iter().filter_map(|it| it.end.as_ref())
    }
}

impl Request {
    /// Whether it does a stage of another run.
    #[must_use]
    pub fn is_side_run(&self) -> bool {
        self.part_of.as_ref().is_some_and(|member| member.is_stage)
    }
}

impl Run {
    /// What is asked of the run that does the stage of this number, from 1, beside others; none where no run does.
    pub(in crate::run) fn side_request(&self, n: usize) -> Option<Request> {
        let stage = self.stages.get(n.checked_sub(1)?)?;
        let SideRun { run, of, .. } = stage.side_runs.last()?;
        let kept: Vec<KeptStage> = self.stages_good().filter_map(|it| self.kept(it)).collect();
        let mut own = self.stages_good().map(|it| it.stage.clone()).collect::<Vec<Stage>>();
        own.push(alone(&stage.stage, Batch::ports(self.id(), n)));
        let member = BatchMember {
            batch: self.id().clone(),
            is_stage: true,
            n,
            of: self.stages.len(),
            slug: stage.name().clone(),
        };
        let begins = Again { run: self.id().clone(), kept, origin: self.origin().cloned() };
        Some(Request {
            run: run.clone(),
            pipeline: Pipeline { stages: own, ..self.request.pipeline.clone() },
            budget_usd: self.left().map(|left| left.share(*of)),
            estimate: None,
            again: Some(begins).filter(|it| !it.kept.is_empty()),
            push_attempts: false,
            part_of: Some(member),
            ..self.request.clone()
        })
    }

    fn stages_good(&self) -> impl Iterator<Item = &StageState> {
        self.stages.iter().filter(|stage| stage.phase == StagePhase::Good)
    }
}

/// The same, where nobody is asked about it: it is judged once more, and asked about, where its work is merged.
fn alone(stage: &Stage, ports: String) -> Stage {
    let mut alone = Stage { gate: None, recovery: None, review: None, ..stage.clone() };
    alone.env.insert(Batch::PORTS_VARIABLE.to_owned(), ports);
    alone
}
