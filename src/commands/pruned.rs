//! What is said of a run whose work and logs were thrown away? When, and what is still there.

use chrono::{DateTime, Utc};

use super::{Reply, ReplyKind, Services};
use crate::run::{Run, RunId};
use crate::store::StoreError;

/// That it was pruned; none where it was not.
pub async fn pruned(services: &Services, run: &Run) -> Result<Option<Reply>, StoreError> {
    let at = services.store.pruned_at(run.id()).await?;
    Ok(at.map(|at| Reply::new(ReplyKind::Unknown, pruned_line(run.id(), at)).about(run.id())))
}

/// The same, in sentences.
#[must_use]
pub fn pruned_line(run: &RunId, at: DateTime<Utc>) -> String {
    format!(
        "The work and the logs of `{run}` were pruned on {}. What happened, what each stage changed and what it cost is kept: `signoff events {run}`, `signoff diff {run} STAGE`, `signoff status {run}`.",
        day(at)
    )
}

/// Why nothing of it can be taken over.
pub(super) fn not_taken_over(run: &RunId, at: DateTime<Utc>) -> String {
    format!(
        "The work of `{run}` was pruned on {}, so nothing of it can be taken over: start it without `from`, `again {run}`. Nothing was started.",
        day(at)
    )
}

/// For who reads it on any side of the world.
pub(super) fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}
