//! Acknowledgements: what does Slack get for a delivery?
//! Words for who typed a command, a mistake for who filled in a form; nothing for all else.

use serde_json::{Map, Value, json};

use super::Actor;
use super::arrival::Way;
use super::outcome::Acted;
use crate::slack::{Ack, Inbound};

pub(super) const NOTHING_RECORDED: &str =
    "Signoff's database does not answer, so nothing was recorded. Please try again in a minute.";
pub(super) const MAYBE_RECORDED: &str = "Signoff's database stopped answering, so it is not certain that this was recorded. Please look at the thread in a minute before you try again.";
const COMES_AGAIN: &str = "Signoff's database does not answer. Slack sends this again for a while; if nothing has happened in a few minutes, please try again.";

const NOT_YET: &str = "Got it. This takes a moment; the outcome shows here or in the thread.";

impl Actor {
    /// What could not be made durable: a person is told so, and what Slack would send again is not acknowledged.
    pub(super) fn apologize(&self, inbound: Inbound, way: Way, sorry: &'static str) -> Ack {
        match (&inbound, way) {
            // It stays open, with what was typed.
            (Inbound::Submission(form), _) => {
                wrong(form.values.keys().next().map_or("", String::as_str), sorry)
            }
            (Inbound::Command(_), Way::Http) => private(sorry),
            (Inbound::Click(_), Way::Http) => {
                self.respond_meanwhile(inbound, sorry);
                Ack::Kept
            }
            (Inbound::Command(_) | Inbound::Click(_), Way::Socket { again: false }) => {
                self.respond_meanwhile(inbound, COMES_AGAIN);
                Ack::NotKept
            }
            _ => Ack::NotKept,
        }
    }

    fn respond_meanwhile(&self, inbound: Inbound, text: &'static str) {
        let actor = self.clone();
        tokio::spawn(async move { actor.respond(&inbound, text).await });
    }
}

/// The acknowledgement of what was made durable. Without an outcome it is still being acted on; or acting on it broke, and it is acted on again.
pub(super) fn acknowledgement(command: bool, acted: Option<Acted>) -> Ack {
    match acted {
        Some(Acted::Told(text) | Acted::Owed(text)) if command => private(&text),
        Some(Acted::Wrong { field, why }) => wrong(&field, &why),
        None if command => private(NOT_YET),
        Some(_) | None => Ack::Kept,
    }
}

/// What an acknowledgement can carry: words for who typed a command, a mistake for who filled in a form.
pub(super) const fn fits_acknowledgement(inbound: &Inbound, acted: &Acted) -> bool {
    match inbound {
        Inbound::Command(_) => matches!(acted, Acted::Told(_) | Acted::Owed(_) | Acted::Silent),
        Inbound::Submission(_) => matches!(acted, Acted::Wrong { .. }),
        _ => false,
    }
}

fn private(text: &str) -> Ack {
    Ack::Answered(json!({ "response_type": "ephemeral", "text": text }))
}

fn wrong(field: &str, why: &str) -> Ack {
    let mut errors = Map::new();
    errors.insert(field.to_owned(), Value::from(why));
    Ack::Answered(json!({ "response_action": "errors", "errors": errors }))
}
