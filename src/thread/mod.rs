//! What do people see?
//! Pure drawing: the same run, progress and minute give the same messages. `publisher` makes Slack agree with them.

mod blocks;
mod card;
pub(crate) mod clock;
mod closing;
pub(crate) mod figures;
mod gate;
mod ledger;
mod links;
mod message;
mod modal;
mod people;
mod plain;
mod publisher;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod table;
pub(crate) mod text;
mod told;
pub mod words;

use chrono::{DateTime, FixedOffset, Utc};

use crate::run::{Progress, Run};

pub use clock::redraw_at;
pub use figures::{glyph, phase};
pub use gate::{APPROVE, DIFF, DIFF_LINK, GateValue, REJECT, diff_url};
pub use links::{LinkError, Links};
pub use message::{Groups, Message, Priority, Reaction, To};
pub use modal::{DEVELOP, DevelopForm, ModalDiff, develop_modal, diff_modal};
pub use plain::{plain, plain_text, shell_text};
pub use publisher::Publisher;
pub use told::{Told, told};

/// "Noted, from the next attempt".
const NOTED: &str = "memo";

/// What a drawing knows of the world around a run.
#[derive(Clone, Debug)]
pub struct Place {
    /// Signs links to pages; none where no browser can reach us.
    pub links: Option<Links>,
    /// The clock of those who see plain text.
    pub clock_zone: FixedOffset,
    /// Whether clients draw Slack's own dates, in their reader's zone; emulators show the markup.
    pub slack_dates: bool,
}

/// The messages that should exist, in the order they are posted.
#[must_use]
pub fn render(run: &Run, (progress, _groups): (Option<&Progress>, &Groups), now: DateTime<Utc>, place: &Place) -> Vec<Message> {
    let mut messages = vec![card::card(run, now, place)];
    messages.extend(ledger::ledger(run, progress));
    messages.extend(gate::gates(run, now, place));
    messages.extend(closing::closing(run, place));
    messages
}

/// The reactions that should be on people's messages.
#[must_use]
pub fn reactions(run: &Run) -> Vec<Reaction> {
    run.notes.iter().filter_map(|note| note.message.clone()).map(|message| Reaction { message, emoji: NOTED }).collect()
}

#[cfg(test)]
mod tests;
