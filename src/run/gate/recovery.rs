//! Recovery: how does a stage go on that has failed?
//! It is tried once more, in some other way, or left out. Which of these make sense is for the rules.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{GateSpec, HandBranch};
use crate::run::PersonId;

/// In what another try is different from those before, beside what a person said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Agent and checks have half as much time again.
    #[serde(default, skip_serializing_if = "is_not")]
    pub longer: bool,
    /// The agent splits its task first, and each part is an attempt.
    #[serde(default, skip_serializing_if = "is_not")]
    pub smaller: bool,
    /// By its full id; none = the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Instead of an agent's work, what somebody put on this branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<HandBranch>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
const fn is_not(yes: &bool) -> bool {
    !*yes
}

/// Another try that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retried {
    pub retry: Retry,
    /// The newest attempt at that time: one more comes after it.
    pub after: u32,
    pub by: PersonId,
    /// Empty where nothing was said.
    pub words: String,
    pub at: DateTime<Utc>,
}

impl Retry {
    /// How long an attempt has that has `seconds`, after so many people gave it more.
    #[must_use]
    pub fn longer(seconds: u64, times: usize) -> u64 {
        const MOST: u64 = 24 * 3_600;
        (0..times).fold(seconds, |seconds, _| (seconds + seconds / 2).min(MOST.max(seconds)))
    }
}

impl GateSpec {
    /// How a stage asks that has failed, where its pipeline says nothing: people have four hours.
    #[must_use]
    pub const fn recovery() -> Self {
        Self::usual(4 * 3_600)
    }
}
