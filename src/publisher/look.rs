//! What does the publisher know when it looks at a thread?

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::retry::Held;
use crate::run::Run;
use crate::slack::{Priority, Ts};
use crate::store::{KnownMessage, LeasedThread, Shown};
use crate::thread::{GateKey, Message, MessageKey, To};

/// Before what is given up is tried again, where there is reason to look at all.
const GIVEN_UP_FOR: TimeDelta = TimeDelta::hours(1);
/// A thread that works again within this time was not silent.
const SILENT_AFTER: TimeDelta = TimeDelta::minutes(1);

/// One look at one thread.
pub(super) struct Look<'a> {
    pub thread: &'a LeasedThread,
    pub run: &'a Run,
    pub known: &'a HashMap<MessageKey, KnownMessage>,
    pub now: DateTime<Utc>,
}

/// Where a message is, or goes.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub channel: &'a str,
    /// The root of the thread, where there is one.
    pub root: Option<&'a Ts>,
}

impl<'a> Spot<'a> {
    /// A direct conversation has no threads of ours.
    pub(super) const fn direct(channel: &'a str) -> Self {
        Self { channel, root: None }
    }

    /// What the message hangs from.
    pub(super) fn above(&self, message: &Message) -> Option<&'a Ts> {
        self.root.filter(|_| message.to == To::Thread)
    }
}

impl Look<'_> {
    /// What Slack knows a message as, when it is looked for.
    pub(super) fn key(&self, message: &Message) -> String {
        format!("{}/{}", self.thread.run, message.key)
    }

    /// What time alone changes may be late; a call may not.
    pub(super) fn priority_of_edit(&self, message: &Message) -> Priority {
        if self.thread.behind { message.priority() } else { Priority::Tick }
    }

    /// The open question.
    pub(super) fn question(&self) -> Option<GateKey> {
        self.run.gate.as_ref().map(|open| GateKey::from(&open.id))
    }

    /// Every question, closed ones too.
    pub(super) fn questions(&self) -> impl Iterator<Item = GateKey> {
        self.run.stages.iter().flat_map(|stage| {
            (1..=stage.rounds).map(move |round| GateKey { stage: stage.name().clone(), round })
        })
    }

    /// Whether anybody was told anything directly.
    pub(super) fn spoke_directly(&self) -> bool {
        self.known.values().any(|known| known.channel.is_some())
    }

    /// Whether Slack has the message, as far as we know.
    pub(super) fn is_up(&self, key: &MessageKey) -> bool {
        self.known.get(key).is_some_and(|known| known.ts.is_some() && known.shown != Shown::Gone)
    }

    /// Whether people may wait for a question that they cannot see: its channel is closed to us, or it is not there for a while.
    pub(super) fn is_silent(&self, question: &GateKey, held: Option<&Held>) -> bool {
        let closed =
            matches!(held, Some(Held::Refused(refused)) if refused.is_permanent_for_channel());
        let long = self.thread.failing_since.is_some_and(|since| self.now - since > SILENT_AFTER);
        closed || (held.is_some() && long && !self.is_up(&MessageKey::Gate(question.clone())))
    }

    /// Whether it was given up a short while ago. In a thread, another drawing of it is worth another try.
    pub(super) fn is_given_up(&self, message: &Message) -> bool {
        let given_up = self
            .known
            .get(&message.key)
            .filter(|known| known.given_up.is_some() && known.claimed_at + GIVEN_UP_FOR > self.now);
        given_up.is_some_and(|known| {
            matches!(message.to, To::Person(_)) || known.shown == Shown::Drawing(message.digest())
        })
    }
}
