//! Errors of Slack's API: what does the caller do next?
//! Never holds a token, an address to answer to, or what was said.

use std::error::Error;
use std::io;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::http::response::Parts;
use hyper_util::client::legacy;
use serde_json::Value;
use slack_morphism::errors::{SlackClientApiError, SlackClientError};

/// How long to leave a method alone if Slack forgot to say.
const UNSAID_RETRY_AFTER: Duration = Duration::from_secs(30);

/// A call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlackError {
    /// Surely not done: Slack, or our own rate limiter before it, wants us to come back later.
    #[error("{method} has to wait {} s", retry_after.as_secs_f32())]
    RateLimited { method: &'static str, retry_after: Duration },
    /// Surely not done, and asking again in the same words will not help.
    #[error("Slack refused {method}: {error}{}{detail}", if detail.is_empty() { "" } else { ": " })]
    Refused { method: &'static str, error: String, detail: String },
    /// It may have happened. Look before sending again.
    #[error("{method} may or may not have happened: {what}")]
    Unknown { method: &'static str, what: String },
    /// Surely not done: nothing left this machine. Send again.
    #[error("{method} was not sent: {what}")]
    NotSent { method: &'static str, what: String },
}

/// Nothing can be posted to this channel until a person changes something.
const CHANNEL_IS_CLOSED: &[&str] = &[
    "channel_not_found",
    "not_in_channel",
    "is_archived",
    "channel_is_archived",
    "restricted_action",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "restricted_action_non_threadable_channel",
    "restricted_action_thread_locked",
    "ekm_access_denied",
    "team_not_found",
    "team_access_not_granted",
];
/// We are not, or no longer, installed as we were.
const WE_ARE_OUT: &[&str] = &[
    "invalid_auth",
    "not_authed",
    "token_revoked",
    "token_expired",
    "account_inactive",
    "no_permission",
    "missing_scope",
    "not_allowed_token_type",
    "org_login_required",
    "access_denied",
    "two_factor_setup_required",
    "enterprise_is_restricted",
];
/// The message we wanted to change cannot be changed any more.
const MESSAGE_IS_GONE: &[&str] =
    &["message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found"];
/// It is not there, as Slack says; which it may say once and be wrong.
const MESSAGE_IS_MISSING: &[&str] = &["message_not_found", "thread_not_found"];
/// There is no such user group, or none that is in use.
const GROUP_IS_GONE: &[&str] = &["no_such_subteam"];
/// The form or tab is not what it was when it was looked at.
const VIEW_MOVED_ON: &[&str] = &["hash_conflict", "not_found", "view_not_found"];
/// Slack refuses the blocks; a plainer drawing may pass.
const BLOCKS_ARE_BAD: &[&str] = &[
    "invalid_blocks",
    "invalid_blocks_format",
    "msg_blocks_too_long",
    "msg_blocks_too_many",
    "msg_too_long",
    "block_mismatch",
];
/// Slack says `ok: false` but not that nothing happened.
const MAYBE_DONE: &[&str] =
    &["internal_error", "fatal_error", "request_timeout", "service_unavailable"];

impl SlackError {
    /// True where sending again to this channel is pointless until a person acts (invites, unarchives, installs).
    #[must_use]
    pub fn is_permanent_for_channel(&self) -> bool {
        self.is_one_of(CHANNEL_IS_CLOSED) || self.is_about_us()
    }

    /// True where the installation itself is the trouble: a token, a scope.
    #[must_use]
    pub fn is_about_us(&self) -> bool {
        self.is_one_of(WE_ARE_OUT)
    }

    /// True where the message to change is gone, so that a new one has to stand in for it.
    #[must_use]
    pub fn is_message_gone(&self) -> bool {
        self.is_one_of(MESSAGE_IS_GONE)
    }

    /// True where Slack does not find it; else it is there and cannot be changed.
    #[must_use]
    pub fn is_message_missing(&self) -> bool {
        self.is_one_of(MESSAGE_IS_MISSING)
    }

    /// True where the group itself is the trouble: a wrong id, or a group that was taken away.
    #[must_use]
    pub fn is_group_gone(&self) -> bool {
        self.is_one_of(GROUP_IS_GONE)
    }

    /// True where a form was closed, or changed by somebody else, since it was looked at.
    #[must_use]
    pub fn is_view_moved_on(&self) -> bool {
        self.is_one_of(VIEW_MOVED_ON)
    }

    /// True where Slack refuses the blocks, so that the same thing drawn more plainly may pass. Views say `invalid_arguments`.
    #[must_use]
    pub fn is_invalid_blocks(&self) -> bool {
        let in_a_view = matches!(self, Self::Refused { error, detail, .. } if error == "invalid_arguments" && detail.contains("blocks"));
        in_a_view || self.is_one_of(BLOCKS_ARE_BAD)
    }

    /// True where whoever answers is no real Slack: an emulator has not all methods.
    #[must_use]
    pub fn is_unknown_method(&self) -> bool {
        self.is_one_of(&["unknown_method"])
    }

    fn is_one_of(&self, errors: &[&str]) -> bool {
        matches!(self, Self::Refused { error, .. } if errors.contains(&error.as_str()))
    }

    /// What a failure of the client library means.
    pub(super) fn from_client(method: &'static str, error: SlackClientError) -> Self {
        match error {
            SlackClientError::RateLimitError(limit) => Self::RateLimited {
                method,
                retry_after: limit.retry_after.unwrap_or(UNSAID_RETRY_AFTER),
            },
            SlackClientError::ApiError(error) => Self::from_code(method, &error),
            SlackClientError::HttpError(error) => Self::from_status(method, error.status_code),
            SlackClientError::HttpProtocolError(error) => {
                let cause = error.cause.as_deref().map(|cause| cause as &(dyn Error + 'static));
                let silence = || Self::Unknown { method, what: "no answer".to_owned() };
                cause.map_or_else(silence, |cause| Self::lost(method, cause))
            }
            SlackClientError::ProtocolError(_) => {
                Self::Unknown { method, what: "the answer was not JSON".to_owned() }
            }
            _ => Self::Unknown { method, what: "the answer was lost".to_owned() },
        }
    }

    /// The answer to a call that was made without the library, if it is a good one.
    pub(super) fn read_response(
        method: &'static str,
        head: &Parts,
        body: &str,
    ) -> Result<Value, Self> {
        if head.status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Self::RateLimited { method, retry_after: retry_after(head) });
        }
        let what = || format!("HTTP {}", head.status.as_u16());
        let answer: Value =
            serde_json::from_str(body).map_err(|_| Self::Unknown { method, what: what() })?;
        match answer.get("error").and_then(Value::as_str) {
            Some(code) => {
                let error = SlackClientApiError::new(code.to_owned());
                Err(Self::from_code(method, &error.with_http_response_body(body.to_owned())))
            }
            None => Ok(answer),
        }
    }

    fn from_status(method: &'static str, status: StatusCode) -> Self {
        if status.is_server_error() {
            return Self::Unknown { method, what: format!("HTTP {}", status.as_u16()) };
        }
        Self::Refused { method, error: format!("http_{}", status.as_u16()), detail: String::new() }
    }

    /// A connection broke, or was never made.
    pub(super) fn lost(method: &'static str, cause: &(dyn Error + 'static)) -> Self {
        let what = reason(cause);
        if never_left(cause) {
            Self::NotSent { method, what }
        } else {
            Self::Unknown { method, what }
        }
    }

    fn from_code(method: &'static str, error: &SlackClientApiError) -> Self {
        let code = error.code.clone();
        if matches!(code.as_str(), "ratelimited" | "rate_limited") {
            return Self::RateLimited { method, retry_after: UNSAID_RETRY_AFTER };
        }
        if MAYBE_DONE.contains(&code.as_str()) {
            return Self::Unknown { method, what: code };
        }
        Self::Refused {
            method,
            error: code,
            detail: error.http_response_body.as_deref().map(detail).unwrap_or_default(),
        }
    }
}

/// What the header `Retry-After` says.
fn retry_after(head: &Parts) -> Duration {
    let seconds = head.headers.get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
    seconds.map_or(UNSAID_RETRY_AFTER, Duration::from_secs)
}

/// What Slack adds to an error: which block is wrong, which scope is missing.
fn detail(body: &str) -> String {
    let Ok(answer) = serde_json::from_str::<Value>(body) else { return String::new() };
    let mut parts: Vec<String> = ["/response_metadata/messages", "/errors"]
        .iter()
        .filter_map(|at| answer.pointer(at)?.as_array())
        .flatten()
        .map(|part| part.as_str().map_or_else(|| part.to_string(), ToOwned::to_owned))
        .collect();
    if let Some(scope) = answer.get("needed").and_then(Value::as_str) {
        parts.push(format!("needs the scope {scope}"));
    }
    parts.join("; ")
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |it| (**it).source())
}

/// No connection was made, so no byte of the request went out.
fn never_left(error: &(dyn Error + 'static)) -> bool {
    chain(error).any(|it| {
        it.downcast_ref::<legacy::Error>().is_some_and(legacy::Error::is_connect)
            || it
                .downcast_ref::<io::Error>()
                .is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused)
    })
}

fn reason(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map_or_else(String::new, ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no(code: &str, body: &str) -> SlackError {
        SlackError::from_code(
            "chat.postMessage",
            &SlackClientApiError::new(code.to_owned()).with_http_response_body(body.to_owned()),
        )
    }

    #[test]
    fn errors_are_told_by_what_to_do_next() {
        assert!(no("is_archived", "{}").is_permanent_for_channel());
        assert!(no("token_revoked", "{}").is_about_us());
        assert!(no("message_not_found", "{}").is_message_gone());
        assert!(!no("invalid_blocks", "{}").is_permanent_for_channel());
        assert!(matches!(no("fatal_error", "{}"), SlackError::Unknown { .. }));
        assert!(matches!(no("ratelimited", "{}"), SlackError::RateLimited { .. }));
    }

    #[test]
    fn what_slack_adds_is_kept() {
        let error = no(
            "invalid_blocks",
            r#"{"ok":false,"response_metadata":{"messages":["[ERROR] too long [json-pointer:/blocks/0]"]}}"#,
        );
        assert_eq!(
            error.to_string(),
            "Slack refused chat.postMessage: invalid_blocks: [ERROR] too long [json-pointer:/blocks/0]"
        );
        assert_eq!(
            no("missing_scope", r#"{"needed":"chat:write"}"#).to_string(),
            "Slack refused chat.postMessage: missing_scope: needs the scope chat:write"
        );
        assert_eq!(
            no("is_archived", "not json").to_string(),
            "Slack refused chat.postMessage: is_archived"
        );
    }
}
