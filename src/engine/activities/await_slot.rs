//! The activity `await_slot`: when is it an attempt's turn?
//! It lasts as long as the attempt waits, and is one line of its run's history. Where its worker dies, another waits in the same place.

use anyhow::{Context, anyhow};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::bench::Bench;
use crate::engine::retry_policy::SLOT_HEARTBEAT_INTERVAL;
use crate::run::SlotRequest;
use crate::store::SlotId;

impl Bench {
    /// Waits for a slot; also ends where the attempt is called off.
    pub(super) async fn await_slot(
        &self,
        ctx: &ActivityContext,
        asks: &SlotRequest,
    ) -> Result<(), ActivityError> {
        // What was settled is asked for once more: a place that was lost is no slot.
        while let Some(id) = self.store.ask_for_slot(asks).await.context("asking for a slot")? {
            self.await_turn(ctx, id).await?;
        }
        Ok(())
    }

    /// Until this row of the queue is settled.
    async fn await_turn(&self, ctx: &ActivityContext, id: SlotId) -> Result<(), ActivityError> {
        let mut turn = self.slots.wait(id);
        let mut tick = tokio::time::interval(SLOT_HEARTBEAT_INTERVAL);
        loop {
            tokio::select! {
                came = &mut turn => return match came {
                    Ok(()) => Ok(()),
                    Err(_) => Err(anyhow!("the same attempt waits here once more").into()),
                },
                _ = tick.tick() => ctx.record_heartbeat(()).await?,
                () = ctx.cancelled() => return Err(ActivityError::cancelled()),
                () = self.draining.cancelled() => {
                    return Err(anyhow!("this worker ends; another waits on").into());
                }
            }
        }
    }
}
