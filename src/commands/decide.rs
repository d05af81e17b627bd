//! How is a gate answered, and a run stopped?
//! Judged here first, from the events, so that a refusal is told at once; the workflow judges again.

use std::time::Duration;

use super::{Asker, Reply, ReplyKind, Services, Terms};
use crate::engine::EngineError;
use crate::run::{
    Approver, Decision, GateId, GroupId, Judgement, OpenGate, Refusal, RequestId, Run, RunId,
    Verdict, Via,
};
use crate::store::StoreError;
use crate::thread::{figures, words};

/// How long the command line waits for what became of an answer.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// An answer, and who gives it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub verdict: Verdict,
    /// The gate on the card that was pressed; none = whatever is asked now.
    pub gate: Option<GateId>,
    pub terms: Terms,
    /// Of those that the run names, the user groups that Slack says this person is in.
    pub groups: Vec<GroupId>,
    /// Of a note: the message that says it.
    pub message: Option<String>,
    pub asker: Asker,
    pub key: RequestId,
}

impl Answer {
    /// An answer without words.
    #[must_use]
    pub fn new(verdict: Verdict, asker: Asker, key: RequestId) -> Self {
        Self {
            verdict,
            gate: None,
            terms: Terms::default(),
            groups: Vec::new(),
            message: None,
            asker,
            key,
        }
    }

    /// What it says to this run. Whoever names no gate answers what was asked when they spoke, never what is asked by the time we act on it.
    #[must_use]
    pub fn decision(&self, run: &Run) -> Decision {
        let asker = &self.asker;
        let asked_then = || run.gate.as_ref().filter(|open| asker.was_shown(open));
        let gate = match self.verdict {
            Verdict::Stop | Verdict::Note => None,
            _ => self.gate.clone().or_else(|| asked_then().map(|open| open.id.clone())),
        };
        let working = |open: &OpenGate| run.spec_of(&open.id).and_then(|spec| spec.hours.as_ref());
        let until = self.terms.more.zip(run.gate.as_ref()).map(|(more, open)| {
            more.until(open.deadline, (asker.said.at, asker.zone), working(open))
        });
        Decision {
            request: self.key.clone(),
            verdict: self.verdict,
            gate,
            by: asker.person.clone(),
            groups: self.groups.clone(),
            via: asker.via,
            words: self.terms.words.clone(),
            rework: self.terms.rework,
            until,
            message: self.message.clone(),
        }
    }

    /// What is missing in what was said, or too much of it. Nothing is cut: it would be lost silently.
    fn unfit(&self) -> Option<String> {
        let words = self.terms.words.as_deref().unwrap_or_default();
        match self.verdict {
            Verdict::Changes if words.trim().is_empty() => {
                Some("Please say what should be different, such as `changes: keep the public names`. Nothing was recorded.".to_owned())
            }
            _ if words.chars().count() > Decision::WORDS => Some(format!(
                "That is longer than {} characters, so nothing was recorded. Put the long part into a file of the repository and name it.",
                figures::count(Decision::WORDS as u64)
            )),
            _ => None,
        }
    }
}

/// Passes an answer on to the run, unless it is refused at the door.
pub async fn decide(services: &Services, run: &Run, answer: Answer) -> Result<Reply, StoreError> {
    if let Some(judged) = run.answer_to(&answer.key) {
        return Ok(was_judged(run, judged, answer.verdict));
    }
    if let Some(why) = answer.unfit() {
        return Ok(Reply::new(ReplyKind::Refused, why).about(run.id()));
    }
    let decision = answer.decision(run);
    if let Err(refusal) = run.authorize(&decision) {
        return Ok(refused(run, &refusal, decision.verdict));
    }
    let said = answer.asker.said;
    let reply = send(services, run.id(), &decision, said.retried).await?;
    // What Slack sent is in the inbox already.
    if reply.kind == ReplyKind::Unsure && decision.via == Via::Cli {
        services.store.owe(&decision.request, "decision", &(run.id(), &decision), said.at).await?;
    }
    Ok(reply)
}

/// Why an answer like this would not count, whatever else it says; `groups` were not asked yet, so a member of one may still be let in.
#[must_use]
pub fn certain_refusal(run: &Run, answer: &Answer) -> Option<Reply> {
    // A snooze is judged like every other answer to this gate, and needs neither words nor a time.
    let verdict = if answer.verdict == Verdict::Extend { Verdict::Snooze } else { answer.verdict };
    let refusal = run.authorize(&Decision { verdict, ..answer.decision(run) }).err()?;
    let may_be_in_a_group = refusal == Refusal::NotAllowed
        && run.named().any(|approver| matches!(approver, Approver::Group(_)));
    (!may_be_in_a_group).then(|| refused(run, &refusal, answer.verdict))
}

/// Sends an answer on that was sent before, and whose arrival was never confirmed. The same request id: it counts once.
pub async fn resend_decision(
    services: &Services,
    run: &RunId,
    decision: &Decision,
) -> Result<Reply, StoreError> {
    send(services, run, decision, true).await
}

/// `again`: an earlier send may have arrived, so that a failure of this one proves nothing.
async fn send(
    services: &Services,
    run: &RunId,
    decision: &Decision,
    again: bool,
) -> Result<Reply, StoreError> {
    let reply = match services.engine.decide(run, decision).await {
        Ok(()) => {
            let (verdict, by) = (
                words::recorded(decision.verdict).trim_end_matches('.').to_lowercase(),
                &decision.by,
            );
            tracing::info!(run.id = %run, "run {run} was {verdict} by {by}; its workflow judges");
            Reply::new(ReplyKind::Done, words::recorded(decision.verdict))
        }
        Err(EngineError::Gone) => gone(services, run, decision).await?,
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
async fn gone(services: &Services, run: &RunId, decision: &Decision) -> Result<Reply, StoreError> {
    let verdict = decision.verdict;
    let Some(run) = services.store.run(run).await? else {
        return Ok(Reply::new(ReplyKind::Away, words::nothing_was_recorded(verdict)));
    };
    Ok(match run.answer_to(&decision.request) {
        Some(judged) => was_judged(&run, judged, verdict),
        None if run.outcome.is_some() => refused(&run, &Refusal::RunEnded, verdict),
        None => Reply::new(ReplyKind::Away, words::nothing_was_recorded(verdict)),
    })
}

/// What the run made of this very answer.
fn was_judged(run: &Run, judged: Judgement<'_>, verdict: Verdict) -> Reply {
    match judged {
        Judgement::Taken(_) => {
            Reply::new(ReplyKind::Done, words::recorded(verdict)).about(run.id())
        }
        Judgement::Refused(refusal) => refused(run, refusal, verdict),
    }
}

fn refused(run: &Run, refusal: &Refusal, verdict: Verdict) -> Reply {
    Reply::new(ReplyKind::Refused, words::refusal(refusal, run, verdict)).about(run.id())
}

/// An answer that is on its way to its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentAnswer {
    pub run: RunId,
    pub verdict: Verdict,
    pub key: RequestId,
}

/// What a run made of an answer that was sent to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerOutcome {
    Counted,
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
                    Judgement::Taken(_) => AnswerOutcome::Counted,
                    Judgement::Refused(why) => {
                        AnswerOutcome::Refused(refused(&run, why, sent.verdict))
                    }
                });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.unwrap_or(Ok(AnswerOutcome::NotTakenUpYet))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::commands::Moment;
    use crate::run::PersonId;
    use crate::thread::samples::Tale;

    /// An answer without a gate, given so many seconds after the question was asked.
    fn said(run: &Run, verdict: Verdict, seconds_after: i64) -> Answer {
        let asked_at = run.gate.as_ref().expect("a run that waits").opened_at;
        let said = Moment { at: asked_at + TimeDelta::seconds(seconds_after), retried: true };
        Answer::new(
            verdict,
            Asker::new(run.request.starter.clone(), Via::Thread, said),
            RequestId("k".to_owned()),
        )
    }

    #[test]
    fn words_answer_what_was_asked_when_they_were_said() {
        let run = Tale::waiting().run;
        assert_eq!(
            said(&run, Verdict::Approve, 60).decision(&run).gate,
            run.gate.as_ref().map(|g| g.id.clone())
        );
    }

    #[test]
    fn words_about_older_work_never_answer_a_newer_question() {
        let run = Tale::waiting().run;
        assert_eq!(said(&run, Verdict::Approve, -60).decision(&run).gate, None);
    }

    #[test]
    fn changes_without_words_and_words_without_end_are_not_taken() {
        let run = Tale::waiting().run;
        let with = |verdict, words: &str| {
            let terms = Terms { words: Some(words.to_owned()), ..Terms::default() };
            Answer { terms, ..said(&run, verdict, 60) }.unfit()
        };
        assert!(
            with(Verdict::Changes, " \n")
                .is_some_and(|why| why.contains("what should be different"))
        );
        assert!(
            with(Verdict::Note, &"ü".repeat(Decision::WORDS + 1))
                .is_some_and(|why| why.contains("longer than 3,000 characters"))
        );
        assert_eq!(with(Verdict::Changes, &"ü".repeat(Decision::WORDS)), None);
    }

    #[test]
    fn who_may_be_in_a_group_is_not_turned_away_before_slack_was_asked() {
        let mut run = Tale::waiting().run;
        let stranger = PersonId::Slack { team: "T0ELSEWHERE".to_owned(), user: "U1".to_owned() };
        let mut answer = said(&run, Verdict::Extend, 60);
        answer.asker.person = stranger;
        assert!(certain_refusal(&run, &answer).is_some_and(|told| told.kind == ReplyKind::Refused));
        run.request.approvers.push("slack:T1:S0LEADS".parse().expect("a group"));
        assert_eq!(certain_refusal(&run, &answer), None);
    }
}
