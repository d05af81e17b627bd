//! The delivery of a result, as the workflow sees it: it starts the activity and tells what came of it.

use temporalio_sdk::{ActivityOptions, WorkflowCancellationToken, WorkflowResult};

use super::Ctx;
use super::activity::{ActivityEnd, HandedBack, beside, run_cancellable};
use super::journal::{emit, record_events};
use crate::engine::activities::{Activities, DeliverInput};
use crate::engine::retry_policy::{DELIVER_TIMEOUT, HEARTBEAT_TIMEOUT, takeover_policy};
use crate::run::{Guard, Happened, Run, Snapshot, WorkStep};

pub(super) async fn deliver(
    ctx: &Ctx,
    snapshot: Snapshot,
    push: bool,
    guard: Option<Guard>,
) -> WorkflowResult<()> {
    let input = ctx.state(|s| DeliverInput {
        push,
        guard,
        // Whoever stopped a run does not wait until the operator has mended something.
        may_hand_back: push && s.run.request.waits_for_workers,
        ..DeliverInput::new(&s.run, snapshot.clone())
    });
    let scope = ctx.cancellation_token().child_token();
    let options = deliver_options(ctx, &scope);
    record_events(ctx).await?;
    // Who answers meanwhile is told at once that it is decided; a stop is refused, so nothing cancels this but an operator. Where a stop came
    // before, what is good is kept: older programs let the next answer cancel that.
    let keeps = !push && ctx.patched("a stop does not cancel what it keeps");
    let work = ctx.execute_activity(Activities::deliver, input, options);
    let is_off = |run: &Run| !keeps && run.was_stopped();
    let event = match run_cancellable(ctx, work, &scope, is_off).await? {
        ActivityEnd::Completed(delivered) => Happened::Delivered(delivered),
        ActivityEnd::Lost(lost) => ctx.state(|s| s.run.not_delivered(&snapshot, &lost.why)),
        ActivityEnd::HandedBack(HandedBack { lost, .. }) => {
            // Older programs refused a stop meanwhile.
            let may_stop = ctx.patched("a stop ends the wait for a delivery");
            ctx.state(|s| match s.run.last_attempt().map(|(of, last)| (of.name(), last.n)) {
                Some(last) if may_stop => s.run.delivery_handed_back(last, &lost),
                Some(last) => s.run.handed_back(last, WorkStep::Deliver, &lost),
                None => s.run.not_delivered(&snapshot, &lost.why),
            })
        }
    };
    emit(ctx, event);
    Ok(())
}

fn deliver_options(ctx: &Ctx, scope: &WorkflowCancellationToken) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(DELIVER_TIMEOUT)
        .maybe_task_queue(beside(ctx))
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        .cancellation_token(scope.clone())
        .retry_policy(takeover_policy())
        .summary("deliver".to_owned())
        .build()
}
