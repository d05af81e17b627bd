//! How is a gate answered, and a run stopped?
//! Judged here first, from the events, so that a refusal is told at once; the workflow judges again.

use std::time::Duration;

use super::{Asker, Doors, Reply, ReplyKind};
use crate::engine::EngineError;
use crate::run::{Decision, GateId, Refusal, RequestId, Run, RunId, Verdict};
use crate::store::StoreError;
use crate::thread::words;

/// How long the command line waits for what became of an answer.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// An answer, and who gives it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub verdict: Verdict,
    /// The gate on the card that was pressed; none = whatever is asked now.
    pub gate: Option<GateId>,
    pub words: Option<String>,
    pub asker: Asker,
    pub key: RequestId,
}

/// Passes an answer on to the run, unless it is refused at the door.
pub async fn decide(doors: &Doors, run: &Run, answer: Answer) -> Result<Reply, StoreError> {
    let asks = |verdict| verdict != Verdict::Stop;
    let decision = Decision {
        request: answer.key,
        verdict: answer.verdict,
        gate: answer.gate.or_else(|| run.gate.as_ref().map(|g| g.id.clone())).filter(|_| asks(answer.verdict)),
        by: answer.asker.person,
        via: answer.asker.via,
        words: answer.words,
    };
    match run.judge(&decision) {
        Ok(()) => send(doors, run.id(), &decision).await,
        Err(refusal) => Ok(refused(run, &refusal, decision.verdict)),
    }
}

/// Sends an answer on that was sent before, and whose arrival was never confirmed. The same request id: it counts once.
pub async fn resend_decision(doors: &Doors, run: &RunId, decision: &Decision) -> Result<Reply, StoreError> {
    send(doors, run, decision).await
}

async fn send(doors: &Doors, run: &RunId, decision: &Decision) -> Result<Reply, StoreError> {
    let reply = match doors.engine.decide(run, decision).await {
        Ok(()) => Reply::new(ReplyKind::Done, words::recorded(decision.verdict)),
        Err(EngineError::Gone) => match doors.store.run(run).await? {
            Some(run) if run.outcome.is_some() => refused(&run, &Refusal::RunEnded, decision.verdict),
            // Asked for, and not in Temporal yet: the start is still owed.
            _ => Reply::new(ReplyKind::Away, words::nothing_was_recorded(decision.verdict)),
        },
        Err(EngineError::Unsure(why)) => {
            tracing::warn!(run.id = %run, error = %why, "an answer to {run} is not confirmed yet");
            Reply::new(ReplyKind::Unsure, words::not_confirmed_yet())
        }
        Err(EngineError::NotSent(why) | EngineError::Refused(why)) => {
            tracing::error!(run.id = %run, error = %why, "an answer to {run} could not be delivered");
            Reply::new(ReplyKind::Away, words::nothing_was_recorded(decision.verdict))
        }
    };
    Ok(reply.about(run))
}

fn refused(run: &Run, refusal: &Refusal, verdict: Verdict) -> Reply {
    Reply::new(ReplyKind::Refused, words::refusal(refusal, run, verdict)).about(run.id())
}

/// What became of an answer that was sent: waits for the workflow's word, up to ten seconds.
pub async fn said_to(doors: &Doors, run: &RunId, key: &RequestId) -> Result<Option<Result<(), Reply>>, StoreError> {
    let looking = async {
        loop {
            if let Some(run) = doors.store.run(run).await?
                && let Some(answer) = run.answer_to(key)
            {
                let verdict = answer.map_or(Verdict::Approve, |d| d.verdict);
                return Ok(answer.map(|_| ()).map_err(|refusal| refused(&run, refusal, verdict)));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.ok().transpose()
}
