//! The run and its rules: what is a run?
//! Pure: no async, no clock, no I/O. `event` what happened, `state` what it adds up to, `rules` what follows from it; `pipeline`,
//! `gate`, `money` and `time` are the words of these, and `foreign_text` makes other people's words fit for them. Executed inside workflows, so every change of a rule needs a new `RULES`.

mod batch;
mod compare;
mod costs;
mod estimate;
mod event;
mod failures;
pub mod foreign_text;
mod gate;
mod ids;
mod money;
mod pipeline;
mod queue;
mod rules;
mod state;
mod test_inventory;
mod time;

pub use batch::{
    Batch, BatchMember, BatchPipelines, Feature, FeatureEnd, MergePreview, MergeStep, Overlap,
    SideRun, StageRun,
};
pub use compare::{Comparison, RunFigures, StageFigures, StagePair, WorkFigures};
pub use costs::{AttemptCost, CostReport, NO_MODEL, Part, RunCosts};
pub use estimate::{
    Calibration, Estimate, Hindsight, Interval, RunEstimate, Sample, SoFar, StageEstimate,
    StageHistory, Used, estimate,
};
pub use event::{
    AgentEnd, AgentInfo, AttemptBranch, Checked, Delivered, Diff, Event, FileDiff, Finding,
    FirstTry, Flag, Happened, Lost, NotFound, NotHere, NotKnown, Outcome, Pause, Progress,
    RedGreen, Review, Risk, Sandboxing, Snapshot, StageOutcome, StartingPoint, Tests, TestsChanged,
    Tokens, Trouble, Work, WorkStep, Workplace, Written,
};
pub use failures::{
    ClassCount, FailureClass, FailureCount, FailureReport, Recovered, RecoveryWay, without_figures,
};
pub use gate::{
    Approver, Asked, AskedAmount, ByHand, Changes, Decision, Escalation, Extension,
    GateDigestInput, GateId, GateKind, GateSpec, GroupId, Guard, HandBranch, Note, OnDeadline,
    OnReject, OpenGate, Policy, Refusal, Remark, RemarkKind, Reminded, Reminder, Retried, Retry,
    Rework, RollbackTo, RolledBack, Snooze, Verdict, Via,
};
pub use ids::{Channel, Digest, IdError, PersonId, ProjectName, RequestId, RunId, StageName};
pub use money::{Breaker, MoneyTerms, MonthOf, MonthSpent, Raise, Shortage, Usd, UsdError};
pub use pipeline::{
    Again, AgentKind, AgentSpec, ClaimedFinding, Fields, Fix, HostPattern, KeptStage, NAME,
    NotFrom, Pipeline, PipelineText, Problem, Problems, Reports, Request, ReviewSpec, SetupPolicy,
    Size, Stage, Trust, WorkFiles, approvers, did_you_mean, findings_in, findings_text, hosts,
    nearest, part_text, quorum, review_prompt, seconds, work_branch,
};
pub use queue::{
    Queue, QueueEntry, QueuePlace, QueuedAttempt, SlotLimits, SlotRequest, SlotSpans, WaitsBecause,
};
pub use rules::{
    Answerer, AttemptFacts, Broken, Compare, Next, Plan, ReviewPlan, TaskPart, Watched,
    prove_refusals,
};
use state::SNAPSHOT_WORDS;
pub use state::{
    Attempt, AttemptOutcome, Decided, Judgement, Paused, Phase, Redone, Run, SnapshotEntry,
    SnapshotFate, StagePhase, StageState, StageUse, WaitedForWorker, WorkerWait,
};
pub use test_inventory::TestNames;
pub use time::{Hours, Zone};

/// Version of the rules in this room. Stands in `Started`; where a rule changes, code branches on it.
pub const RULES: u32 = 3;
/// The rules before stages could be done side by side.
pub const RULES_IN_TURN: u32 = 2;
/// The rules of runs that began before rules had versions.
pub const FIRST_RULES: u32 = 1;
