//! The workflow of one attempt: write, then check; a stop or a rollback ends either.
//! Whatever comes of it, what it spent stays counted.

use temporalio_sdk::{
    ActivityCancellationType, ActivityOptions, WorkflowCancellationToken, WorkflowResult,
};

use super::Ctx;
use super::activity::{ActivityEnd, HandedBack, run_cancellable};
use super::await_slot::await_slot;
use super::journal::{emit, now, record_events, take_decisions, wait_for_decision};
use super::spent::with_all_spent;
use crate::engine::activities::{Activities, CheckInput, WriteInput};
use crate::engine::retry_policy::{HEARTBEAT_TIMEOUT, attempt_timeout, backoff, takeover_policy};
use crate::run::{AgentEnd, AttemptFacts, Checked, Happened, Lost, Plan, Work, WorkStep, Written};

/// Write, then check; and what that amounts to.
pub(super) async fn attempt(ctx: &Ctx, plan: &Plan) -> WorkflowResult<Happened> {
    if stopped_in_backoff(ctx, plan).await? || stopped_before_its_turn(ctx, plan).await? {
        let lost = Lost { why: "stopped before it began".to_owned(), ..Lost::default() };
        // It may have stood still until then.
        return lost_attempt(ctx, plan, lost).await;
    }
    match write(ctx, plan).await? {
        ActivityEnd::Completed(written) => {
            if let Some(start) =
                written.start.clone().filter(|_| ctx.state(|s| s.run.start.is_none()))
            {
                emit(ctx, Happened::Began(start));
            }
            after_writing(ctx, plan, written).await
        }
        ActivityEnd::Lost(lost) => lost_attempt(ctx, plan, lost).await,
        ActivityEnd::HandedBack(HandedBack { lost, handover }) => {
            let lost = with_all_spent(ctx, (&plan.stage.name, plan.attempt), lost).await?;
            let of = |handover| (plan.stage.name.clone(), plan.attempt, handover);
            ctx.state_mut(|s| s.handover = handover.map(of));
            Ok(handed_back(ctx, plan, WorkStep::Write, &lost))
        }
    }
}

async fn lost_attempt(ctx: &Ctx, plan: &Plan, lost: Lost) -> WorkflowResult<Happened> {
    let lost = with_all_spent(ctx, (&plan.stage.name, plan.attempt), lost).await?;
    Ok(attempt_ended(ctx, plan, AttemptFacts::Lost(&lost)))
}

async fn after_writing(ctx: &Ctx, plan: &Plan, written: Written) -> WorkflowResult<Happened> {
    if let Some(work) = &written.work {
        emit(ctx, written_event(plan, &written, work.clone()));
        take_decisions(ctx).await?;
    }
    if let Some(paused) = paused(ctx, plan, &written) {
        return Ok(paused);
    }
    // Work that was cut short is kept and not checked: nobody will build on it. Nor is a merge with conflicts.
    let is_whole = written.end == AgentEnd::Finished
        && written.conflicts.is_empty()
        && !is_called_off(ctx, plan);
    let Some(work) = written.work.as_ref().filter(|_| is_whole) else {
        return Ok(attempt_ended(ctx, plan, AttemptFacts::Unchecked(&written)));
    };
    if let Some(checked) = ctx.state(|s| s.run.judged_before(plan, &work.snapshot)) {
        return Ok(attempt_ended(ctx, plan, AttemptFacts::Checked(&written, &checked)));
    }
    let ended = match check(ctx, plan, work).await? {
        ActivityEnd::Completed(checked) => {
            attempt_ended(ctx, plan, AttemptFacts::Checked(&written, &checked))
        }
        ActivityEnd::Lost(lost) => attempt_ended(ctx, plan, AttemptFacts::Lost(&lost)),
        ActivityEnd::HandedBack(back) => handed_back(ctx, plan, WorkStep::Check, &back.lost),
    };
    Ok(ended)
}

/// That the attempt waits for a worker, unless it was called off meanwhile.
pub(super) fn handed_back(ctx: &Ctx, plan: &Plan, step: WorkStep, lost: &Lost) -> Happened {
    if is_called_off(ctx, plan) {
        return attempt_ended(ctx, plan, AttemptFacts::Lost(lost));
    }
    ctx.state(|s| s.run.handed_back((&plan.stage.name, plan.attempt), step, lost))
}

/// That the attempt stands still, where it does: nobody called it off meanwhile.
fn paused(ctx: &Ctx, plan: &Plan, written: &Written) -> Option<Happened> {
    let pause = written.pause.as_ref()?;
    (!is_called_off(ctx, plan)).then(|| Happened::Paused {
        stage: plan.stage.name.clone(),
        attempt: plan.attempt,
        pause: pause.clone(),
        tokens: written.tokens,
        cost_usd: written.cost_usd,
    })
}

pub(super) fn attempt_ended(ctx: &Ctx, plan: &Plan, facts: AttemptFacts<'_>) -> Happened {
    ctx.state(|s| s.run.attempt_ended(plan, facts, now(ctx)))
}

fn written_event(plan: &Plan, written: &Written, work: Work) -> Happened {
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
        branch: work.branch,
        parts: written.parts.clone(),
        conflicts: written.conflicts.clone(),
    }
}

async fn write(ctx: &Ctx, plan: &Plan) -> WorkflowResult<ActivityEnd<Written>> {
    let handed_back = ctx.state_mut(|s| s.handover.take());
    // What another attempt had spent is counted there.
    let its_own = handed_back.filter(|(of, n, _)| (of, *n) == (&plan.stage.name, plan.attempt));
    let handover = its_own.map(|(.., handover)| handover);
    let input = ctx.state(|s| WriteInput { handover, ..WriteInput::new(&s.run.request, plan) });
    record_events(ctx).await?;
    let scope = ctx.cancellation_token().child_token();
    let options = attempt_options(plan, "write", &scope);
    let writing = ctx.execute_activity(Activities::write, input, options);
    run_cancellable(ctx, writing, &scope, |run| plan.is_called_off(run)).await
}

async fn check(ctx: &Ctx, plan: &Plan, work: &Work) -> WorkflowResult<ActivityEnd<Checked>> {
    let run = ctx.state(|s| s.run.id().clone());
    let input = CheckInput::new(run, plan, work);
    let input = ctx.state(|s| input.of(&s.run.request));
    record_events(ctx).await?;
    let scope = ctx.cancellation_token().child_token();
    let options = attempt_options(plan, "check", &scope);
    let checking = ctx.execute_activity(Activities::check, input, options);
    let checked = run_cancellable(ctx, checking, &scope, |run| plan.is_called_off(run)).await?;
    // Checks that were cut short gave no verdict.
    if is_called_off(ctx, plan) {
        let why = "stopped while it was checked".to_owned();
        return Ok(ActivityEnd::Lost(Lost { why, ..Lost::default() }));
    }
    Ok(checked)
}

/// Whether nobody wants the attempt any more.
pub(super) fn is_called_off(ctx: &Ctx, plan: &Plan) -> bool {
    ctx.state(|s| plan.is_called_off(&s.run))
}

/// Waits for as long as the attempt is to back off; true as soon as it is called off.
async fn stopped_in_backoff(ctx: &Ctx, plan: &Plan) -> WorkflowResult<bool> {
    if plan.backoff_seconds == 0 {
        return Ok(false);
    }
    record_events(ctx).await?;
    let over = now(ctx) + backoff(plan);
    while !is_called_off(ctx, plan) && wait_for_decision(ctx, Some(over)).await? {
        take_decisions(ctx).await?;
        record_events(ctx).await?;
    }
    Ok(is_called_off(ctx, plan))
}

async fn stopped_before_its_turn(ctx: &Ctx, plan: &Plan) -> WorkflowResult<bool> {
    await_slot(ctx, plan).await?;
    Ok(is_called_off(ctx, plan))
}

pub(super) fn attempt_options(
    plan: &Plan,
    verb: &str,
    scope: &WorkflowCancellationToken,
) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(attempt_timeout(plan))
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        // A run never reports "stopped" while its agent still lives.
        .cancellation_type(ActivityCancellationType::WaitCancellationCompleted)
        .cancellation_token(scope.clone())
        .retry_policy(takeover_policy())
        .summary(format!("{} · attempt {} · {verb}", plan.stage.name, plan.attempt))
        .build()
}
