//! The activities: what does a workflow let others do?
//! Each does one thing, may be done twice safely, and brings back facts; what they mean is for the rules, in the workflow.

mod agent_choice;
mod agent_watch;
mod artifacts;
mod attempt_folder;
mod authenticate;
mod await_slot;
mod bench;
mod breakers;
mod by_hand;
mod check;
mod check_place;
mod children;
mod circuit;
mod database_retry;
mod deliver;
mod failure;
mod find_worker;
mod first_try;
mod guard;
mod handover;
mod heartbeat;
mod inputs;
mod merge;
mod metering;
mod pause;
mod prepare;
mod red_green;
mod review;
mod session_archive;
mod setup;
mod slots;
mod snapshot;
mod stall;
mod store_work;
mod story_line;
mod this_process;
mod unfit;
mod write;
mod write_attempt;

use std::sync::Arc;

use serde::Deserialize;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tracing::Instrument;

use crate::engine::authenticity::SignedRequest;
use crate::run::{
    Checked, Delivered, Event, FeatureEnd, HandBranch, MergePreview, Review, RunId, SlotRequest,
    Written,
};

use authenticate::is_about_itself;
pub use bench::Bench;
pub use by_hand::{AwaitPushInput, HandOutInput};
pub use children::{ChildInput, SignedStop};
pub use circuit::Circuits;
pub use find_worker::FindWorkerInput;
pub use first_try::TryFirstInput;
pub(super) use handover::Handover;
pub use inputs::{
    AuthenticateInput, CheckInput, DeliverInput, RecordInput, SpentInput, WriteInput,
};
pub use merge::PreviewInput;
pub use review::ReviewInput;
pub use slots::Slots;
use story_line::story_line;

/// The activities of one worker process.
pub struct Activities {
    pub(super) bench: Arc<Bench>,
}

#[activities]
impl Activities {
    #[activity(name = "record")]
    pub async fn record(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: RecordInput,
    ) -> Result<(), ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        self.bench.admit_start(&input).await?;
        self.bench.store.record_and_ask(&input.run, &input.events, input.asks.as_ref()).await?;
        self.bench.slots.look_again();
        for event in input.events.iter().filter_map(|event| Event::deserialize(event).ok()) {
            if let Some(line) = story_line(&event.what) {
                tracing::info!(run.id = %input.run, "run {} {line}", input.run);
            }
        }
        Ok(())
    }

    /// Of each decision, whether a door of ours signed it.
    #[activity(name = "authenticate")]
    pub async fn authenticate(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: AuthenticateInput,
    ) -> Result<Vec<bool>, ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        Ok(self.bench.authenticate(&input).await?)
    }

    #[activity(name = "await_slot")]
    pub async fn await_slot(
        self: Arc<Self>,
        ctx: ActivityContext,
        asks: SlotRequest,
    ) -> Result<(), ActivityError> {
        is_about_itself(&ctx, &asks.run)?;
        self.bench.await_slot(&ctx, &asks).await
    }

    #[activity(name = "write")]
    pub async fn write(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: WriteInput,
    ) -> Result<Written, ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        let span = tracing::info_span!("write", run.id = %input.run, stage = %input.stage.name, attempt = input.attempt);
        Ok(Box::pin(self.bench.write(&ctx, &input)).instrument(span).await?.cleaned())
    }

    /// What the ledger says, where that is more than is known.
    #[activity(name = "spent")]
    pub async fn spent(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: SpentInput,
    ) -> Result<Handover, ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        self.bench.with_ledger((&input).into(), input.known.clone()).await
    }

    #[activity(name = "check")]
    pub async fn check(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: CheckInput,
    ) -> Result<Checked, ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        let span = tracing::info_span!("check", run.id = %input.run, stage = %input.stage.name, attempt = input.attempt);
        Ok(self.bench.check(&ctx, &input).instrument(span).await?.cleaned())
    }

    #[activity(name = "try_first")]
    pub async fn try_first(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: TryFirstInput,
    ) -> Result<Checked, ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        let span = tracing::info_span!("try_first", run.id = %input.run, stage = %input.stage.name, attempt = input.attempt);
        Ok(self.bench.try_first(&ctx, &input).instrument(span).await?.cleaned())
    }

    #[activity(name = "review")]
    pub async fn review(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: ReviewInput,
    ) -> Result<Review, ActivityError> {
        let write = &input.write;
        is_about_itself(&ctx, &write.run)?;
        let span = tracing::info_span!("review", run.id = %write.run, stage = %write.stage.name, attempt = write.attempt);
        Ok(Box::pin(self.bench.review(&ctx, &input)).instrument(span).await?.cleaned())
    }

    #[activity(name = "find_worker")]
    pub async fn find_worker(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: FindWorkerInput,
    ) -> Result<(), ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        self.bench.find_worker(&input).await
    }

    #[activity(name = "hand_out")]
    pub async fn hand_out(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: HandOutInput,
    ) -> Result<HandBranch, ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        Ok(self.bench.hand_out(&ctx, &input).await?.cleaned())
    }

    #[activity(name = "await_push")]
    pub async fn await_push(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: AwaitPushInput,
    ) -> Result<String, ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        Ok(self.bench.await_push(&input).await?)
    }

    #[activity(name = "begin_feature")]
    pub async fn begin_child(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: ChildInput,
    ) -> Result<SignedRequest, ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        Ok(self.bench.begin_child(&input).await?)
    }

    #[activity(name = "feature_ended")]
    pub async fn child_ended(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: ChildInput,
    ) -> Result<FeatureEnd, ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        Ok(self.bench.child_ended(&input).await?)
    }

    #[activity(name = "stop_features")]
    pub async fn stop_children(
        self: Arc<Self>,
        ctx: ActivityContext,
        run: RunId,
    ) -> Result<Vec<SignedStop>, ActivityError> {
        is_about_itself(&ctx, &run)?;
        Ok(self.bench.stop_children(&run).await?)
    }

    #[activity(name = "preview_merge")]
    pub async fn preview_merge(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: PreviewInput,
    ) -> Result<MergePreview, ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        Ok(self.bench.preview_merge(&ctx, &input).await?.cleaned())
    }

    #[activity(name = "deliver")]
    pub async fn deliver(
        self: Arc<Self>,
        ctx: ActivityContext,
        input: DeliverInput,
    ) -> Result<Delivered, ActivityError> {
        is_about_itself(&ctx, &input.run)?;
        let span = tracing::info_span!("deliver", run.id = %input.run);
        Ok(self.bench.deliver(&ctx, &input).instrument(span).await?.cleaned())
    }
}
