//! The state of a thread at one look: what is known of it?

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::retry::{Held, Late, Tried, remedy};
use crate::run::{Progress, QueuedAttempt, Run, RunId};
use crate::slack::{Priority, SlackError, Ts, Turn};
use crate::store::{KnownMessage, LeasedThread, Shown};
use crate::thread::{GateKey, Message, MessageKey, To};

/// How long a message that was given up is left alone.
const GIVEN_UP_FOR: TimeDelta = TimeDelta::hours(1);
/// A thread that fails for a shorter time does not yet hide its question from people.
const SILENT_AFTER: TimeDelta = TimeDelta::minutes(1);

/// One look at one thread: what was read of it, at one time.
pub(super) struct Look<'a> {
    pub thread: &'a LeasedThread,
    pub run: &'a Run,
    /// The runs that are part of it: of features, or of stages beside others.
    pub children: &'a [Run],
    /// Those of them that wait for a slot.
    pub children_queued: &'a [(RunId, QueuedAttempt)],
    /// How far the attempts are of those that are not over.
    pub children_progress: &'a [(RunId, Progress)],
    /// The batch of a feature that is over.
    pub batch: Option<&'a Run>,
    pub progress: Option<&'a Progress>,
    /// Its place in the queue, while it waits for a slot.
    pub queued: Option<&'a QueuedAttempt>,
    pub known: &'a HashMap<MessageKey, KnownMessage>,
    /// By the database's clock.
    pub now: DateTime<Utc>,
}

/// Where a message is, or goes.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub channel: &'a str,
    /// The root of the thread, where there is one. A direct conversation has no threads of ours.
    pub root: Option<&'a Ts>,
}

/// One message of a look, and its spot.
#[derive(Clone, Copy)]
pub(super) struct Placement<'a> {
    pub look: &'a Look<'a>,
    pub message: &'a Message,
    pub spot: Spot<'a>,
}

/// The open question that nobody can see.
pub(super) struct Unseen<'a> {
    pub question: GateKey,
    /// Why its thread waits; none where Slack takes only the question's card in no form.
    pub held: Option<&'a Held>,
}

/// What became of the messages in a thread.
#[derive(Default)]
pub(super) struct ThreadDrawn {
    /// Slack had no room for progress; worth another look then.
    pub shed: Option<DateTime<Utc>>,
    /// What Slack takes in no form.
    pub given_up: Vec<MessageKey>,
}

impl Unseen<'_> {
    /// Why, and what a person can do about it.
    pub(super) fn why(&self) -> (String, &'static str) {
        match self.held {
            Some(Held::Refused(refused)) => (refused.to_string(), remedy(refused)),
            _ => ("Slack did not take it for a while".to_owned(), "it will be tried again"),
        }
    }
}

impl<'a> Placement<'a> {
    pub(super) fn run(&self) -> &'a RunId {
        &self.look.thread.run
    }

    /// The message's key in our database.
    pub(super) fn key(&self) -> String {
        self.message.key.to_string()
    }

    /// The key that the message carries in Slack, by which it is looked for.
    pub(super) fn slack_key(&self) -> String {
        format!("{}/{}", self.run(), self.message.key)
    }

    pub(super) fn known(&self) -> Option<&'a KnownMessage> {
        self.look.known.get(&self.message.key)
    }

    /// The time by the database's clock.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.look.thread.now()
    }

    pub(super) fn late(&self, error: SlackError) -> Late {
        Late::of(error, self.now())
    }

    /// The message that it is a reply to.
    pub(super) fn parent(&self) -> Option<&'a Ts> {
        self.spot.root.filter(|_| self.message.to == To::Thread)
    }
}

impl Look<'_> {
    /// An edit for which only time or progress is the reason may be late; one that calls somebody, or settles a doubt, may not.
    pub(super) fn priority_of_edit(&self, message: &Message) -> Priority {
        let known = self.known.get(&message.key);
        match (self.thread.behind, message.priority()) {
            (true, priority) => priority,
            (false, _) if known.is_some_and(|it| self.is_doubtful(it)) => Priority::Milestone,
            (false, Priority::Tick) if known.is_none_or(|it| it.step != self.step()) => {
                Priority::Tick
            }
            (false, _) => Priority::Clock,
        }
    }

    /// What an edit of this message waits for, and since when.
    pub(super) fn turn_of(&self, message: &Message) -> Turn {
        let shown_at = self.known.get(&message.key).and_then(|known| known.shown_at);
        Turn { happened: self.thread.behind, shown_at }
    }

    /// Whether what Slack shows of it has to be found out now.
    pub(super) fn is_doubtful(&self, known: &KnownMessage) -> bool {
        known.shown == Shown::Unknown || known.doubtful_until.is_some_and(|until| until <= self.now)
    }

    /// Digest of the progress that is drawn, without its clock: it changes where the agent got on. Features have threads of their own.
    pub(super) fn step(&self) -> Option<String> {
        let beside = self.children_progress.iter().filter(|_| self.run.request.batch.is_none());
        let all = self.progress.into_iter().chain(beside.map(|(_, progress)| progress));
        let without_clock =
            |it: &Progress| json!([it.stage, it.attempt, it.tokens, it.cost_usd, it.step]);
        let steps: Vec<_> = all.map(without_clock).collect();
        (!steps.is_empty()).then(|| hex::encode(Sha256::digest(json!(steps).to_string())))
    }

    /// Every question, closed ones too.
    pub(super) fn questions(&self) -> impl Iterator<Item = GateKey> {
        self.run.questions().map(|gate| GateKey::from(&gate.id))
    }

    /// Whether anybody was told anything directly.
    pub(super) fn spoke_directly(&self) -> bool {
        self.known.values().any(|known| known.channel.is_some())
    }

    /// Whether Slack has the message, as far as we know.
    fn is_up(&self, key: &MessageKey) -> bool {
        self.known.get(key).is_some_and(|known| known.ts.is_some() && known.shown != Shown::Gone)
    }

    /// The open question, if people cannot see it: Slack takes its card in no form, or its thread cannot be drawn.
    pub(super) fn unseen_question<'a>(&self, thread: &'a Tried<ThreadDrawn>) -> Option<Unseen<'a>> {
        let question = GateKey::from(&self.run.gate.as_ref()?.id);
        match thread {
            Tried::Done(drawn) => drawn
                .given_up
                .contains(&MessageKey::Gate(question.clone()))
                .then_some(Unseen { question, held: None }),
            Tried::Held(held) => self
                .is_out_of_sight(&question, held)
                .then_some(Unseen { question, held: Some(held) }),
        }
    }

    /// Whether people cannot see the question, because its channel is closed to us or its card has been missing for a while.
    fn is_out_of_sight(&self, question: &GateKey, held: &Held) -> bool {
        let closed = matches!(held, Held::Refused(refused) if refused.is_permanent_for_channel());
        let long = self.thread.failing_since.is_some_and(|since| self.now - since > SILENT_AFTER);
        closed || (long && !self.is_up(&MessageKey::Gate(question.clone())))
    }

    /// Whether it was given up a short while ago. In a thread, another drawing of it is worth another try.
    pub(super) fn is_given_up(&self, message: &Message) -> bool {
        let again_at =
            |known: &KnownMessage| known.doubtful_until.unwrap_or(known.claimed_at + GIVEN_UP_FOR);
        let given_up = self
            .known
            .get(&message.key)
            .filter(|known| known.given_up.is_some() && again_at(known) > self.now);
        given_up.is_some_and(|known| {
            matches!(message.to, To::Person(_)) || known.shown == Shown::Drawing(message.digest())
        })
    }
}
