//! Payloads: what is in each kind of request?
//! They stand in the inbox as JSON, so a field that is added later has a default.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::run::{PersonId, RequestId};
use crate::slack::response_url::ResponseUrl;
use crate::slack::ts::Ts;
use crate::slack::unescape::unescape;

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
    /// Whether only whoever pressed it sees the message: Slack keeps no such message, and nobody can copy it.
    #[serde(default)]
    pub ephemeral: bool,
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

impl FieldValue {
    /// The text, or the first of what was chosen; empty where there is nothing.
    pub(super) fn first(self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text,
            Self::Chosen(chosen) => chosen.into_iter().next().unwrap_or_default(),
        }
    }
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
    /// As Slack wrote it; [`crate::slack::unescape`] makes plain words of it.
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
        without_quotes(&unescape(&self.text)).trim().to_owned()
    }
}

/// What stands around code.
const FENCE: &str = "```";

/// `>` quotes a line, `>>>` all that follows. In code both are code: a prompt, the lines of a mail, a redirection.
pub(super) fn without_quotes(words: &str) -> String {
    let mut own = Vec::new();
    let mut fences_behind = words.matches(FENCE).count();
    let mut in_code = false;
    for line in words.lines() {
        let fences = line.matches(FENCE).count();
        fences_behind -= fences;
        let start = line.trim_start();
        if !in_code && start.starts_with(">>>") {
            break;
        }
        if !in_code && start.starts_with('>') {
            continue;
        }
        own.push(line);
        // One that nothing closes opens no code.
        in_code = in_code != (fences % 2 == 1) && fences_behind > 0;
    }
    own.join("\n")
}

/// Somebody looks at our Home tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeOpened {
    pub team: String,
    pub user: String,
    pub key: RequestId,
}

/// Somebody deleted a message. Hearing of it twice changes nothing.
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
