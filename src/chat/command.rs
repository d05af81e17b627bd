//! Who says what to us by name?
//! `/develop …`, `@signoff …` and a direct message have one grammar; in a run's thread it means that run.

use super::act::{Acted, Actor, reply_outcome};
use super::reply::asker;
use crate::commands::{
    self, Answer, Asker, Command, HELP, Lookup, Moment, NotAdmitted, Reply, ReplyKind, Terms,
    Waiting,
};
use crate::run::{Channel, RequestId, Run, Verdict, Via};
use crate::slack::{SlashCommand, ThreadMessage, unescape};
use crate::store::StoreError;

const MAYBE_MORE: &str =
    "\nSlack did not say all about you, so more may wait for you. Please look again in a minute.";
const NAME_IT: &str = "Signoff was interrupted before it knew which run you meant, and since then one was answered. Name the run, if it still waits.";

impl Actor {
    pub(super) async fn slash_command(
        &self,
        it: &SlashCommand,
        said: Moment,
    ) -> Result<Acted, StoreError> {
        let channel = Channel { team: it.team.clone(), channel: it.channel.clone() };
        let asker = Asker { channel: Some(channel), ..Asker::new(it.person(), Via::Command, said) };
        match commands::parse(&unescape(&it.text), &self.services.projects) {
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
        let around = self.run_of_thread(it).await?;
        let Ok(us) = self.slack.identity().await else {
            return Ok(Acted::Told(
                "Slack did not say who is called, so nothing was done. Please try again."
                    .to_owned(),
            ));
        };
        let words = it.own_words();
        let addressed = words
            .strip_prefix(&format!("<@{}>", us.bot_user))
            .map(|rest| rest.trim_start_matches([',', ':']).trim());
        match (addressed, around) {
            (Some(words), around) => self.addressed(it, (words, around), said).await,
            // They speak about us, not to us.
            (None, Some(run)) => self.reply(it, &run, said).await,
            (None, None) => Ok(Acted::Silent),
        }
    }

    /// Said to us, without our name.
    pub(super) async fn addressed(
        &self,
        it: &ThreadMessage,
        (words, around): (&str, Option<Run>),
        said: Moment,
    ) -> Result<Acted, StoreError> {
        let asker = asker(it, said);
        // Guests may ask how a run is.
        if let Err(refused) = self.may_read(&asker.person, &it.team).await {
            return Ok(Acted::Told(refused.text()));
        }
        match (commands::parse(without_develop(words), &self.services.projects), around) {
            (Ok(Command::Form), _) => Ok(Acted::Told(HELP.to_owned())),
            (Ok(command), _) => self.execute(command, asker, &it.key).await,
            (Err(unknown), Some(run)) if !unknown.nearly => {
                self.take_note(it, (&run, words), said).await
            }
            (Err(misunderstood), _) => Ok(Acted::Told(misunderstood.text)),
        }
    }

    async fn execute(
        &self,
        command: Command,
        asker: Asker,
        key: &RequestId,
    ) -> Result<Acted, StoreError> {
        let reply = match command {
            Command::Form => Reply::new(ReplyKind::Unknown, HELP),
            Command::Help => Reply::new(ReplyKind::Done, HELP),
            Command::List => commands::list(&self.services, &asker, 10).await?.1,
            Command::Waiting => {
                let seen = self.waiting(&asker).await?;
                let mut reply = commands::waiting(&seen.all, (self.clock)());
                if seen.doubt.is_some() {
                    reply.text.push_str(MAYBE_MORE);
                }
                reply
            }
            Command::Status { run } => {
                match commands::find(&self.services, &asker, run.as_deref().unwrap_or_default())
                    .await?
                {
                    Lookup::Found(named) => commands::status(&named.run, (self.clock)()),
                    Lookup::Unknown(unknown) => unknown,
                }
            }
            Command::Start(start) => self.start(start, asker, key).await?,
            Command::Decide { verdict, said } => {
                match self.run_meant(&asker, verdict, &said, key).await? {
                    Lookup::Found(named) => match Terms::read(verdict, &named.said) {
                        Ok(terms) => {
                            return self
                                .decide(
                                    &named.run,
                                    Answer { terms, ..Answer::new(verdict, asker, key.clone()) },
                                )
                                .await;
                        }
                        Err(misunderstood) => Reply::new(ReplyKind::Refused, misunderstood.text),
                    },
                    Lookup::Unknown(unknown) => unknown,
                }
            }
        };
        Ok(reply_outcome(&reply))
    }

    /// The run that is named; else that of the thread; else, to be stopped the only one of the channel that is not over, and to be answered the
    /// only one that waits for whoever speaks.
    async fn run_meant(
        &self,
        asker: &Asker,
        verdict: Verdict,
        said: &str,
        key: &RequestId,
    ) -> Result<Lookup, StoreError> {
        if let Some(named) = commands::named(&self.services, asker, said).await? {
            return Ok(named);
        }
        if asker.said.retried {
            if let Some(run) = commands::judged_before(&self.services, key).await? {
                return Ok(Lookup::found(run, said));
            }
            // Another may be the only one now than when it was said.
            if self.services.store.anything_closed_since(asker.said.at).await? {
                return Ok(Lookup::Unknown(Reply::new(ReplyKind::Unknown, NAME_IT)));
            }
        }
        if let (Verdict::Stop, Some(channel)) = (verdict, &asker.channel) {
            return commands::only_open(&self.services, channel, asker, said).await;
        }
        let seen = self.waiting(asker).await?;
        // The only one that is known to wait for them may not be the only one.
        Ok(match seen.doubt {
            Some(doubt) => Lookup::Unknown(doubt.reply()),
            None => commands::only_waiting(seen.all, asker, said),
        })
    }

    /// Every question that is open here, and whether it waits for this person.
    pub(super) async fn waiting(&self, asker: &Asker) -> Result<Seen, StoreError> {
        let runs = commands::waiting_runs(&self.services, asker).await?;
        let member = self
            .full_member(&asker.person, asker.channel.as_ref().map(|channel| channel.team.as_str()))
            .await;
        let may_decide = member.is_ok();
        let mut doubt = member.err().filter(|refused| *refused == NotAdmitted::Unknown);
        let mut all = Vec::new();
        for run in runs {
            let mut mine = may_decide && commands::waits_for(&run, &asker.person, &[]);
            // Slack is not asked again and again what it does not answer.
            if may_decide && !mine && doubt.is_none() {
                let seen = self.memberships(&run, &asker.person).await;
                doubt = seen.unknown.map(NotAdmitted::UnknownGroup);
                mine = !seen.of.is_empty() && commands::waits_for(&run, &asker.person, &seen.of);
            }
            all.push(Waiting { run, mine });
        }
        Ok(Seen { all, doubt })
    }
}

/// What waits, as far as Slack says who somebody is.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) all: Vec<Waiting>,
    /// Why more may wait for them.
    pub(super) doubt: Option<NotAdmitted>,
}

/// `develop`, as after a slash, changes nothing.
fn without_develop(words: &str) -> &str {
    match commands::first_word(words) {
        (first, rest)
            if matches!(first.trim_start_matches('/').to_lowercase().as_str(), "develop") =>
        {
            rest
        }
        _ => words.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_develop;

    #[test]
    fn the_commands_own_name_may_be_said_or_not() {
        for words in ["approve  nice", "develop approve  nice", "/Develop approve  nice"] {
            assert_eq!(without_develop(words), "approve  nice");
        }
        assert_eq!(
            (without_develop("develop"), without_develop("developing is fun")),
            ("", "developing is fun")
        );
    }
}
