//! Which blocks do we draw with?
//! Header, section, context, actions: what every client shows. Longer text than Slack takes is cut here as a last resort.

use slack_morphism::prelude::{
    SlackActionsBlock, SlackBlock, SlackBlockButtonElement, SlackBlockButtonStyle, SlackBlockConfirmItem, SlackBlockMarkDownText,
    SlackBlockPlainText, SlackContextBlock, SlackDividerBlock, SlackHeaderBlock, SlackSectionBlock, SlackSectionBlockElement,
};
use url::Url;

use super::text::{BUTTON, HEADER, SECTION, VALUE, bare, cut};
use crate::slack;

/// Most characters of a dialog's title, of its text and of its buttons.
const CONFIRM_TITLE: usize = 100;
const CONFIRM_TEXT: usize = 300;
const CONFIRM_BUTTON: usize = 30;

pub(super) fn header(text: &str) -> SlackBlock {
    SlackHeaderBlock::new(SlackBlockPlainText::new(at_least_a_space(bare(text, HEADER))).into()).into()
}

/// A paragraph, shown whole. `verbatim`: Slack makes no links and mentions of what we did not write as such.
pub(super) fn section(mrkdwn: &str) -> SlackBlock {
    SlackSectionBlock::new().with_text(markdown(mrkdwn).into()).with_expand(true).into()
}

/// A paragraph with a button beside it.
pub(super) fn section_with_button(mrkdwn: &str, button: SlackBlockButtonElement) -> SlackBlock {
    let section = SlackSectionBlock::new().with_text(markdown(mrkdwn).into()).with_expand(true);
    section.with_accessory(SlackSectionBlockElement::Button(button)).into()
}

/// Small print.
pub(super) fn context(mrkdwn: &str) -> SlackBlock {
    SlackContextBlock::new(vec![markdown(mrkdwn).into()]).into()
}

/// A thin line.
pub(super) fn divider() -> SlackBlock {
    SlackDividerBlock::new().into()
}

pub(super) fn actions(id: &str, buttons: Vec<SlackBlockButtonElement>) -> SlackBlock {
    SlackActionsBlock::new(buttons.into_iter().map(Into::into).collect()).with_block_id(id.to_owned().into()).into()
}

pub(super) fn button(action: &str, label: &str, value: &str) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(SlackBlockPlainText::new(cut(label, BUTTON)).into())
        .with_action_id(action.to_owned().into())
        .with_value(cut(value, VALUE))
}

pub(super) fn link_button(action: &str, label: &str, url: Url) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(SlackBlockPlainText::new(cut(label, BUTTON)).into()).with_action_id(action.to_owned().into()).with_url(url)
}

pub(super) fn primary(button: SlackBlockButtonElement) -> SlackBlockButtonElement {
    button.with_style(SlackBlockButtonStyle::Primary)
}

pub(super) fn danger(button: SlackBlockButtonElement) -> SlackBlockButtonElement {
    button.with_style(SlackBlockButtonStyle::Danger)
}

/// "Are you sure?", asked before a press counts. `yes` says what it does.
pub(super) fn confirmed(button: SlackBlockButtonElement, (title, text, yes): (&str, &str, &str)) -> SlackBlockButtonElement {
    let plain = |text: &str, most| SlackBlockPlainText::new(cut(text, most));
    let sure = SlackBlockConfirmItem::new(
        plain(title, CONFIRM_TITLE).into(),
        plain(text, CONFIRM_TEXT).into(),
        plain(yes, CONFIRM_BUTTON).into(),
        plain("Not now", CONFIRM_BUTTON).into(),
    );
    button.with_confirm(sure)
}

/// A link in mrkdwn. An address from `Url` holds none of the characters that would end it.
pub(super) fn link(url: &Url, label: &str) -> String {
    format!("<{}|{label}>", url.as_str().replace('&', "&amp;"))
}

/// Slack refuses a whole message for one empty text.
fn at_least_a_space(text: String) -> String {
    if text.is_empty() { " ".to_owned() } else { text }
}

fn markdown(text: &str) -> SlackBlockMarkDownText {
    SlackBlockMarkDownText::new(at_least_a_space(slack::cut(text, SECTION))).with_verbatim(true)
}
