//! What is one message?

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use slack_morphism::prelude::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockButtonElement, SlackBlockMarkDownText, SlackBlockText,
    SlackContextBlockElement, SlackSectionBlock,
};

use super::gate::APPROVE;
use super::text::length;
use crate::run::GroupId;
use crate::slack;

/// Longest paragraph of a plainer message, and longest text of all of them: far within Slack's limits.
const PARAGRAPH: usize = 1_500;
const PLAINER: usize = 6_000;

/// A message that should exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What stays the same when the message is redrawn: `card`, `ledger`, `gate:<stage>:<round>` or `end`; to people directly
    /// `reminder:<stage>:<round>:<half|soon>:<n>:<user>`, `escalation:<stage>:<round>:<user>` and `unposted:<stage>:<round>:<user>`.
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
        let approves = |element: &SlackActionBlockElement| matches!(element, SlackActionBlockElement::Button(b) if is_for(b, APPROVE));
        self.blocks.iter().any(|block| matches!(block, SlackBlock::Actions(row) if row.elements.iter().any(approves)))
    }

    /// The same message of nothing but short paragraphs and its buttons: what is sent when Slack refuses the blocks. Links become text,
    /// and a button that only opens a page goes: what it opens is among the links.
    #[must_use]
    pub fn plainer(&self) -> Vec<SlackBlock> {
        let mut blocks: Vec<SlackBlock> = Vec::new();
        let mut room = PLAINER;
        for block in &self.blocks {
            match block {
                SlackBlock::Actions(row) => blocks.extend(plain_buttons(row)),
                other => {
                    let text = slack::cut(&texts(other), room.min(PARAGRAPH));
                    room -= length(&text);
                    blocks.extend(
                        (!text.trim().is_empty()).then(|| SlackSectionBlock::new().with_text(SlackBlockMarkDownText::new(text).into()).into()),
                    );
                }
            }
        }
        blocks
    }

    /// Which message goes first.
    #[must_use]
    pub fn priority(&self) -> Priority {
        match self.key.as_str() {
            "card" => Priority::Milestone,
            "ledger" => Priority::Progress,
            _ => Priority::Call,
        }
    }
}

fn is_for(button: &SlackBlockButtonElement, action: &str) -> bool {
    button.action_id.as_ref().is_some_and(|id| id.0 == action)
}

/// The buttons that say something to us.
fn plain_buttons(row: &SlackActionsBlock) -> Option<SlackBlock> {
    let says = |element: &&SlackActionBlockElement| matches!(element, SlackActionBlockElement::Button(button) if button.url.is_none());
    let elements: Vec<_> = row.elements.iter().filter(says).cloned().collect();
    (!elements.is_empty()).then(|| SlackActionsBlock { elements, ..row.clone() }.into())
}

/// What a block says, as mrkdwn.
fn texts(block: &SlackBlock) -> String {
    let of = |text: &SlackBlockText| match text {
        SlackBlockText::Plain(plain) => slack::escape(&plain.text),
        SlackBlockText::MarkDown(markdown) => markdown.text.clone(),
    };
    match block {
        SlackBlock::Header(header) => of(&header.text.clone().into()),
        SlackBlock::Section(section) => section.text.as_ref().map(of).unwrap_or_default(),
        SlackBlock::Context(context) => {
            let of = |element: &SlackContextBlockElement| match element {
                SlackContextBlockElement::Plain(plain) => slack::escape(&plain.text),
                SlackContextBlockElement::MarkDown(markdown) => markdown.text.clone(),
                SlackContextBlockElement::Image(_) => String::new(),
            };
            context.elements.iter().map(of).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
