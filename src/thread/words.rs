//! Refusals in words: what do people read when their answer did not count?
//! Short, kind, concrete: what happened, who can, what to do. Shown privately, never in the thread.

use chrono::{Offset as _, Utc};

use super::closing::after_the_end;
use super::gate::MoneyQuestion;
use super::people::{listed, mention, mention_of, who_can};
use super::snapshots::snapshot_lines;
use super::{clock, figures};
use crate::run::{
    Approver, GateId, GateSpec, Outcome, Phase, Refusal, Run, RunId, StagePhase, StageState,
    Verdict,
};
use crate::slack::Mrkdwn;

/// Longest name of a model.
const MODEL: usize = 80;
/// Longest list of people who can.
const MOST: usize = 8;
/// Longest list of snapshots.
const SNAPSHOTS: usize = 8;

/// Why this answer to this run was not taken. A table: what is longer than a line stands below it.
#[must_use]
pub fn refusal(why: &Refusal, run: &Run, verdict: Verdict) -> Mrkdwn {
    match why {
        Refusal::AlreadyDecided { verdict: first, by, at } => mention(by) + format!(" already {}, {}.", did(*first), clock::stamp(*at, Utc.fix())),
        Refusal::Stale => "The work changed since this card was posted. Please look at the newest card in the thread.".into(),
        Refusal::TooLate => format!("Nobody answered in time, so this question is closed. {}", after_the_end(run)).into(),
        Refusal::NothingAsked => format!("{} asks nothing right now: {}.", run.id(), doing(run)).into(),
        Refusal::NotAllowed => only(run, verdict),
        Refusal::OwnWork => Mrkdwn::from(format!("You wrote this by hand, so somebody else has to {}.", to(verdict))) + others(run, verdict),
        Refusal::OwnRun => Mrkdwn::from(format!("You started this run, so somebody else has to {}.", to(verdict))) + others(run, verdict),
        Refusal::NobodyMay => nobody(run),
        Refusal::OnlyAName => {
            "Different people have to answer this, and a name at a shell proves none. Answer in Slack, or list who may answer at a shell: `approvers = [\"cli:name\"]`."
                .into()
        }
        Refusal::AlreadyApproved { missing } => already_approved(*missing).into(),
        Refusal::NoLater { deadline } => no_later(run, *deadline).into(),
        Refusal::TooManyNotes => "Many notes wait for the next attempt already. Please say it again when that has read them.".into(),
        Refusal::NoteRead => "An attempt has read that note already, so it can be neither changed nor taken back. Say what is different in a new one.".into(),
        Refusal::AsksForMoney => asks_for_money(run),
        Refusal::AsksHowToGoOn if run.gate.as_ref().is_some_and(|open| open.by_hand.is_some()) => {
            "This stage is done by hand: `done` when it is ready, `retry` to give it back, or `stop`.".into()
        }
        Refusal::AsksHowToGoOn => "The question is what becomes of a stage that has failed: `retry`, `retry: with a note`, `skip`, `takeover` or `stop`.".into(),
        Refusal::NothingFailed => format!("No stage of {} asks to be tried again: {}.", run.id(), doing(run)).into(),
        Refusal::Needed { by } => format!("{by} builds on this stage, so the run cannot go on without it.").into(),
        Refusal::NothingLeft => "Without this stage nothing is left of the run: `retry`, or `stop`.".into(),
        Refusal::NothingToTakeOver => "The run has no code yet that could be handed out: `retry`, or `stop`.".into(),
        Refusal::NotTakenOver => "Nobody does this stage by hand, or its branch is not there yet: `takeover` asks for one.".into(),
        Refusal::NoSuchSnapshot => no_such_snapshot(run),
        Refusal::NoSuchModel { model } => no_such_model(run, model),
        Refusal::NoBudget => format!("{} has no budget that could be raised.", run.id()).into(),
        Refusal::WantsLimit => "The server's policy wants every run to have a limit: raise it by an amount, as `raise $5`.".into(),
        Refusal::RunEnded => format!("{} is over: {}. {}", run.id(), outcome(run), after_the_end(run)).into(),
    }
}

/// How the open question is answered.
fn asks_for_money(run: &Run) -> Mrkdwn {
    let open = run.gate.as_ref().and_then(MoneyQuestion::of);
    let ways = match open {
        Some(MoneyQuestion { raise: "nothing", .. }) => {
            "`raise nothing` lets it go on, `stop` ends it"
        }
        _ => "`raise $5`, `raise no limit`, or `stop`",
    };
    format!("This question is about money: {ways}.").into()
}

/// What it can go back to.
fn no_such_snapshot(run: &Run) -> Mrkdwn {
    let lines = snapshot_lines(run);
    let names: Vec<Mrkdwn> =
        lines.iter().rev().take(SNAPSHOTS).map(|it| Mrkdwn::code(&it.name, MODEL)).collect();
    "Say to which snapshot, as in `rollback start`. The newest: "
        + listed(names, " or ")
        + ". `/develop snapshots` shows all."
}

/// Which models there are instead.
fn no_such_model(run: &Run, model: &str) -> Mrkdwn {
    let offered = run.request.pipeline.agent.offered();
    let offered: Vec<Mrkdwn> = offered.map(|id| Mrkdwn::code(id, MODEL)).collect();
    let asked = "This pipeline does not offer " + Mrkdwn::code(model, MODEL);
    match listed(offered, " or ").non_empty() {
        Some(offered) => asked + ". It offers " + offered + ".",
        None => asked + ", nor any other: list what may be chosen in its file, `models = [\"…\"]`.",
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
        Verdict::Raise => "It may spend on.",
        Verdict::Retry => "Another try.",
        Verdict::Skip => "Left out.",
        Verdict::Rollback => "It goes back.",
        Verdict::TakeOver => {
            "It is yours: its card says which branch to fetch, as soon as that is there."
        }
        Verdict::HandIn => "Handed in: the checks judge it like an agent's work.",
    }
}

/// What more money for a run does not change, while this part of it is at work.
#[must_use]
pub fn keeps_its_share(part: &RunId) -> String {
    format!(
        "Its parts that are at work keep the shares that they began with. More for one of them is said with its name: `raise {part} $5`."
    )
}

/// The answer is on its way, and nobody was there yet to say what became of it.
#[must_use]
pub const fn not_taken_up_yet() -> &'static str {
    "Recorded, and not taken up yet: no worker is at work, or the run is being delivered. It counts as soon as it is taken up."
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
        Verdict::Raise => "raise it",
        Verdict::Retry => "ask for a retry",
        Verdict::Skip => "skip it",
        Verdict::Rollback => "roll it back",
        Verdict::TakeOver => "take it over",
        Verdict::HandIn => "hand it in",
    };
    format!(
        "The workflow server does not answer, so nothing was recorded. Please {again} again in a minute."
    )
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
        Verdict::Raise => "let it spend on",
        Verdict::Retry => "let this be tried again",
        Verdict::Skip => "left this out",
        Verdict::Rollback => "rolled this run back",
        Verdict::TakeOver => "took this over by hand",
        Verdict::HandIn => "handed this in",
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
        Verdict::Raise => "let it spend on",
        Verdict::Retry => "let this be tried again",
        Verdict::Skip => "leave this out",
        Verdict::Rollback => "roll this run back",
        Verdict::TakeOver => "take this over by hand",
        Verdict::HandIn => "hand this in",
    }
}

/// `Only @ben or @leads can approve this.`
fn only(run: &Run, verdict: Verdict) -> Mrkdwn {
    let (who, everybody) = who(run, verdict);
    let names = names(&who, everybody.then_some("a full member of this workspace"));
    let who = names
        .non_empty()
        .map_or_else(|| "Nobody who is listed for this run".into(), |names| "Only " + names);
    who + " can " + to(verdict) + "."
}

/// ` @ben or @leads can.`; nothing where nobody is known by name.
fn others(run: &Run, verdict: Verdict) -> Mrkdwn {
    let (mut who, everybody) = who(run, verdict);
    who.retain(|approver| *approver != Approver::Person(run.request.starter.clone()));
    let anybody = if who.is_empty() {
        "Any other full member of this workspace"
    } else {
        "any other full member of this workspace"
    };
    let names = names(&who, everybody.then_some(anybody));
    names.non_empty().map(|names| " " + names + " can.").unwrap_or_default()
}

fn nobody(run: &Run) -> Mrkdwn {
    "The server's policy wants approvers, and this gate lists none: nobody can answer it. "
        + mention(&run.request.starter)
        + " can stop the run, and start it again once approvers are listed."
}

fn already_approved(missing: u32) -> String {
    let missing = if missing == 1 {
        "One more approval is".to_owned()
    } else {
        format!("{missing} more approvals are")
    };
    format!("You approved this already. {missing} missing, by somebody else.")
}

fn no_later(run: &Run, deadline: chrono::DateTime<Utc>) -> String {
    let longest = "a question stays open for at most 30 days";
    match run.gate.as_ref() {
        Some(open) if open.deadline == deadline => {
            format!(
                "The time to answer runs until {} already, and {longest}.",
                clock::stamp(deadline, Utc.fix())
            )
        }
        _ => {
            format!("The time to answer runs until {} already.", clock::stamp(deadline, Utc.fix()))
        }
    }
}

/// Who can do that, as far as they are known by name; and whether everybody of the workspace can.
fn who(run: &Run, verdict: Verdict) -> (Vec<Approver>, bool) {
    match newest_gate(run).filter(|_| !verdict.needs_no_gate()) {
        None => {
            let mut who = vec![Approver::Person(run.request.starter.clone())];
            for approver in run.named() {
                if !who.contains(approver) {
                    who.push(approver.clone());
                }
            }
            let everybody = who.len() == 1 && run.named().next().is_none();
            (who, everybody)
        }
        Some((gate, spec)) => (
            who_can(run, (gate, spec), verdict),
            spec.approvers.is_empty() && spec.only.is_empty() && !spec.approvers_required,
        ),
    }
}

/// The question that is open, else the one that was asked last.
fn newest_gate(run: &Run) -> Option<(&GateId, &GateSpec)> {
    let closed =
        || run.stages.iter().rev().find_map(|s| s.asked.last()).map(|asked| &asked.gate.id);
    let gate = run.gate.as_ref().map(|open| &open.id).or_else(closed)?;
    Some((gate, run.spec_of(gate)?))
}

fn names(who: &[Approver], more: Option<&'static str>) -> Mrkdwn {
    let mut names: Vec<Mrkdwn> = who.iter().take(MOST).map(mention_of).collect();
    if who.len() > MOST {
        names.push(format!("{} others", who.len() - MOST).into());
    }
    names.extend(more.map(Mrkdwn::from));
    listed(names, " or ")
}

fn doing(run: &Run) -> String {
    match (run.phase(), run.current()) {
        (Phase::Starting, _) => "no worker took it on yet".to_owned(),
        (_, Some((n, stage))) if stage.phase != StagePhase::Failed => {
            format!(
                "{} is under way, stage {n} of {}{}",
                stage.name(),
                run.stages.len(),
                attempt(stage)
            )
        }
        _ => "its result is being put where you can fetch it".to_owned(),
    }
}

fn attempt(stage: &StageState) -> String {
    stage
        .attempts
        .last()
        .filter(|a| a.n > 1)
        .map(|a| format!(", attempt {}", a.n))
        .unwrap_or_default()
}

fn outcome(run: &Run) -> String {
    match run.outcome {
        Some(Outcome::Done) => "it is done".to_owned(),
        _ => format!(
            "it {} {}",
            if run.outcome == Some(Outcome::Failed) { "has" } else { "was" },
            figures::phase(run)
        ),
    }
}

#[cfg(test)]
mod tests;
