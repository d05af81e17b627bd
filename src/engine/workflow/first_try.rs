//! The first try of what has to pass, as the workflow sees it: before the first agent of a stage is paid.

use temporalio_sdk::WorkflowResult;

use super::Ctx;
use super::activity::{ActivityEnd, run_cancellable};
use super::attempt::{attempt_ended, attempt_options, handed_back, is_called_off};
use super::await_slot::await_slot;
use super::journal::record_events;
use crate::engine::activities::{Activities, TryFirstInput};
use crate::run::{AgentEnd, AttemptFacts, Happened, Lost, Plan, Sandboxing, WorkStep, Written};

/// What came of it: it was tried, or the attempt is over before it began.
pub(super) async fn try_first(ctx: &Ctx, plan: &Plan) -> WorkflowResult<Happened> {
    // Older programs tried it beside the slots. The attempt goes on in the same one.
    if ctx.patched("first try in a slot") {
        await_slot(ctx, plan).await?;
        if is_called_off(ctx, plan) {
            return Ok(attempt_ended(ctx, plan, AttemptFacts::Lost(&Lost::default())));
        }
    }
    let input = ctx.state(|s| TryFirstInput::new(&s.run.request, plan));
    record_events(ctx).await?;
    let scope = ctx.cancellation_token().child_token();
    let options = attempt_options(plan, "first try", &scope);
    let trying = ctx.execute_activity(Activities::try_first, input, options);
    let ended = run_cancellable(ctx, trying, &scope, |run| plan.is_called_off(run)).await?;
    if is_called_off(ctx, plan) {
        return Ok(attempt_ended(ctx, plan, AttemptFacts::Lost(&Lost::default())));
    }
    Ok(match ended {
        ActivityEnd::Completed(checked) => match checked.trouble {
            Some(trouble) => {
                let why = checked.why.unwrap_or_default();
                let end = AgentEnd::Failed { trouble, why };
                let unkept = Written::unkept(end, Sandboxing::Closed);
                let written = Written { feedback: checked.feedback, ..unkept };
                attempt_ended(ctx, plan, AttemptFacts::Unchecked(&written))
            }
            None => Happened::UntilTried {
                stage: plan.stage.name.clone(),
                attempt: plan.attempt,
                tried: checked.into(),
            },
        },
        ActivityEnd::Lost(lost) => attempt_ended(ctx, plan, AttemptFacts::Lost(&lost)),
        ActivityEnd::HandedBack(back) => handed_back(ctx, plan, WorkStep::Check, &back.lost),
    })
}
