//! The end of Claude Code's work: was it finished, and if not, what kind of trouble was it?
//! Classified by the last result line alone: exit codes are 0 after an interrupt, and `subtype` says success after an API error.

use super::command::PERMISSIONS;
use super::stream::{CliResult, StreamReader};
use crate::agent::event::{failed, timed_out, used_too_much};
use crate::agent::process::{Exit, last_line};
use crate::run::{AgentEnd, Trouble, Written};

/// What the lines that were read, the exit and standard error's tail mean together.
pub(super) fn classify_end(reader: &StreamReader, exit: &Exit, stderr: &str) -> AgentEnd {
    if let Some(why) = &reader.refused {
        return failed(Trouble::SignIn, why);
    }
    if let Some(mode) = reader.wrong_permissions() {
        let why = format!("it took permission mode {mode} instead of {PERMISSIONS}");
        return failed(Trouble::Program, &why);
    }
    match (exit, &reader.result) {
        (Exit::Exceeded(exceeded), _) => used_too_much(*exceeded),
        // What finished before we stopped it is finished.
        (_, Some(result)) if !result.is_error && result.terminal_reason == "completed" => {
            AgentEnd::Finished
        }
        (Exit::Stopped, _) => AgentEnd::Stopped,
        (Exit::TimedOut(limit), _) => timed_out(*limit),
        (Exit::Ended(_), Some(result)) => failure(reader, result),
        (Exit::Ended(code), None) => crash(reader, *code, stderr),
    }
}

/// The last words, if it was the agent who spoke them.
pub(super) fn last_words(reader: &StreamReader) -> Option<String> {
    let result = reader.result.as_ref().filter(|o| !o.is_error)?;
    Written::cleaned_words(Some(result.text.clone()))
}

fn failure(reader: &StreamReader, result: &CliResult) -> AgentEnd {
    let said = if result.text.is_empty() { &result.errors } else { &result.text };
    // The advice that follows is about our own socket, and helps nobody.
    let said = said.split(" If it persists").next().unwrap_or_default();
    let trouble = match result.terminal_reason.as_str() {
        "budget_exhausted" => return failed(Trouble::Budget, "its allowance is spent"),
        "max_turns" => return failed(Trouble::Agent, "it needed too many turns"),
        "api_error" => api_trouble(result.api_status, &reader.error, said),
        _ if result.subtype == "error_max_budget_usd" => Trouble::Budget,
        _ => Trouble::Agent,
    };
    let reason =
        if result.terminal_reason.is_empty() { &result.subtype } else { &result.terminal_reason };
    failed(trouble, if said.is_empty() { reason } else { said })
}

fn api_trouble(status: Option<u64>, kind: &str, said: &str) -> Trouble {
    match kind {
        "authentication_failed" | "billing_error" => return Trouble::SignIn,
        "model_not_found" => return Trouble::Setup,
        _ => {}
    }
    let said = said.to_lowercase();
    match status {
        // Our meter refuses what the allowance no longer covers with 400: the one status the CLI does not retry.
        // What a provider says of a budget is about a field of the request.
        Some(400) if said.contains("allowance") => Trouble::Budget,
        Some(401..=403) => Trouble::SignIn,
        Some(404) => Trouble::Setup,
        Some(408 | 429 | 500..) | None => Trouble::ModelBusy,
        Some(_) => Trouble::Agent,
    }
}

/// Nothing was reported: it was killed, or never came to work.
fn crash(reader: &StreamReader, code: Option<i32>, stderr: &str) -> AgentEnd {
    let last = last_line(stderr, "it said nothing");
    let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
    // A bad flag or a missing program is told on standard error before anything else is.
    let trouble =
        if reader.info.is_none() && !stderr.is_empty() { Trouble::Program } else { Trouble::Agent };
    failed(trouble, &format!("it ended with {code}: {}", last.trim()))
}
