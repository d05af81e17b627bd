//! What can be pressed or chosen?

use slack_morphism::prelude::{
    SlackBlockButtonElement, SlackBlockButtonStyle, SlackBlockChoiceItem, SlackBlockConfirmItem, SlackBlockOverflowElement, SlackBlockPlainTextOnly,
    SlackBlockText,
};
use url::Url;

use super::{ID, mrkdwn, plain, plain_text};
use crate::slack::cut::{cut, length};
use crate::slack::text::Mrkdwn;

const BUTTON_TEXT: usize = 75;
const BUTTON_VALUE: usize = 2_000;
const BUTTON_URL: usize = 3_000;
const CONFIRM_TITLE: usize = 100;
const CONFIRM_TEXT: usize = 300;
const CONFIRM_BUTTON: usize = 30;
const CHOICE_TEXT: usize = 75;
/// Slack's pages say 75, its newer libraries 150.
const CHOICE_VALUE: usize = 75;
const MENU: usize = 5;

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

/// Something to press. `action_id` must be the only one of its kind in the message. A value or address that Slack does not take whole is left out:
/// half of one would name something else.
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

    pub(super) fn element(self) -> SlackBlockButtonElement {
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
            .opt_value(whole(self.value, BUTTON_VALUE))
            .opt_url(self.url.filter(|url| length(url.as_str()) <= BUTTON_URL))
            .opt_style(style)
            .opt_confirm(confirm)
    }
}

/// One of several things to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    text: String,
    value: String,
}

impl Choice {
    /// None where the value is empty or does not fit: at most 75 characters, so a short word, never a gate.
    #[must_use]
    pub fn new(text: &str, value: &str) -> Option<Self> {
        whole(value.to_owned(), CHOICE_VALUE).map(|value| Self { text: text.to_owned(), value })
    }

    pub(super) fn item(&self) -> SlackBlockChoiceItem<SlackBlockPlainTextOnly> {
        SlackBlockChoiceItem::new(plain(&self.text, CHOICE_TEXT), self.value.clone())
    }

    /// Radio buttons want theirs in another wrapping.
    pub(super) fn radio_item(&self) -> SlackBlockChoiceItem<SlackBlockText> {
        SlackBlockChoiceItem::new(plain_text(&self.text, CHOICE_TEXT).into(), self.value.clone())
    }
}

/// Two to five things behind `⋯`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    action_id: String,
    choices: Vec<Choice>,
}

impl Menu {
    /// None for fewer than two: one thing is a button. What is more than five is left out.
    #[must_use]
    pub fn new(action_id: &str, mut choices: Vec<Choice>) -> Option<Self> {
        choices.truncate(MENU);
        (choices.len() >= 2).then(|| Self { action_id: action_id.to_owned(), choices })
    }

    pub(super) fn element(self) -> SlackBlockOverflowElement {
        let options = self.choices.iter().map(Choice::item).collect();
        SlackBlockOverflowElement::new(options).with_action_id(cut(&self.action_id, ID).into())
    }
}

/// What a program reads is sent whole or not at all.
pub(super) fn whole(text: String, max: usize) -> Option<String> {
    Some(text).filter(|text| !text.is_empty() && length(text) <= max)
}
