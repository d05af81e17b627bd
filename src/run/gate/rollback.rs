//! Rollback: to which work does a run go back?
//! To a snapshot of its own. What that means for its stages is for the rules.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::run::{PersonId, StageName};

/// What a run goes back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum RollbackTo {
    /// What the run began with.
    Start,
    /// The work of an attempt, whatever became of it.
    Attempt { stage: StageName, attempt: u32 },
}

/// A rollback that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledBack {
    pub to: RollbackTo,
    /// Where the run was: going back there undoes it.
    pub from: RollbackTo,
    /// The newest work that it had kept: the same, where what was at work left nothing.
    pub kept: RollbackTo,
    pub by: PersonId,
    pub at: DateTime<Utc>,
}

impl std::fmt::Display for RollbackTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Attempt { stage, attempt } => write!(f, "{stage}-{attempt}"),
        }
    }
}
