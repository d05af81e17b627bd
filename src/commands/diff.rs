//! Which diff belongs to what is asked about or was kept?

use crate::run::{Run, StageName};
use crate::store::{Store, StoreError};
use crate::workspace::Patch;

/// What a stage changed, as far as it is asked about or was kept.
pub async fn shown_patch(
    store: &Store,
    run: &Run,
    stage: &StageName,
) -> Result<Option<Patch>, StoreError> {
    match run.shown(stage) {
        Some(attempt) => store.diff(run.id(), stage, attempt.n).await,
        None => Ok(None),
    }
}
