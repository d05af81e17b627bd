//! A drawn message: what is one message, and how urgent is it?

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{ActionId, MessageKey};
use crate::run::GroupId;
use crate::slack::{Mrkdwn, Priority, SlackBlock, fit, has_button, plainer, words_of};

/// Most characters of a notification: what a lock screen shows.
pub(super) const NOTICE: usize = 150;
/// Most characters of a message that is words alone: Slack takes 4,000, with how to answer.
const WORDS: usize = 3_500;

/// A message that should exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub key: MessageKey,
    pub to: To,
    /// For notifications, screen readers and clients that cannot show the blocks.
    pub text: Mrkdwn,
    pub blocks: Vec<SlackBlock>,
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// The channel: the root of the thread.
    Channel,
    Thread,
    /// A person directly, by their Slack user id.
    Person(String),
}

/// Who is in which user group, by Slack user ids: what a drawing needs to know to call people directly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups(pub BTreeMap<GroupId, Vec<String>>);

/// A reaction that should be on somebody's message: their note is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The message, by its Slack timestamp.
    pub message: String,
    pub emoji: &'static str,
}

impl Message {
    /// Within Slack's limits, and on a lock screen in one line.
    pub(super) fn new(key: MessageKey, to: To, notice: &Mrkdwn, blocks: Vec<SlackBlock>) -> Self {
        Self { key, to, text: notice.truncate(NOTICE), blocks: fit(blocks) }
    }

    /// SHA-256 of everything Slack would be sent: equal digests are equal messages.
    #[must_use]
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(json!([self.text, self.blocks]).to_string()))
    }

    /// The same with more below it.
    pub(super) fn with(mut self, more: impl IntoIterator<Item = SlackBlock>) -> Self {
        self.blocks.extend(more);
        self
    }

    /// Whether somebody has to find it to answer it.
    #[must_use]
    pub fn asks(&self) -> bool {
        has_button(&self.blocks, ActionId::Approve.as_str())
    }

    /// The same message of nothing but short paragraphs and its buttons: what is sent when Slack refuses the blocks.
    #[must_use]
    pub fn plainer(&self) -> Vec<SlackBlock> {
        plainer(&self.blocks)
    }

    /// The same in words alone, and how to answer by words: what is sent when Slack refuses blocks of any kind.
    #[must_use]
    pub fn words(&self) -> Mrkdwn {
        let text = words_of(&self.blocks).truncate(WORDS);
        let place = match self.to {
            To::Channel | To::Thread => "in this thread",
            To::Person(_) => "below this message",
        };
        let how = self.asks().then(|| {
            Mrkdwn::from("*To answer, reply ") + place + ":* `approve`, `changes: …` or `reject: …`"
        });
        Mrkdwn::join(text.non_empty().into_iter().chain(how), "\n")
    }

    /// Which message goes first where Slack lets few through.
    #[must_use]
    pub fn priority(&self) -> Priority {
        match self.key {
            MessageKey::Card => Priority::Milestone,
            MessageKey::Ledger => Priority::Tick,
            _ => Priority::Call,
        }
    }
}
