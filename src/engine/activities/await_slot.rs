//! The activity `await_slot`: when is it an attempt's turn?
//! It lasts as long as the attempt waits, is one line of its run's history, and belongs to no process: whichever worker lives says that it goes
//! on, and ends it when the turn has come.

use anyhow::Context;
use futures::{StreamExt, stream};
use temporalio_client::errors::AsyncActivityError;
use temporalio_client::{
    ActivityIdentifier, AsyncActivityHandle, Client, RetryOptions, RpcOptions,
};
use temporalio_common::protos::TaskToken;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::bench::Bench;
use crate::engine::retry_policy::SLOT_CALL_TIMEOUT;
use crate::run::SlotRequest;
use crate::store::{SlotWait, StoreError};

/// Calls to Temporal at the same time.
const CALLS: usize = 16;
/// As a worker says that an activity has no result: by one payload with nothing in it. By the SDK's own `()` there would be none, which it does
/// not read again.
const NOTHING: Option<Vec<u8>> = None;
/// Waits that one look speaks for or ends.
const AT_MOST: u32 = 200;

impl Bench {
    /// Asks for a slot, and leaves its wait to all workers; ends at once where there is nothing to wait for.
    pub(super) async fn await_slot(
        &self,
        ctx: &ActivityContext,
        asks: &SlotRequest,
    ) -> Result<(), ActivityError> {
        let asked = self.store.ask_for_slot(asks).await.context("asking for a slot")?;
        let Some(slot) = asked else { return Ok(()) };
        let wait = SlotWait { slot, token: ctx.info().task_token.clone() };
        self.store.keep_wait(&wait).await.context("waiting for a slot")?;
        self.slots.look_again();
        Err(ActivityError::WillCompleteAsync)
    }

    /// Ends the waits whose turns have come, and of those that were called off.
    pub(super) async fn end_waits(&self, temporal: &Client) -> Result<(), StoreError> {
        let settled = self.store.settled_waits(AT_MOST).await?;
        at_once(settled.into_iter().map(|wait| self.end_wait(temporal, wait))).await
    }

    /// Says of those that wait that they go on: else Temporal would let them ask anew.
    pub(super) async fn keep_waits(&self, temporal: &Client) -> Result<(), StoreError> {
        let quiet = self.store.quiet_waits(AT_MOST).await?;
        at_once(quiet.into_iter().map(|wait| self.keep_wait(temporal, wait))).await
    }

    async fn end_wait(&self, temporal: &Client, wait: SlotWait) -> Result<(), StoreError> {
        match handle(temporal, &wait).complete(Some(NOTHING), call()).await {
            // Another worker may have been quicker.
            Ok(()) | Err(AsyncActivityError::NotFound(_)) => self.store.forget_wait(&wait).await,
            Err(e) => {
                tracing::warn!(error = %e, "could not tell Temporal that a wait for a slot is over");
                Ok(())
            }
        }
    }

    async fn keep_wait(&self, temporal: &Client, wait: SlotWait) -> Result<(), StoreError> {
        match handle(temporal, &wait).heartbeat(None::<()>, call()).await {
            Ok(_) => Ok(()),
            Err(AsyncActivityError::NotFound(_)) => self.store.lose_wait(&wait).await,
            Err(e) => {
                tracing::warn!(error = %e, "could not tell Temporal that a wait for a slot goes on");
                Ok(())
            }
        }
    }
}

fn handle(temporal: &Client, wait: &SlotWait) -> AsyncActivityHandle<Client> {
    let token = TaskToken::from(wait.token.clone());
    temporal.get_async_activity_handle(ActivityIdentifier::from_task_token(token))
}

/// The next look tries again.
fn call() -> RpcOptions {
    RpcOptions::builder()
        .timeout(SLOT_CALL_TIMEOUT)
        .retry_options(RetryOptions::no_retries())
        .build()
}

/// One that fails keeps none of the others from it.
async fn at_once(
    calls: impl Iterator<Item = impl Future<Output = Result<(), StoreError>>>,
) -> Result<(), StoreError> {
    let done: Vec<_> = stream::iter(calls).buffer_unordered(CALLS).collect().await;
    done.into_iter().collect()
}
