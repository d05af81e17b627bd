//! What is a message made of, and how large may it be?
//! Every block built here is within Slack's limits. <https://docs.slack.dev/reference/block-kit/blocks>

use serde_json::Value;
use slack_morphism::prelude::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockButtonElement, SlackBlockButtonStyle, SlackBlockConfirmItem,
    SlackBlockMarkDownText, SlackBlockPlainText, SlackBlockPlainTextOnly, SlackContextBlock, SlackContextBlockElement, SlackDividerBlock,
    SlackHeaderBlock, SlackRichTextBlock, SlackRichTextElement, SlackRichTextInlineElement, SlackRichTextPreformatted, SlackRichTextText,
    SlackSectionBlock, SlackSectionBlockElement,
};
use url::Url;

use crate::slack::cut::{cut, length};
use crate::slack::text::{Mrkdwn, clean};

const MESSAGE_TEXT: usize = 4_000;
const SECTION_TEXT: usize = 3_000;
const FIELD_TEXT: usize = 2_000;
const FIELDS: usize = 10;
const CONTEXT_ELEMENTS: usize = 10;
const HEADER_TEXT: usize = 150;
const BUTTONS: usize = 25;
const BUTTON_TEXT: usize = 75;
const BUTTON_VALUE: usize = 2_000;
const ID: usize = 255;
const CONFIRM_TITLE: usize = 100;
const CONFIRM_TEXT: usize = 300;
const CONFIRM_BUTTON: usize = 30;
const BLOCKS: usize = 50;
/// Not in Slack's documentation: beyond about 12,000 characters over all blocks it answers `msg_blocks_too_long`.
const ALL_TEXT: usize = 12_000;

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

/// How loud a button is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Primary,
    Danger,
}

/// "Are you sure?", asked by the client before a press counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    pub title: String,
    pub text: Mrkdwn,
    pub yes: String,
    pub no: String,
}

/// Something to press. `action_id` must be the only one of its kind in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    pub text: String,
    pub action_id: String,
    pub value: String,
    pub style: Style,
    /// Opens a page; Slack tells us of the press all the same.
    pub url: Option<Url>,
    pub confirm: Option<Confirm>,
}

impl Button {
    #[must_use]
    pub fn new(text: &str, action_id: &str, value: &str) -> Self {
        Self { text: text.to_owned(), action_id: action_id.to_owned(), value: value.to_owned(), style: Style::Plain, url: None, confirm: None }
    }

    fn element(self) -> SlackBlockButtonElement {
        let style = match self.style {
            Style::Plain => None,
            Style::Primary => Some(SlackBlockButtonStyle::Primary),
            Style::Danger => Some(SlackBlockButtonStyle::Danger),
        };
        let confirm = self.confirm.map(|it| {
            let text = mrkdwn(&it.text, CONFIRM_TEXT);
            SlackBlockConfirmItem::new(plain(&it.title, CONFIRM_TITLE), text.into(), plain(&it.yes, CONFIRM_BUTTON), plain(&it.no, CONFIRM_BUTTON))
        });
        SlackBlockButtonElement::new(plain(&self.text, BUTTON_TEXT))
            .with_action_id(cut(&self.action_id, ID).into())
            .opt_value(Some(cut(&self.value, BUTTON_VALUE)).filter(|value| !value.is_empty()))
            .opt_url(self.url)
            .opt_style(style)
            .opt_confirm(confirm)
    }
}

/// The blocks if Slack takes them all, else without the last ones that are no buttons: a question must stay answerable.
#[must_use]
pub fn fit(mut blocks: Vec<SlackBlock>) -> Vec<SlackBlock> {
    let mut left_out = false;
    while blocks.len() > BLOCKS - usize::from(left_out) || blocks.iter().map(text_length).sum::<usize>() > ALL_TEXT {
        let Some(last) = blocks.iter().rposition(|block| !matches!(block, SlackBlock::Actions(_))) else { break };
        blocks.remove(last);
        left_out = true;
    }
    blocks.truncate(BLOCKS);
    if left_out && blocks.len() < BLOCKS {
        let end = blocks.iter().position(|block| matches!(block, SlackBlock::Actions(_))).unwrap_or(blocks.len());
        blocks.insert(end, context(&[Mrkdwn::ours("… shortened, there was more than fits here")]));
    }
    blocks
}

fn text_length(block: &SlackBlock) -> usize {
    fn texts(value: &Value) -> usize {
        match value {
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| if name == "text" { value.as_str().map_or_else(|| texts(value), length) } else { texts(value) })
                .sum(),
            Value::Array(values) => values.iter().map(texts).sum(),
            _ => 0,
        }
    }
    serde_json::to_value(block).map_or(0, |value| texts(&value))
}

/// `verbatim`: Slack must not make links and mentions out of bare words.
fn mrkdwn(text: &Mrkdwn, max: usize) -> SlackBlockMarkDownText {
    SlackBlockMarkDownText::new(at_least_a_space(text.cut(max).into())).with_verbatim(true)
}

fn plain(text: &str, max: usize) -> SlackBlockPlainTextOnly {
    SlackBlockPlainText::new(at_least_a_space(cut(&clean(text), max))).into()
}

/// Slack refuses the whole message for one empty text.
fn at_least_a_space(text: String) -> String {
    if text.is_empty() { " ".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use proptest::prelude::{prop_assert, proptest};
    use serde_json::json;

    use super::*;

    fn sent(block: &SlackBlock) -> Value {
        serde_json::to_value(block).expect("blocks are JSON")
    }

    #[test]
    fn blocks_are_what_slack_expects() {
        let mut button = Button::new("Approve", "gate.approve", "run-1/streaming/1");
        button.style = Style::Primary;
        assert_eq!(
            sent(&actions("gate:1", vec![button])),
            json!({"type": "actions", "block_id": "gate:1", "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": "Approve"}, "action_id": "gate.approve", "value": "run-1/streaming/1", "style": "primary"}]})
        );
        assert_eq!(
            sent(&section(&Mrkdwn::escaped("a < b"))),
            json!({"type": "section", "text": {"type": "mrkdwn", "text": "a &lt; b", "verbatim": true}})
        );
        assert_eq!(
            sent(&preformatted("a < b")),
            json!({"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a < b"}]}]})
        );
    }

    #[test]
    fn what_does_not_fit_goes_but_the_question_stays() {
        let mut blocks: Vec<SlackBlock> = (0..70).map(|_| section(&Mrkdwn::escaped(&"x".repeat(400)))).collect();
        blocks.push(actions("gate", vec![Button::new("Approve", "a", "v")]));
        let blocks = fit(blocks);
        assert!(blocks.len() <= BLOCKS && blocks.iter().map(text_length).sum::<usize>() <= ALL_TEXT + 100);
        assert!(matches!(blocks.last(), Some(SlackBlock::Actions(_))));
        assert!(sent(&blocks[blocks.len() - 2]).to_string().contains("shortened"));
    }

    proptest! {
        #[test]
        fn no_text_is_too_long_or_empty(text in "\\PC{0,400}", times in 0usize..40) {
            let text = text.repeat(times);
            let said = Mrkdwn::escaped(&text);
            for (block, at, max) in [
                (header(&text), "/text/text", HEADER_TEXT),
                (section(&said), "/text/text", SECTION_TEXT),
                (fields(from_ref(&said)), "/fields/0/text", FIELD_TEXT),
                (context(from_ref(&said)), "/elements/0/text", FIELD_TEXT),
                (preformatted(&text), "/elements/0/elements/0/text", SECTION_TEXT),
                (actions("b", vec![Button::new(&text, "a", &text)]), "/elements/0/text/text", BUTTON_TEXT),
            ] {
                let block = sent(&block);
                let shown = block.pointer(at).and_then(Value::as_str).expect("a text");
                prop_assert!(!shown.is_empty() && length(shown) <= max, "{shown:?}");
            }
            prop_assert!(length(&message_text(&said)) <= MESSAGE_TEXT);
        }
    }
}
