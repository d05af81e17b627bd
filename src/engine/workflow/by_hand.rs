//! Work by hand, as the workflow sees it: a branch is handed out, and then a person is waited for, or a push.
//! Neither costs history while it lasts; every answer is judged meanwhile.

use chrono::{DateTime, Utc};
use futures::FutureExt;
use temporalio_sdk::{
    ActivityExecutionError, ActivityOptions, WorkflowCancellationToken, WorkflowResult, workflows,
};

use super::Ctx;
use super::activity::{application_message, beside};
use super::journal::{emit, record_events, wait_for_decision};
use crate::engine::activities::{Activities, AwaitPushInput, HandOutInput};
use crate::engine::retry_policy::{
    AWAIT_PUSH_TIMEOUT, HAND_OUT_TIMEOUT, HEARTBEAT_TIMEOUT, await_push_policy, hand_out_policy,
};
use crate::run::{GateId, HandBranch, Happened, RequestId, Rework, Snapshot, Verdict, Via};

/// Puts the work where the person can fetch it who took the stage over; until somebody answers otherwise, or until `wake`.
pub(super) async fn hand_out(
    ctx: &Ctx,
    (gate, work): (GateId, Snapshot),
    wake: Option<DateTime<Utc>>,
) -> WorkflowResult<()> {
    record_events(ctx).await?;
    let input = ctx.state(|s| HandOutInput::new(&s.run.request, &gate, work));
    let scope = ctx.cancellation_token().child_token();
    let options = ActivityOptions::with_start_to_close_timeout(HAND_OUT_TIMEOUT)
        .maybe_task_queue(beside(ctx))
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        .cancellation_token(scope.clone())
        .retry_policy(hand_out_policy())
        .summary(format!("{} · hand out", gate.stage))
        .build();
    let handing_out = ctx.execute_activity(Activities::hand_out, input, options);
    match until_answered(ctx, handing_out, (&scope, wake)).await? {
        Some(Ok(branch)) => emit(ctx, Happened::HandedOut { gate, branch }),
        Some(Err(error)) => {
            emit(ctx, Happened::NotHandedOut { gate, why: application_message(&error) });
        }
        None => {}
    }
    Ok(())
}

/// Waits for an answer, until `wake` at most, and for a push to the branch: that is one too.
pub(super) async fn await_push(
    ctx: &Ctx,
    (gate, branch): (GateId, HandBranch),
    wake: Option<DateTime<Utc>>,
) -> WorkflowResult<()> {
    record_events(ctx).await?;
    let input = ctx.state(|s| AwaitPushInput {
        run: s.run.id().clone(),
        repository: s.run.request.repository.clone(),
        branch,
    });
    let scope = ctx.cancellation_token().child_token();
    let options = await_push_options(ctx, &gate, &scope);
    let looking = ctx.execute_activity(Activities::await_push, input, options);
    if let Some(Ok(commit)) = until_answered(ctx, looking, (&scope, wake)).await? {
        emit_pushed(ctx, gate, &commit);
    }
    Ok(())
}

/// What an activity brings, unless somebody answers before, or it is `wake`: then it is cancelled.
async fn until_answered<T>(
    ctx: &Ctx,
    work: impl Future<Output = Result<T, ActivityExecutionError>>,
    (scope, wake): (&WorkflowCancellationToken, Option<DateTime<Utc>>),
) -> WorkflowResult<Option<Result<T, ActivityExecutionError>>> {
    let work = work.fuse();
    let mut work = std::pin::pin!(work);
    // In declaration order: an answer wins against what came in the same task.
    let brought = workflows::select! {
        answered = wait_for_decision(ctx, wake).fuse() => { answered?; None },
        brought = work => Some(brought),
    };
    scope.cancel();
    Ok(brought)
}

fn emit_pushed(ctx: &Ctx, gate: GateId, commit: &str) {
    let Some(by) = ctx.state(|s| s.run.handed_out(&gate).map(|(_, by)| by.clone())) else { return };
    let request = RequestId(format!("push {commit} to {} {}", gate.stage, gate.round));
    emit(
        ctx,
        Happened::Decided {
            request,
            gate: Some(gate),
            verdict: Verdict::HandIn,
            by,
            via: Via::Push,
            words: None,
            rework: Rework::default(),
            raise: None,
            retry: None,
            rollback: None,
        },
    );
}

fn await_push_options(
    ctx: &Ctx,
    gate: &GateId,
    scope: &WorkflowCancellationToken,
) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(AWAIT_PUSH_TIMEOUT)
        .maybe_task_queue(beside(ctx))
        .cancellation_token(scope.clone())
        .retry_policy(await_push_policy())
        .summary(format!("{} · waiting for a push", gate.stage))
        .build()
}
