//! The review of good work: what did a second reader find?
//! Another agent's words, each with the file and the line that it points at. It decides nothing.

use serde::{Deserialize, Serialize};

use super::{AgentInfo, Tokens};
use crate::run::Usd;

/// What came of it. What it used is its own, beside what the attempt used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The gravest first; at most `Review::FINDINGS`.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Why there is none, where nobody could read the work to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentInfo>,
    pub tokens: Tokens,
    pub cost_usd: Usd,
    pub seconds: u64,
}

/// One thing that speaks against the work, as the agent says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// A file of the work.
    pub file: String,
    /// From 1.
    pub line: u32,
    pub says: String,
}

impl Review {
    pub const FINDINGS: usize = 5;

    /// Nobody could read it, and nothing was used.
    #[must_use]
    pub fn none(why: &str) -> Self {
        Self { why: Some(why.to_owned()), ..Self::default() }
    }
}

impl Finding {
    /// Longest sentence, in characters.
    pub const SAYS: usize = 240;
}
