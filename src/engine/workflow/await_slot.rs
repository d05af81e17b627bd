//! The wait for a slot: may this attempt begin?
//! Costs no history while it lasts; a stop ends it at once, and every other answer is judged meanwhile.

use temporalio_sdk::{
    ActivityCancellationType, ActivityOptions, WorkflowCancellationToken, WorkflowResult,
};

use super::Ctx;
use super::activity::run_cancellable;
use super::journal::{emit, now, record_events, seconds_since};
use crate::engine::activities::Activities;
use crate::engine::retry_policy::{SLOT_HEARTBEAT_TIMEOUT, SLOT_TIMEOUT, await_slot_policy};
use crate::engine::slots_of;
use crate::run::{Happened, Plan, SlotRequest};

/// Waits until the queue lets the attempt begin; at once, where the run began before there was a queue.
pub(super) async fn await_slot(ctx: &Ctx, plan: &Plan) -> WorkflowResult<()> {
    if !ctx.state(|s| s.run.request.queued) {
        return Ok(());
    }
    let asks = ctx.state(|s| SlotRequest::new(&s.run, plan));
    // It asks in the same breath in which it gives its last slot back: nobody new comes between a run's stages.
    ctx.state_mut(|s| s.asks = Some(asks.clone()));
    record_events(ctx).await?;
    let since = now(ctx);
    let scope = ctx.cancellation_token().child_token();
    let options = await_slot_options(ctx, plan, &scope);
    let waiting = ctx.execute_activity(Activities::await_slot, asks, options);
    run_cancellable(ctx, waiting, &scope, |run| plan.is_called_off(run)).await?;
    // What it asked for is settled, also where there was nothing to record with it.
    ctx.state_mut(|s| s.asks = None);
    let seconds = seconds_since(ctx, since);
    if seconds > 0 {
        let (stage, attempt) = (plan.stage.name.clone(), plan.attempt);
        emit(ctx, Happened::WaitedForSlot { stage, attempt, seconds });
    }
    Ok(())
}

fn await_slot_options(
    ctx: &Ctx,
    plan: &Plan,
    scope: &WorkflowCancellationToken,
) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(SLOT_TIMEOUT)
        .task_queue(slots_of(ctx.task_queue()))
        .heartbeat_timeout(SLOT_HEARTBEAT_TIMEOUT)
        // Nothing is at work that would have to end first.
        .cancellation_type(ActivityCancellationType::TryCancel)
        .cancellation_token(scope.clone())
        .retry_policy(await_slot_policy())
        .summary(format!("{} · attempt {} · waiting for a slot", plan.stage.name, plan.attempt))
        .build()
}
