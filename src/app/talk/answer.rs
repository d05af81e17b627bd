//! An answer to a run, at a shell: admitted, passed on, and waited for.
//! The only place that lets somebody at a shell answer.

use super::{Talk, fresh_key};
use crate::app::Failure;
use crate::app::cli::TypedAnswer;
use crate::commands::{
    self, Admitted, Answer, AnswerOutcome, Lookup, Meaning, Misunderstood, Named, Reply, ReplyKind,
    Said, Verb,
};
use crate::run::Rework;
use crate::thread::words;

impl Talk<'_> {
    pub(super) async fn answer(&mut self, typed: TypedAnswer) -> Result<u8, Failure> {
        let named = match self.run_meant(&typed).await? {
            Lookup::Found(named) => named,
            Lookup::Unknown(reply) => return self.reply(&reply),
        };
        let answer = match self.read(&typed, &named) {
            Ok(answer) => answer,
            Err(misunderstood) => {
                return self.reply(&Reply::new(ReplyKind::Refused, misunderstood.text));
            }
        };
        match commands::admit_at_shell(&named.run, &answer, &self.user) {
            Ok(admitted) => self.pass_on(admitted).await,
            Err(refused) => self.reply(&refused.reply().about(named.run.id())),
        }
    }

    /// The run that is named, or the only one of the project that is named; else the only one that waits, or for `stop` that is at work.
    async fn run_meant(&self, typed: &TypedAnswer) -> Result<Lookup, Failure> {
        let (services, asker, verdict) = (&self.services, &self.asker, typed.verdict);
        let said = Verb::of_verdict(verdict).map(|verb| Said::read(verb, &typed.said));
        let said = said.unwrap_or_default();
        let lookup = match commands::meaning(services, asker, &said, Some(verdict)).await? {
            Meaning::Certain(lookup) => return Ok(lookup),
            Meaning::OnlyOf(project) => {
                commands::only_of(services, asker, &project, verdict).await?
            }
            Meaning::Only if verdict.is_about_the_run() => {
                commands::only_open(services, asker, &said.words).await?
            }
            Meaning::Only => commands::only_waiting(self.what_waits().await?, asker, &said.words),
        };
        Ok(lookup.saying(&said.words).if_said_of_it(&said, services, false))
    }

    fn read(&self, typed: &TypedAnswer, named: &Named) -> Result<Answer, Misunderstood> {
        let answer = Answer::new(typed.verdict, self.asker.clone(), fresh_key());
        let mut answer = answer.saying(&named.said)?;
        if typed.from_base {
            answer.terms.rework = Rework::Base;
        }
        Ok(answer)
    }

    async fn pass_on(&mut self, admitted: Admitted) -> Result<u8, Failure> {
        let sent = admitted.sent();
        let reply = commands::decide(&self.services, admitted).await?;
        if reply.kind != ReplyKind::Done {
            return self.reply(&reply);
        }
        match commands::wait_for_outcome(&self.services, &sent).await? {
            AnswerOutcome::Counted(None) => self.outcome("decided", &reply),
            AnswerOutcome::Counted(Some(more)) => self.outcome("decided", &reply.and(&more)),
            AnswerOutcome::Refused(refused) => self.reply(&refused),
            AnswerOutcome::NotTakenUpYet => self.outcome(
                "recorded",
                &Reply::new(ReplyKind::Done, words::not_taken_up_yet()).about(&sent.run),
            ),
        }
    }
}
