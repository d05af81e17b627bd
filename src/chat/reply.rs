//! Thread replies: what is said in a run's thread, without our name?
//! An answer alone is passed on; all else is a note. To us alone, directly, it is read as if it were said to us by name.

use chrono::{DateTime, Utc};

use super::Actor;
use super::outcome::{Acted, Handled};
use crate::commands::{self, Answer, Asker, Command, Moment, Place, Said};
use crate::run::{Channel, GateKind, Run, RunId, Verdict, Via};
use crate::slack::{ThreadMessage, Ts};
use crate::store::StoreError;

impl Actor {
    /// Said without our name: to us alone, or in a run's thread.
    pub(super) async fn message(&self, it: &ThreadMessage, said: Moment) -> Handled {
        match self.run_of_thread(it).await? {
            Some(run) => self.reply(it, &run, said).await,
            None if it.direct => {
                let words = it.own_words();
                Box::pin(self.addressed(it, without_name(&words), None, said)).await
            }
            None => Ok(Acted::Silent),
        }
    }

    /// Said in the thread of this run.
    pub(super) async fn reply(&self, it: &ThreadMessage, run: &Run, said: Moment) -> Handled {
        match commands::read(&it.own_words(), Place::Thread, &self.services.projects.current()) {
            Ok(command) if is_only_a_word(run, &command) => {
                self.take_note(it, run, commands::note_of(&it.own_words()), said).await
            }
            Ok(Command::Answer { verdict, said: why }) => {
                let answer = Answer::new(verdict, asker(it, said), it.key.clone());
                self.answer(answer, &why).await
            }
            Ok(Command::Note(note)) => self.take_note(it, run, note, said).await,
            Ok(look @ Command::Look(_)) => {
                let asker = asker(it, said);
                match self.may_read(&asker.person, &it.team).await {
                    Ok(()) => self.execute(look, asker, &it.key).await,
                    Err(refused) => Ok(Acted::Told(refused.text())),
                }
            }
            Ok(_) => Ok(Acted::Silent),
            Err(misunderstood) => Ok(Acted::Told(misunderstood.text)),
        }
    }

    /// The run in whose thread that was said.
    pub(super) async fn run_of_thread(
        &self,
        it: &ThreadMessage,
    ) -> Result<Option<Run>, StoreError> {
        match self.thread_of(it).await? {
            Some(id) => self.services.store.run(&id).await,
            None => Ok(None),
        }
    }

    pub(super) async fn thread_of(&self, it: &ThreadMessage) -> Result<Option<RunId>, StoreError> {
        let Some(root) = &it.thread_ts else { return Ok(None) };
        let channel = Channel { team: it.team.clone(), channel: it.channel.clone() };
        self.services.store.run_of_thread(&channel, root.as_str()).await
    }
}

/// Whether this is `done`, of no other run, and no stage of this one has failed.
pub(super) fn is_only_a_word(run: &Run, command: &Command) -> bool {
    let asks = run.gate.as_ref().is_some_and(|open| open.id.kind == GateKind::Recovery);
    let names_none = |said: &Said| said.run.is_none();
    !asks
        && matches!(command, Command::Answer { verdict: Verdict::HandIn, said } if names_none(said))
}

/// Who writes to us directly need not call us.
fn without_name(words: &str) -> &str {
    match words.strip_prefix("<@").and_then(|rest| rest.split_once('>')) {
        Some((_, rest)) => rest.trim(),
        None => words,
    }
}

/// Whoever said that, where and when.
pub(super) fn asker(it: &ThreadMessage, said: Moment) -> Asker {
    // Slack tells of a message up to an hour late.
    let said = Moment { at: written_at(&it.ts).map_or(said.at, |at| at.min(said.at)), ..said };
    Asker {
        channel: Some(Channel { team: it.team.clone(), channel: it.channel.clone() }),
        thread_root: it.thread_ts.as_ref().map(|root| root.as_str().to_owned()),
        ..Asker::new(it.person(), Via::Thread, said)
    }
}

/// When a message was written: its name says so, in seconds since 1970 with six places.
fn written_at(ts: &Ts) -> Option<DateTime<Utc>> {
    let (seconds, places) = ts.as_str().split_once('.').unwrap_or((ts.as_str(), "0"));
    let micros: u32 = places.parse().ok().filter(|_| places.len() == 6).unwrap_or(0);
    DateTime::from_timestamp(seconds.parse().ok()?, micros * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::samples::Tale;

    #[test]
    fn done_is_a_word_unless_a_stage_has_failed_or_another_run_is_named() {
        let done = |run: Option<&str>| Command::Answer {
            verdict: Verdict::HandIn,
            said: Said { run: run.map(str::to_owned), words: String::new() },
        };
        let works = Tale::new().started().begins("scaffold", 1).run;
        assert!(is_only_a_word(&works, &done(None)));
        assert!(is_only_a_word(&Tale::waiting().run, &done(None)), "it asks for approval");
        assert!(!is_only_a_word(&works, &done(Some("k3f9qdz"))));
        let asking = Tale::rolled_back().recovers("streaming");
        let failed = asking.errs("streaming", 2).errs("streaming", 3).follows().run;
        assert!(!is_only_a_word(&failed, &done(None)));
    }
}
