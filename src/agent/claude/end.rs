//! How did Claude Code's work end?
//! Judged by the last result line alone: exit codes are 0 after an interrupt, and `subtype` says success after an API error.

use std::time::Duration;

use super::command::PERMISSIONS;
use super::stream::{CliResult, Reading};
use crate::agent::event::{failed, late};
use crate::run::{AgentEnd, Trouble, Written};

/// Why we stopped listening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// It closed its output; the exit code, if there was one.
    Ended(Option<i32>),
    /// We were told to stop.
    Stopped,
    /// After so long.
    TimedOut(Duration),
}

/// What the reading, the silence and standard error's tail mean together.
pub(super) fn judge(reading: &Reading, silence: &Exit, stderr: &str) -> AgentEnd {
    if let Some(why) = &reading.refused {
        return failed(Trouble::Setup, why);
    }
    if let Some(mode) = reading.permission_mode.as_ref().filter(|mode| *mode != PERMISSIONS) {
        return failed(
            Trouble::Setup,
            &format!("it took permission mode {mode} instead of {PERMISSIONS}"),
        );
    }
    match (silence, &reading.result) {
        // What finished before we stopped it is finished.
        (_, Some(outcome)) if !outcome.is_error && outcome.terminal_reason == "completed" => {
            AgentEnd::Finished
        }
        (Exit::Stopped, _) => AgentEnd::Stopped,
        (Exit::TimedOut(limit), _) => late(*limit),
        (Exit::Ended(_), Some(outcome)) => failure(reading, outcome),
        (Exit::Ended(code), None) => crash(reading, *code, stderr),
    }
}

/// The last words, if it was the agent who spoke them.
pub(super) fn words(reading: &Reading) -> Option<String> {
    let outcome = reading.result.as_ref().filter(|o| !o.is_error)?;
    let words: String = outcome.text.trim().chars().take(Written::WORDS).collect();
    (!words.is_empty()).then_some(words)
}

fn failure(reading: &Reading, outcome: &CliResult) -> AgentEnd {
    let said = if outcome.text.is_empty() { &outcome.errors } else { &outcome.text };
    // Advice about our own socket helps nobody.
    let said = said.split(" If it persists").next().unwrap_or_default();
    let trouble = match outcome.terminal_reason.as_str() {
        "budget_exhausted" => return failed(Trouble::Budget, "its allowance is spent"),
        "max_turns" => return failed(Trouble::Agent, "it needed too many turns"),
        "api_error" => api_trouble(outcome.api_status, &reading.error, said),
        _ if outcome.subtype == "error_max_budget_usd" => Trouble::Budget,
        _ => Trouble::Agent,
    };
    let reason = if outcome.terminal_reason.is_empty() {
        &outcome.subtype
    } else {
        &outcome.terminal_reason
    };
    failed(trouble, if said.is_empty() { reason } else { said })
}

fn api_trouble(status: Option<u64>, kind: &str, said: &str) -> Trouble {
    if matches!(kind, "authentication_failed" | "billing_error" | "model_not_found") {
        return Trouble::Setup;
    }
    let said = said.to_lowercase();
    match status {
        // Our meter refuses what the allowance no longer covers with 400: the one status the CLI does not retry.
        Some(400) if said.contains("allowance") || said.contains("budget") => Trouble::Budget,
        Some(401..=404) => Trouble::Setup,
        Some(408 | 429 | 500..) | None => Trouble::ModelBusy,
        Some(_) => Trouble::Agent,
    }
}

/// Nothing was reported: it was killed, or never came to work.
fn crash(reading: &Reading, code: Option<i32>, stderr: &str) -> AgentEnd {
    let last =
        stderr.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    // A bad flag or a missing program is told on standard error before anything else is.
    let trouble =
        if reading.info.is_none() && !stderr.is_empty() { Trouble::Setup } else { Trouble::Agent };
    failed(trouble, &format!("it ended with {code}: {}", last.trim()))
}
