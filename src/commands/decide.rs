//! How is a gate answered, and a run stopped?
//! Judged here first, from the events, so that a refusal is told at once; the workflow judges again.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Asker, Doors, Reply, ReplyKind};
use crate::engine::EngineError;
use crate::run::{Decision, GateId, Refusal, RequestId, Rework, Run, RunId, Verdict, Via};
use crate::store::StoreError;
use crate::thread::words;

/// How long the command line waits for what became of an answer.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How far Slack's clock, ours and Temporal's may be apart.
pub(super) const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(5);

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
    if let Some(judged) = run.answer_to(&answer.key) {
        return Ok(was_judged(run, judged, answer.verdict));
    }
    let said = answer.asker.said;
    let decision = Decision {
        gate: gate_meant(run, &answer),
        request: answer.key,
        verdict: answer.verdict,
        by: answer.asker.person,
        via: answer.asker.via,
        words: answer.words,
        groups: Vec::new(),
        rework: Rework::Top,
        until: None,
        message: None,
    };
    if let Err(refusal) = run.judge(&decision) {
        return Ok(refused(run, &refusal, decision.verdict));
    }
    let reply = send(doors, run.id(), &decision, said.again).await?;
    // What Slack sent is in the inbox already.
    if reply.kind == ReplyKind::Unsure && decision.via == Via::Cli {
        doors.store.owe(&decision.request, "decision", &(run.id(), &decision), said.at).await?;
    }
    Ok(reply)
}

/// Whoever names no gate answers what was asked when they spoke, never what is asked by the time we act on it.
fn gate_meant(run: &Run, answer: &Answer) -> Option<GateId> {
    if answer.verdict == Verdict::Stop {
        return None;
    }
    let asked_then = || run.gate.as_ref().filter(|open| open.opened_at <= answer.asker.said.at + CLOCKS_DIFFER);
    answer.gate.clone().or_else(|| asked_then().map(|open| open.id.clone()))
}

/// Sends an answer on that was sent before, and whose arrival was never confirmed. The same request id: it counts once.
pub async fn resend_decision(doors: &Doors, run: &RunId, decision: &Decision) -> Result<Reply, StoreError> {
    send(doors, run, decision, true).await
}

/// `again`: an earlier send may have arrived, so that a failure of this one proves nothing.
async fn send(doors: &Doors, run: &RunId, decision: &Decision, again: bool) -> Result<Reply, StoreError> {
    let reply = match doors.engine.decide(run, decision).await {
        Ok(()) => {
            let (verdict, by) = (words::recorded(decision.verdict).trim_end_matches('.').to_lowercase(), &decision.by);
            tracing::info!(run.id = %run, "run {run} was {verdict} by {by}; its workflow judges");
            Reply::new(ReplyKind::Done, words::recorded(decision.verdict))
        }
        Err(EngineError::Gone) => gone(doors, run, decision).await?,
        Err(EngineError::NotSent(why) | EngineError::Refused(why)) if !again => {
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
async fn gone(doors: &Doors, run: &RunId, decision: &Decision) -> Result<Reply, StoreError> {
    let verdict = decision.verdict;
    let Some(run) = doors.store.run(run).await? else { return Ok(Reply::new(ReplyKind::Away, words::nothing_was_recorded(verdict))) };
    Ok(match run.answer_to(&decision.request) {
        Some(judged) => was_judged(&run, judged, verdict),
        None if run.outcome.is_some() => refused(&run, &Refusal::RunEnded, verdict),
        None => Reply::new(ReplyKind::Away, words::nothing_was_recorded(verdict)),
    })
}

/// What the run made of this very answer.
fn was_judged(run: &Run, judged: Result<Verdict, &Refusal>, verdict: Verdict) -> Reply {
    match judged {
        Ok(_) => Reply::new(ReplyKind::Done, words::recorded(verdict)).about(run.id()),
        Err(refusal) => refused(run, refusal, verdict),
    }
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
                let verdict = answer.unwrap_or(Verdict::Approve);
                return Ok(answer.map(|_| ()).map_err(|refusal| refused(&run, refusal, verdict)));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.ok().transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::Said;
    use crate::run::PersonId;
    use crate::thread::sample::Tale;

    /// An answer without a gate, given so many seconds after the question was asked.
    fn meant(run: &Run, seconds_after: i64) -> Option<GateId> {
        let asked_at = run.gate.as_ref().expect("a run that waits").opened_at;
        let said = Said { at: asked_at + TimeDelta::seconds(seconds_after), again: true };
        let asker = Asker { person: PersonId::Cli { user: "ana".to_owned() }, via: Via::Thread, said, place: None, thread_root: None };
        gate_meant(run, &Answer { verdict: Verdict::Approve, gate: None, words: None, asker, key: RequestId("k".to_owned()) })
    }

    #[test]
    fn words_answer_what_was_asked_when_they_were_said() {
        let run = Tale::waiting().run;
        assert_eq!(meant(&run, 60), run.gate.as_ref().map(|g| g.id.clone()));
    }

    #[test]
    fn words_about_older_work_never_answer_a_newer_question() {
        assert_eq!(meant(&Tale::waiting().run, -60), None);
    }
}
