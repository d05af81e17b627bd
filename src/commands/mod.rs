//! What can people say?
//! Slack, a click, a word in a thread and the command line all end here; each verb has its file.

mod admission;
mod answer;
mod asker;
mod decide;
mod diff;
mod find;
mod grammar;
mod list;
mod member;
mod more_time;
mod only_run;
mod outcome;
mod reply;
mod shell_user;
mod start;
mod start_run;
mod status;
mod terms;
mod thread_words;
mod verbs;
mod waiting;

pub use admission::{
    Admitted, AdmittedStart, NotAdmitted, admit, admit_at_shell, admit_start, admit_start_at_shell,
    certain_refusal,
};
pub use answer::Answer;
pub use asker::{Asker, Moment};
pub use decide::decide;
pub use diff::shown_patch;
pub use find::{Lookup, Named, find, named};
pub use grammar::{Command, Misunderstood, Note, Place, read};
pub use list::list;
pub use member::{FullMember, Memberships, Stranger, prove_members};
pub use more_time::More;
pub use only_run::{judged_before, only_open, only_waiting};
pub use outcome::{AnswerOutcome, SentAnswer, wait_for_outcome};
pub use reply::{Reply, ReplyKind};
pub use shell_user::ShellUser;
pub use start::{retry_start, start};
pub use start_run::{StartRun, read_brief, read_budget};
pub use status::{status, status_json};
pub use terms::Terms;
pub use verbs::{Takes, VERBS, Verb, help};
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
