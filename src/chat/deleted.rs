//! Deletions: what if somebody deletes what we said?
//! Its thread is looked at, and the publisher sees to it. Doing that twice is doing it once, so no row is kept.

use tokio::time::{Instant, timeout_at};

use super::Actor;
use crate::run::Channel;
use crate::slack::{Ack, Deleted};

impl Actor {
    pub(super) async fn message_deleted(&self, it: &Deleted, ends: Instant) -> Ack {
        let channel = Channel { team: it.team.clone(), channel: it.channel.clone() };
        match timeout_at(ends, self.services.store.message_deleted(&channel, it.ts.as_str())).await
        {
            Ok(Ok(())) => Ack::Kept,
            Ok(Err(e)) => {
                tracing::warn!(error = %e, "could not keep that a message was deleted");
                Ack::NotKept
            }
            Err(_) => Ack::NotKept,
        }
    }
}
