//! What happens to a request from Slack, whichever way it came?
//! Made durable, then acted on, then acknowledged; always inside Slack's three seconds.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use super::act::{Acted, Actor};
use crate::commands::Moment;
use crate::metrics;
use crate::slack::{Ack, Inbound, SocketDelivery};
use crate::store::Received;

/// What takes longer than this, from the request's arrival on, is answered privately later; Slack shows an error after 3 s.
pub const PATIENCE: Duration = Duration::from_millis(2_400);
const NOTHING_RECORDED: &str =
    "Signoff's database does not answer, so nothing was recorded. Please try again in a minute.";
const MAYBE_RECORDED: &str = "Signoff's database stopped answering, so it is not certain that this was recorded. Please look at the thread in a minute before you try again.";
const COMES_AGAIN: &str = "Signoff's database does not answer. Slack sends this again for a while; if nothing has happened in a few minutes, please try again.";

/// When and how a request arrived.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    pub at: Instant,
    pub way: Way,
}

/// Which way a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The acknowledgement is the one chance to answer at once. Commands and clicks come only once.
    Http,
    /// What is not acknowledged comes again; this one may have.
    Socket { again: bool },
}

impl From<SocketDelivery> for Arrival {
    fn from(delivered: SocketDelivery) -> Self {
        Self { at: delivered.at, way: Way::Socket { again: delivered.again } }
    }
}

impl Arrival {
    fn ends(&self) -> Instant {
        self.at + PATIENCE
    }
}

impl Actor {
    /// Keeps a request, acts on it, and says what Slack gets for it.
    pub async fn receive(&self, inbound: Inbound, arrival: Arrival) -> Ack {
        metrics::slack_request(
            inbound.kind(),
            if arrival.way == Way::Http { "http" } else { "socket" },
        );
        if let Inbound::Deleted(gone) = &inbound {
            return self.message_deleted(gone, arrival.ends()).await;
        }
        if let Inbound::HomeOpened(opened) = inbound {
            // Nothing is lost with it: who opens it again is shown it again.
            let actor = self.clone();
            tokio::spawn(async move { actor.show_home(&opened).await });
            return Ack::Kept;
        }
        let Some(key) = inbound.key().cloned() else { return Ack::Kept };
        match timeout_at(arrival.ends(), self.asks(&inbound)).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return Ack::Kept,
            Ok(Err(_)) | Err(_) => return Ack::NotKept,
        }
        let payload = match serde_json::to_value(&inbound) {
            Ok(payload) => payload,
            Err(e) => {
                tracing::error!(error = %e, "a request could not be kept");
                return Ack::NotKept;
            }
        };
        let now = (self.clock)();
        let keeping = self.services.store.receive(&key, inbound.kind(), &payload, now);
        match timeout_at(arrival.ends(), keeping).await {
            Ok(Ok(Received::New)) => {
                self.clone().act_and_acknowledge(inbound, arrival, Moment::now(now)).await
            }
            // Whoever took it first answers for it.
            Ok(Ok(Received::Again)) => Ack::Kept,
            Ok(Err(e)) => {
                tracing::error!(error = %e, "a request could not be made durable");
                self.not_durable(inbound, arrival.way, e.surely_nothing_happened())
            }
            Err(_) => {
                tracing::error!("a request could not be made durable in time");
                self.not_durable(inbound, arrival.way, false)
            }
        }
    }

    /// A person is told so; what Slack would send again is not acknowledged.
    fn not_durable(&self, inbound: Inbound, way: Way, surely_nothing: bool) -> Ack {
        let sorry = if surely_nothing { NOTHING_RECORDED } else { MAYBE_RECORDED };
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

    /// What is known in time stands in the acknowledgement; what is known later is told by a message of its own.
    async fn act_and_acknowledge(self, inbound: Inbound, arrival: Arrival, said: Moment) -> Ack {
        let command = matches!(inbound, Inbound::Command(_));
        let waits = waits_for_outcome(&inbound, arrival.way);
        let (in_time, mut answer) = oneshot::channel();
        if !waits {
            answer.close();
        }
        let acting = async move {
            let acted = self.act(&inbound, said).await;
            let in_time = in_time.send(acted.clone()).is_ok();
            if !(in_time && fits_acknowledgement(&inbound, &acted)) {
                self.follow(&inbound, acted).await;
            }
        };
        tokio::spawn(acting.in_current_span());
        if !waits {
            return Ack::Kept;
        }
        let acted = if let Ok(acted) = timeout_at(arrival.ends(), &mut answer).await {
            acted.ok()
        } else {
            // What was sent in the same moment counts; what comes later finds nobody, and is told otherwise.
            answer.close();
            answer.try_recv().ok()
        };
        match acted {
            Some(Acted::Told(text) | Acted::Owed(text)) if command => private(&text),
            Some(Acted::Wrong { field, why }) => wrong(&field, &why),
            // Durable, and still being acted on; or acting on it broke, and it is acted on again.
            None if command => {
                private("Got it. This takes a moment; the outcome shows here or in the thread.")
            }
            Some(_) | None => Ack::Kept,
        }
    }
}

/// Over a socket the acknowledgement goes out at once, but for a form's: what is wrong with it can be said nowhere else.
const fn waits_for_outcome(inbound: &Inbound, way: Way) -> bool {
    matches!(way, Way::Http) || matches!(inbound, Inbound::Submission(_))
}

/// What an acknowledgement can carry: words for who typed a command, a mistake for who filled in a form.
const fn fits_acknowledgement(inbound: &Inbound, acted: &Acted) -> bool {
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
    let mut errors = serde_json::Map::new();
    errors.insert(field.to_owned(), Value::from(why));
    Ack::Answered(json!({ "response_action": "errors", "errors": errors }))
}
