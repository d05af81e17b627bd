//! Work by hand: what does somebody get who takes a failed stage over, and what do they give back?
//! A branch, and whatever is on it when they say that they are done.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::run::{GateId, PersonId, RunId};

/// A stage that somebody took over while it is asked what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHand {
    pub by: PersonId,
    pub at: DateTime<Utc>,
    /// None until it is where they can fetch it.
    pub branch: Option<HandBranch>,
}

impl ByHand {
    /// How long people have at least, from when they took it over.
    pub const TIME: TimeDelta = TimeDelta::days(3);
}

/// A branch that somebody works on, and that is taken back from where it was put.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandBranch {
    pub name: String,
    /// The project's repository, without a password; where it could not be pushed there, the run's own repository on a worker's disk.
    pub repository: String,
    /// What it holds when it is handed out.
    pub commit: String,
    /// The name of the worker's machine, where it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Why it is not in the project's repository, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_pushed: Option<String>,
}

impl HandBranch {
    /// How the branch is called that is handed out by this question. Not below that of the result: git has no room there.
    #[must_use]
    pub fn name(run: &RunId, gate: &GateId) -> String {
        let GateId { stage, round, .. } = gate;
        format!("signoff/by-hand/{run}/{stage}-{round}")
    }
}
