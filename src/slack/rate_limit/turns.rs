//! Turns: whose edit goes next where Slack has no room for all?
//! What happened before mere progress, and the one that was shown the longest ago first. Whoever asked in vain keeps its place for a while.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// Whoever does not ask again within this time does not wait any more.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(12);

/// What an edit waits for, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Something happened to what it shows; else it only got on.
    pub happened: bool,
    /// When its message was last posted or edited.
    pub shown_at: Option<DateTime<Utc>>,
}

impl Turn {
    /// What comes first is smaller.
    const fn order(self) -> (Reverse<bool>, Option<DateTime<Utc>>) {
        (Reverse(self.happened), self.shown_at)
    }
}

/// Edits that wait, by the message they are about.
#[derive(Default)]
pub(super) struct Turns(HashMap<String, (Turn, Instant)>);

impl Turns {
    /// How many others go before this one, which waits from now on.
    pub(super) fn before(&mut self, message: &str, turn: Turn, now: Instant) -> usize {
        self.forget(now);
        let asked = self.0.entry(message.to_owned()).or_insert((turn, now));
        // A later look at the same message knows no more that something had happened.
        let happened = asked.0.happened || turn.happened;
        *asked = (Turn { happened, ..turn }, now);
        let mine = asked.0.order();
        self.0.values().filter(|(other, _)| other.order() < mine).count()
    }

    /// It has had its turn.
    pub(super) fn end(&mut self, message: &str) {
        self.0.remove(message);
    }

    pub(super) fn is_empty(&mut self, now: Instant) -> bool {
        self.forget(now);
        self.0.is_empty()
    }

    fn forget(&mut self, now: Instant) {
        self.0.retain(|_, (_, asked)| now.saturating_duration_since(*asked) < FORGOTTEN_AFTER);
    }
}
