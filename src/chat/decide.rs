//! Answers: from what somebody says to a run, to the run.
//! They are admitted first (`access.rs`), then passed on; what the run makes of them is told when it is known (`respond.rs`).

use super::Actor;
use super::outcome::{Acted, Handled, reply_outcome};
use crate::commands::{self, Admitted, Answer, ReplyKind};
use crate::run::Run;

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
        match self.admit(run, answer).await {
            Ok(admitted) => self.pass_on(admitted).await,
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
