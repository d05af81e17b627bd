//! Requests from Slack, parsed: what did it tell us?
//! Reads only what it needs: a field we do not know, or one of another shape, must not cost us a person's words.

mod event;
mod fields;
mod form;
mod interaction;
mod key;
mod payload;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use fields::FormFields;
pub use payload::{
    Click, Deleted, FieldValue, HomeOpened, SlashCommand, Surface, ThreadMessage, Uninstalled,
    ViewSubmission,
};

use crate::run::{RequestId, foreign_text};

/// One verified request, understood.
///
/// `team` is the workspace we are installed in; `user_team` is where the person is at home, which differs for guests of shared channels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Inbound {
    Command(SlashCommand),
    Click(Click),
    Submission(ViewSubmission),
    /// Said in a channel or thread that we are in, by a person, without calling us by name.
    Message(ThreadMessage),
    /// Said to us by name.
    Mention(ThreadMessage),
    /// What a person said in a thread and says otherwise now; without words, they took it back.
    Changed(ThreadMessage),
    HomeOpened(HomeOpened),
    /// A bot's message is there no more; maybe it was ours.
    Deleted(Deleted),
    Uninstalled(Uninstalled),
    /// Answer with the challenge, nothing else.
    UrlVerification {
        challenge: String,
    },
    /// Answer 200, nothing else.
    SslCheck,
    /// Real, and nothing to us. Answer 200.
    Ignored {
        why: String,
    },
}

/// Not something that Slack sends. The text names the field, never its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a request of Slack's: {0}")]
pub struct Malformed(pub String);

/// Longest text of a request, in characters; Slack's own longest is 40,000.
const LONGEST_TEXT: usize = 50_000;

/// What people typed becomes ours here, whichever way it came: nothing in it steers, hides or cannot be kept.
fn readable(payload: &Value) -> Value {
    foreign_text::printable_json(payload, LONGEST_TEXT)
}

/// Which of the three kinds a JSON payload is; a socket says so beside it, HTTP by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    Command,
    Interaction,
    Event,
}

impl Inbound {
    /// From a verified HTTP request. `emulator` is the API's address where it is not Slack's own.
    pub fn parse(
        content_type: &str,
        body: &[u8],
        emulator: Option<&Url>,
    ) -> Result<Self, Malformed> {
        let json = content_type.starts_with("application/json")
            || body.trim_ascii_start().starts_with(b"{");
        if !json {
            return form::parse(body, emulator);
        }
        let payload = foreign_text::read_json(body)
            .ok_or_else(|| Malformed("the body is not JSON".to_owned()))?;
        Self::from_frame(Frame::Event, &payload, emulator)
    }

    /// From the payload of a frame that came by a socket, or out of an HTTP body.
    pub fn from_frame(
        frame: Frame,
        payload: &Value,
        emulator: Option<&Url>,
    ) -> Result<Self, Malformed> {
        let payload = readable(payload);
        let fields = FormFields::of(&payload);
        match frame {
            Frame::Command => form::command(fields, emulator),
            Frame::Interaction => interaction::parse(fields, emulator),
            Frame::Event => event::parse(fields),
        }
    }

    /// Of which kind it is, for metrics and for whoever looks at the inbox.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Click(_) => "click",
            Self::Submission(_) => "submission",
            Self::Message(_) => "message",
            Self::Mention(_) => "mention",
            Self::Changed(_) => "changed",
            Self::Deleted(_) => "deleted",
            Self::HomeOpened(_) => "home",
            Self::Uninstalled(_)
            | Self::UrlVerification { .. }
            | Self::SslCheck
            | Self::Ignored { .. } => "other",
        }
    }

    /// What makes this delivery unique; none for what is answered without being remembered.
    #[must_use]
    pub fn key(&self) -> Option<&RequestId> {
        match self {
            Self::Command(it) => Some(&it.key),
            Self::Click(it) => Some(&it.key),
            Self::Submission(it) => Some(&it.key),
            Self::Message(it) | Self::Mention(it) | Self::Changed(it) => Some(&it.key),
            Self::HomeOpened(it) => Some(&it.key),
            Self::Uninstalled(it) => Some(&it.key),
            Self::Deleted(_)
            | Self::UrlVerification { .. }
            | Self::SslCheck
            | Self::Ignored { .. } => None,
        }
    }

    fn ignored(why: &str) -> Self {
        Self::Ignored { why: why.chars().take(60).collect() }
    }
}
