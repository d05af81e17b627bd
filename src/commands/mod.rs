//! What can people do?
//! A line is read by one grammar (`grammar`) with one table of verbs (`verbs`); whoever says it is admitted at their door (`admission`);
//! then the verb acts (`start`, `decide`) or looks (`status`, `list`, `waiting`, `diff`), and answers with a [`Reply`].
//!
//! How a verb is added:
//! 1. A row in `verbs.rs`: its names, what it takes, its help, its button and form. With it, the verb can be typed in Slack and at a shell,
//!    and said in a thread; the help and the guesses at what was meant know it.
//! 2. If it answers a run, a `Verdict` (`run/gate/decision.rs`). The compiler then asks who may (`run/rules/authorize.rs`), what it does
//!    (`run/rules/`), and for its words (`thread/words.rs`).
//! 3. If it only looks, an [`Asks`] and a [`Command`], and a file here that makes its [`Reply`]; the compiler asks both doors for it
//!    (`chat/command.rs`, `app/talk/mod.rs`).
//! 4. If it has a button, an `ActionId` (`thread/action_id.rs`), and an arm in `chat/click.rs`; its form is drawn in `thread/modal/`.

mod admission;
mod again;
mod another_try;
mod answer;
mod asker;
mod budget_words;
mod command;
mod compare;
mod costs;
mod cut;
mod decide;
mod diff;
mod elsewhere;
mod failures;
mod features;
mod fetch;
mod find;
mod fix;
mod grammar;
mod list;
mod look_back;
mod member;
mod misunderstood;
mod more_money;
mod more_time;
mod only_run;
mod outcome;
mod prune;
mod pruned;
mod queue;
mod reply;
mod said;
mod shell_user;
mod sight;
mod snapshots;
mod start;
mod start_run;
mod status;
mod terms;
mod thread_words;
mod typing;
mod verbs;
mod waiting;
mod which_attempt;
mod yes_or_no;

pub use admission::{
    Admitted, AdmittedStart, NotAdmitted, admit, admit_at_shell, admit_start, admit_start_at_shell,
    certain_refusal, presumed,
};
pub use again::{AgainWords, start_again};
pub use answer::Answer;
pub use asker::{Asker, Moment};
pub use budget_words::read_budget;
pub use command::{Command, LookAt, NoteWords, SoundsLike};
pub use compare::{CodeBetween, CompareOutcome, CompareWords, Compared, code_line, compare};
pub use costs::{calibration, costs};
pub use decide::decide;
pub use diff::{DiffOf, DiffSince, diff_of, patch_of};
pub use elsewhere::logs_elsewhere;
pub use failures::failures;
pub use features::{FeatureWords, name_features};
pub use fetch::{fetched, not_fetched, work_elsewhere, work_to_fetch};
pub use find::{Lookup, Meaning, Named, find, meaning};
pub use fix::requoted;
pub use grammar::{Place, read};
pub use list::list;
pub use look_back::LookBack;
pub use member::{FullMember, Memberships, Stranger, prove_members};
pub use misunderstood::Misunderstood;
pub use more_time::More;
pub use only_run::{judged_before, only_of, only_open, only_waiting, unless_closed_meanwhile};
pub use outcome::{AnswerOutcome, SentAnswer, wait_for_outcome};
pub use prune::{PruneError, PruneLimits, PruneOutcome, Pruner};
pub use pruned::{pruned, pruned_line};
pub use queue::{QueueLook, limits_line, queue_look, queued_attempt, slots_line};
pub use reply::{Reply, ReplyKind};
pub use said::Said;
pub use shell_user::ShellUser;
pub use sight::{Sight, is_visible_to};
pub use snapshots::{snapshots, snapshots_json};
pub use start::{retry_start, start};
pub use start_run::{StartRun, read_brief};
pub use status::{Surroundings, status, status_json};
pub use terms::Terms;
pub use thread_words::{note_of, sounds_like};
pub use verbs::{Asks, Takes, VERBS, Verb, help, is_verb};
pub use waiting::{
    Waiting, runs_without_worker, waiting, waiting_json, waiting_runs, waits_for,
    without_worker_json,
};
pub use which_attempt::{WhichAttempt, which_attempt};

use crate::config::LiveProjects;
use crate::engine::Engine;
use crate::store::Store;
use crate::workspace::Archive;

/// What a command works with.
#[derive(Clone)]
pub struct Services {
    pub store: Store,
    pub engine: Engine,
    pub projects: LiveProjects,
    /// What can be read of runs: on this disk, and in what all workers share.
    pub archive: Archive,
    /// No real model is configured here: runs are rehearsals.
    pub rehearsal: bool,
}
