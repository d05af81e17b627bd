//! Who says something, when and where?
//! What a person's request says of itself; whether they may is asked elsewhere.

use chrono::{DateTime, TimeDelta, Utc};

use super::Sight;
use crate::run::{Channel, OpenGate, PersonId, Via};

/// How far Slack's clock, ours and Temporal's may be apart.
pub(super) const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(5);

/// Who says something, when and where.
#[derive(Clone, Debug)]
pub struct Asker {
    pub person: PersonId,
    pub via: Via,
    pub said: Moment,
    /// The channel it was said in.
    pub channel: Option<Channel>,
    /// The thread it was said in: its root message.
    pub thread_root: Option<String>,
    /// What they may look at elsewhere; nothing, until Slack was asked.
    pub sight: Sight,
}

impl Asker {
    /// Somebody who is nowhere in particular.
    #[must_use]
    pub fn new(person: PersonId, via: Via, said: Moment) -> Self {
        Self { person, via, said, channel: None, thread_root: None, sight: Sight::default() }
    }

    /// Whether this question was there already when they spoke: whoever names no question answers none that came later.
    #[must_use]
    pub fn was_shown(&self, open: &OpenGate) -> bool {
        open.opened_at <= self.said.at + CLOCKS_DIFFER
    }
}

/// When something was said: it is about what there was then, however late we act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: DateTime<Utc>,
    /// Somebody acted on it before, and nobody knows how far they got.
    pub retried: bool,
}

impl Moment {
    #[must_use]
    pub const fn now(at: DateTime<Utc>) -> Self {
        Self { at, retried: false }
    }
}
