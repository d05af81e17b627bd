//! The review, as the workflow sees it: a second reader is waited for, and whatever becomes of it is told.

use temporalio_sdk::{
    ActivityCancellationType, ActivityOptions, WorkflowCancellationToken, WorkflowResult,
};

use super::Ctx;
use super::activity::{ActivityEnd, HandedBack, run_cancellable};
use super::journal::{now, record_events, seconds_since};
use super::spent::with_all_spent;
use crate::engine::activities::{Activities, Handover, ReviewInput};
use crate::engine::retry_policy::{HEARTBEAT_TIMEOUT, review_policy, whole_review_timeout};
use crate::run::{Happened, Lost, Review, ReviewPlan};

pub(super) async fn review(ctx: &Ctx, plan: &ReviewPlan) -> WorkflowResult<Happened> {
    let input = ctx.state(|s| ReviewInput::new(&s.run, plan));
    record_events(ctx).await?;
    let (scope, begun) = (ctx.cancellation_token().child_token(), now(ctx));
    let options = options(plan, &scope);
    let reading = ctx.execute_activity(Activities::review, input.clone(), options);
    let ended = run_cancellable(ctx, reading, &scope, |run| plan.is_called_off(run)).await?;
    let review = match ended {
        ActivityEnd::Completed(review) => review,
        ActivityEnd::Lost(lost) | ActivityEnd::HandedBack(HandedBack { lost, .. }) => {
            let lost = with_all_spent(ctx, (&plan.stage.name, plan.attempt), lost).await?;
            let Lost { why, tokens, cost_usd, .. } = lost;
            input.failed(&why, &Handover { tokens, cost_usd, ..Handover::default() })
        }
    };
    let review = Review { seconds: seconds_since(ctx, begun), ..review };
    Ok(Happened::Reviewed { stage: plan.stage.name.clone(), attempt: plan.attempt, review })
}

fn options(plan: &ReviewPlan, scope: &WorkflowCancellationToken) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(whole_review_timeout(&plan.stage))
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        // A run never reports "stopped" while its agent still lives.
        .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
        .cancellation_token(scope.clone())
        .retry_policy(review_policy())
        .summary(format!("{} · attempt {} · second reader", plan.stage.name, plan.attempt))
        .build()
}
