//! What to do next: how does a run that did not end well begin again?
//! From the first stage that is not good, and with what was wrong put right before.

use crate::run::{Outcome, Run, RunId, StageState, Trouble};

/// What a person can do now.
pub(super) fn next(run: &Run, outcome: Outcome, failed: Option<&StageState>) -> String {
    if let Some(whole) = whole(run) {
        return format!("*Next:* what becomes of it is settled in `{whole}`, which it is part of.");
    }
    let again = again(run);
    let advice = match outcome {
        Outcome::Failed => after_failure(run, &again, failed),
        Outcome::Rejected => {
            format!("say in the brief what should be different, and start again with {again}.")
        }
        Outcome::Stopped | Outcome::Done => {
            format!("start again with {again} whenever you like.")
        }
    };
    format!("*Next:* {advice}")
}

/// What to do where something is asked of it and it is over.
pub(in crate::thread) fn after_the_end(run: &Run) -> String {
    match whole(run) {
        Some(whole) => format!("What becomes of it is settled in `{whole}`, which it is part of."),
        None => format!("{} starts it again.", again(run)),
    }
}

/// The run that it is part of: it is not done again alone, and that one may still be at work.
fn whole(run: &Run) -> Option<&RunId> {
    run.request.part_of.as_ref().map(|member| &member.batch)
}

/// The word that does it again: from the first stage that is not good.
fn again(run: &Run) -> String {
    let from = run.resumes_at().map(|stage| format!(" from {stage}")).unwrap_or_default();
    format!("`/develop again {}{from}`", run.id())
}

fn after_failure(run: &Run, again: &str, failed: Option<&StageState>) -> String {
    let out_of_money = run.is_out_of_money();
    let trouble = failed.and_then(|s| s.attempts.last()).and_then(|a| a.trouble);
    match trouble {
        _ if failed.is_none() => {
            format!("find out why, then start again with {again}.")
        }
        _ if failed.is_some_and(|s| s.missed_deadline && s.asked_to_recover.is_empty()) => {
            format!("start again with {again} when somebody can answer in time.")
        }
        _ if out_of_money => more_money(again),
        Some(Trouble::Budget) => more_money(again),
        Some(Trouble::SignIn) => format!(
            "let the operator look after the key of the model's provider and its bills, then start again with {again}."
        ),
        Some(Trouble::Program) => format!(
            "let the operator look after the agent's program (`signoff doctor` says how it is), then start again with {again}."
        ),
        Some(Trouble::TimeOut) => {
            format!(
                "give the stage a longer `timeout`, or make it smaller, and start again with {again}."
            )
        }
        Some(Trouble::Stall) => format!(
            "see what it did last, say in the brief what it should not wait for, and start again with {again}."
        ),
        Some(Trouble::Setup) => {
            format!("put key, model, configuration or setup right, then start again with {again}.")
        }
        Some(Trouble::NothingToFix) => {
            format!("name a command that fails now, and start again with {again}.")
        }
        Some(Trouble::ModelBusy) => {
            format!("start again with {again} when the model's provider has room.")
        }
        Some(Trouble::Agent | Trouble::Unknown) | None => {
            format!("say in the brief what went wrong, and start again with {again}.")
        }
    }
}

fn more_money(again: &str) -> String {
    format!("start again with more money: {again} with a higher `budget=`.")
}
