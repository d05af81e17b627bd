//! The state of a run: what is known of it?
//! Plain data: what events make of it is in `rules/fold`, what follows from it in `rules/next`, what can be read off it in `queries`.

mod queries;
mod redone;
mod snapshots;

pub use queries::{Judgement, WorkerWait};
pub use redone::Redone;
pub use snapshots::{SnapshotEntry, SnapshotFate};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::rules::seconds_between;
use super::{
    Again, AgentInfo, Asked, AttemptBranch, Changes, Delivered, Diff, GateId, Note, OpenGate,
    Outcome, Pause, PersonId, RULES, Raise, RedGreen, Refusal, Remark, Request, RequestId, Retried,
    Retry, Rework, RollbackTo, RolledBack, Sandboxing, Snapshot, Stage, StageEstimate,
    StartingPoint, Tests, TestsChanged, Tokens, Trouble, Usd, Verdict, Via, Workplace,
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

/// One try at a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub n: u32,
    pub outcome: AttemptOutcome,
    pub why: Option<String>,
    pub feedback: Option<String>,
    pub trouble: Option<Trouble>,
    /// What it was made from.
    pub base: Option<Snapshot>,
    /// What it made; kept only if the attempt is good.
    pub snapshot: Option<Snapshot>,
    /// All that the stage changed.
    pub diff: Option<Diff>,
    pub since_round: Option<Diff>,
    pub since_approved: Option<Diff>,
    pub tests: Option<Tests>,
    pub coverage_percent: Option<f64>,
    pub tests_changed: Option<TestsChanged>,
    /// Whether its new tests can fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red_green: Option<RedGreen>,
    /// What is wrong with the reports of its checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports: Option<String>,
    /// Where it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workplace: Option<Workplace>,
    pub tokens: Tokens,
    pub cost_usd: Usd,
    pub seconds: u64,
    pub words: Option<String>,
    /// Where its work was pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<AttemptBranch>,
    /// Into which parts its agent split the task; this is the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// What people had said that this attempt read.
    pub remarks: Vec<Remark>,
    pub started_at: DateTime<Utc>,
    /// Why it stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// How long it stood still before.
    #[serde(default)]
    pub paused_seconds: u64,
    /// When it last waited for a worker, until one could go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<WaitedForWorker>,
}

/// A wait for a worker that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitedForWorker {
    pub why: String,
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// An attempt that stands still.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paused {
    pub pause: Pause,
    pub since: DateTime<Utc>,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    Running,
    Good,
    Bad,
    /// Its workers died and nobody could take over.
    Lost,
    Stopped,
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
            gate: None,
            decisions: Vec::new(),
            rollbacks: Vec::new(),
            notes: Vec::new(),
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

impl Attempt {
    #[must_use]
    pub const fn is_over(&self) -> bool {
        !matches!(self.outcome, AttemptOutcome::Running)
    }

    /// Whether it stands still until a person says if it spends on.
    #[must_use]
    pub fn waits_for_a_person(&self) -> bool {
        self.paused.as_ref().is_some_and(|paused| paused.pause.is_for_a_person())
    }

    pub(super) fn resume(&mut self, at: DateTime<Utc>) {
        if let Some(Paused { pause, since }) = self.paused.take() {
            self.paused_seconds += seconds_between(since, at);
            if let Pause::Worker { why, .. } = pause {
                self.waited = Some(WaitedForWorker { why, since, until: at });
            }
            if self.outcome == AttemptOutcome::Running {
                // What was kept meanwhile is not its work: it writes on, and is paid for that.
                (self.snapshot, self.diff) = (None, None);
                (self.since_round, self.since_approved) = (None, None);
            }
        }
    }

    pub(super) const fn running(n: u32, remarks: Vec<Remark>, started_at: DateTime<Utc>) -> Self {
        Self {
            n,
            outcome: AttemptOutcome::Running,
            why: None,
            feedback: None,
            trouble: None,
            base: None,
            snapshot: None,
            diff: None,
            since_round: None,
            since_approved: None,
            tests: None,
            coverage_percent: None,
            tests_changed: None,
            red_green: None,
            reports: None,
            workplace: None,
            tokens: Tokens { input: 0, output: 0, cache_read: 0, cache_write: 0 },
            cost_usd: Usd::ZERO,
            seconds: 0,
            words: None,
            branch: None,
            parts: Vec::new(),
            remarks,
            started_at,
            paused: None,
            paused_seconds: 0,
            waited: None,
        }
    }
}
