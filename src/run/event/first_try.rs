//! The first try of what has to pass: does it fail as long as nothing was done?
//! Run on the code as it is, before any agent is paid: what passes there already proves nothing of any work.

use serde::{Deserialize, Serialize};

use super::Checked;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstTry {
    pub passed: bool,
    /// How it failed, in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it said; at most `Checked::FEEDBACK` bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
    pub seconds: u64,
}

impl From<Checked> for FirstTry {
    fn from(Checked { passed, why, feedback, seconds, .. }: Checked) -> Self {
        Self { passed, why, feedback, seconds }
    }
}
