//! What if the database is away when an attempt has something to keep?
//! It was paid for: it waits, for as long as the attempt may take.

use crate::engine::retry_policy::DATABASE_RETRY_INTERVAL;
use crate::run::RunId;
use crate::store::{Result, StoreError};

/// Asks until the database is there; any other trouble is an error.
pub(super) async fn patiently<T, F: Future<Output = Result<T>>>(
    run: &RunId,
    what: &str,
    ask: impl Fn() -> F,
) -> Result<T> {
    loop {
        match ask().await {
            Err(away @ StoreError::Away(_)) => {
                tracing::warn!(run.id = %run, error = %away, "could not {what}; trying again");
            }
            answer => return answer,
        }
        tokio::time::sleep(DATABASE_RETRY_INTERVAL).await;
    }
}
