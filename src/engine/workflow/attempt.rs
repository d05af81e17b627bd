//! How does one attempt go?
//! Write, then check; a stop ends either. Whatever becomes of it, what it spent stays counted.

use std::iter;
use std::time::Duration;

use futures::FutureExt;
use temporalio_common::error::IncomingError;
use temporalio_sdk::{
    ActivityCancellationType, ActivityExecutionError, ActivityOptions, ApplicationFailure,
    WorkflowCancellationToken, WorkflowResult, workflows,
};

use super::journal::{answered, emit, flush, hear, now};
use super::{Ctx, Develop};
use crate::engine::activities::{Activities, CheckInput, Handover, WriteInput};
use crate::engine::retry_policy::{HEARTBEAT_TIMEOUT, attempt_timeout, takeover_policy};
use crate::run::{AgentEnd, Checked, Happened, Lost, Plan, Snapshot, Work, Written};

/// Write, then check; and what that amounts to.
pub(super) async fn attempt(ctx: &Ctx, plan: &Plan) -> WorkflowResult<Happened> {
    if plan.backoff_seconds > 0
        && stopped_during(ctx, Duration::from_secs(plan.backoff_seconds)).await?
    {
        let lost = Lost { why: "stopped before it began".to_owned(), ..Lost::default() };
        return Ok(ctx.state(|s| s.run.attempt_ended(plan, &Err(lost), now(ctx))));
    }
    let written = match write(ctx, plan).await? {
        Ok(written) => written,
        Err(lost) => return Ok(ctx.state(|s| s.run.attempt_ended(plan, &Err(lost), now(ctx)))),
    };
    let Some(work) = written.work.clone() else {
        return Ok(ctx.state(|s| s.run.attempt_ended(plan, &Ok((&written, None)), now(ctx))));
    };
    let snapshot = work.snapshot.clone();
    emit(ctx, was_written(plan, &written, work));
    hear(ctx);
    // Work that was cut short is kept, and no more: it is not what the checks are about.
    if stopped(ctx) || written.end != AgentEnd::Finished {
        return Ok(ctx.state(|s| s.run.attempt_ended(plan, &Ok((&written, None)), now(ctx))));
    }
    let checked = check(ctx, plan, snapshot).await?;
    Ok(ctx.state(|s| {
        s.run.attempt_ended(
            plan,
            &checked.as_ref().map(|c| (&written, Some(c))).map_err(Clone::clone),
            now(ctx),
        )
    }))
}

fn was_written(plan: &Plan, written: &Written, work: Work) -> Happened {
    Happened::Written {
        stage: plan.stage.name.clone(),
        attempt: plan.attempt,
        agent: written.agent.clone(),
        sandboxing: written.sandboxing,
        base: work.base,
        snapshot: work.snapshot,
        diff: Box::new(work.diff),
        since_round: work.since_round.map(Box::new),
        since_approved: work.since_approved.map(Box::new),
        tokens: written.tokens,
        cost_usd: written.cost_usd,
        words: written.words.clone(),
    }
}

async fn write(ctx: &Ctx, plan: &Plan) -> WorkflowResult<Result<Written, Lost>> {
    let input = ctx.state(|s| WriteInput::new(&s.run.request, plan));
    flush(ctx).await?;
    let scope = ctx.cancellation_token().child_token();
    let work =
        ctx.execute_activity(Activities::write, input, activity_options(plan, "write", &scope));
    Ok(watched(ctx, work, &scope).await?.map_err(|e| lost(&e)))
}

/// An activity that nobody could finish, and what it told before it fell silent.
fn lost(error: &ActivityExecutionError) -> Lost {
    let silent =
        error.as_timeout().and_then(|t| t.last_heartbeat_details::<Handover>().ok().flatten());
    let told = silent
        .or_else(|| error.as_cancelled().and_then(|c| c.details::<Handover>().ok().flatten()));
    let Handover { tokens, cost_usd, .. } = told.unwrap_or_default();
    Lost { why: said(error), tokens, cost_usd }
}

/// What an activity itself said, where it did, and why.
pub(super) fn said(error: &ActivityExecutionError) -> String {
    let words: Vec<String> = iter::successors(ours(error.reason()), |said| ours(said.cause()))
        .map(ToString::to_string)
        .collect();
    if words.is_empty() { error.to_string() } else { words.join(": ") }
}

fn ours(cause: Option<&IncomingError>) -> Option<&ApplicationFailure> {
    if let Some(IncomingError::Application(ours)) = cause { Some(ours) } else { None }
}

async fn check(
    ctx: &Ctx,
    plan: &Plan,
    snapshot: Snapshot,
) -> WorkflowResult<Result<Checked, Lost>> {
    let run = ctx.state(|s| s.run.id().clone());
    let input = CheckInput {
        run,
        stage: plan.stage.clone(),
        attempt: plan.attempt,
        snapshot,
        compare_with: plan.compare.tests.clone(),
    };
    flush(ctx).await?;
    let scope = ctx.cancellation_token().child_token();
    let work =
        ctx.execute_activity(Activities::check, input, activity_options(plan, "check", &scope));
    let checked = watched(ctx, work, &scope).await?;
    // What a stop cut short is no verdict.
    Ok(if stopped(ctx) {
        Err(Lost { why: "stopped while it was checked".to_owned(), ..Lost::default() })
    } else {
        checked.map_err(|e| lost(&e))
    })
}

/// Waits for an activity while answers are judged; a stop cancels it, and then waits until it is really over.
pub(super) async fn watched<T>(
    ctx: &Ctx,
    work: impl Future<Output = Result<T, ActivityExecutionError>>,
    scope: &WorkflowCancellationToken,
) -> WorkflowResult<Result<T, ActivityExecutionError>> {
    let work = work.fuse();
    let mut work = std::pin::pin!(work);
    loop {
        let came = workflows::select! {
            done = work => Some(done),
            heard = ctx.wait_condition(|s: &Develop| s.somebody_answered()) => match heard {
                Ok(()) => None,
                // An operator cancelled the workflow, and with it the activity: what it spent is still told.
                Err(_) => Some(work.as_mut().await),
            },
        };
        if let Some(done) = came {
            return Ok(done);
        }
        hear(ctx);
        if stopped(ctx) {
            scope.cancel();
        }
        flush(ctx).await?;
    }
}

fn stopped(ctx: &Ctx) -> bool {
    ctx.state(|s| s.run.was_stopped())
}

/// Pauses for a while; true as soon as the run was stopped.
async fn stopped_during(ctx: &Ctx, pause: Duration) -> WorkflowResult<bool> {
    flush(ctx).await?;
    let over = now(ctx) + pause;
    while !stopped(ctx) && answered(ctx, Some(over)).await? {
        hear(ctx);
        flush(ctx).await?;
    }
    Ok(stopped(ctx))
}

fn activity_options(plan: &Plan, verb: &str, scope: &WorkflowCancellationToken) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(attempt_timeout(plan))
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        // A run never reports "stopped" while its agent still lives.
        .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
        .cancellation_token(scope.clone())
        .retry_policy(takeover_policy())
        .summary(format!("{} · attempt {} · {verb}", plan.stage.name, plan.attempt))
        .build()
}
