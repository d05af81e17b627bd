//! What is thrown away, and when?
//! Requests that were acted on long ago. Everything else is kept.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

const EVERY: Duration = Duration::from_hours(1);
/// Between two helpings, so that requests of people are never in a queue behind them.
const BREATH: Duration = Duration::from_millis(200);

/// Throws away what nobody needs any more, until `end`.
pub async fn sweep(store: Store, clock: fn() -> DateTime<Utc>, end: CancellationToken) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = end.cancelled() => break,
            _ = tick.tick() => {}
        }
        tokio::select! {
            () = end.cancelled() => break,
            () = sweep_once(&store, clock()) => {}
        }
    }
}

async fn sweep_once(store: &Store, now: DateTime<Utc>) {
    let mut all = 0;
    loop {
        match store.forget_done(now).await {
            Ok(0) => break,
            Ok(some) => all += some,
            Err(e) => {
                tracing::warn!(error = %e, "could not throw away old requests");
                break;
            }
        }
        tokio::time::sleep(BREATH).await;
    }
    if all > 0 {
        tracing::info!("threw away {all} requests that were acted on long ago");
    }
}
