//! Side runs: which run does a stage of another run, beside others of its stages?
//! It begins with what that run has so far, and what it makes is merged by that run's own stage, like a feature of a batch. Nobody is asked in
//! it for anything but money: approvals and failures are its run's.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{BatchMember, FeatureEnd};
use crate::run::{
    Again, Approver, Attempt, AttemptOutcome, KeptStage, Note, Outcome, Pipeline, Request, Run,
    RunId, Snapshot, Stage, StageName, StagePhase, StageState, Usd,
};

/// The attempt that read what was said for stages beside each other: none of the run's own.
pub(in crate::run) const BESIDE: u32 = 0;

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
    /// When it was asked for.
    pub began_at: DateTime<Utc>,
    /// The newest good work then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Snapshot>,
    /// None while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<FeatureEnd>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// The attempts that merged what it made, or told that it made nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merges: Vec<u32>,
    /// Whether the run went back to work from before it: what it makes counts for nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_left_behind: bool,
}

impl SideRun {
    /// One of so many, which begin with this.
    pub(in crate::run) fn begun(
        run: RunId,
        of: usize,
        (began_at, base): (DateTime<Utc>, Option<Snapshot>),
    ) -> Self {
        let (end, ended_at, merges) = (None, None, Vec::new());
        Self { run, of, began_at, base, end, ended_at, merges, is_left_behind: false }
    }

    /// Whether it ended with work that can be merged.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.work.is_some() && end.outcome == Outcome::Done)
    }
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

    /// How often its agent tried, from behind the first of these attempts up to the other. What merges is no try of it; but where no worker
    /// can merge, that comes to an end too.
    #[must_use]
    pub fn tries(&self, began_after: u32, attempt: u32) -> u32 {
        attempt - began_after - u32::from(self.was_merge(began_after + 1))
    }

    /// Whether what follows this attempt is built on such a merge: that does not work yet, and is not gone back from.
    #[must_use]
    pub fn is_built_on_merge(&self, attempt: u32) -> bool {
        let merge = self.attempts.iter().find(|it| self.was_merge(it.n) && it.snapshot.is_some());
        let is_bad = |merge: &Attempt| merge.outcome == AttemptOutcome::Bad && merge.n <= attempt;
        merge.is_some_and(is_bad) && !self.changes.iter().any(|changes| changes.after < attempt)
    }

    /// Whether it only tells that such a run made nothing: nothing was done, and nothing spent.
    #[must_use]
    pub fn only_tells(&self, attempt: u32) -> bool {
        self.merged_by(attempt).is_some_and(|side| !side.is_good())
    }

    /// This attempt merges what the newest of them made.
    pub(in crate::run) fn begin_merge(&mut self, attempt: Attempt) {
        if let Some(side) = self.side_runs.last_mut() {
            side.merges.push(attempt.n);
        }
        self.attempts.push(attempt);
    }

    fn merged_by(&self, attempt: u32) -> Option<&SideRun> {
        self.side_runs.iter().find(|side| side.merges.contains(&attempt))
    }
}

impl Run {
    /// What it spent, with what these runs spent that are part of it and not over, as far as it knows.
    #[must_use]
    pub fn spent_with(&self, children: &[Self]) -> Usd {
        self.spent() + self.open_children(children).map(Self::spent).sum()
    }

    /// Those of these runs that are part of it and not over, as far as it knows.
    pub fn open_children<'a>(&self, children: &'a [Self]) -> impl Iterator<Item = &'a Self> {
        children.iter().filter(|child| self.is_open_child(child))
    }

    /// What people added to what it might spend at first.
    #[must_use]
    pub fn raised(&self) -> Usd {
        let added = self.budget().zip(self.request.budget_usd);
        added.map(|(now, first)| now.minus(first)).unwrap_or_default()
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
        own.push(Stage { budget_usd: self.left_of(stage), ..alone(&stage.stage) });
        let member = BatchMember {
            batch: self.id().clone(),
            is_stage: true,
            n,
            of: self.stages.len(),
            slug: stage.name().clone(),
        };
        let begins = Again { run: self.where_good_work_is(), kept, origin: self.origin().cloned() };
        Some(Request {
            run: run.clone(),
            pipeline: Pipeline { stages: own, ..self.request.pipeline.clone() },
            budget_usd: self.left().map(|left| left.share(*of)),
            estimate: None,
            again: Some(begins).filter(|it| !it.kept.is_empty()),
            push_attempts: false,
            approvers: self.named_once(),
            notes: self.notes_beside(),
            beyond_months: self.goes_beyond_months(),
            part_of: Some(member),
            ..self.request.clone()
        })
    }

    /// The run that has what is good so far: where this one did nothing itself yet, the one that it takes that over from.
    fn where_good_work_is(&self) -> RunId {
        let mut attempts = self.stages.iter().flat_map(|stage| &stage.attempts);
        let has_own = attempts.any(|attempt| attempt.base.is_some());
        let taken = self.request.takes_over().filter(|_| !has_own);
        taken.map_or(self.id(), |again| &again.run).clone()
    }

    /// Everybody whom the run names as an approver: gates that are not asked there say who may steer it all the same.
    fn named_once(&self) -> Vec<Approver> {
        let mut named = Vec::new();
        for approver in self.named() {
            if !named.contains(approver) {
                named.push(approver.clone());
            }
        }
        named
    }

    /// What people said that was for the stages which begin beside each other: the first of them stands for all.
    fn notes_beside(&self) -> Vec<Note> {
        let is_todo = |name: &StageName| {
            self.stage(name).is_some_and(|stage| stage.phase == StagePhase::Todo)
        };
        let is_for_them = |note: &&Note| {
            note.read_by.as_ref().is_some_and(|(first, n)| *n == BESIDE && is_todo(first))
        };
        let notes = self.notes.iter().filter(is_for_them);
        notes.map(|note| Note { read_by: None, message: None, ..note.clone() }).collect()
    }

    fn stages_good(&self) -> impl Iterator<Item = &StageState> {
        self.stages.iter().filter(|stage| stage.phase == StagePhase::Good)
    }
}

/// The same, where nobody is asked about it: it is judged once more, and asked about, where its work is merged.
fn alone(stage: &Stage) -> Stage {
    Stage { gate: None, recovery: None, review: None, ..stage.clone() }
}

#[cfg(test)]
mod tests;
