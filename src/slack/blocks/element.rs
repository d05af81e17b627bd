//! Buttons: what can be pressed?

use slack_morphism::prelude::{
    SlackBlockButtonElement, SlackBlockButtonStyle, SlackBlockConfirmItem,
};
use url::Url;

use super::{ID, plain_text_object};
use crate::slack::truncate::{length, truncate};

const BUTTON_TEXT: usize = 75;
const BUTTON_VALUE: usize = 2_000;
const BUTTON_URL: usize = 3_000;
const CONFIRM_TITLE: usize = 100;
const CONFIRM_TEXT: usize = 300;
const CONFIRM_BUTTON: usize = 30;

/// "Are you sure?", asked by the client before a press counts. `yes` says what it does.
#[derive(Clone, Copy, Debug)]
pub struct Confirm<'a> {
    pub title: &'a str,
    pub text: &'a str,
    pub yes: &'a str,
    pub no: &'a str,
}

/// Something to press.
#[derive(Clone, Debug, PartialEq)]
pub struct Button(SlackBlockButtonElement);

impl Button {
    /// `action_id` must be the only one of its kind in the row. A value that Slack does not take whole is left out: half of one would name
    /// something else.
    #[must_use]
    pub fn new(text: &str, action_id: &str, value: &str) -> Self {
        let button = SlackBlockButtonElement::new(plain_text_object(text, BUTTON_TEXT).into())
            .with_action_id(truncate(action_id, ID).into());
        Self(button.opt_value(whole(value, BUTTON_VALUE)))
    }

    /// Opens a page; Slack tells us of the press all the same.
    #[must_use]
    pub fn link(text: &str, action_id: &str, to: Url) -> Self {
        Self(
            Self::new(text, action_id, "")
                .0
                .opt_url(Some(to).filter(|to| length(to.as_str()) <= BUTTON_URL)),
        )
    }

    /// The same beside others like it in one message, where no two may be called alike: `gate.approve:2`.
    #[must_use]
    pub fn numbered(mut self, n: usize) -> Self {
        self.0.action_id = self.0.action_id.map(|id| truncate(&format!("{id}:{n}"), ID).into());
        self
    }

    #[must_use]
    pub fn primary(self) -> Self {
        Self(self.0.with_style(SlackBlockButtonStyle::Primary))
    }

    #[must_use]
    pub fn danger(self) -> Self {
        Self(self.0.with_style(SlackBlockButtonStyle::Danger))
    }

    #[must_use]
    pub fn confirmed(self, sure: Confirm<'_>) -> Self {
        let answer = |text| plain_text_object(text, CONFIRM_BUTTON).into();
        let (title, text) = (
            plain_text_object(sure.title, CONFIRM_TITLE).into(),
            plain_text_object(sure.text, CONFIRM_TEXT).into(),
        );
        Self(self.0.with_confirm(SlackBlockConfirmItem::new(
            title,
            text,
            answer(sure.yes),
            answer(sure.no),
        )))
    }

    pub(super) fn element(self) -> SlackBlockButtonElement {
        self.0
    }
}

/// What a program reads is sent whole or not at all.
pub(super) fn whole(text: &str, max: usize) -> Option<String> {
    Some(text).filter(|text| !text.is_empty() && length(text) <= max).map(str::to_owned)
}
