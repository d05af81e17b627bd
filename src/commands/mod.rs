//! What can people say?
//! Slack, a click, a word in a thread and the command line all end here; each verb has its file.

mod decide;
mod develop;
mod diff;
mod find;
mod list;
mod parse;
mod status;
mod terms;
mod waiting;

pub use decide::{Answer, certain_refusal, decide, resend_decision, wait_for_outcome};
pub use develop::{StartRun, resend_start, start};
pub use diff::shown_patch;
pub use find::{Named, find, named};
pub use list::list;
pub use parse::{
    Command, Develop, HELP, Misunderstood, first_word, parse, read_brief, read_budget, verdict,
};
pub use status::{status, status_json};
pub use terms::{More, Terms};
pub use waiting::{
    Waiting, judged_before, only_one, only_open, waiting, waiting_json, waiting_runs, waits_for,
};

use chrono::{DateTime, Utc};

use crate::config::Projects;
use crate::engine::Engine;
use crate::run::{Channel, PersonId, Via, Zone};
use crate::store::Store;

/// What a command works with.
#[derive(Clone)]
pub struct Services {
    pub store: Store,
    pub engine: Engine,
    pub projects: std::sync::Arc<Projects>,
    /// No real model is configured here: runs are rehearsals.
    pub rehearsal: bool,
}

/// Who says something, when and where.
#[derive(Clone, Debug)]
pub struct Asker {
    pub person: PersonId,
    pub via: Via,
    pub said: Moment,
    /// The channel it was said in.
    pub channel: Option<Channel>,
    /// The thread it was said in: its root message.
    pub thread_root: Option<String>,
    /// Their clock; UTC where nobody knows it.
    pub zone: Zone,
}

impl Asker {
    /// Somebody who is nowhere in particular.
    #[must_use]
    pub fn new(person: PersonId, via: Via, said: Moment) -> Self {
        Self { person, via, said, channel: None, thread_root: None, zone: Zone::UTC }
    }
}

/// When something was said: it is about what there was then, however late we act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: DateTime<Utc>,
    /// Somebody acted on it before, and nobody knows how far they got.
    pub retried: bool,
}

impl Moment {
    #[must_use]
    pub const fn now(at: DateTime<Utc>) -> Self {
        Self { at, retried: false }
    }
}

/// What a person is told, privately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub kind: ReplyKind,
    /// Slack's mrkdwn; plain enough for a terminal.
    pub text: String,
    /// The run it is about.
    pub run: Option<crate::run::RunId>,
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

    #[must_use]
    pub fn about(mut self, run: &crate::run::RunId) -> Self {
        self.run = Some(run.clone());
        self
    }
}
