//! The activity `deliver`: how does the result reach people?
//! May be repeated by another worker, and comes out the same.

use anyhow::Context;
use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio_util::sync::CancellationToken;

use super::DeliverInput;
use super::bench::Bench;
use super::guard::unmoved;
use super::handover::Handover;
use super::heartbeat::beating;
use crate::run::Delivered;
use crate::workspace::Delivery;

impl Bench {
    /// The result where people can fetch it; nothing at all where it is not what was approved.
    pub(super) async fn deliver(
        &self,
        ctx: &ActivityContext,
        input: &DeliverInput,
    ) -> Result<Delivered, ActivityError> {
        let delivering = async {
            let shadow = self.begun(&input.run).await.context("opening the shadow repository")?;
            if let Some(guard) = &input.guard {
                let text = self
                    .store
                    .pipeline(&input.pipeline)
                    .await
                    .context("reading the stored pipeline")?;
                if let Err(moved) = unmoved(guard, &shadow, text.as_deref()).await? {
                    return Ok(Err(moved));
                }
            }
            let delivery = Delivery {
                origin: input.origin.as_ref(),
                snapshot: &input.snapshot,
                branch: &input.branch,
                repository: input.repository.as_deref(),
                push: input.push,
            };
            anyhow::Ok(Ok(shadow.deliver(delivery).await.context("delivering the result")?))
        };
        // A push that began is not interrupted.
        let delivered =
            beating(ctx, &Handover::default(), &CancellationToken::new(), delivering).await??;
        // Nothing that is tried again brings the approved work back.
        delivered.map_err(|moved| ApplicationFailure::non_retryable(moved).into())
    }
}
