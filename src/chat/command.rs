//! Slash commands and mentions: who says what to us by name?
//! `/develop …`, `@signoff …` and a direct message have one grammar; in a run's thread it means that run.

use super::act::{Acted, Actor, reply_outcome};
use super::reply::asker;
use crate::commands::{self, Answer, Asker, Command, Lookup, Moment, Place, Reply, ReplyKind};
use crate::run::{Channel, RequestId, Run, Verdict, Via};
use crate::slack::{SlashCommand, ThreadMessage, unescape};
use crate::store::StoreError;

/// How many runs `list` shows in Slack.
const LISTED: i64 = 10;
const NAME_IT: &str = "Signoff was interrupted before it knew which run you meant, and since then one was answered. Name the run, if it still waits.";
const WHO_ARE_WE: &str = "Slack did not say who is called, so nothing was done. Please try again.";

impl Actor {
    pub(super) async fn slash_command(
        &self,
        it: &SlashCommand,
        said: Moment,
    ) -> Result<Acted, StoreError> {
        let channel = Channel { team: it.team.clone(), channel: it.channel.clone() };
        let asker = Asker { channel: Some(channel), ..Asker::new(it.person(), Via::Command, said) };
        match commands::read(&unescape(&it.text), Place::Slash, &self.services.projects) {
            Ok(Command::Form) => Ok(self.open_start_form(it).await),
            Ok(command) => self.execute(command, asker, &it.key).await,
            Err(misunderstood) => Ok(Acted::Told(misunderstood.text)),
        }
    }

    /// Said in a channel or thread, with our name in it.
    pub(super) async fn mention(
        &self,
        it: &ThreadMessage,
        said: Moment,
    ) -> Result<Acted, StoreError> {
        let run = self.run_of_thread(it).await?;
        let Ok(us) = self.slack.identity().await else {
            return Ok(Acted::Told(WHO_ARE_WE.to_owned()));
        };
        let words = it.own_words();
        let addressed = words
            .strip_prefix(&format!("<@{}>", us.bot_user))
            .map(|rest| rest.trim_start_matches([',', ':']).trim());
        match (addressed, run) {
            (Some(words), run) => self.addressed(it, words, run, said).await,
            // They speak about us, not to us.
            (None, Some(run)) => self.reply(it, &run, said).await,
            (None, None) => Ok(Acted::Silent),
        }
    }

    /// Said to us, without our name; `run` is that of the thread.
    pub(super) async fn addressed(
        &self,
        it: &ThreadMessage,
        words: &str,
        run: Option<Run>,
        said: Moment,
    ) -> Result<Acted, StoreError> {
        let asker = asker(it, said);
        // Guests may ask how a run is.
        if let Err(refused) = self.may_read(&asker.person, &it.team).await {
            return Ok(Acted::Told(refused.text()));
        }
        let place = if run.is_some() { Place::MentionInThread } else { Place::Mention };
        match (commands::read(words, place, &self.services.projects), run) {
            (Ok(Command::Note(note)), Some(run)) => self.take_note(it, &run, note, said).await,
            (Ok(command), _) => self.execute(command, asker, &it.key).await,
            (Err(misunderstood), _) => Ok(Acted::Told(misunderstood.text)),
        }
    }

    /// Does what a command asks for.
    async fn execute(
        &self,
        command: Command,
        asker: Asker,
        key: &RequestId,
    ) -> Result<Acted, StoreError> {
        let reply = match command {
            // Only a slash command can open it.
            Command::Form => Reply::new(ReplyKind::Unknown, commands::help()),
            Command::Help => Reply::new(ReplyKind::Done, commands::help()),
            Command::List => commands::list(&self.services, &asker, LISTED).await?.1,
            Command::Waiting => self.waiting_reply(&asker).await?,
            Command::Status { run } => self.status(&asker, run.as_deref()).await?,
            Command::Start(start) => self.start(start, asker, key).await?,
            Command::Answer { verdict, said } => {
                return self.answer(Answer::new(verdict, asker, key.clone()), &said).await;
            }
            // Said in no run's thread, or without a word.
            Command::Note(_) | Command::Nothing => return Ok(Acted::Silent),
        };
        Ok(reply_outcome(&reply))
    }

    async fn status(&self, asker: &Asker, run: Option<&str>) -> Result<Reply, StoreError> {
        Ok(match commands::find(&self.services, asker, run.unwrap_or_default()).await? {
            Lookup::Found(named) => commands::status(&named.run, (self.clock)()),
            Lookup::Unknown(reply) => reply,
        })
    }

    async fn answer(&self, answer: Answer, said: &str) -> Result<Acted, StoreError> {
        match self.run_meant(&answer, said).await? {
            Lookup::Found(named) => self.decide_saying(&named.run, answer, &named.said).await,
            Lookup::Unknown(reply) => Ok(reply_outcome(&reply)),
        }
    }

    /// The run that is named; else that of the thread; else, to be stopped the only one of the channel that is not over, and to be answered the
    /// only one that waits for whoever speaks.
    async fn run_meant(&self, answer: &Answer, said: &str) -> Result<Lookup, StoreError> {
        let asker = &answer.asker;
        if let Some(named) = commands::named(&self.services, asker, said).await? {
            return Ok(named);
        }
        if asker.said.retried {
            if let Some(run) = commands::judged_before(&self.services, &answer.key).await? {
                return Ok(Lookup::found(run, said));
            }
            // Another may be the only one now than when it was said.
            if self.services.store.anything_closed_since(asker.said.at).await? {
                return Ok(Lookup::Unknown(Reply::new(ReplyKind::Unknown, NAME_IT)));
            }
        }
        if let (Verdict::Stop, Some(channel)) = (answer.verdict, &asker.channel) {
            return commands::only_open(&self.services, channel, asker, said).await;
        }
        let seen = self.waiting(asker).await?;
        // The only one that is known to wait for them may not be the only one.
        Ok(match seen.doubt {
            Some(doubt) => Lookup::Unknown(doubt.reply()),
            None => commands::only_waiting(seen.all, asker, said),
        })
    }
}
