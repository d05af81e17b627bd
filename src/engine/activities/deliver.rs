//! The activity `deliver`: how does the result reach people?
//! May be repeated by another worker, and comes out the same.

use anyhow::{Context, Result};
use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::DeliverInput;
use super::bench::Bench;
use super::guard::{GuardCheck, check_guard};
use super::handover::Handover;
use super::heartbeat::with_heartbeat_to_the_end;
use super::unfit::Unfit;
use crate::run::Delivered;
use crate::workspace::{Delivery, Shadow};

/// How a delivery ended.
enum DeliveryEnd {
    Delivered(Delivered),
    /// What was approved is not what is here.
    Moved(String),
}

impl Bench {
    /// The result where people can fetch it; nothing at all where it is not what was approved.
    pub(super) async fn deliver(
        &self,
        ctx: &ActivityContext,
        input: &DeliverInput,
    ) -> Result<Delivered, ActivityError> {
        // A push that began is not interrupted.
        let delivering = self.deliver_guarded(input);
        let end = with_heartbeat_to_the_end(ctx, &Handover::default(), delivering).await?;
        match end.map_err(ActivityError::from) {
            Ok(DeliveryEnd::Delivered(delivered)) => Ok(delivered),
            // No retry brings the approved work back.
            Ok(DeliveryEnd::Moved(why)) => Err(ApplicationFailure::non_retryable(why).into()),
            Err(error) => {
                Err(match Unfit::of(&error, &input.run).filter(|_| input.may_hand_back) {
                    Some(unfit) => self.hand_back(ctx, &input.run, unfit, Handover::default()),
                    None => error,
                })
            }
        }
    }

    async fn deliver_guarded(&self, input: &DeliverInput) -> Result<DeliveryEnd> {
        let shadow = self.shadow_with(&input.run, &[&input.snapshot]).await;
        let shadow = shadow.context("opening the shadow repository")?;
        if let GuardCheck::Moved(why) = self.check_delivery(input, &shadow).await? {
            return Ok(DeliveryEnd::Moved(why));
        }
        let delivery = Delivery {
            origin: input.origin.as_ref(),
            snapshot: &input.snapshot,
            branch: &input.branch,
            repository: input.repository.as_deref(),
            push: input.push,
        };
        let delivered = shadow.deliver(delivery).await.context("delivering the result")?;
        Ok(DeliveryEnd::Delivered(delivered))
    }

    async fn check_delivery(&self, input: &DeliverInput, shadow: &Shadow) -> Result<GuardCheck> {
        let Some(guard) = &input.guard else { return Ok(GuardCheck::Holds) };
        let text =
            self.store.pipeline(&input.pipeline).await.context("reading the stored pipeline")?;
        check_guard(guard, shadow, text.as_deref()).await
    }
}
