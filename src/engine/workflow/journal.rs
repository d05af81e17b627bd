//! The journal of a run: how do its events happen, and how do people's decisions come in?
//! Numbers and stamps every event, records it before anything is awaited, and judges what people answered.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use serde::Deserialize;
use serde_json::Value;
use temporalio_sdk::{
    ActivityOptions, TimerOptions, WorkflowCancellationToken, WorkflowResult, workflows,
};

use super::{Ctx, Develop};
use crate::engine::activities::{Activities, AuthenticateInput, RecordInput};
use crate::engine::retry_policy::{RECORD_TIMEOUT, record_policy};
use crate::engine::{PHASE, records_of};
use crate::run::{Decision, Event, Happened};

/// An event happens: it gets its number and its time, and counts from now on.
pub(super) fn emit(ctx: &Ctx, what: Happened) {
    let at = now(ctx);
    let before = ctx.state(|s| s.run.phase());
    ctx.state_mut(|s| {
        let event = Event { seq: s.run.seq + 1, at, what };
        s.run.apply(&event);
        s.unrecorded.push(event);
    });
    let after = ctx.state(|s| s.run.phase());
    if after != before {
        ctx.upsert_search_attributes([PHASE.value_set(after.name().to_owned())]);
    }
    ctx.set_current_details(ctx.state(|s| s.run.in_one_line()));
}

/// Records what happened, before anything is waited for. Nobody can cancel that: an event that was numbered is kept.
///
/// An ordinary activity, so that what is recorded stands in the workflow's history first. Were it written by a local activity,
/// a task that is lost after the write would be done again together with what came meanwhile, and give the same numbers
/// to other events.
pub(super) async fn record_events(ctx: &Ctx) -> WorkflowResult<()> {
    let events = ctx.state_mut(|s| std::mem::take(&mut s.unrecorded));
    if events.is_empty() {
        return Ok(());
    }
    let start = ctx.state_mut(|s| s.start.take());
    let asks = ctx.state_mut(|s| s.asks.take());
    let input = RecordInput::new(ctx.state(|s| s.run.id().clone()), &events, start).asking(asks);
    ctx.execute_activity(Activities::record, input, record_options(ctx)).await?;
    Ok(())
}

pub(super) fn record_options(ctx: &Ctx) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(RECORD_TIMEOUT)
        .task_queue(records_of(ctx.task_queue()))
        .retry_policy(record_policy())
        .cancellation_token(WorkflowCancellationToken::new())
        .build()
}

/// Workflow time: the same when the workflow is replayed.
pub(super) fn now(ctx: &Ctx) -> DateTime<Utc> {
    ctx.workflow_time().map_or(DateTime::UNIX_EPOCH, DateTime::from)
}

/// Whole seconds of workflow time from `begun` until now.
pub(super) fn seconds_since(ctx: &Ctx, begun: DateTime<Utc>) -> u64 {
    u64::try_from((now(ctx) - begun).num_seconds()).unwrap_or(0)
}

/// Judges what people decided. Called wherever a decision may have come.
pub(super) async fn take_decisions(ctx: &Ctx) -> WorkflowResult<()> {
    let came = ctx.state_mut(|s| std::mem::take(&mut s.inbox));
    if came.is_empty() {
        return Ok(());
    }
    for decision in authentic(ctx, came).await? {
        // Delivery is at least once: a decision that was judged already changes nothing.
        if ctx.state(|s| s.run.answer_to(&decision.request).is_some()) {
            continue;
        }
        let decision = for_what_it_pays(ctx, decision);
        let event = ctx.state(|s| s.run.event_for(decision));
        emit(ctx, event);
    }
    Ok(())
}

/// Money that was given just before it was asked for is the answer. Older programs let the question stay open.
fn for_what_it_pays(ctx: &Ctx, decision: Decision) -> Decision {
    match ctx.state(|s| s.run.paid_by(&decision)) {
        Some(gate) if ctx.patched("money answers what it pays") => {
            Decision { gate: Some(gate), ..decision }
        }
        _ => decision,
    }
}

/// Those that a door of ours signed; the others are dropped, and the worker's log says so.
async fn authentic(ctx: &Ctx, came: Vec<Value>) -> WorkflowResult<Vec<Decision>> {
    let genuine = if are_authenticated(ctx) {
        record_events(ctx).await?;
        let run = ctx.state(|s| s.run.id().clone());
        let input = AuthenticateInput { run, decisions: came.clone() };
        ctx.execute_activity(Activities::authenticate, input, record_options(ctx)).await?
    } else {
        vec![true; came.len()]
    };
    let genuine = came.iter().zip(genuine).filter(|(_, genuine)| *genuine);
    let read = genuine.filter_map(|(decision, _)| Decision::deserialize(decision).ok());
    Ok(read.map(Decision::cleaned).collect())
}

/// Whether decisions are authenticated at this point of this history: older programs did not. A run that they began has a mark of its own for
/// each time, because what is answered once about a mark holds for the rest of the history.
fn are_authenticated(ctx: &Ctx) -> bool {
    ctx.patched("authentic decisions")
        || ctx.patched(&format!("authentic decisions after {}", ctx.state(|s| s.run.seq)))
}

/// Waits until a decision comes, or until `wake`; then false.
pub(super) async fn wait_for_decision(
    ctx: &Ctx,
    wake: Option<DateTime<Utc>>,
) -> WorkflowResult<bool> {
    record_events(ctx).await?;
    let Some(wake) = wake else {
        ctx.wait_condition(|s: &Develop| s.has_decisions()).await?;
        return Ok(true);
    };
    match (wake - now(ctx)).to_std() {
        Ok(left) => decision_before_timer(ctx, left).await,
        Err(_) => Ok(ctx.state(Develop::has_decisions)),
    }
}

async fn decision_before_timer(ctx: &Ctx, left: Duration) -> WorkflowResult<bool> {
    let scope = ctx.cancellation_token().child_token();
    let timer = ctx.timer(
        TimerOptions::builder(left)
            .cancellation_token(scope.clone())
            .summary("waiting for a person".to_owned())
            .build(),
    );
    let mut timer = std::pin::pin!(timer.fuse());
    // In declaration order: a decision wins against a timer that fired in the same task.
    let decided = workflows::select! {
        came = ctx.wait_condition(|s: &Develop| s.has_decisions()) => { came?; true }
        _ = timer => false,
    };
    // Dropping a timer does not end it on the server.
    scope.cancel();
    Ok(decided)
}
