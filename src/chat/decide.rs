//! Answers: from what somebody says to a run, to the run.
//! They are admitted first (`access.rs`), then passed on; what the run makes of them is told when it is known (`respond.rs`).

use super::Actor;
use super::outcome::{Acted, Handled, reply_outcome};
use crate::commands::{self, Admitted, Answer, NotAdmitted, ReplyKind};
use crate::run::{Refusal, Run};
use crate::thread::words;

impl Actor {
    /// Reads what is said with an answer, and passes it on.
    pub(super) async fn decide_saying(&self, run: &Run, answer: Answer, said: &str) -> Handled {
        match answer.saying(said) {
            Ok(answer) => self.decide(run, answer).await,
            Err(misunderstood) => Ok(Acted::Told(misunderstood.text)),
        }
    }

    /// Passes an answer on, if who gives it may.
    pub(super) async fn decide(&self, run: &Run, answer: Answer) -> Handled {
        tracing::Span::current().record("run.id", tracing::field::display(run.id()));
        let (verdict, unnamed) = (answer.verdict, answer.names_no_question());
        match self.admit(run, answer).await {
            Ok(admitted) => self.pass_on(admitted).await,
            // They meant the question before; what is asked now they can answer at once.
            Err(NotAdmitted::Refused { why, .. })
                if unnamed && run.gate.is_some() && is_about_another(&why) =>
            {
                Ok(Acted::asked(run, words::refusal(&why, run, verdict)))
            }
            Err(refused) => Ok(Acted::Told(refused.text())),
        }
    }

    pub(super) async fn pass_on(&self, admitted: Admitted) -> Handled {
        let sent = admitted.sent();
        let reply = commands::decide(&self.services, admitted).await?;
        Ok(match reply.kind {
            ReplyKind::Done => Acted::PassedOn(sent),
            _ => reply_outcome(&reply),
        })
    }
}

/// Whether an answer was refused because its question is closed.
const fn is_about_another(why: &Refusal) -> bool {
    matches!(why, Refusal::AlreadyDecided { .. } | Refusal::Stale | Refusal::TooLate)
}
