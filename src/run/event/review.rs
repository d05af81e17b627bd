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
    /// A file of the work; where it has none of that name, what the agent called it.
    pub file: String,
    /// From 1; 0 where it is not found.
    pub line: u32,
    pub says: String,
    /// What the work does not have of the place that the agent named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_found: Option<NotFound>,
}

/// Of the place of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotFound {
    File,
    /// The file is there, and it is no text or has no such line.
    Line,
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
    /// Longest name of a file that is not there.
    pub const FILE: usize = 120;

    /// One whose place was found.
    #[must_use]
    pub fn at(file: &str, line: u32, says: &str) -> Self {
        Self { file: file.to_owned(), line, says: says.to_owned(), not_found: None }
    }

    /// `src/a.js:12`, `src/a.js (line not found)`: where it is, with the file as it is shown.
    #[must_use]
    pub fn place(&self, file: &str) -> String {
        match self.not_found {
            None => format!("{file}:{}", self.line),
            Some(NotFound::Line) => format!("{file} (line not found)"),
            Some(NotFound::File) => format!("{file} (file not found)"),
        }
    }

    /// Whether it points at a file that the work has.
    #[must_use]
    pub fn is_of_the_work(&self) -> bool {
        self.not_found != Some(NotFound::File)
    }
}
