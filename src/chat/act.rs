//! Dispatch: which handler does a request from Slack go to?
//! A click, a word and a form all become commands. Safe to act on twice: what it starts or answers carries the request's key.

use chrono::{DateTime, Utc};
use tracing::Instrument;

use super::outcome::{Acted, AskedPrivately, Handled};
use crate::commands::{Moment, Services};
use crate::slack::{Inbound, SlackApi};
use crate::store::StoreError;
use crate::thread::{ActionId, RenderContext};

const TRIED_AGAIN: &str =
    "Signoff's database does not answer. Your request is kept and tried again.";

/// Acts on requests.
#[derive(Clone)]
pub struct Actor {
    pub services: Services,
    pub render: RenderContext,
    pub slack: SlackApi,
    pub clock: fn() -> DateTime<Utc>,
}

impl Actor {
    /// Whether a request asks anything of us. What people say to each other is not ours to keep.
    pub(super) async fn asks(&self, inbound: &Inbound) -> Result<bool, StoreError> {
        Ok(match inbound {
            Inbound::Message(it) => it.direct || self.thread_of(it).await?.is_some(),
            Inbound::Changed(it) => self.thread_of(it).await?.is_some(),
            Inbound::Click(it) => ActionId::parse(&it.action_id).is_some_and(ActionId::asks),
            Inbound::Command(_) | Inbound::Submission(_) | Inbound::Mention(_) => true,
            _ => false,
        })
    }

    /// Does what a request asks for, and records what came of it.
    pub async fn act(&self, inbound: &Inbound, said: Moment) -> Acted {
        let span = tracing::info_span!(
            "request",
            kind = inbound.kind(),
            key = inbound.key().map(tracing::field::display),
            run.id = tracing::field::Empty
        );
        async {
            let acted = self.dispatch(inbound, said).await.unwrap_or_else(|e| {
                tracing::error!(error = %e, "a request could not be acted on; it is tried again");
                Acted::Owed(TRIED_AGAIN.to_owned())
            });
            self.record_outcome(inbound, &acted).await;
            acted
        }
        .instrument(span)
        .await
    }

    async fn dispatch(&self, inbound: &Inbound, said: Moment) -> Handled {
        match inbound {
            Inbound::Command(it) => Box::pin(self.slash_command(it, said)).await,
            Inbound::Click(it) => Box::pin(self.click(it, said)).await,
            Inbound::Submission(it) => Box::pin(self.submission(it, said)).await,
            Inbound::Message(it) => Box::pin(self.message(it, said)).await,
            Inbound::Mention(it) => Box::pin(self.mention(it, said)).await,
            Inbound::Changed(it) => Box::pin(self.note_changed(it, said)).await,
            _ => Ok(Acted::Silent),
        }
    }

    async fn record_outcome(&self, inbound: &Inbound, acted: &Acted) {
        let Some(key) = inbound.key() else { return };
        let noted = match acted {
            Acted::Owed(_) => self.services.store.unsure(key, (self.clock)()).await,
            Acted::Told(text)
            | Acted::Wrong { why: text, .. }
            | Acted::Asked(AskedPrivately { text, .. }) => {
                self.services.store.done(key, Some(text)).await
            }
            Acted::Silent | Acted::PassedOn(_) => self.services.store.done(key, None).await,
        };
        if let Err(e) = noted {
            tracing::warn!(error = %e, "could not note that a request was acted on; it may be acted on again, which changes nothing");
        }
    }
}
