//! Is that a text that Slack shows?

use serde_json::Value;

use super::Wrong;

/// Which texts may stand there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Any,
}

impl Wrong {
    /// A text object, neither empty nor too long.
    pub(super) fn text(&mut self, text: Option<&Value>, most: usize, what: &str, kind: Kind) {
        let Some(object) = text.filter(|it| it.is_object()) else {
            return self.say(&format!("{what} has no text"));
        };
        match object["type"].as_str() {
            Some("plain_text") => self.only(object, &["text", "emoji"]),
            Some("mrkdwn") if kind == Kind::Any => self.only(object, &["text", "verbatim"]),
            other => self.say(&format!("{what} is of type {other:?}")),
        }
        match object["text"].as_str() {
            None | Some("") => self.say(&format!("{what} has no text")),
            Some(text) => {
                self.if_more(text.chars().count(), most, &format!("characters of {what}"));
            }
        }
    }

    /// A text object, or none.
    pub(super) fn maybe_text(&mut self, text: Option<&Value>, most: usize, what: &str, kind: Kind) {
        if text.is_some() {
            self.text(text, most, what, kind);
        }
    }
}

pub(super) fn length(text: &Value) -> usize {
    text.as_str().map_or(0, |it| it.chars().count())
}

/// The characters of every text in a block, however deep.
pub(super) fn all(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(
                |(name, value)| {
                    if name == "text" && value.is_string() { length(value) } else { all(value) }
                },
            )
            .sum(),
        Value::Array(values) => values.iter().map(all).sum(),
        _ => 0,
    }
}
