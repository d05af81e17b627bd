//! What is there in the workspace?

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::calls::Call;
use super::faults::Plan;
use super::files::File;
use super::presses::Dialog;
use super::signed::Sent;
use super::socket::Sockets;
use super::{scopes, seeds};

pub const TEAM: &str = "T01ACME";
pub const OTHER_TEAM: &str = "T99OTHER";
pub const BOT_USER: &str = "U00BOT";
pub const BOT: &str = "B00BOT";
pub const APP: &str = "A00APP";

/// Somebody, as Slack knows them.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: String,
    pub name: String,
    pub team: String,
    pub guest: bool,
    pub bot: bool,
    pub deactivated: bool,
    /// `Europe/Berlin`.
    pub zone: &'static str,
    /// East of Greenwich, in seconds; the same all year here.
    pub zone_offset: i32,
}

/// People who are called together.
#[derive(Clone, Debug)]
pub struct Group {
    pub id: String,
    pub handle: String,
    /// Ids of people.
    pub members: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Channel {
    pub id: String,
    pub name: String,
    pub private: bool,
    pub direct_with: Option<String>,
    /// The bot was invited.
    pub has_us: bool,
    pub archived: bool,
    /// What the bot is answered here, whatever it wants.
    pub refuses: Option<&'static str>,
}

impl Channel {
    /// Whether somebody is in it: in private ones only ana and ben are, and guests only in #dev.
    pub(super) fn has(&self, person: &Account) -> bool {
        if self.private {
            ["U01ANA", "U02BEN"].contains(&person.id.as_str())
        } else {
            !person.guest || self.name == "dev"
        }
    }
}

/// A message, or the moment of a slash command (`command`), which no API shows.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub channel: String,
    pub ts: String,
    pub thread_ts: Option<String>,
    pub user: String,
    pub text: String,
    pub blocks: Vec<Value>,
    pub metadata: Option<Value>,
    pub command: bool,
    /// What it said before each edit, oldest first.
    pub before: Vec<(String, Vec<Value>)>,
    /// The bot's.
    pub reactions: Vec<String>,
    /// The `ts` and text of the message that somebody forwarded by this one.
    pub forwards: Option<(String, String)>,
    /// Only one person sees it, and Slack keeps no message.
    pub ephemeral: bool,
}

impl Message {
    pub fn is_ours(&self) -> bool {
        self.user == BOT_USER
    }

    /// The thread it belongs to; a root belongs to its own.
    pub fn root(&self) -> &str {
        self.thread_ts.as_deref().unwrap_or(&self.ts)
    }

    pub fn key(&self) -> Option<&str> {
        self.metadata.as_ref()?.pointer("/event_payload/key")?.as_str()
    }
}

/// Something only one person was told.
#[derive(Clone, Debug)]
pub struct Private {
    pub channel: String,
    pub user: String,
    pub thread_ts: Option<String>,
    pub text: String,
    pub blocks: Vec<Value>,
    pub ts: String,
}

/// A form on somebody's screen.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub id: String,
    pub user: String,
    pub hash: String,
    pub content: Value,
    pub open: bool,
    /// The form below it, shown again when this one closes.
    pub previous: Option<String>,
    /// What the person filled in, by block.
    pub filled: BTreeMap<String, Value>,
    /// What the bot found wrong at the last submission, by block.
    pub errors: BTreeMap<String, String>,
}

pub struct Trigger {
    pub user: String,
    /// The form that it came from.
    pub view: Option<String>,
    pub given: Instant,
    pub used: bool,
}

pub struct ResponseAddress {
    pub user: String,
    pub channel: String,
    pub thread_ts: Option<String>,
    pub uses: u32,
}

/// Everything the workspace knows.
pub struct State {
    pub people: Vec<Account>,
    pub groups: Vec<Group>,
    pub channels: Vec<Channel>,
    pub messages: Vec<Message>,
    pub private: Vec<Private>,
    pub views: Vec<View>,
    /// Home tabs by person, with their ids and hashes.
    pub homes: BTreeMap<String, Value>,
    pub calls: Vec<Call>,
    pub violations: Vec<String>,
    pub late_acks: Vec<String>,
    /// What the bot may.
    pub scopes: BTreeSet<&'static str>,
    /// "Are you sure?" on somebody's screen, by person.
    pub(super) dialogs: BTreeMap<String, Dialog>,
    pub sockets: Sockets,
    /// Where files are sent to.
    pub(super) base: String,
    pub(super) files: Vec<File>,
    pub(super) plans: Vec<Plan>,
    pub(super) triggers: HashMap<String, Trigger>,
    pub(super) responses: HashMap<String, ResponseAddress>,
    pub(super) bot: Option<Url>,
    pub(super) last_sent: Option<Sent>,
    pub(super) page_size: usize,
    last_ts: i64,
    last_id: u32,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            people: seeds::people(),
            groups: seeds::groups(),
            channels: seeds::channels(),
            messages: vec![],
            private: vec![],
            views: vec![],
            homes: BTreeMap::new(),
            calls: vec![],
            violations: vec![],
            late_acks: vec![],
            scopes: scopes::ALL.iter().copied().collect(),
            dialogs: BTreeMap::new(),
            sockets: Sockets::default(),
            base: String::new(),
            files: vec![],
            plans: vec![],
            triggers: HashMap::new(),
            responses: HashMap::new(),
            bot: None,
            last_sent: None,
            page_size: 1_000,
            last_ts: 0,
            last_id: 0,
        }
    }

    pub fn user(&self, name: &str) -> Option<&Account> {
        let name = name.trim_start_matches('@');
        self.people.iter().find(|it| it.name == name || it.id == name)
    }

    /// A person by id, as the API wants it.
    pub(super) fn account(&self, id: &str) -> Option<&Account> {
        self.people.iter().find(|it| it.id == id)
    }

    /// A group: by handle, or by id.
    pub(super) fn group(&mut self, name: &str) -> Option<&mut Group> {
        let name = name.trim_start_matches('@');
        self.groups.iter_mut().find(|it| it.handle == name || it.id == name)
    }

    pub fn channel(&self, name: &str) -> Option<&Channel> {
        let name = name.trim_start_matches('#');
        self.channels.iter().find(|it| it.name == name || it.id == name)
    }

    pub fn message(&self, ts: &str) -> Option<&Message> {
        self.messages.iter().find(|it| it.ts == ts)
    }

    /// Our messages with that key: more than one is a duplicate that people see.
    pub fn with_key(&self, key: &str) -> Vec<&Message> {
        self.messages.iter().filter(|it| it.is_ours() && it.key() == Some(key)).collect()
    }

    /// The form that person looks at.
    pub fn open_view(&self, user: &str) -> Option<&View> {
        self.views.iter().rev().find(|it| it.open && it.user == user)
    }

    pub(super) fn next_ts(&mut self) -> String {
        self.last_ts = now().timestamp_micros().max(self.last_ts + 1);
        format!("{}.{:06}", self.last_ts / 1_000_000, self.last_ts % 1_000_000)
    }

    pub(super) fn next_id(&mut self, kind: &str) -> String {
        self.last_id += 1;
        format!("{kind}{:04}", self.last_id)
    }

    /// Whether that is the bot's conversation with that person.
    pub(super) fn is_direct(&self, channel: &str, user: &str) -> bool {
        self.channels.iter().any(|it| it.id == channel && it.direct_with.as_deref() == Some(user))
    }

    /// The direct conversation of the bot with a person.
    pub(super) fn direct(&mut self, user: &str) -> Channel {
        let known =
            self.channels.iter().find(|it| it.direct_with.as_deref() == Some(user)).cloned();
        known.unwrap_or_else(|| {
            let channel = Channel {
                direct_with: Some(user.to_owned()),
                ..seeds::channel(&user.replacen('U', "D", 1), &format!("dm-{user}"))
            };
            self.channels.push(channel.clone());
            channel
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "Slack is a place with a clock of its own")]
pub(super) fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}
