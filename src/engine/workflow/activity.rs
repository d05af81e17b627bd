//! Activities that people can call off: how does the workflow wait for one, and what does a failed one say?

use std::iter;

use futures::FutureExt;
use temporalio_common::error::IncomingError;
use temporalio_sdk::{
    ActivityExecutionError, ApplicationFailure, WorkflowCancellationToken, WorkflowResult,
    workflows,
};

use super::journal::{record_events, take_decisions};
use super::{Ctx, Develop};
use crate::engine::activities::Handover;
use crate::engine::{UNFIT, beside_of};
use crate::run::{Lost, Run, foreign_text};

/// Most of what a failed activity says that is kept, in characters.
const MOST_SAID: usize = 1_000;

/// How an activity ended.
pub(super) enum ActivityEnd<T> {
    Completed(T),
    /// Nobody could finish it: it failed, it was cancelled, or its workers died.
    Lost(Lost),
    /// No worker that tried could do it, and the operator can mend that.
    HandedBack(HandedBack),
}

/// What workers say that handed an activity back.
pub(super) struct HandedBack {
    /// What they lacked, and what was spent until then.
    pub lost: Lost,
    /// How far the activity was.
    pub handover: Option<Handover>,
}

/// Waits for an activity and judges answers meanwhile. Once it is called off it is cancelled; then this waits until that is really over.
pub(super) async fn run_cancellable<T>(
    ctx: &Ctx,
    work: impl Future<Output = Result<T, ActivityExecutionError>>,
    scope: &WorkflowCancellationToken,
    is_called_off: impl Fn(&Run) -> bool,
) -> WorkflowResult<ActivityEnd<T>> {
    let work = work.fuse();
    let mut work = std::pin::pin!(work);
    loop {
        let ended = workflows::select! {
            done = work => Some(done),
            answered = ctx.wait_condition(|s: &Develop| s.has_decisions()) => match answered {
                Ok(()) => None,
                // An operator cancelled the workflow, and with it the activity: what it spent is still told.
                Err(_) => Some(work.as_mut().await),
            },
        };
        match ended {
            Some(Ok(done)) => return Ok(ActivityEnd::Completed(done)),
            Some(Err(error)) => return Ok(failed(&error)),
            None => take_decisions(ctx).await?,
        }
        if ctx.state(|s| is_called_off(&s.run)) {
            scope.cancel();
        }
        record_events(ctx).await?;
    }
}

/// The task queue of what is done beside attempts; none = that of attempts, where the run began before there was a queue for these.
pub(super) fn beside(ctx: &Ctx) -> Option<String> {
    ctx.state(|s| s.run.request.queued).then(|| beside_of(ctx.task_queue()))
}

fn failed<T>(error: &ActivityExecutionError) -> ActivityEnd<T> {
    let lost = lost(error);
    match application_failure(error.reason()).filter(|f| f.type_name() == Some(UNFIT)) {
        Some(unfit) => {
            let handover = unfit.details::<Handover>().ok().flatten();
            ActivityEnd::HandedBack(HandedBack { lost, handover })
        }
        None => ActivityEnd::Lost(lost),
    }
}

/// What a failed activity says: why it failed, and what its agent had used: by its failure, or by its last heartbeat.
fn lost(error: &ActivityExecutionError) -> Lost {
    let at_timeout =
        error.as_timeout().and_then(|t| t.last_heartbeat_details::<Handover>().ok().flatten());
    let when_cancelled =
        || error.as_cancelled().and_then(|c| c.details::<Handover>().ok().flatten());
    let when_failed =
        || application_failure(error.reason()).and_then(|f| f.details::<Handover>().ok().flatten());
    let known = at_timeout.or_else(when_cancelled).or_else(when_failed);
    let Handover { tokens, cost_usd, workplace, .. } = known.unwrap_or_default();
    Lost { why: application_message(error), tokens, cost_usd, workplace }
}

/// What the activity's own code said and why; what Temporal says where the activity said nothing.
pub(super) fn application_message(error: &ActivityExecutionError) -> String {
    let failures =
        iter::successors(application_failure(error.reason()), |f| application_failure(f.cause()));
    let words: Vec<String> = failures.map(ToString::to_string).collect();
    let said = if words.is_empty() { error.to_string() } else { words.join(": ") };
    // git and the database quote what an agent wrote.
    foreign_text::prose(&said, MOST_SAID)
}

fn application_failure(cause: Option<&IncomingError>) -> Option<&ApplicationFailure> {
    if let Some(IncomingError::Application(failure)) = cause { Some(failure) } else { None }
}
