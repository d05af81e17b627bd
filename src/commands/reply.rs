//! What is a person told?
//! Privately, and only they: a refusal is a reply too.

use crate::run::RunId;

/// What a person is told, privately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub kind: ReplyKind,
    /// Slack's mrkdwn; plain enough for a terminal.
    pub text: String,
    /// The run it is about.
    pub run: Option<RunId>,
}

/// What kind of answer that is; the command line's exit code follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyKind {
    /// It was done, or here is what was asked for.
    Done,
    /// There is no such run, project or command.
    Unknown,
    /// Understood, and not to be had.
    Refused,
    /// Something we depend on does not answer; surely nothing happened.
    Away,
    /// It may have happened; it is sent again until that is known.
    Unsure,
}

impl Reply {
    pub fn new(kind: ReplyKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), run: None }
    }

    /// With one more sentence, on a line of its own.
    #[must_use]
    pub fn and(mut self, sentence: &str) -> Self {
        self.text = format!("{}\n{sentence}", self.text);
        self
    }

    #[must_use]
    pub fn about(mut self, run: &RunId) -> Self {
        self.run = Some(run.clone());
        self
    }
}
