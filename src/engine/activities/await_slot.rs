//! The activity `await_slot`: when is it an attempt's turn?
//! It lasts as long as the attempt waits, and is one line of its run's history. Where its worker dies, another waits in the same place.

use anyhow::{Context, anyhow};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::bench::Bench;
use crate::engine::retry_policy::SLOT_HEARTBEAT_INTERVAL;
use crate::run::SlotRequest;

impl Bench {
    /// Waits for a slot; also ends where the attempt is called off.
    pub(super) async fn await_slot(
        &self,
        ctx: &ActivityContext,
        asks: &SlotRequest,
    ) -> Result<(), ActivityError> {
        let asked = self.store.ask_for_slot(asks).await.context("asking for a slot")?;
        let Some(id) = asked else { return Ok(()) };
        let mut turn = self.slots.wait(id);
        let mut tick = tokio::time::interval(SLOT_HEARTBEAT_INTERVAL);
        loop {
            tokio::select! {
                came = &mut turn => return match came {
                    Ok(()) => Ok(()),
                    Err(_) => Err(anyhow!("nobody serves the queue here any more").into()),
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
