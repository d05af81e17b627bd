//! The workflow `Develop`, and its dispatch loop: how does a run go, from its start to its end?
//! Decides by the pure rules in `run/` and makes the events; never does anything itself. Events are
//! recorded before anything is awaited.

mod activity;
mod attempt;
mod await_slot;
mod by_hand;
mod children;
mod deliver;
mod find_worker;
mod first_try;
mod journal;
mod review;
mod spent;

use serde_json::Value;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult, WorkflowTermination,
};

use crate::engine::activities::Handover;
use crate::engine::authenticity::SignedRequest;
use crate::run::{
    Event, FIRST_RULES, Happened, Next, Outcome, RULES, RULES_IN_TURN, Run, SlotRequest, StageName,
};

use attempt::attempt;
use by_hand::{await_push, hand_out};
use children::{children, preview_merge};
use deliver::deliver;
use find_worker::find_worker;
use first_try::try_first;
use journal::{emit, now, record_events, take_decisions, wait_for_decision};
use review::review;

/// One execution of a pipeline. Its workflow id is the run's id.
#[workflow]
pub struct Develop {
    pub(super) run: Run,
    /// Events that happened since the last record.
    unrecorded: Vec<Event>,
    /// What the door asked for, until it is recorded.
    start: Option<Value>,
    /// Decisions that came, from whomever, and were not judged yet.
    inbox: Vec<Value>,
    /// How far the attempt was that workers handed back.
    handover: Option<(StageName, u32, Handover)>,
    /// The attempt that asks for a slot with the next record.
    asks: Option<SlotRequest>,
}

#[workflow_methods]
impl Develop {
    #[init]
    pub fn new(_: &WorkflowContextView, input: SignedRequest) -> Self {
        let SignedRequest { request, signed } = input;
        let run = Run::starting(request);
        Self {
            run,
            start: Some(signed),
            unrecorded: Vec::new(),
            inbox: Vec::new(),
            handover: None,
            asks: None,
        }
    }

    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<Outcome> {
        let request = Box::new(ctx.state(|s| s.run.request.clone()));
        emit(ctx, Happened::Started { rules: rules(ctx), request });
        match drive(ctx).await {
            Err(_) if ctx.cancellation_token().is_cancelled() => end_cancelled(ctx).await,
            ended => ended,
        }
    }

    /// Takes whatever comes: what is no decision, or signed by no door, is dropped when it is judged.
    #[signal]
    pub fn decide(&mut self, _: &mut SyncWorkflowContext<Self>, decision: Value) {
        self.inbox.push(decision);
    }

    #[query]
    pub fn state(&self, _: &WorkflowContextView) -> Run {
        self.run.clone()
    }
}

impl Develop {
    pub(super) const fn has_decisions(&self) -> bool {
        !self.inbox.is_empty()
    }
}

pub(super) type Ctx = WorkflowContext<Develop>;

/// The rules that a run goes by to its end: a history that was recorded by an older program has no mark of these.
fn rules(ctx: &Ctx) -> u32 {
    if ctx.patched("rules-3") {
        RULES
    } else if ctx.patched("rules-2") {
        RULES_IN_TURN
    } else {
        FIRST_RULES
    }
}

/// The main loop: asks the rules what the run needs, and does that.
async fn drive(ctx: &Ctx) -> WorkflowResult<Outcome> {
    loop {
        take_decisions(ctx).await?;
        if ctx.cancellation_token().is_cancelled() && ctx.state(|s| s.run.outcome.is_none()) {
            return Err(WorkflowTermination::cancelled());
        }
        let now = now(ctx);
        match ctx.state(|s| s.run.next(now)) {
            Next::Emit(happened) => emit(ctx, happened),
            Next::Attempt(plan) => {
                let ended = attempt(ctx, &plan).await?;
                emit(ctx, ended);
            }
            Next::TryFirst(plan) => {
                let tried = try_first(ctx, &plan).await?;
                emit(ctx, tried);
            }
            Next::Review(plan) => {
                let reviewed = review(ctx, &plan).await?;
                emit(ctx, reviewed);
            }
            // The rules say what is due then.
            Next::Ask { wake, .. } => drop(wait_for_decision(ctx, wake).await?),
            Next::HandOut { gate, work, wake } => hand_out(ctx, (gate, work), wake).await?,
            Next::AwaitPush { gate, branch, wake } => await_push(ctx, (gate, branch), wake).await?,
            Next::Park { until } => drop(wait_for_decision(ctx, Some(until)).await?),
            Next::FindWorker { stage, attempt, step } => {
                find_worker(ctx, (stage, attempt), step).await?;
            }
            Next::Children => children(ctx).await?,
            Next::PreviewMerge(made) => preview_merge(ctx, made).await?,
            Next::Deliver { snapshot, push, guard } => deliver(ctx, snapshot, push, guard).await?,
            Next::End(outcome) => {
                record_events(ctx).await?;
                // An answer that came meanwhile is judged too: somebody waits to hear of it.
                if !ctx.state(Develop::has_decisions) {
                    return Ok(outcome);
                }
            }
        }
    }
}

/// An operator cancelled the workflow in Temporal: what was known stays, and the thread says so.
async fn end_cancelled(ctx: &Ctx) -> WorkflowResult<Outcome> {
    if ctx.state(|s| s.run.outcome.is_none()) {
        let why = Some("cancelled by an operator".to_owned());
        emit(ctx, Happened::Ended { outcome: Outcome::Stopped, why });
    }
    record_events(ctx).await?;
    while ctx.state(Develop::has_decisions) {
        take_decisions(ctx).await?;
        record_events(ctx).await?;
    }
    Err(WorkflowTermination::cancelled())
}
