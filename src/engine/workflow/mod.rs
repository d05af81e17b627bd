//! How does a run go?
//! Decides by the pure rules in `run/` and makes the events; never does anything itself. What it awaits, it recorded before.

mod attempt;
mod journal;

use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult,
    WorkflowTermination,
};

use super::activities::{Activities, DeliverInput};
use super::retry_policy::{DELIVER_TIMEOUT, HEARTBEAT_TIMEOUT, takeover_policy};
use crate::run::{Decision, Event, Guard, Happened, Next, Outcome, RULES, Request, Run, Snapshot};

use attempt::{attempt, said, watched};
use journal::{answered, emit, flush, hear, now};

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
            Next::Emit(happened) => emit(ctx, happened),
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
    let options = ActivityOptions::with_start_to_close_timeout(DELIVER_TIMEOUT)
        .heartbeat_timeout(HEARTBEAT_TIMEOUT)
        .cancellation_token(scope.clone())
        .retry_policy(takeover_policy())
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
