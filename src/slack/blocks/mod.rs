//! What is a message made of, and how large may it be?
//! Every block built here is within Slack's limits, whatever text it is given. <https://docs.slack.dev/reference/block-kit/blocks>
//!
//! A button's value may be long; an option's may not (75 characters, 150 in newer clients), and a gate's name is longer than that. So what answers
//! or extends a gate is a button of its own, never an option of a menu: `gate.extend.1h`, `gate.extend.8h` and `gate.extend.tomorrow`, each with the
//! gate as its value.

mod element;
mod fit;
#[cfg(test)]
mod tests;
mod view;

use slack_morphism::prelude::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockMarkDownText, SlackBlockPlainText, SlackBlockPlainTextOnly, SlackContextBlock,
    SlackContextBlockElement, SlackDividerBlock, SlackHeaderBlock, SlackRichTextBlock, SlackRichTextElement, SlackRichTextInlineElement,
    SlackRichTextPreformatted, SlackRichTextText, SlackSectionBlock, SlackSectionBlockElement,
};

pub use element::{Button, Choice, Confirm, Menu, Style};
pub use fit::{fit, fit_view};
pub use view::{Field, Modal, Words, radio, select, text_input};

use crate::slack::cut::cut;
use crate::slack::plain::clean;
use crate::slack::text::Mrkdwn;

/// Slack refuses an edit whose text is longer.
pub(super) const MESSAGE_TEXT: usize = 4_000;
const SECTION_TEXT: usize = 3_000;
const FIELD_TEXT: usize = 2_000;
const FIELDS: usize = 10;
const CONTEXT_ELEMENTS: usize = 10;
const HEADER_TEXT: usize = 150;
const BUTTONS: usize = 25;
const ID: usize = 255;

/// The line that notifications, screen readers and old clients read.
#[must_use]
pub fn message_text(text: &Mrkdwn) -> String {
    text.cut(MESSAGE_TEXT).into()
}

/// One large line.
#[must_use]
pub fn header(text: &str) -> SlackBlock {
    SlackHeaderBlock::new(plain(text, HEADER_TEXT)).into()
}

/// A paragraph.
#[must_use]
pub fn section(text: &Mrkdwn) -> SlackBlock {
    SlackSectionBlock::new().with_text(mrkdwn(text, SECTION_TEXT).into()).into()
}

/// A paragraph with a button at its right.
#[must_use]
pub fn section_with_button(text: &Mrkdwn, button: Button) -> SlackBlock {
    SlackSectionBlock::new().with_text(mrkdwn(text, SECTION_TEXT).into()).with_accessory(SlackSectionBlockElement::Button(button.element())).into()
}

/// A paragraph with a menu at its right.
#[must_use]
pub fn section_with_menu(text: &Mrkdwn, menu: Menu) -> SlackBlock {
    SlackSectionBlock::new().with_text(mrkdwn(text, SECTION_TEXT).into()).with_accessory(SlackSectionBlockElement::Overflow(menu.element())).into()
}

/// Up to ten short texts, two in a row where there is room.
#[must_use]
pub fn fields(texts: &[Mrkdwn]) -> SlackBlock {
    SlackSectionBlock::new().with_fields(texts.iter().take(FIELDS).map(|text| mrkdwn(text, FIELD_TEXT).into()).collect()).into()
}

/// Up to ten small grey texts in a row.
#[must_use]
pub fn context(texts: &[Mrkdwn]) -> SlackBlock {
    let elements = texts.iter().take(CONTEXT_ELEMENTS).map(|text| SlackContextBlockElement::MarkDown(mrkdwn(text, FIELD_TEXT))).collect();
    SlackContextBlock::new(elements).into()
}

/// A thin line.
#[must_use]
pub fn divider() -> SlackBlock {
    SlackDividerBlock::new().into()
}

/// Anybody's words in fixed width. Nothing in them is markup, so nothing is escaped.
#[must_use]
pub fn preformatted(text: &str) -> SlackBlock {
    let inside = SlackRichTextInlineElement::Text(SlackRichTextText::new(at_least_a_space(cut(&clean(text), SECTION_TEXT))));
    SlackRichTextBlock::new(vec![SlackRichTextElement::Preformatted(SlackRichTextPreformatted::new(vec![inside]))]).into()
}

/// Up to 25 buttons. Give the block another id when its question is another, else clients keep what was pressed.
#[must_use]
pub fn actions(block_id: &str, buttons: Vec<Button>) -> SlackBlock {
    let elements = buttons.into_iter().take(BUTTONS).map(|button| SlackActionBlockElement::Button(button.element())).collect();
    SlackActionsBlock::new(elements).with_block_id(cut(block_id, ID).into()).into()
}

/// `verbatim`: Slack must not make links and mentions out of bare words.
fn mrkdwn(text: &Mrkdwn, max: usize) -> SlackBlockMarkDownText {
    SlackBlockMarkDownText::new(at_least_a_space(text.cut(max).into())).with_verbatim(true)
}

fn plain(text: &str, max: usize) -> SlackBlockPlainTextOnly {
    plain_text(text, max).into()
}

fn plain_text(text: &str, max: usize) -> SlackBlockPlainText {
    SlackBlockPlainText::new(at_least_a_space(cut(&clean(text), max)))
}

/// Slack refuses the whole message for one empty text.
fn at_least_a_space(text: String) -> String {
    if text.is_empty() { " ".to_owned() } else { text }
}
