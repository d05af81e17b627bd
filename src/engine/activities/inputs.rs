//! The inputs of activities: what is one told that it does for a run?
//! They stand in histories: what is added later has a default, and older workers read past it.

use std::ops::Not;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::agent_choice::Origin;
use super::handover::Handover;
use crate::run::{
    Again, AgentSpec, Compare, Digest, Event, Guard, HandBranch, MergeStep, Plan, Remark, Request,
    ReviewPlan, Run, RunId, SlotRequest, Snapshot, Stage, StageName, TaskPart, Usd, Watched, Work,
};

/// Events to keep, as the workflow wrote them: a worker of an older version may be the one that keeps them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordInput {
    pub run: RunId,
    pub events: Vec<Value>,
    /// With the first of them: what the door asked for, which is recorded only if it was one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Value>,
    /// The attempt that asks for a slot at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<SlotRequest>,
}

impl RecordInput {
    pub(in crate::engine) fn new(run: RunId, events: &[Event], start: Option<Value>) -> Self {
        Self { run, events: events.iter().map(|event| json!(event)).collect(), start, asks: None }
    }

    pub(in crate::engine) fn asking(self, asks: Option<SlotRequest>) -> Self {
        Self { asks, ..self }
    }
}

/// What came as decisions, as it came: which of them are a door's?
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthenticateInput {
    pub run: RunId,
    pub decisions: Vec<Value>,
}

/// An attempt that was lost, and what is known of what it spent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SpentInput {
    pub run: RunId,
    pub stage: StageName,
    pub attempt: u32,
    pub known: Handover,
}

/// What an agent is to write.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a term of the run, and stands in histories"
)]
pub struct WriteInput {
    pub run: RunId,
    pub stage: Stage,
    pub attempt: u32,
    pub base: Option<Snapshot>,
    #[serde(default)]
    pub compare: Compare,
    /// What was approved that this builds on.
    #[serde(default)]
    pub guard: Option<Guard>,
    #[serde(default)]
    pub remarks: Vec<Remark>,
    pub feedback: Option<String>,
    pub budget_left_usd: Option<Usd>,
    pub pipeline: Digest,
    pub agent: AgentSpec,
    pub brief: String,
    pub rehearsal: bool,
    pub repository: Option<String>,
    #[serde(default)]
    pub start_branch: Option<String>,
    /// Whether it may stand still where it has to wait, instead of failing.
    #[serde(default)]
    pub may_pause: bool,
    #[serde(default)]
    pub watched: Watched,
    /// The run that it does once more, where it begins with that one's work.
    #[serde(default)]
    pub again: Option<Again>,
    /// Whether its work is pushed to the repository.
    #[serde(default)]
    pub push_attempts: bool,
    /// Whether a worker that lacks something may say so, instead of failing the attempt.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub may_hand_back: bool,
    /// How far it was when the workers before handed it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Handover>,
    /// Instead of an agent's work, what is on this branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<HandBranch>,
    /// Not its whole task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<TaskPart>,
    /// Instead of an agent's work, this is put together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeStep>,
    /// Files in which no marks of a conflict may be left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resolves: Vec<String>,
}

impl WriteInput {
    pub(in crate::engine) fn new(request: &Request, plan: &Plan) -> Self {
        Self {
            base: plan.base.clone(),
            compare: plan.compare.clone(),
            guard: plan.guard.clone(),
            remarks: plan.remarks.clone(),
            feedback: plan.feedback.clone(),
            budget_left_usd: plan.budget_left_usd,
            may_pause: request.money.is_some(),
            watched: plan.watched,
            again: request.takes_over().cloned(),
            push_attempts: request.push_attempts,
            by_hand: plan.by_hand.clone(),
            part: plan.part.clone(),
            merge: plan.merge.clone(),
            resolves: plan.resolves.clone(),
            ..Self::of(request, (&plan.stage, plan.attempt), plan.model.clone())
        }
    }

    /// For who only reads the work of an attempt, which is what it begins with.
    pub(in crate::engine) fn reading(request: &Request, plan: &ReviewPlan) -> Self {
        Self {
            base: Some(plan.snapshot.clone()),
            remarks: plan.remarks.clone(),
            budget_left_usd: plan.allowance,
            ..Self::of(request, (&plan.stage, plan.attempt), plan.model.clone())
        }
    }

    /// An attempt that begins with what is found, and knows of nothing before it.
    fn of(request: &Request, (stage, attempt): (&Stage, u32), model: Option<String>) -> Self {
        let model = model.or_else(|| request.pipeline.agent.model.clone());
        Self {
            run: request.run.clone(),
            stage: stage.clone(),
            attempt,
            base: None,
            compare: Compare::default(),
            guard: None,
            remarks: Vec::new(),
            feedback: None,
            budget_left_usd: None,
            pipeline: request.pipeline.digest.clone(),
            agent: AgentSpec { model, ..request.pipeline.agent.clone() },
            brief: request.brief.clone(),
            rehearsal: request.rehearsal,
            repository: request.repository.clone(),
            start_branch: request.start_branch.clone(),
            may_pause: false,
            watched: Watched::default(),
            again: None,
            push_attempts: false,
            may_hand_back: request.waits_for_workers,
            handover: None,
            by_hand: None,
            part: None,
            merge: None,
            resolves: Vec::new(),
        }
    }
}

impl WriteInput {
    pub(super) fn origin(&self) -> Origin<'_> {
        Origin { repository: self.repository.as_deref(), pipeline: Some(&self.pipeline) }
    }
}

/// Which snapshot the checks judge.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckInput {
    pub run: RunId,
    pub stage: Stage,
    pub attempt: u32,
    pub snapshot: Snapshot,
    /// What the attempt started from: where setup fails, that says whose fault it is.
    #[serde(default)]
    pub base: Option<Snapshot>,
    /// The good attempt before, whose tests should still be there.
    #[serde(default)]
    pub compare_with: Option<(StageName, u32)>,
    /// What the stage began with; none = the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_base: Option<Snapshot>,
    /// The good attempt that made that, where the same checks judged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_tests: Option<(StageName, u32)>,
    /// None where a workflow of an older version did not say it.
    #[serde(default)]
    pub pipeline: Option<Digest>,
    #[serde(default)]
    pub repository: Option<String>,
    /// Whether a worker that lacks something may say so, instead of failing the attempt.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub may_hand_back: bool,
}

impl CheckInput {
    pub(super) fn origin(&self) -> Origin<'_> {
        Origin { repository: self.repository.as_deref(), pipeline: self.pipeline.as_ref() }
    }

    /// The same, with where the code comes from.
    pub(in crate::engine) fn of(self, request: &Request) -> Self {
        let (pipeline, repository) =
            (Some(request.pipeline.digest.clone()), request.repository.clone());
        Self { pipeline, repository, may_hand_back: request.waits_for_workers, ..self }
    }

    pub(in crate::engine) fn new(run: RunId, plan: &Plan, work: &Work) -> Self {
        Self {
            run,
            stage: plan.stage.clone(),
            attempt: plan.attempt,
            snapshot: work.snapshot.clone(),
            base: Some(work.base.clone()),
            compare_with: plan.compare.tests.clone(),
            stage_base: plan.compare.stage_base.clone(),
            base_tests: plan.compare.base_tests.clone(),
            pipeline: None,
            repository: None,
            may_hand_back: false,
        }
    }
}

/// What is the result, and where should it go.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeliverInput {
    pub run: RunId,
    /// The repository as it was found: the result's diff is against it.
    pub origin: Option<Snapshot>,
    pub snapshot: Snapshot,
    pub branch: String,
    pub repository: Option<String>,
    pub push: bool,
    /// What was approved; none where nobody had to.
    #[serde(default)]
    pub guard: Option<Guard>,
    pub pipeline: Digest,
    /// Whether a worker that lacks something may say so, instead of failing.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub may_hand_back: bool,
}

impl DeliverInput {
    /// Without a push and without a guard.
    pub(in crate::engine) fn new(run: &Run, snapshot: Snapshot) -> Self {
        Self {
            run: run.id().clone(),
            origin: run.origin().cloned(),
            snapshot,
            branch: run.request.branch(),
            repository: run.request.repository.clone(),
            push: false,
            guard: None,
            pipeline: run.request.pipeline.digest.clone(),
            may_hand_back: false,
        }
    }
}
