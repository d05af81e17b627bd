//! What is a run?
//! Pure: no async, no clock, no I/O. Executed inside workflows, so every change of a rule needs a new `RULES`.

mod approver;
mod asked;
mod decision;
mod event;
mod facts;
mod fold;
mod gate;
mod gate_spec;
mod hours;
mod ids;
mod judge;
#[cfg(test)]
mod laws;
mod next;
mod pipeline;
mod pipeline_file;
mod plan;
#[cfg(test)]
mod play;
mod proof;
mod readings;
mod state;
mod test_names;
mod usd;
mod wait;
mod zone;

pub use approver::{Approver, GroupId};
pub use asked::{
    Asked, Changes, Extension, Note, OpenGate, Remark, RemarkKind, Reminded, Reminder, Snooze,
};
pub use decision::{Decision, Refusal, Rework, Verdict, Via};
pub use event::{Delivered, Event, Happened, Outcome, StageOutcome};
pub use facts::{
    AgentEnd, AgentInfo, Checked, Diff, FileDiff, Flag, Lost, Progress, Risk, Sandboxing, Snapshot,
    Tests, TestsChanged, Tokens, Trouble, Work, Written,
};
pub use gate::{GateId, GateKind, Guard, Question};
pub use gate_spec::{Escalation, GateSpec, OnDeadline, OnReject, Policy};
pub use hours::Hours;
pub use ids::{Channel, Digest, IdError, PersonId, ProjectName, RequestId, RunId, StageName};
pub use next::Next;
pub use pipeline::{AgentKind, AgentSpec, Pipeline, Reports, Request, Size, Stage};
pub use pipeline_file::{
    Fields, NAME, PipelineText, Problem, Problems, approvers, did_you_mean, nearest, quorum,
};
pub use plan::{Compare, Plan};
pub use proof::{Broken, prove_refusals};
pub use state::{Attempt, AttemptOutcome, Decided, Phase, Run, StagePhase, StageState};
pub use test_names::TestNames;
pub use usd::{Usd, UsdError, cents_that_add_up};
pub use zone::Zone;

/// Version of the rules in this room. Stands in `Started`; where a rule changes, code branches on it.
pub const RULES: u32 = 1;
