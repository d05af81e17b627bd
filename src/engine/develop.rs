//! How does a run go?
//! Decides by the pure rules in `run/` and makes the events; never does anything itself. What it awaits, it recorded before.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::FutureExt;
use temporalio_common::RetryPolicy;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, SyncWorkflowContext, TimerOptions, WorkflowCancellationToken, WorkflowContext,
    WorkflowContextView, WorkflowResult, WorkflowTermination, workflows,
};

use super::activities::{Activities, DeliverInput, RecordInput};
use super::attempt::{HEARTBEAT_TIMEOUT, attempt, said, watched};
use super::{PHASE, records_of};
use crate::run::{Decision, Event, Guard, Happened, Next, Outcome, RULES, Request, Run, Snapshot};

/// How often a dead worker's attempt is taken over before the attempt counts as lost.
const TAKEOVERS: u32 = 30;

/// After this a record is tried again, by whichever worker lives.
const RECORD_TIMEOUT: Duration = Duration::from_secs(5);

/// One execution of a pipeline. Its workflow id is the run's id.
#[workflow]
pub struct Develop {
    pub(super) run: Run,
    /// Events that happened since the last record.
    unrecorded: Vec<Event>,
    /// Answers that came and were not judged yet.
    inbox: Vec<Decision>,
}

#[workflow_methods]
impl Develop {
    #[init]
    pub fn new(_: &WorkflowContextView, request: Request) -> Self {
        Self { run: Run::starting(request), unrecorded: Vec::new(), inbox: Vec::new() }
    }

    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Outcome> {
        let request = Box::new(ctx.state(|s| s.run.request.clone()));
        emit(ctx, Happened::Started { rules: RULES, request });
        match drive(ctx).await {
            Ok(outcome) => Ok(outcome),
            // An operator cancelled the workflow in Temporal: what was known stays, and the thread says so.
            Err(_) if ctx.cancellation_token().is_cancelled() => {
                if ctx.state(|s| s.run.outcome.is_none()) {
                    emit(
                        ctx,
                        Happened::Ended {
                            outcome: Outcome::Stopped,
                            why: Some("cancelled by an operator".to_owned()),
                        },
                    );
                }
                flush(ctx).await?;
                while ctx.state(Self::somebody_answered) {
                    hear(ctx);
                    flush(ctx).await?;
                }
                Err(WorkflowTermination::cancelled())
            }
            Err(e) => Err(e),
        }
    }

    #[signal]
    pub fn decide(&mut self, _: &mut SyncWorkflowContext<Self>, decision: Decision) {
        self.inbox.push(decision);
    }

    #[query]
    pub fn state(&self, _: &WorkflowContextView) -> Run {
        self.run.clone()
    }
}

impl Develop {
    /// Something came that was not judged yet.
    pub(super) const fn somebody_answered(&self) -> bool {
        !self.inbox.is_empty()
    }
}

pub(super) type Ctx = WorkflowContext<Develop>;

async fn drive(ctx: &Ctx) -> WorkflowResult<Outcome> {
    loop {
        hear(ctx);
        if ctx.cancellation_token().is_cancelled() && ctx.state(|s| s.run.outcome.is_none()) {
            return Err(WorkflowTermination::cancelled());
        }
        let now = now(ctx);
        match ctx.state(|s| s.run.next(now)) {
            Next::Tell(happened) => emit(ctx, happened),
            Next::Attempt(plan) => {
                let facts = attempt(ctx, &plan).await?;
                emit(ctx, facts);
            }
            // What is due then is for the rules to say.
            Next::Ask { wake, .. } => drop(answered(ctx, wake).await?),
            Next::Deliver { snapshot, push, guard } => deliver(ctx, snapshot, push, guard).await?,
            Next::End(outcome) => {
                flush(ctx).await?;
                // An answer that came meanwhile is judged too: somebody waits to hear of it.
                if !ctx.state(Develop::somebody_answered) {
                    return Ok(outcome);
                }
            }
        }
    }
}

/// Judges what people answered. Called wherever an answer may have come.
pub(super) fn hear(ctx: &Ctx) {
    for decision in ctx.state_mut(|s| std::mem::take(&mut s.inbox)) {
        // Delivery is at least once: an answer that was judged already changes nothing.
        if ctx.state(|s| s.run.answer_to(&decision.request).is_some()) {
            continue;
        }
        let heard = ctx.state(|s| s.run.hear(decision));
        emit(ctx, heard);
    }
}

/// Waits until somebody answers, or until `wake`; then false.
pub(super) async fn answered(ctx: &Ctx, wake: Option<DateTime<Utc>>) -> WorkflowResult<bool> {
    flush(ctx).await?;
    let Some(wake) = wake else {
        ctx.wait_condition(|s: &Develop| s.somebody_answered()).await?;
        return Ok(true);
    };
    let Ok(left) = (wake - now(ctx)).to_std() else {
        return Ok(ctx.state(Develop::somebody_answered));
    };
    let scope = ctx.cancellation_token().child_token();
    let timer = ctx.timer(
        TimerOptions::builder(left)
            .cancellation_token(scope.clone())
            .summary("waiting for a person".to_owned())
            .build(),
    );
    let mut timer = std::pin::pin!(timer.fuse());
    // In declaration order: an answer wins against a timer that fired in the same task.
    let answered = workflows::select! {
        heard = ctx.wait_condition(|s: &Develop| s.somebody_answered()) => { heard?; true }
        _ = timer => false,
    };
    // Dropping a timer does not end it on the server.
    scope.cancel();
    Ok(answered)
}

async fn deliver(
    ctx: &Ctx,
    snapshot: Snapshot,
    push: bool,
    guard: Option<Guard>,
) -> WorkflowResult<()> {
    let input = ctx.state(|s| DeliverInput {
        run: s.run.id().clone(),
        origin: s.run.origin().cloned(),
        snapshot: snapshot.clone(),
        branch: s.run.request.branch(),
        repository: s.run.request.repository.clone(),
        push,
        guard,
        pipeline: s.run.request.pipeline.digest.clone(),
    });
    let scope = ctx.cancellation_token().child_token();
    let options = ActivityOptions::with_start_to_close_timeout(Duration::from_mins(3))
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        .cancellation_token(scope.clone())
        .retry_policy(retries())
        .summary("deliver".to_owned())
        .build();
    flush(ctx).await?;
    // Who answers meanwhile is told at once that it is decided; a stop is refused, so nothing cancels this but an operator.
    match watched(ctx, ctx.execute_activity(Activities::deliver, input, options), &scope).await? {
        Ok(delivered) => emit(ctx, Happened::Delivered(delivered)),
        Err(e) => emit(ctx, ctx.state(|s| s.run.not_delivered(&snapshot, &said(&e)))),
    }
    Ok(())
}

pub(super) fn retries() -> RetryPolicy {
    RetryPolicy::builder()
        .initial_interval(Duration::from_millis(500))
        .maximum_interval(Duration::from_secs(10))
        .maximum_attempts(TAKEOVERS)
        // Core reports an oversized result as retryable: the agent would be paid again.
        .non_retryable_error_types(["PayloadsTooLarge"])
        .build()
}

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
/// What is recorded stands in the run's history first. Were it written by a local activity, a task that is lost after the write would be
/// done again together with what came meanwhile, and give the same numbers to other events.
pub(super) async fn flush(ctx: &Ctx) -> WorkflowResult<()> {
    let events = ctx.state_mut(|s| std::mem::take(&mut s.unrecorded));
    if events.is_empty() {
        return Ok(());
    }
    let input = RecordInput::new(ctx.state(|s| s.run.id().clone()), &events);
    // For ever: nothing may happen that was not recorded, and a database comes back.
    let patience = RetryPolicy::builder()
        .initial_interval(Duration::from_millis(200))
        .maximum_interval(Duration::from_secs(10))
        .build();
    let options = ActivityOptions::with_start_to_close_timeout(RECORD_TIMEOUT)
        .task_queue(records_of(ctx.task_queue()))
        .retry_policy(patience)
        .cancellation_token(WorkflowCancellationToken::new())
        .build();
    ctx.execute_activity(Activities::record, input, options).await?;
    Ok(())
}

pub(super) fn now(ctx: &Ctx) -> DateTime<Utc> {
    ctx.workflow_time().map_or(DateTime::UNIX_EPOCH, DateTime::from)
}
