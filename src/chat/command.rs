//! Slash commands: what does `/develop …` do?
//! The same commands are said to us by name, in channels, threads and directly (`mention.rs`).

use super::Actor;
use super::mention::Misheard;
use super::outcome::{Acted, Handled, reply_outcome};
use crate::commands::{
    self, AgainWords, Answer, Asker, Command, CompareOutcome, LookAt, Lookup, Meaning, Moment,
    Place, Reply, ReplyKind, Said, Surroundings,
};
use crate::run::{Channel, RequestId, Via};
use crate::slack::{SlashCommand, unescape};
use crate::store::StoreError;

/// How many runs `list` shows in Slack.
const LISTED: i64 = 10;
const NAME_IT: &str = "Signoff was interrupted before it knew which run you meant, and since then one was answered. Name the run, if it still waits.";

impl Actor {
    pub(super) async fn slash_command(&self, it: &SlashCommand, said: Moment) -> Handled {
        let channel = Channel { team: it.team.clone(), channel: it.channel.clone() };
        let asker = Asker { channel: Some(channel), ..Asker::new(it.person(), Via::Command, said) };
        let words = unescape(&it.text);
        match commands::read(&words, Place::Slash, &self.services.projects.current()) {
            Ok(Command::Form) => Ok(self.open_start_form(it).await),
            Ok(Command::Features(words)) => Ok(self.open_features_form(it, &words.project).await),
            Ok(Command::Again(again)) if again == AgainWords::default() => {
                self.ask_how_again(it, &asker).await
            }
            Ok(command) => self.execute(command, asker, &it.key).await,
            Err(misunderstood) => {
                let heard = Misheard { words: &words, told: misunderstood.text, run: None };
                self.maybe_an_answer(heard, &asker, &it.key).await
            }
        }
    }

    /// Does what a command asks for.
    pub(super) async fn execute(&self, command: Command, asker: Asker, key: &RequestId) -> Handled {
        let reply = match command {
            // Only a slash command can open it.
            Command::Features(_) => Reply::new(ReplyKind::Unknown, commands::name_features()),
            Command::Form => Reply::new(ReplyKind::Unknown, commands::help()),
            Command::Help => Reply::new(ReplyKind::Done, commands::help()),
            Command::Look(at) => self.look(at, &self.with_sight(asker).await).await?,
            Command::Start(start) => self.start(start, asker, key).await?,
            Command::Again(words) => self.again(words, asker, key).await?,
            Command::Answer { verdict, said } => {
                return self.answer(Answer::new(verdict, asker, key.clone()), &said).await;
            }
            // Said in no run's thread, or without a word.
            Command::Note(_) | Command::Nothing => return Ok(Acted::Silent),
        };
        Ok(reply_outcome(&reply))
    }

    /// What there is to see, as far as whoever asks may see it.
    async fn look(&self, at: LookAt, asker: &Asker) -> Result<Reply, StoreError> {
        Ok(match at {
            LookAt::List => commands::list(&self.services, asker, LISTED).await?.1,
            LookAt::Costs(of) => commands::costs(&self.services, asker, &of).await?.1,
            LookAt::Failures(of) => commands::failures(&self.services, asker, &of).await?.1,
            LookAt::Compare(words) => {
                match commands::compare(&self.services, asker, &words).await? {
                    CompareOutcome::Compared(_, reply) | CompareOutcome::Unknown(reply) => reply,
                }
            }
            LookAt::Waiting => self.waiting_reply(asker).await?,
            LookAt::Queue => commands::queue_look(&self.services, asker).await?.reply(),
            LookAt::Status(said) => self.status(asker, &said).await?,
            LookAt::Snapshots(said) => self.snapshots(asker, &said).await?,
        })
    }

    /// Starts a run that is named once more.
    async fn again(
        &self,
        words: AgainWords,
        asker: Asker,
        key: &RequestId,
    ) -> Result<Reply, StoreError> {
        let sees = self.with_sight(asker.clone()).await;
        match commands::start_again(&self.services, &sees, words).await? {
            Ok(start) => self.start(start, asker, key).await,
            Err(reply) => Ok(reply),
        }
    }

    async fn status(&self, asker: &Asker, said: &Said) -> Result<Reply, StoreError> {
        Ok(match commands::find(&self.services, asker, said).await? {
            Lookup::Found(named) => {
                let beside = Surroundings::of(&named.run, &self.services, asker).await?;
                commands::status(&named.run, &beside, (self.clock)())
            }
            Lookup::Unknown(reply) => reply,
        })
    }

    async fn snapshots(&self, asker: &Asker, said: &Said) -> Result<Reply, StoreError> {
        Ok(match commands::find(&self.services, asker, said).await? {
            Lookup::Found(named) => commands::snapshots(&self.services, &named.run).await?,
            Lookup::Unknown(reply) => reply,
        })
    }

    /// Passes an answer on to the run that is meant.
    pub(super) async fn answer(&self, answer: Answer, said: &Said) -> Handled {
        match self.run_meant(&answer, said).await? {
            Lookup::Found(named) => self.decide_saying(&named.run, answer, &named.said).await,
            Lookup::Unknown(reply) => Ok(reply_outcome(&reply)),
        }
    }

    /// The run that is named, or the only one that it can be of the project that is named; else that of the thread; else, to be stopped the only
    /// one of the channel that is not over, and to be answered the only one that waits for whoever speaks.
    pub(super) async fn run_meant(
        &self,
        answer: &Answer,
        said: &Said,
    ) -> Result<Lookup, StoreError> {
        // In a run's thread, without a name, nothing has to be looked for.
        let looks = said.run.is_some() || answer.asker.thread_root.is_none();
        let asker = answer.asker.clone();
        let asker = &if looks { self.with_sight(asker).await } else { asker };
        let meaning = commands::meaning(&self.services, asker, said, Some(answer.verdict)).await?;
        if let Meaning::Certain(lookup) = meaning {
            return Ok(lookup);
        }
        if asker.said.retried
            && let Some(lookup) = self.run_meant_before(answer, &said.words).await?
        {
            return Ok(lookup);
        }
        let lookup = match meaning {
            Meaning::OnlyOf(project) => {
                commands::only_of(&self.services, asker, &project, answer.verdict).await?
            }
            _ if answer.verdict.is_about_the_run() => {
                commands::only_open(&self.services, asker, &said.words).await?
            }
            _ => self.only_waiting(asker, &said.words).await?,
        };
        Ok(lookup.saying(&said.words).if_said_of_it(said, &self.services, false))
    }

    async fn only_waiting(&self, asker: &Asker, words: &str) -> Result<Lookup, StoreError> {
        let seen = self.waiting(asker).await?;
        // The only one that is known to wait for them may not be the only one.
        let lookup = match seen.doubt {
            Some(doubt) => Lookup::Unknown(doubt.reply()),
            None => commands::only_waiting(seen.all, asker, words),
        };
        commands::unless_closed_meanwhile(&self.services, asker, lookup).await
    }

    /// Acted on again: another run may be the only one now than when this was said, so nothing is guessed once one was answered.
    async fn run_meant_before(
        &self,
        answer: &Answer,
        said: &str,
    ) -> Result<Option<Lookup>, StoreError> {
        if let Some(run) = commands::judged_before(&self.services, &answer.key).await? {
            return Ok(Some(Lookup::found(run, said)));
        }
        let closed = self.services.store.anything_closed_since(answer.asker.said.at).await?;
        Ok(closed.then(|| Lookup::Unknown(Reply::new(ReplyKind::Unknown, NAME_IT))))
    }
}
