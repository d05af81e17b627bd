//! Retries: what is owed, and who sees to it?
//! Requests of a process that died, answers whose arrival is not certain, runs that were never confirmed.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Actor;
use super::outcome::Acted;
use crate::commands::{self, Admitted, Moment, ReplyKind};
use crate::run::RunId;
use crate::slack::Inbound;
use crate::store::{InboxRow, StoreError};

/// How often the database is asked what is owed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Acts on what nobody finished, until `end`.
pub async fn retry_owed(actor: Actor, end: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // A task each: one that is slow holds up nobody, and one that breaks is tried again later, alone.
    let mut acting = JoinSet::new();
    loop {
        tokio::select! {
            () = end.cancelled() => break,
            _ = tick.tick() => {}
        }
        if let Err(e) = spawn_owed(&actor, &mut acting).await {
            tracing::debug!(error = %e, "could not ask what is owed");
        }
        while let Some(done) = acting.try_join_next() {
            if let Err(e) = done {
                tracing::error!(error = %e, "acting on what is owed broke");
            }
        }
    }
    while acting.join_next().await.is_some() {}
}

async fn spawn_owed(actor: &Actor, acting: &mut JoinSet<()>) -> Result<(), StoreError> {
    let now = (actor.clock)();
    for delivery in actor.services.store.owed(now).await? {
        let actor = actor.clone();
        acting.spawn(async move { actor.act_again(delivery).await });
    }
    for run in actor.services.store.unsent_runs(now).await? {
        let actor = actor.clone();
        acting.spawn(async move { actor.start_again(&run).await });
    }
    Ok(())
}

impl Actor {
    async fn act_again(&self, delivery: InboxRow) {
        let said = Moment { at: delivery.received_at, retried: true };
        if let Ok(inbound) = serde_json::from_value::<Inbound>(delivery.payload.clone()) {
            if let Some(text) = &delivery.reply {
                if let Err(e) = self.tell_again(&inbound, &delivery, text).await {
                    tracing::warn!(error = %e, "could not note that somebody was told");
                }
                return;
            }
            tracing::info!("acting again on a {} that nobody finished", delivery.kind);
            let acted = self.act(&inbound, said).await;
            // Whoever was told that nobody knows yet need not read it again and again.
            if !matches!(acted, Acted::Owed(_)) {
                self.follow(&inbound, acted).await;
            }
            return;
        }
        if let Err(e) = self.decide_again(&delivery).await {
            tracing::warn!(error = %e, "could not see to what is owed");
        }
    }

    /// An answer from the command line, whose process is gone.
    async fn decide_again(&self, delivery: &InboxRow) -> Result<(), StoreError> {
        let store = &self.services.store;
        let Some(admitted) = Admitted::owed(delivery) else {
            tracing::error!(key = %delivery.key, "a {} in the inbox cannot be read, so nobody acts on it", delivery.kind);
            return store.done(&delivery.key, Some("unreadable")).await;
        };
        let reply = commands::decide(&self.services, admitted).await?;
        if reply.kind == ReplyKind::Unsure {
            store.unsure(&delivery.key, (self.clock)()).await
        } else {
            store.done(&delivery.key, Some(&reply.text)).await
        }
    }

    async fn start_again(&self, run: &RunId) {
        if let Err(e) = commands::retry_start(&self.services, run).await {
            tracing::warn!(run.id = %run, error = %e, "could not send the start of {run} again");
        }
    }
}
