//! What is one message?

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use slack_morphism::prelude::SlackBlock;

use super::gate::APPROVE;
use crate::run::GroupId;

/// A message that should exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// `card`, `ledger`, `gate:<stage>:<round>` or `end`: what stays the same when the message is redrawn.
    pub key: String,
    pub to: To,
    /// For notifications, screen readers and clients that cannot show the blocks.
    pub text: String,
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

/// Which message goes first where Slack lets few through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Newest wins; may be late.
    Progress,
    /// Should be there soon.
    Milestone,
    /// Somebody is being called.
    Call,
}

impl Message {
    /// SHA-256 of everything Slack would be sent: equal digests are equal messages.
    #[must_use]
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(json!([self.text, self.blocks]).to_string()))
    }

    /// Whether somebody has to find it to answer it.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block, SlackBlock::Actions(buttons) if json!(buttons).to_string().contains(APPROVE)))
    }

    #[must_use]
    pub fn priority(&self) -> Priority {
        match self.key.as_str() {
            "card" => Priority::Milestone,
            "ledger" => Priority::Progress,
            _ => Priority::Call,
        }
    }
}
