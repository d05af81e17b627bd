//! What did Slack tell us?
//! Reads only what it needs: a field we do not know, or one of another shape, must not cost us a person's words.

mod event;
mod fields;
mod form;
mod interaction;
mod key;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use fields::FormFields;

use super::response_url::ResponseUrl;
use super::ts::Ts;
use super::unescape::unescape;
use crate::run::{PersonId, RequestId};

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

/// `/develop …`. Slack offers commands in channels only, never in threads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlashCommand {
    pub team: String,
    pub user_team: String,
    pub channel: String,
    pub user: String,
    pub command: String,
    pub text: String,
    pub trigger_id: String,
    pub response_url: Option<ResponseUrl>,
    pub key: RequestId,
}

/// Where something was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Surface {
    Message,
    Home,
    Modal,
}

/// A button pressed, or something chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Click {
    pub team: String,
    pub user_team: String,
    pub user: String,
    pub surface: Surface,
    pub channel: Option<String>,
    pub message_ts: Option<Ts>,
    /// The root of the thread that the message is in; none for a root itself.
    pub thread_ts: Option<Ts>,
    /// In a modal or at home: which view, and what it was when it was looked at, for [`crate::slack::SlackApi::update_view`].
    pub view_id: Option<String>,
    #[serde(default)]
    pub view_hash: Option<String>,
    /// What we wrote into the view when we drew it; empty elsewhere.
    #[serde(default)]
    pub callback_id: String,
    #[serde(default)]
    pub private_metadata: String,
    pub action_id: String,
    pub block_id: String,
    /// The button's value, or that of the option that was chosen.
    pub value: String,
    pub trigger_id: String,
    pub response_url: Option<ResponseUrl>,
    pub key: RequestId,
}

impl Click {
    /// True for a press in the direct conversation with us. There is no thread and nobody else to see what is said.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.channel.as_deref().is_some_and(|channel| channel.starts_with('D'))
    }
}

/// What was filled in, in one field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FieldValue {
    Nothing,
    Text(String),
    Chosen(Vec<String>),
}

/// A form that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewSubmission {
    pub team: String,
    pub user_team: String,
    pub user: String,
    pub callback_id: String,
    pub private_metadata: String,
    /// By block, then by action.
    pub values: BTreeMap<String, BTreeMap<String, FieldValue>>,
    pub view_id: String,
    #[serde(default)]
    pub view_hash: Option<String>,
    pub trigger_id: String,
    pub key: RequestId,
}

impl ViewSubmission {
    /// What was typed or chosen there; nothing is none.
    #[must_use]
    pub fn text(&self, block: &str, action: &str) -> Option<&str> {
        match self.values.get(block)?.get(action)? {
            FieldValue::Text(text) => Some(text),
            FieldValue::Chosen(chosen) => chosen.first().map(String::as_str),
            FieldValue::Nothing => None,
        }
    }
}

/// Something a person said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadMessage {
    pub team: String,
    pub user_team: String,
    pub channel: String,
    pub user: String,
    /// As Slack wrote it; [`super::unescape`] makes plain words of it.
    pub text: String,
    pub ts: Ts,
    pub thread_ts: Option<Ts>,
    /// True in a direct conversation with us.
    pub direct: bool,
    pub key: RequestId,
}

impl ThreadMessage {
    /// The person's own words as they typed them, without lines in which they quote somebody. What is left may be a command; if nothing is left,
    /// it is none.
    #[must_use]
    pub fn own_words(&self) -> String {
        own(&unescape(&self.text)).trim().to_owned()
    }
}

/// `>` quotes a line, `>>>` all that follows.
fn own(words: &str) -> String {
    let lines = words.lines().take_while(|line| !line.trim_start().starts_with(">>>"));
    lines.filter(|line| !line.trim_start().starts_with('>')).collect::<Vec<_>>().join("\n")
}

/// Somebody looks at our Home tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeOpened {
    pub team: String,
    pub user: String,
    pub key: RequestId,
}

/// Somebody deleted a message. Told as often as one likes, it is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    pub team: String,
    pub channel: String,
    pub ts: Ts,
}

/// We were thrown out of a workspace, or our token was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uninstalled {
    pub team: String,
    pub key: RequestId,
}

/// Not something that Slack sends. The text names the field, never its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a request of Slack's: {0}")]
pub struct Malformed(pub String);

macro_rules! done_by {
    ($kind:ident, $team:ident) => {
        impl $kind {
            /// Who did it, where they are at home.
            #[must_use]
            pub fn person(&self) -> PersonId {
                PersonId::Slack { team: self.$team.clone(), user: self.user.clone() }
            }
        }
    };
}

done_by!(SlashCommand, user_team);
done_by!(Click, user_team);
done_by!(ViewSubmission, user_team);
done_by!(ThreadMessage, user_team);
done_by!(HomeOpened, team);

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
        let payload: Value = serde_json::from_slice(body)
            .map_err(|_| Malformed("the body is not JSON".to_owned()))?;
        Self::from_frame(Frame::Event, &payload, emulator)
    }

    /// From the payload of a frame that came by a socket, or out of an HTTP body.
    pub fn from_frame(
        frame: Frame,
        payload: &Value,
        emulator: Option<&Url>,
    ) -> Result<Self, Malformed> {
        let fields = FormFields::of(payload);
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
            Self::Message(it) | Self::Mention(it) => Some(&it.key),
            Self::HomeOpened(it) => Some(&it.key),
            Self::Uninstalled(it) => Some(&it.key),
            Self::Deleted(_)
            | Self::UrlVerification { .. }
            | Self::SslCheck
            | Self::Ignored { .. } => None,
        }
    }

    /// Who did it.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        Some(match self {
            Self::Command(it) => it.person(),
            Self::Click(it) => it.person(),
            Self::Submission(it) => it.person(),
            Self::Message(it) | Self::Mention(it) => it.person(),
            Self::HomeOpened(it) => it.person(),
            Self::Deleted(_)
            | Self::Uninstalled(_)
            | Self::UrlVerification { .. }
            | Self::SslCheck
            | Self::Ignored { .. } => return None,
        })
    }

    fn ignored(why: &str) -> Self {
        Self::Ignored { why: why.chars().take(60).collect() }
    }
}
