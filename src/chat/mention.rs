//! Mentions: what is said to us by name, or to us alone?
//! The grammar of the slash commands; in a run's thread it means that run, and what is no command is a note.

use super::Actor;
use super::outcome::{Acted, Handled};
use super::reply::{asker, is_only_a_word};
use crate::commands::{self, Answer, Asker, Command, Lookup, Moment, Place, Said, SoundsLike};
use crate::run::{RequestId, Run, Verdict};
use crate::slack::ThreadMessage;
use crate::store::StoreError;

const WHO_ARE_WE: &str = "Slack did not say who is called, so nothing was done. Please try again.";

/// What was said to us and is no command.
pub(super) struct Misheard<'w> {
    pub words: &'w str,
    /// What is told about it.
    pub told: String,
    /// That of the thread.
    pub run: Option<Run>,
}

impl Actor {
    /// Said in a channel or thread, with our name in it.
    pub(super) async fn mention(&self, it: &ThreadMessage, said: Moment) -> Handled {
        let run = self.run_of_thread(it).await?;
        let Ok(us) = self.slack.identity().await else {
            return Ok(Acted::told(WHO_ARE_WE));
        };
        let words = it.own_words();
        let addressed = words
            .strip_prefix(&format!("<@{}>", us.bot_user))
            .map(|rest| rest.trim_start_matches([',', ':']).trim());
        match (addressed, run) {
            (Some(words), run) => Box::pin(self.addressed(it, words, run, said)).await,
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
    ) -> Handled {
        let asker = asker(it, said);
        // Guests may ask how a run is.
        if let Err(refused) = self.may_read(&asker.person, &it.team).await {
            return Ok(Acted::Told(refused.text()));
        }
        let place = if run.is_some() { Place::MentionInThread } else { Place::Mention };
        match (commands::read(words, place, &self.services.projects.current()), run) {
            (Ok(Command::Note(note)), Some(run)) => self.take_note(it, &run, note, said).await,
            (Ok(command), Some(run)) if is_only_a_word(&run, &command) => {
                self.take_note(it, &run, commands::note_of(words), said).await
            }
            (Ok(command), _) => self.execute(command, asker, &it.key).await,
            (Err(misunderstood), run) => {
                let heard = Misheard { words, told: misunderstood.text, run };
                self.maybe_an_answer(heard, &asker, &it.key).await
            }
        }
    }

    /// Tells somebody that they were not understood; whoever may have meant to answer a question is asked by its buttons.
    pub(super) async fn maybe_an_answer(
        &self,
        heard: Misheard<'_>,
        asker: &Asker,
        key: &RequestId,
    ) -> Handled {
        let sounds = commands::sounds_like(heard.words);
        Ok(match Box::pin(self.run_maybe_answered(asker, heard.run, sounds, key)).await? {
            Some(run) => Acted::asked(&run, heard.told.into()),
            None => Acted::Told(heard.told),
        })
    }

    /// The run whose question somebody may have meant to answer with what is no command: that of the thread, or to us alone the only one that
    /// waits for them.
    async fn run_maybe_answered(
        &self,
        asker: &Asker,
        run: Option<Run>,
        sounds: SoundsLike,
        key: &RequestId,
    ) -> Result<Option<Run>, StoreError> {
        if sounds != SoundsLike::AnAnswer {
            return Ok(None);
        }
        let answer = Answer::new(Verdict::Approve, asker.clone(), key.clone());
        let run = match run {
            Some(run) => run,
            None => match self.run_meant(&answer, &Said::default()).await? {
                Lookup::Found(named) => named.run,
                Lookup::Unknown(_) => return Ok(None),
            },
        };
        let answer = Answer::agreement(&run, asker.clone(), key.clone());
        let refused = commands::certain_refusal(&run, &answer);
        Ok(Some(run).filter(|run| run.gate.is_some() && refused.is_none()))
    }
}
