//! What can a person answer, and what is a refusal?
//! Judged at the door and again by the workflow, by the same rule: `Run::judge`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{GateId, PersonId, RequestId};

/// A person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    Reject,
    /// Ends the run, whatever it does; names no gate.
    Stop,
}

/// The way an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    Button,
    Thread,
    Command,
    Cli,
    Home,
}

/// What the workflow's signal carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub request: RequestId,
    pub verdict: Verdict,
    /// The gate it answers; none for a stop.
    pub gate: Option<GateId>,
    pub by: PersonId,
    pub via: Via,
    pub words: Option<String>,
}

/// Why an answer was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// Somebody was first.
    AlreadyDecided { verdict: Verdict, by: PersonId, at: DateTime<Utc> },
    /// The work changed since that question was asked.
    Stale,
    /// The deadline passed.
    TooLate,
    /// Nothing is being asked.
    NothingAsked,
    /// Neither the starter nor an approver.
    NotAllowed,
    /// The run is over.
    RunEnded,
}
