//! Clean-up: what is thrown away, and when?
//! Requests that were acted on long ago. Everything else is kept.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

const INTERVAL: Duration = Duration::from_hours(1);
/// Between two batches, so that requests of people never wait behind many of them.
const PAUSE: Duration = Duration::from_millis(200);

/// Throws away what nobody needs any more, until `end`.
pub async fn clean_up(store: Store, clock: fn() -> DateTime<Utc>, end: CancellationToken) {
    let mut tick = tokio::time::interval(INTERVAL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = end.cancelled() => break,
            _ = tick.tick() => {}
        }
        tokio::select! {
            () = end.cancelled() => break,
            () = clean_up_once(&store, clock()) => {}
        }
    }
}

async fn clean_up_once(store: &Store, now: DateTime<Utc>) {
    let forgotten = forget_done(store, now).await;
    if forgotten > 0 {
        tracing::info!("threw away {forgotten} requests that were acted on long ago");
    }
}

/// How many requests were forgotten, batch by batch.
async fn forget_done(store: &Store, now: DateTime<Utc>) -> u64 {
    let mut all = 0;
    loop {
        match store.forget_done(now).await {
            Ok(0) => return all,
            Ok(some) => all += some,
            Err(e) => {
                tracing::warn!(error = %e, "could not throw away old requests");
                return all;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
