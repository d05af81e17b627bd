//! Which blocks do we draw with?
//! Header, section, context, actions: what every client shows. Longer text than Slack takes is cut here as a last resort.

use slack_morphism::prelude::{
    SlackActionsBlock, SlackBlock, SlackBlockButtonElement, SlackBlockButtonStyle, SlackBlockMarkDownText, SlackBlockPlainText, SlackContextBlock,
    SlackHeaderBlock, SlackSectionBlock,
};
use url::Url;

use super::text::{BUTTON, HEADER, SECTION, VALUE, bare, cut};

pub(super) fn header(text: &str) -> SlackBlock {
    SlackHeaderBlock::new(SlackBlockPlainText::new(bare(text, HEADER)).into()).into()
}

/// A paragraph, shown whole. `verbatim`: Slack makes no links and mentions of what we did not write as such.
pub(super) fn section(mrkdwn: &str) -> SlackBlock {
    SlackSectionBlock::new().with_text(markdown(mrkdwn).into()).with_expand(true).into()
}

/// Small print.
pub(super) fn context(mrkdwn: &str) -> SlackBlock {
    SlackContextBlock::new(vec![markdown(mrkdwn).into()]).into()
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

/// A link in mrkdwn. An address from `Url` holds none of the characters that would end it.
pub(super) fn link(url: &Url, label: &str) -> String {
    format!("<{}|{label}>", url.as_str().replace('&', "&amp;"))
}

fn markdown(text: &str) -> SlackBlockMarkDownText {
    SlackBlockMarkDownText::new(cut(text, SECTION)).with_verbatim(true)
}
