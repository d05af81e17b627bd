//! Side runs: which run does a stage of another run, beside others of its stages?
//! It begins with what that run has so far, and what it makes is merged by that run's own stage, like a feature of a batch. Nobody is asked in
//! it for anything but money: approvals and failures are its run's.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Batch, BatchMember, FeatureEnd};
use crate::run::{
    Again, Attempt, KeptStage, Outcome, Pipeline, Request, Run, RunId, Stage, StageName,
    StagePhase, StageState, Usd,
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
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// The attempt that merged what it made, or told that it made nothing; none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_by: Option<u32>,
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

impl SideRun {
    /// One of so many.
    pub(in crate::run) const fn begun(run: RunId, of: usize) -> Self {
        Self { run, of, end: None, ended_at: None, merged_by: None, is_left_behind: false }
    }

    /// Whether it ended with work that can be merged.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.work.is_some() && end.outcome == Outcome::Done)
    }
}

impl StageState {
    /// Whether it only has to be merged: a run did it beside others, and that is paid.
    #[must_use]
    pub fn is_to_be_merged(&self) -> bool {
        self.phase == StagePhase::Todo && self.side_run().is_some_and(SideRun::is_good)
    }

    /// Whether this attempt merged what a run made beside others, whatever became of that since.
    #[must_use]
    pub fn was_merge(&self, attempt: u32) -> bool {
        self.merged_by(attempt).is_some_and(SideRun::is_good)
    }

    /// Whether it only tells that such a run made nothing: nothing was done, and nothing spent.
    #[must_use]
    pub fn only_tells(&self, attempt: u32) -> bool {
        self.merged_by(attempt).is_some_and(|side| !side.is_good())
    }

    /// This attempt merges what the newest of them made.
    pub(in crate::run) fn begin_merge(&mut self, attempt: Attempt) {
        if let Some(side) = self.side_runs.last_mut() {
            side.merged_by = Some(attempt.n);
        }
        self.attempts.push(attempt);
    }

    fn merged_by(&self, attempt: u32) -> Option<&SideRun> {
        self.side_runs.iter().find(|side| side.merged_by == Some(attempt))
    }
}

impl Run {
    /// What it spent, with what these runs spent that are part of it and not over, as far as it knows.
    #[must_use]
    pub fn spent_with(&self, children: &[Self]) -> Usd {
        let open = children.iter().filter(|child| self.is_open_child(child));
        self.spent() + open.map(Self::spent).sum()
    }

    fn is_open_child(&self, child: &Self) -> bool {
        let member = child.request.part_of.as_ref().filter(|member| member.batch == *self.id());
        let mut sides = self.stages.iter().flat_map(|stage| &stage.side_runs);
        member.is_some_and(|member| {
            if member.is_stage {
                sides.any(|side| side.run == *child.id() && side.end.is_none())
            } else {
                !self.features.contains_key(&member.n)
            }
        })
    }

    /// What the runs had spent by then that are part of it and over.
    #[must_use]
    pub fn spent_on_children_by(&self, at: DateTime<Utc>) -> Usd {
        let sides = self.stages.iter().flat_map(|stage| &stage.side_runs);
        let later = sides.filter(|side| side.ended_at.is_some_and(|ended| ended > at));
        let later: Usd = later.filter_map(|side| Some(side.end.as_ref()?.cost_usd)).sum();
        self.spent_on_children().minus(later)
    }
}

impl Request {
    /// Whether it does a stage of another run.
    #[must_use]
    pub fn is_side_run(&self) -> bool {
        self.part_of.as_ref().is_some_and(|member| member.is_stage)
    }

    /// The run that it does a stage of, else itself.
    #[must_use]
    pub fn whole(&self) -> &RunId {
        let whole = self.part_of.as_ref().filter(|member| member.is_stage);
        whole.map_or(&self.run, |member| &member.batch)
    }

    /// The run that is done once more. What does a stage of another run begins with that one's work, and does nothing once more.
    #[must_use]
    pub fn does_again(&self) -> Option<&Again> {
        self.again.as_ref().filter(|_| !self.is_side_run())
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
