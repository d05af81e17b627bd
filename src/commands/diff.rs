//! Which diff belongs to an attempt?

use crate::run::{Attempt, Run, StageState};
use crate::store::{Store, StoreError};
use crate::workspace::Patch;

/// What this attempt changed; none where that is not kept.
pub async fn patch_of(
    store: &Store,
    (run, stage): (&Run, &StageState),
    attempt: &Attempt,
) -> Result<Option<Patch>, StoreError> {
    let patch: Option<Patch> = store.diff(run.id(), stage.name(), attempt.n).await?;
    let made = attempt.snapshot.as_ref().map(|snapshot| snapshot.commit.as_str());
    // A worker that another one overtook may have kept its own work last.
    Ok(patch.filter(|patch| patch.commit.as_deref().is_none_or(|kept| Some(kept) == made)))
}
