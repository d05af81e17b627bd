//! What do people read when their answer did not count?
//! Short, kind, concrete: what happened, what they can do. Shown privately, never in the thread.

use chrono::{Offset as _, Utc};

use crate::run::{Outcome, Phase, Refusal, Run, StagePhase, StageState, Verdict};

use super::people::{may_answer, mention};
use super::{clock, figures, gate};

/// Why this answer to this run was not taken.
#[must_use]
pub fn refusal(why: &Refusal, run: &Run, verdict: Verdict) -> String {
    match why {
        Refusal::AlreadyDecided { verdict: first, by, at } => {
            format!("{} already {} this, {}.", mention(by), gate::verdict(*first), clock::stamp(*at, Utc.fix()))
        }
        Refusal::Stale => "The work changed since this card was posted. Please look at the newest card in the thread.".to_owned(),
        Refusal::TooLate => {
            format!("Nobody answered in time, so this question is closed. `/develop {}` starts again.", run.request.project)
        }
        Refusal::NothingAsked => format!("{} asks nothing right now: {}.", run.id(), doing(run)),
        Refusal::NotAllowed => not_allowed(run, verdict),
        Refusal::OwnRun => "You started this run, so somebody else has to approve it.".to_owned(),
        Refusal::NobodyMay => "The server's policy wants approvers, and this gate lists none: nobody can answer it.".to_owned(),
        Refusal::AlreadyApproved { missing } => {
            format!("You approved this already; {} more to go.", figures::plural(u64::from(*missing), "approval"))
        }
        Refusal::NoLater { deadline } => format!("The deadline is {} already.", clock::stamp(*deadline, Utc.fix())),
        Refusal::TooManyNotes => "Many notes wait for the next attempt already. Please say it again when that has read them.".to_owned(),
        Refusal::RunEnded => format!("{} is over: {}. `/develop {}` starts again.", run.id(), outcome(run), run.request.project),
    }
}

/// The answer is on its way: the run will say what became of it.
#[must_use]
pub const fn recorded(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "Approved.",
        Verdict::Changes => "Asked for changes.",
        Verdict::Reject => "Rejected.",
        Verdict::Stop => "Stopped.",
        Verdict::Extend => "Extended.",
        Verdict::Snooze => "No more reminders of this question.",
        Verdict::Note => "Noted, from the next attempt.",
    }
}

/// Surely not delivered: it will not be sent later either.
#[must_use]
pub fn nothing_was_recorded(verdict: Verdict) -> String {
    let again = match verdict {
        Verdict::Approve => "approve",
        Verdict::Changes => "ask",
        Verdict::Reject => "reject",
        Verdict::Stop => "stop",
        Verdict::Extend => "extend it",
        Verdict::Snooze => "try",
        Verdict::Note => "say it",
    };
    format!("The workflow server does not answer, so nothing was recorded. Please {again} again in a minute.")
}

/// The answer is stored, whether it arrived is not known; it is sent again until it is.
#[must_use]
pub fn not_confirmed_yet() -> String {
    "Your answer is safe, but not confirmed yet. It counts as soon as the workflow server answers; the thread will show it.".to_owned()
}

fn not_allowed(run: &Run, verdict: Verdict) -> String {
    let what = match verdict {
        Verdict::Approve => "approve this",
        Verdict::Changes => "ask for changes to this",
        Verdict::Reject => "reject this",
        Verdict::Stop => "stop this run",
        Verdict::Extend => "extend this",
        Verdict::Snooze => "snooze this",
        Verdict::Note => "tell this run's agent something",
    };
    let people = may_answer(&run.request);
    let starter = mention(people[0]);
    match &people[1..] {
        [] => format!("Only {starter} or somebody of this workspace can {what}."),
        _ => format!("Only {starter} or an approver can {what}."),
    }
}

fn doing(run: &Run) -> String {
    match (run.phase(), run.current()) {
        (Phase::Starting, _) => "no worker took it on yet".to_owned(),
        (_, Some((n, stage))) if stage.phase != StagePhase::Failed => {
            format!("{} is under way, stage {n} of {}{}", stage.name(), run.stages.len(), attempt(stage))
        }
        _ => "its result is being put where you can fetch it".to_owned(),
    }
}

fn attempt(stage: &StageState) -> String {
    stage.attempts.last().filter(|a| a.n > 1).map(|a| format!(", attempt {}", a.n)).unwrap_or_default()
}

fn outcome(run: &Run) -> String {
    match run.outcome {
        Some(Outcome::Done) => "it is done".to_owned(),
        _ => format!("it {} {}", if run.outcome == Some(Outcome::Failed) { "has" } else { "was" }, figures::phase(run)),
    }
}

#[cfg(test)]
mod tests;
