//! Reads blocks back: what does a block say, and what can be pressed in it?
//! Reads back what was drawn here, for whoever shows it without Slack, and for Slack when it refuses what was drawn.

use slack_morphism::prelude::{
    SlackActionBlockElement, SlackActionsBlock, SlackBlock, SlackBlockButtonElement,
    SlackBlockMarkDownText, SlackBlockPlainTextOnly, SlackBlockText, SlackContextBlockElement,
    SlackSectionBlock,
};

use super::table::in_lines;
use crate::slack::escape::escape;
use crate::slack::mrkdwn::Mrkdwn;
use crate::slack::truncate::{length, truncate};

/// Longest paragraph of a plainer message, and longest text of all of them: far within Slack's limits.
const PARAGRAPH: usize = 1_500;
const PLAINER: usize = 6_000;

/// What a block says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockText {
    Title(String),
    /// In Slack's markup.
    Text(String),
    /// What stands on them.
    Buttons(Vec<String>),
}

/// What a block says; none where it only draws a line, or asks for something.
#[must_use]
pub fn block_text(block: &SlackBlock) -> Option<BlockText> {
    match block {
        SlackBlock::Header(header) => Some(BlockText::Title(words(&header.text))),
        SlackBlock::Section(SlackSectionBlock {
            text: Some(SlackBlockText::MarkDown(text)),
            ..
        }) => Some(BlockText::Text(text.text.clone())),
        SlackBlock::Context(context) => match context.elements.first() {
            Some(SlackContextBlockElement::MarkDown(text)) => {
                Some(BlockText::Text(text.text.clone()))
            }
            _ => None,
        },
        SlackBlock::Table(table) => {
            Some(BlockText::Text(Mrkdwn::code_block(&in_lines(table)).into()))
        }
        SlackBlock::Actions(row) => {
            Some(BlockText::Buttons(buttons(row).map(|button| words(&button.text)).collect()))
        }
        _ => None,
    }
}

/// The `action_id` and the value of each button that says something to us.
pub fn pressable(blocks: &[SlackBlock]) -> impl Iterator<Item = (&str, &str)> {
    let rows = blocks.iter().filter_map(|block| match block {
        SlackBlock::Actions(row) => Some(buttons(row)),
        _ => None,
    });
    rows.flatten().filter_map(|it| Some((it.action_id.as_ref()?.0.as_str(), it.value.as_deref()?)))
}

/// The same in short paragraphs and buttons only: what is sent when Slack refuses the blocks. A button that only opens a page becomes a link.
#[must_use]
pub fn plainer(blocks: &[SlackBlock]) -> Vec<SlackBlock> {
    let mut room = PLAINER;
    let plain = |block: &SlackBlock| match (block, block_text(block)) {
        (SlackBlock::Actions(row), _) => {
            [plain_buttons(row), plain_paragraph(links(row).as_str(), &mut room)]
        }
        (_, Some(BlockText::Title(title))) => [plain_paragraph(&escape(&title), &mut room), None],
        (_, Some(BlockText::Text(text))) => [plain_paragraph(&text, &mut room), None],
        _ => [None, None],
    };
    blocks.iter().flat_map(plain).flatten().collect()
}

/// What the blocks say, in one text; links for buttons that open a page.
#[must_use]
pub fn words_of(blocks: &[SlackBlock]) -> Mrkdwn {
    let texts = blocks.iter().filter_map(|block| match (block, block_text(block)?) {
        (SlackBlock::Actions(row), _) => links(row).non_empty(),
        (_, BlockText::Title(title)) => Some(Mrkdwn::line(&title, PARAGRAPH)),
        (_, BlockText::Text(text)) => Some(Mrkdwn::drawn(text)),
        (_, BlockText::Buttons(_)) => None,
    });
    Mrkdwn::join(texts, "\n")
}

/// The pages that buttons open.
fn links(row: &SlackActionsBlock) -> Mrkdwn {
    let pages = buttons(row)
        .filter_map(|button| Some(Mrkdwn::link(button.url.as_ref()?, &words(&button.text))));
    Mrkdwn::join(pages, " · ")
}

/// As much as there is room for.
fn plain_paragraph(text: &str, room: &mut usize) -> Option<SlackBlock> {
    let text = truncate(text, (*room).min(PARAGRAPH));
    *room -= length(&text);
    let text = Some(text).filter(|text| !text.trim().is_empty())?;
    Some(SlackSectionBlock::new().with_text(SlackBlockMarkDownText::new(text).into()).into())
}

/// The buttons that say something to us.
fn plain_buttons(row: &SlackActionsBlock) -> Option<SlackBlock> {
    let elements: Vec<_> = buttons(row)
        .filter(|button| button.url.is_none())
        .cloned()
        .map(SlackActionBlockElement::Button)
        .collect();
    (!elements.is_empty()).then(|| SlackActionsBlock { elements, ..row.clone() }.into())
}

fn buttons(row: &SlackActionsBlock) -> impl Iterator<Item = &SlackBlockButtonElement> {
    row.elements.iter().filter_map(|element| match element {
        SlackActionBlockElement::Button(button) => Some(button),
        _ => None,
    })
}

fn words(plain: &SlackBlockPlainTextOnly) -> String {
    match plain.clone().into() {
        SlackBlockText::Plain(plain) => plain.text,
        SlackBlockText::MarkDown(markdown) => markdown.text,
    }
}
