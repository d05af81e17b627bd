//! Block Kit: what is a message made of, and how large may it be?
//! Every block built here is within Slack's limits, whatever text it is given. <https://docs.slack.dev/reference/block-kit/blocks>

mod element;
mod fit;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod view;

use slack_morphism::prelude::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockMarkDownText,
    SlackBlockPlainText, SlackContextBlock, SlackContextBlockElement, SlackDividerBlock,
    SlackHeaderBlock, SlackSectionBlock, SlackSectionBlockElement,
};

pub use element::{Button, Confirm};
pub use fit::{fit, fit_view};
pub use read::{BlockText, block_text, plainer, pressable, words_of};
pub use table::{aligned, table};
pub use view::{
    Field, MOST_CHOICES, Modal, Words, filled_input, radio, radio_with, select, text_input,
};

use super::mrkdwn::Mrkdwn;
use super::truncate::truncate;
use super::visible::clean;

/// Slack refuses an edit whose text is longer.
pub(super) const MESSAGE_TEXT: usize = 4_000;
const SECTION_TEXT: usize = 3_000;
const CONTEXT_TEXT: usize = 2_000;
const HEADER_TEXT: usize = 150;
const BUTTONS: usize = 25;
const ID: usize = 255;

/// One large line.
#[must_use]
pub fn header(text: &str) -> SlackBlock {
    SlackHeaderBlock::new(plain_text_object(text, HEADER_TEXT).into()).into()
}

/// A paragraph, shown whole.
#[must_use]
pub fn section(text: impl Into<Mrkdwn>) -> SlackBlock {
    paragraph(&text.into()).into()
}

/// A paragraph with a button beside it.
#[must_use]
pub fn section_with_button(text: impl Into<Mrkdwn>, button: Button) -> SlackBlock {
    paragraph(&text.into())
        .with_accessory(SlackSectionBlockElement::Button(button.element()))
        .into()
}

/// Small grey print.
#[must_use]
pub fn context(text: impl Into<Mrkdwn>) -> SlackBlock {
    SlackContextBlock::new(vec![SlackContextBlockElement::MarkDown(mrkdwn(
        &text.into(),
        CONTEXT_TEXT,
    ))])
    .into()
}

/// A thin line.
#[must_use]
pub fn divider() -> SlackBlock {
    SlackDividerBlock::new().into()
}

/// Up to 25 buttons. Give the block another id when its question is another, else clients keep what was pressed.
#[must_use]
pub fn actions(block_id: &str, buttons: Vec<Button>) -> SlackBlock {
    let elements = buttons
        .into_iter()
        .take(BUTTONS)
        .map(|button| SlackActionBlockElement::Button(button.element()))
        .collect();
    SlackActionsBlock::new(elements).with_block_id(truncate(block_id, ID).into()).into()
}

fn paragraph(text: &Mrkdwn) -> SlackSectionBlock {
    SlackSectionBlock::new().with_text(mrkdwn(text, SECTION_TEXT).into()).with_expand(true)
}

/// `verbatim`: Slack must not make links and mentions out of bare words.
fn mrkdwn(text: &Mrkdwn, max: usize) -> SlackBlockMarkDownText {
    SlackBlockMarkDownText::new(at_least_a_space(text.truncate(max).into())).with_verbatim(true)
}

fn plain_text_object(text: &str, max: usize) -> SlackBlockPlainText {
    SlackBlockPlainText::new(at_least_a_space(truncate(&clean(text), max)))
}

/// Slack refuses the whole message for one empty text.
fn at_least_a_space(text: String) -> String {
    if text.is_empty() { " ".to_owned() } else { text }
}
