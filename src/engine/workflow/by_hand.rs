//! Work by hand, as the workflow sees it: a branch is handed out, and then a person is waited for, or a push.
//! Neither costs history while it lasts; every answer is judged meanwhile.

use chrono::{DateTime, Utc};
use futures::FutureExt;
use temporalio_sdk::{ActivityOptions, WorkflowCancellationToken, WorkflowResult, workflows};

use super::Ctx;
use super::activity::{ActivityEnd, run_cancellable};
use super::journal::{emit, record_events, wait_for_decision};
use crate::engine::activities::{Activities, AwaitPushInput, HandOutInput};
use crate::engine::retry_policy::{
    AWAIT_PUSH_TIMEOUT, HAND_OUT_TIMEOUT, HEARTBEAT_TIMEOUT, await_push_policy, find_worker_policy,
};
use crate::run::{GateId, HandBranch, Happened, RequestId, Run, Snapshot, Verdict, Via};

/// Puts the work where the person can fetch it who took the stage over.
pub(super) async fn hand_out(
    ctx: &Ctx,
    gate: GateId,
    work: Option<Snapshot>,
) -> WorkflowResult<()> {
    let input = ctx.state(|s| HandOutInput::new(&s.run.request, &gate, work));
    let scope = ctx.cancellation_token().child_token();
    let options = ActivityOptions::with_start_to_close_timeout(HAND_OUT_TIMEOUT)
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        .cancellation_token(scope.clone())
        .retry_policy(find_worker_policy())
        .summary(format!("{} · hand out", gate.stage))
        .build();
    record_events(ctx).await?;
    let handing_out = ctx.execute_activity(Activities::hand_out, input, options);
    let is_closed = |run: &Run| run.gate.as_ref().is_none_or(|open| open.id != gate);
    let ended = run_cancellable(ctx, handing_out, &scope, is_closed).await?;
    if let ActivityEnd::Completed(branch) = ended {
        emit(ctx, Happened::HandedOut { gate, branch });
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
    let scope = ctx.cancellation_token().child_token();
    let input = ctx.state(|s| AwaitPushInput {
        run: s.run.id().clone(),
        repository: s.run.request.repository.clone(),
        branch,
    });
    let options = await_push_options(&gate, &scope);
    let looking = ctx.execute_activity(Activities::await_push, input, options).fuse();
    let mut looking = std::pin::pin!(looking);
    // In declaration order: an answer wins against a push that was seen in the same task.
    let pushed = workflows::select! {
        answered = wait_for_decision(ctx, wake).fuse() => { answered?; None },
        found = looking => found.ok(),
    };
    scope.cancel();
    if let Some(commit) = pushed {
        emit_pushed(ctx, gate, &commit);
    }
    Ok(())
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
            rework: crate::run::Rework::default(),
            raise: None,
            retry: None,
            rollback: None,
        },
    );
}

fn await_push_options(gate: &GateId, scope: &WorkflowCancellationToken) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(AWAIT_PUSH_TIMEOUT)
        .cancellation_token(scope.clone())
        .retry_policy(await_push_policy())
        .summary(format!("{} · waiting for a push", gate.stage))
        .build()
}
