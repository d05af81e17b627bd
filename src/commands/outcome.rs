//! What became of an answer?
//! The run says so in its events: it counted, or it was refused. Its giver is told, privately.

use std::time::Duration;

use super::{Reply, ReplyKind, Services};
use crate::run::{Judgement, Raise, Refusal, RequestId, Run, RunId, Verdict};
use crate::store::StoreError;
use crate::thread::words;

/// How long whoever answered waits for what the run makes of it.
const OUTCOME_TIMEOUT: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// An answer that is on its way to its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentAnswer {
    pub run: RunId,
    pub verdict: Verdict,
    pub key: RequestId,
}

impl SentAnswer {
    pub(super) fn of(run: &RunId, verdict: Verdict, key: &RequestId) -> Self {
        Self { run: run.clone(), verdict, key: key.clone() }
    }
}

/// What a run made of an answer that was sent to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerOutcome {
    /// With what else its giver should know, where there is anything.
    Counted(Option<String>),
    Refused(Reply),
    /// No worker said so in time; it counts as soon as one does.
    NotTakenUpYet,
}

/// What became of an answer that was sent: waits for the workflow's word, up to ten seconds.
pub async fn wait_for_outcome(
    services: &Services,
    sent: &SentAnswer,
) -> Result<AnswerOutcome, StoreError> {
    let looking = async {
        loop {
            if let Some(run) = services.store.run(&sent.run).await?
                && let Some(judged) = run.answer_to(&sent.key)
            {
                return Ok(match judged {
                    Judgement::Taken(_) => {
                        AnswerOutcome::Counted(not_reached(services, &run, sent).await?)
                    }
                    Judgement::Refused(why) => {
                        AnswerOutcome::Refused(refused(&run, why, sent.verdict))
                    }
                });
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    tokio::time::timeout(OUTCOME_TIMEOUT, looking).await.unwrap_or(Ok(AnswerOutcome::NotTakenUpYet))
}

/// More money for a run does not reach its parts at work: each may spend the share that it began with. Who is not told so raises it twice.
async fn not_reached(
    services: &Services,
    run: &Run,
    sent: &SentAnswer,
) -> Result<Option<String>, StoreError> {
    let decided = run.decisions.iter().find(|decided| decided.request == sent.key);
    if decided.and_then(|decided| decided.raise).is_none_or(|raise| raise == Raise::NOTHING) {
        return Ok(None);
    }
    let mut parts = services.store.children_of(run).await?;
    parts.retain(|part| part.outcome.is_none() && part.budget().is_some());
    Ok(parts.first().map(|part| words::keeps_its_share(part.id())))
}

/// What the run made of this very answer.
pub(super) fn judged_reply(run: &Run, judged: Judgement<'_>, verdict: Verdict) -> Reply {
    match judged {
        Judgement::Taken(_) => {
            Reply::new(ReplyKind::Done, words::recorded(verdict)).about(run.id())
        }
        Judgement::Refused(why) => refused(run, why, verdict),
    }
}

pub(super) fn refused(run: &Run, refusal: &Refusal, verdict: Verdict) -> Reply {
    Reply::new(ReplyKind::Refused, words::refusal(refusal, run, verdict)).about(run.id())
}
