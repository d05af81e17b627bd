//! Block Kit's limits: does all of it fit into one message or view?

use serde_json::Value;
use slack_morphism::prelude::SlackBlock;

use super::context;
use crate::slack::truncate::length;

const IN_A_MESSAGE: usize = 50;
const IN_A_VIEW: usize = 100;
/// Not in Slack's documentation: beyond about 12,000 characters over all blocks of a message it answers `msg_blocks_too_long`.
const ALL_TEXT: usize = 12_000;
/// A view may have 250 KB; this leaves room for its title and what Slack adds.
const ALL_BYTES: usize = 200_000;

/// A message's blocks if Slack takes them all, else without the last ones that nobody can press: a question must stay answerable.
#[must_use]
pub fn fit(blocks: Vec<SlackBlock>) -> Vec<SlackBlock> {
    shortened(blocks, IN_A_MESSAGE, ALL_TEXT, text_length)
}

/// The same for a form or the Home tab.
#[must_use]
pub fn fit_view(blocks: Vec<SlackBlock>) -> Vec<SlackBlock> {
    shortened(blocks, IN_A_VIEW, ALL_BYTES, bytes)
}

fn shortened(
    blocks: Vec<SlackBlock>,
    most: usize,
    room: usize,
    size: fn(&SlackBlock) -> usize,
) -> Vec<SlackBlock> {
    let mut sized = Sized { total: blocks.iter().map(size).sum(), blocks };
    if sized.blocks.len() > most || sized.total > room {
        let note = context("… shortened, there was more than fits here");
        sized.total += size(&note);
        let mut at = sized.blocks.len();
        while sized.blocks.len() >= most || sized.total > room {
            let Some(last) = sized.expendable() else { break };
            sized.total -= size(&sized.blocks.remove(last));
            at = last;
        }
        sized.blocks.insert(at.min(sized.blocks.len()), note);
    }
    sized.blocks
}

/// Blocks, and how large they are together.
struct Sized {
    blocks: Vec<SlackBlock>,
    total: usize,
}

impl Sized {
    /// The last block that nobody can press; the last where there is no other.
    fn expendable(&self) -> Option<usize> {
        let quiet = self.blocks.iter().rposition(|block| !asks(block));
        quiet.or(self.blocks.len().checked_sub(1))
    }
}

/// Whether somebody can press or fill in something there.
fn asks(block: &SlackBlock) -> bool {
    match block {
        SlackBlock::Actions(_) | SlackBlock::Input(_) => true,
        SlackBlock::Section(section) => section.accessory.is_some(),
        _ => false,
    }
}

/// The characters in all texts of a block, however deep.
pub(super) fn text_length(block: &SlackBlock) -> usize {
    fn texts(value: &Value) -> usize {
        match value {
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| {
                    if name == "text" {
                        value.as_str().map_or_else(|| texts(value), length)
                    } else {
                        texts(value)
                    }
                })
                .sum(),
            Value::Array(values) => values.iter().map(texts).sum(),
            _ => 0,
        }
    }
    serde_json::to_value(block).map_or(0, |value| texts(&value))
}

/// What it takes on the wire.
pub(super) fn bytes(block: &SlackBlock) -> usize {
    serde_json::to_string(block).map_or(0, |json| json.len() + 1)
}
