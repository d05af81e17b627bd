//! What an attempt spent, as the workflow sees it: an activity that is lost may not have been able to say.
//! It was called off before it began again, or while it waited for another worker after its own had died.

use temporalio_sdk::WorkflowResult;

use super::Ctx;
use super::journal::{record_events, record_options};
use crate::engine::activities::{Activities, Handover, SpentInput};
use crate::run::{Lost, StageName};

/// The same loss, with all that the ledger knows of the attempt: money that is spent stays counted.
pub(super) async fn with_all_spent(
    ctx: &Ctx,
    (stage, attempt): (&StageName, u32),
    lost: Lost,
) -> WorkflowResult<Lost> {
    // Older programs took an activity at its word.
    if !ctx.patched("losses by the ledger") {
        return Ok(lost);
    }
    record_events(ctx).await?;
    let known = Handover { tokens: lost.tokens, cost_usd: lost.cost_usd, ..Handover::default() };
    let run = ctx.state(|s| s.run.id().clone());
    let input = SpentInput { run, stage: stage.clone(), attempt, known };
    let Handover { tokens, cost_usd, .. } =
        ctx.execute_activity(Activities::spent, input, record_options(ctx)).await?;
    Ok(Lost { tokens, cost_usd, ..lost })
}
