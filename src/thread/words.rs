//! What do people read when their answer did not count?
//! Short, kind, concrete: what happened, who can, what to do. Shown privately, never in the thread.

use chrono::{Offset as _, Utc};

use super::people::{called, mention, who_can};
use super::{clock, figures};
use crate::run::{Approver, GateId, GateSpec, Outcome, Phase, Refusal, Run, StagePhase, StageState, Verdict};

/// Longest list of people who can.
const MOST: usize = 8;

/// Why this answer to this run was not taken.
#[must_use]
pub fn refusal(why: &Refusal, run: &Run, verdict: Verdict) -> String {
    match why {
        Refusal::AlreadyDecided { verdict: first, by, at } => {
            format!("{} already {}, {}.", mention(by), did(*first), clock::stamp(*at, Utc.fix()))
        }
        Refusal::Stale => "The work changed since this card was posted. Please look at the newest card in the thread.".to_owned(),
        Refusal::TooLate => {
            format!("Nobody answered in time, so this question is closed. `/develop {}` starts again.", run.request.project)
        }
        Refusal::NothingAsked => format!("{} asks nothing right now: {}.", run.id(), doing(run)),
        Refusal::NotAllowed => only(run, verdict),
        Refusal::OwnRun => format!("You started this run, so somebody else has to {}.{}", to(verdict), others(run, verdict)),
        Refusal::NobodyMay => nobody(run),
        Refusal::OnlyAName => {
            "Different people have to answer this, and a name at a shell proves none. Answer in Slack, or list who may answer at a shell: `approvers = [\"cli:name\"]`."
                .to_owned()
        }
        Refusal::AlreadyApproved { missing } => already_approved(*missing),
        Refusal::NoLater { deadline } => no_later(run, *deadline),
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

/// The answer is on its way, and nobody was there yet to say what became of it.
#[must_use]
pub const fn not_taken_up_yet() -> &'static str {
    "Recorded. No worker has taken it up yet; it counts as soon as one does."
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

/// What somebody did: `approved this`.
const fn did(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved this",
        Verdict::Changes => "asked for changes to this",
        Verdict::Reject => "rejected this",
        Verdict::Stop => "stopped this run",
        Verdict::Extend => "extended this",
        Verdict::Snooze => "snoozed this",
        Verdict::Note => "said this",
    }
}

/// What somebody wants to do: `approve this`.
const fn to(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve this",
        Verdict::Changes => "ask for changes to this",
        Verdict::Reject => "reject this",
        Verdict::Stop => "stop this run",
        Verdict::Extend => "extend this",
        Verdict::Snooze => "snooze this",
        Verdict::Note => "tell this run's agent something",
    }
}

/// `Only @ben or @leads can approve this.`
fn only(run: &Run, verdict: Verdict) -> String {
    let (who, everybody) = who(run, verdict);
    let names = names(&who, if everybody { Some("a full member of this workspace") } else { None });
    if names.is_empty() { format!("Nobody who is listed for this run can {}.", to(verdict)) } else { format!("Only {names} can {}.", to(verdict)) }
}

/// ` @ben or @leads can.`; nothing where nobody is known by name.
fn others(run: &Run, verdict: Verdict) -> String {
    let (mut who, everybody) = who(run, verdict);
    who.retain(|approver| *approver != Approver::Person(run.request.starter.clone()));
    let names = names(&who, if everybody { Some("any other full member of this workspace") } else { None });
    let names = names.strip_prefix("any").map_or_else(|| names.clone(), |rest| format!("Any{rest}"));
    if names.is_empty() { String::new() } else { format!(" {names} can.") }
}

fn nobody(run: &Run) -> String {
    let starter = mention(&run.request.starter);
    format!(
        "The server's policy wants approvers, and this gate lists none: nobody can answer it. {starter} can stop the run, and start it again once approvers are listed."
    )
}

fn already_approved(missing: u32) -> String {
    let missing = if missing == 1 { "One more approval is".to_owned() } else { format!("{missing} more approvals are") };
    format!("You approved this already. {missing} missing, by somebody else.")
}

fn no_later(run: &Run, deadline: chrono::DateTime<Utc>) -> String {
    let longest = "a question stays open for at most 30 days";
    match run.gate.as_ref() {
        Some(open) if open.deadline == deadline => {
            format!("The time to answer runs until {} already, and {longest}.", clock::stamp(deadline, Utc.fix()))
        }
        _ => format!("The time to answer runs until {} already.", clock::stamp(deadline, Utc.fix())),
    }
}

/// Who can do that, as far as they are known by name; and whether everybody of the workspace can.
fn who(run: &Run, verdict: Verdict) -> (Vec<Approver>, bool) {
    let asked = newest_gate(run);
    match (verdict, asked) {
        (Verdict::Stop | Verdict::Note, _) | (_, None) => {
            let mut who = vec![Approver::Person(run.request.starter.clone())];
            for approver in run.named() {
                if !who.contains(approver) {
                    who.push(approver.clone());
                }
            }
            let everybody = who.len() == 1 && run.named().next().is_none();
            (who, everybody)
        }
        (_, Some((gate, spec))) => {
            (who_can(run, (gate, spec), verdict), spec.approvers.is_empty() && spec.only.is_empty() && !spec.approvers_required)
        }
    }
}

/// The question that is open, else the one that was asked last.
fn newest_gate(run: &Run) -> Option<(&GateId, &GateSpec)> {
    let closed = || run.stages.iter().rev().find_map(|s| s.asked.last()).map(|asked| &asked.gate.id);
    let gate = run.gate.as_ref().map(|open| &open.id).or_else(closed)?;
    Some((gate, run.spec_of(gate)?))
}

/// `a`, `a or b`, `a, b or c`.
fn names(who: &[Approver], more: Option<&str>) -> String {
    let mut names: Vec<String> = who.iter().take(MOST).map(called).collect();
    if who.len() > MOST {
        names.push(format!("{} others", who.len() - MOST));
    }
    names.extend(more.map(str::to_owned));
    match names.split_last() {
        Some((last, first)) if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => names.concat(),
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
