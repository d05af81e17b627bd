//! What can people say?
//! Slack, a click, a word in a thread and the command line all end here; each verb has its file.

mod asker;
mod decide;
mod develop;
mod diff;
mod find;
mod list;
mod only_run;
mod parse;
mod reply;
mod status;
mod terms;
mod waiting;

pub use asker::{Asker, Moment};
pub use decide::{
    Answer, AnswerOutcome, SentAnswer, certain_refusal, decide, resend_decision, wait_for_outcome,
};
pub use develop::{StartRun, resend_start, start};
pub use diff::shown_patch;
pub use find::{Lookup, Named, find, named};
pub use list::list;
pub use only_run::{judged_before, only_open, only_waiting};
pub use parse::{
    Command, Develop, HELP, Misunderstood, first_word, parse, read_brief, read_budget, verdict,
};
pub use reply::{Reply, ReplyKind};
pub use status::{status, status_json};
pub use terms::{More, Terms};
pub use waiting::{Waiting, waiting, waiting_json, waiting_runs, waits_for};

use crate::config::Projects;
use crate::engine::Engine;
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
