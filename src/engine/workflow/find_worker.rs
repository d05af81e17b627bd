//! The wait for a worker: when can an attempt go on that no worker could do?
//! Costs no history while it lasts; a stop ends it at once, and every other answer is judged meanwhile.

use temporalio_sdk::{ActivityOptions, WorkflowCancellationToken, WorkflowResult};

use super::Ctx;
use super::activity::{beside, run_cancellable};
use super::journal::{emit, record_events};
use crate::engine::activities::{Activities, FindWorkerInput};
use crate::engine::retry_policy::{FIND_WORKER_TIMEOUT, find_worker_policy};
use crate::run::{Happened, Run, StageName, WorkStep};

pub(super) async fn find_worker(
    ctx: &Ctx,
    (stage, attempt): (StageName, u32),
    step: WorkStep,
) -> WorkflowResult<()> {
    let input = ctx.state(|s| FindWorkerInput::new(&s.run, step));
    let scope = ctx.cancellation_token().child_token();
    let options = find_worker_options(ctx, &scope);
    record_events(ctx).await?;
    let looking = ctx.execute_activity(Activities::find_worker, input, options);
    run_cancellable(ctx, looking, &scope, is_called_off).await?;
    if !ctx.state(|s| is_called_off(&s.run)) && !ctx.cancellation_token().is_cancelled() {
        emit(ctx, Happened::Resumed { stage, attempt });
    }
    Ok(())
}

/// Somebody stopped the run, or let it go back to before that.
fn is_called_off(run: &Run) -> bool {
    run.was_stopped() || run.waits_for_worker().is_none()
}

fn find_worker_options(ctx: &Ctx, scope: &WorkflowCancellationToken) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(FIND_WORKER_TIMEOUT)
        .maybe_task_queue(beside(ctx))
        .cancellation_token(scope.clone())
        .retry_policy(find_worker_policy())
        .summary("waiting for a worker that can go on".to_owned())
        .build()
}
