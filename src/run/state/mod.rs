//! The state of a run: what is known of it?
//! Plain data: what events make of it is in `rules/fold`, what follows from it in `rules/next`, what can be read off it in `queries`.

mod attempt;
mod of_stage;
mod queries;
mod redone;
mod snapshots;

pub use attempt::{Attempt, AttemptOutcome, Paused, WaitedForWorker};
pub use queries::{Judgement, StageUse, WorkerWait};
pub use redone::Redone;
pub(in crate::run) use snapshots::SNAPSHOT_WORDS;
pub use snapshots::{SnapshotEntry, SnapshotFate};

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    Again, AgentInfo, Asked, Changes, Delivered, FeatureEnd, FirstTry, GateId, MergePreview, Note,
    OpenGate, Outcome, PersonId, RULES, Raise, Refusal, Request, RequestId, Retried, Retry, Rework,
    RollbackTo, RolledBack, Sandboxing, SideRun, Snapshot, Stage, StageEstimate, StartingPoint,
    Verdict, Via,
};

/// A run as its events tell it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub request: Request,
    /// Version of the rules it runs by.
    pub rules: u32,
    /// Number of the newest event; 0 while no worker took the run on.
    pub seq: u64,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Where it began in the project's repository.
    #[serde(default)]
    pub start: Option<StartingPoint>,
    pub stages: Vec<StageState>,
    /// How the runs of a batch's features ended, by their numbers from 1.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub features: BTreeMap<usize, FeatureEnd>,
    /// When the last of them was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub developed_at: Option<DateTime<Utc>>,
    /// What merging them will be like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<MergePreview>,
    pub gate: Option<OpenGate>,
    /// Decisions that were taken, in order.
    pub decisions: Vec<Decided>,
    /// Rollbacks, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rollbacks: Vec<RolledBack>,
    /// What people said that is for the next attempt, in order.
    pub notes: Vec<Note>,
    /// Requests that were taken and are no decisions: notes, extensions, snoozes.
    pub taken: Vec<(RequestId, Verdict)>,
    /// Decisions that lost a race.
    pub refused: Vec<(RequestId, Refusal)>,
    /// The newest agent that wrote.
    pub agent: Option<AgentInfo>,
    pub sandboxing: Option<Sandboxing>,
    pub delivered: Option<Delivered>,
    pub outcome: Option<Outcome>,
    /// Why it ended so; none where it went well.
    pub why: Option<String>,
}

/// What a run is doing, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Starting,
    Running,
    Waiting,
    Done,
    Failed,
    Rejected,
    Stopped,
}

impl Phase {
    /// The word for it, in JSON, in Temporal and in threads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Stopped => "stopped",
        }
    }
}

/// A stage and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageState {
    pub stage: Stage,
    pub phase: StagePhase,
    pub attempts: Vec<Attempt>,
    /// How often it has asked for approval.
    pub rounds: u32,
    /// Questions about its work that were asked and are closed, in order.
    pub asked: Vec<Asked>,
    /// Questions about money, the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_for_money: Vec<Asked>,
    /// Questions of what becomes of it after it has failed.
    #[serde(default)]
    pub asked_to_recover: Vec<Asked>,
    /// Tries that people asked for then, in order.
    #[serde(default)]
    pub retries: Vec<Retried>,
    /// Changes that were asked for, in order.
    pub changes: Vec<Changes>,
    pub missed_deadline: bool,
    /// By which attempt it was seen whether what has to pass fails at first, and what came of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<(u32, FirstTry)>,
    /// The runs that did it beside other stages, in order; the newest counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub side_runs: Vec<SideRun>,
    /// Where it begins once more, after a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redone: Option<Redone>,
    /// What was said when it began that it will probably use.
    #[serde(default)]
    pub estimate: Option<StageEstimate>,
    /// The kept work.
    pub snapshot: Option<Snapshot>,
    pub why: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// What a stage is doing, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StagePhase {
    Todo,
    Running,
    Waiting,
    Good,
    Failed,
    Undone,
}

/// A decision that was taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decided {
    pub request: RequestId,
    pub gate: Option<GateId>,
    pub verdict: Verdict,
    pub by: PersonId,
    pub via: Via,
    pub words: Option<String>,
    /// Of asked-for changes.
    pub rework: Rework,
    /// Of more money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raise: Option<Raise>,
    /// Of another try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// To which work the run went back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackTo>,
    pub at: DateTime<Utc>,
    /// How long the question had been open, in seconds; 0 for a stop.
    pub waited_seconds: u64,
}

impl Run {
    /// A run that was asked for and that no worker took on yet.
    #[must_use]
    pub fn starting(request: Request) -> Self {
        let notes = request.notes.clone();
        let stages = request.pipeline.stages.iter().cloned().map(StageState::todo);
        let stages = stages.map(|stage| stage.taken_over(request.again.as_ref())).collect();
        Self {
            request,
            rules: RULES,
            seq: 0,
            started_at: None,
            ended_at: None,
            start: None,
            stages,
            features: BTreeMap::new(),
            developed_at: None,
            preview: None,
            gate: None,
            decisions: Vec::new(),
            rollbacks: Vec::new(),
            notes,
            taken: Vec::new(),
            refused: Vec::new(),
            agent: None,
            sandboxing: None,
            delivered: None,
            outcome: None,
            why: None,
        }
    }
}

impl StageState {
    /// The same, good already where that was taken over from another run.
    fn taken_over(mut self, again: Option<&Again>) -> Self {
        let mut kept = again.into_iter().flat_map(|again| &again.kept);
        if let Some(kept) = kept.find(|kept| kept.stage == self.stage.name) {
            self.phase = StagePhase::Good;
            self.snapshot = Some(kept.snapshot.clone());
        }
        self
    }

    pub(super) const fn todo(stage: Stage) -> Self {
        Self {
            stage,
            phase: StagePhase::Todo,
            attempts: Vec::new(),
            rounds: 0,
            asked: Vec::new(),
            asked_for_money: Vec::new(),
            asked_to_recover: Vec::new(),
            retries: Vec::new(),
            changes: Vec::new(),
            missed_deadline: false,
            tried: None,
            side_runs: Vec::new(),
            redone: None,
            estimate: None,
            snapshot: None,
            why: None,
            started_at: None,
            ended_at: None,
        }
    }

    /// The run ended in the middle of it, because an operator cancelled the workflow. What had ended already stays as it is.
    pub(super) fn break_off(&mut self, at: DateTime<Utc>) {
        if matches!(self.phase, StagePhase::Running | StagePhase::Waiting) {
            self.phase = StagePhase::Undone;
            self.ended_at = Some(at);
        }
        for attempt in self.attempts.iter_mut().filter(|a| a.outcome == AttemptOutcome::Running) {
            attempt.outcome = AttemptOutcome::Stopped;
        }
    }
}
