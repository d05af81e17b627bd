//! Retry while the database is away: what an attempt has to keep was paid for.
//! It waits for as long as the attempt may take.

use crate::engine::retry_policy::DATABASE_RETRY_INTERVAL;
use crate::run::RunId;
use crate::store::{Result, StoreError};

/// Calls again until the database is there; any other trouble is an error.
pub(super) async fn retry_while_away<T, F: Future<Output = Result<T>>>(
    run: &RunId,
    what: &str,
    call: impl Fn() -> F,
) -> Result<T> {
    loop {
        match call().await {
            Err(away @ StoreError::Away(_)) => {
                tracing::warn!(run.id = %run, error = %away, "could not {what}; trying again");
            }
            done => return done,
        }
        tokio::time::sleep(DATABASE_RETRY_INTERVAL).await;
    }
}
