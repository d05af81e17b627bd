//! Intake: what happens to a delivery from Slack, whichever way it came?
//! Made durable once (a duplicate has the same key, and is caught here), then acted on, then acknowledged; always inside Slack's three
//! seconds.

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::Actor;
use super::ack::{MAYBE_RECORDED, NOTHING_RECORDED, acknowledgement, fits_acknowledgement};
use super::arrival::{Arrival, Way};
use super::outcome::Acted;
use crate::commands::Moment;
use crate::metrics;
use crate::run::RequestId;
use crate::slack::{Ack, Inbound};
use crate::store::Received;

/// Whether a request is durable now.
enum Kept {
    New(Moment),
    /// Whoever took it first answers for it.
    Duplicate,
    /// It could not even be written down.
    Unwritable,
    /// Surely not: nothing happened.
    NotStored,
    /// Nobody knows: the database stopped answering.
    MaybeStored,
}

impl Actor {
    /// Keeps a request, acts on it, and says what Slack gets for it.
    pub async fn receive(&self, inbound: Inbound, arrival: Arrival) -> Ack {
        let way = if arrival.way == Way::Http { "http" } else { "socket" };
        metrics::slack_request(inbound.kind(), way);
        match inbound {
            Inbound::Deleted(gone) => self.message_deleted(&gone, arrival.deadline()).await,
            Inbound::HomeOpened(opened) => {
                // Nothing is lost with it: who opens it again is shown it again.
                let actor = self.clone();
                tokio::spawn(async move { actor.show_home(&opened).await });
                Ack::Kept
            }
            inbound => self.receive_request(inbound, arrival).await,
        }
    }

    async fn receive_request(&self, inbound: Inbound, arrival: Arrival) -> Ack {
        let Some(key) = inbound.key().cloned() else { return Ack::Kept };
        match timeout_at(arrival.deadline(), self.asks(&inbound)).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return Ack::Kept,
            Ok(Err(_)) | Err(_) => return Ack::NotKept,
        }
        match self.keep_once(&key, &inbound, arrival.deadline()).await {
            Kept::New(said) => self.clone().act_and_acknowledge(inbound, arrival, said).await,
            Kept::Duplicate => Ack::Kept,
            Kept::Unwritable => Ack::NotKept,
            Kept::NotStored => self.apologize(inbound, arrival.way, NOTHING_RECORDED),
            Kept::MaybeStored => self.apologize(inbound, arrival.way, MAYBE_RECORDED),
        }
    }

    /// Makes a request durable, unless one with this key is.
    async fn keep_once(&self, key: &RequestId, inbound: &Inbound, deadline: Instant) -> Kept {
        let payload = match serde_json::to_value(inbound) {
            Ok(payload) => payload,
            Err(e) => {
                tracing::error!(error = %e, "a request could not be kept");
                return Kept::Unwritable;
            }
        };
        let now = (self.clock)();
        let keeping = self.services.store.receive(key, inbound.kind(), &payload, now);
        match timeout_at(deadline, keeping).await {
            Ok(Ok(Received::New)) => Kept::New(Moment::now(now)),
            Ok(Ok(Received::Again)) => Kept::Duplicate,
            Ok(Err(e)) => {
                tracing::error!(error = %e, "a request could not be made durable");
                if e.surely_nothing_happened() { Kept::NotStored } else { Kept::MaybeStored }
            }
            Err(_) => {
                tracing::error!("a request could not be made durable in time");
                Kept::MaybeStored
            }
        }
    }

    /// What is known in time stands in the acknowledgement; what is known later is told by a message of its own.
    async fn act_and_acknowledge(self, inbound: Inbound, arrival: Arrival, said: Moment) -> Ack {
        let command = matches!(inbound, Inbound::Command(_));
        let waits = waits_for_outcome(&inbound, arrival.way);
        let (in_time, outcome) = oneshot::channel();
        // Without somebody who waits, all is told by messages.
        let outcome = waits.then_some(outcome);
        tokio::spawn(self.act_and_follow(inbound, said, in_time).in_current_span());
        match outcome {
            Some(outcome) => {
                acknowledgement(command, received_by(arrival.deadline(), outcome).await)
            }
            None => Ack::Kept,
        }
    }

    async fn act_and_follow(self, inbound: Inbound, said: Moment, in_time: oneshot::Sender<Acted>) {
        let acted = self.act(&inbound, said).await;
        let in_time = in_time.send(acted.clone()).is_ok();
        if !(in_time && fits_acknowledgement(&inbound, &acted)) {
            self.follow(&inbound, acted).await;
        }
    }
}

/// What was sent by then. What comes later finds nobody, and is told otherwise.
async fn received_by(deadline: Instant, mut outcome: oneshot::Receiver<Acted>) -> Option<Acted> {
    if let Ok(acted) = timeout_at(deadline, &mut outcome).await {
        return acted.ok();
    }
    outcome.close();
    // What was sent in the same moment counts.
    outcome.try_recv().ok()
}

/// Over a socket the acknowledgement goes out at once, but for a form's: what is wrong with it can be said nowhere else.
const fn waits_for_outcome(inbound: &Inbound, way: Way) -> bool {
    matches!(way, Way::Http) || matches!(inbound, Inbound::Submission(_))
}
