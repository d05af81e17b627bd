//! How does an answer reach its run?
//! It was let in before it comes here ([`super::admit`]); the workflow judges it again, and refuses the races.

use super::admission::{Admitted, Entry};
use super::outcome::{judged_reply, refused};
use super::{Moment, Reply, ReplyKind, Services};
use crate::engine::EngineError;
use crate::run::{Decision, Refusal, RunId, Via};
use crate::store::StoreError;
use crate::thread::words;

/// Passes an answer on to its run.
pub async fn decide(services: &Services, admitted: Admitted) -> Result<Reply, StoreError> {
    let (run, entry) = admitted.into_entry();
    let (decision, said) = match entry {
        Entry::Send { decision, said } => (decision, said),
        Entry::Judged(reply) => return Ok(reply),
    };
    let reply = send(services, &run, &decision, said).await?;
    // What Slack sent is in the inbox already, and so is what is sent again.
    if reply.kind == ReplyKind::Unsure && decision.via == Via::Cli && !said.retried {
        services.store.owe(&decision.request, "decision", &(&run, &decision), said.at).await?;
    }
    Ok(reply)
}

async fn send(
    services: &Services,
    run: &RunId,
    decision: &Decision,
    said: Moment,
) -> Result<Reply, StoreError> {
    let reply = match services.engine.decide(run, decision).await {
        Ok(()) => {
            let Decision { verdict, by, .. } = decision;
            tracing::info!(run.id = %run, "run {run} was answered by {by}: {verdict:?}; its workflow judges");
            Reply::new(ReplyKind::Done, words::recorded(*verdict))
        }
        Err(EngineError::Gone) => gone(services, run, decision).await?,
        // After a retry a failure proves nothing: an earlier send may have arrived.
        Err(EngineError::NotSent(why) | EngineError::Refused(why)) if !said.retried => {
            tracing::error!(run.id = %run, error = %why, "an answer to {run} could not be delivered");
            Reply::new(ReplyKind::Away, words::nothing_was_recorded(decision.verdict))
        }
        Err(EngineError::Unsure(why) | EngineError::NotSent(why) | EngineError::Refused(why)) => {
            tracing::warn!(run.id = %run, error = %why, "an answer to {run} is not confirmed yet");
            Reply::new(ReplyKind::Unsure, words::not_confirmed_yet())
        }
    };
    Ok(reply.about(run))
}

/// Temporal has no such open run: it is over, maybe by this very answer; or it was asked for, and its start is still owed.
async fn gone(services: &Services, run: &RunId, decision: &Decision) -> Result<Reply, StoreError> {
    let verdict = decision.verdict;
    let Some(run) = services.store.run(run).await? else {
        return Ok(Reply::new(ReplyKind::Away, words::nothing_was_recorded(verdict)));
    };
    Ok(match run.answer_to(&decision.request) {
        Some(judged) => judged_reply(&run, judged, verdict),
        None if run.outcome.is_some() => refused(&run, &Refusal::RunEnded, verdict),
        None => Reply::new(ReplyKind::Away, words::nothing_was_recorded(verdict)),
    })
}
