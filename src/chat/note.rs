//! Notes: words in a run's thread for its next attempt.
//! Taken from whoever may steer the run; others are ignored, and told so once.

use super::Actor;
use super::outcome::{Acted, Handled};
use super::reply::asker;
use crate::commands::{self, Answer, Moment, NotAdmitted, NoteWords, SoundsLike, Terms};
use crate::run::{Refusal, Run, Verdict};
use crate::slack::ThreadMessage;

/// What is told to who may have meant an answer.
const A_NOTE: &str = "That was taken as a note for the next attempt. To answer the question, write just `approve`, `changes: …` or `reject because …`.";

/// What is told to who made an answer of a note.
const STILL_A_NOTE: &str =
    "That message was a note, and stays one with its new words. An answer has to be said anew.";

/// The same, where it was taken as nothing.
const NOT_DECIDED: &str = "Nothing was decided: only a button does, or just `approve`, `changes: …` or `reject because …`.";

impl Actor {
    pub(super) async fn take_note(
        &self,
        it: &ThreadMessage,
        run: &Run,
        note: NoteWords,
        said: Moment,
    ) -> Handled {
        if note.sounds == SoundsLike::AnAnswer
            && let Some(asked) = Self::ask_who_meant_an_answer(it, run, said)
        {
            return Ok(asked);
        }
        if !note.says_something() {
            return Ok(Acted::Silent);
        }
        let answer = Answer {
            terms: Terms { words: Some(note.words), ..Terms::default() },
            message: Some(it.ts.as_str().to_owned()),
            ..Answer::new(Verdict::Note, asker(it, said), it.key.clone())
        };
        let admitted = match self.admit(run, answer).await {
            Ok(admitted) => admitted,
            Err(refused) => return self.refuse_note(it, run, &refused).await,
        };
        let maybe_an_answer = run.gate.is_some() && note.sounds != SoundsLike::ANote;
        Ok(match self.pass_on(admitted).await? {
            Acted::PassedOn(_) if maybe_an_answer => Acted::asked(run, A_NOTE.into()),
            acted => acted,
        })
    }

    /// A note is what was last said: other words replace it until an attempt has read it, and what was taken back is gone. Of what was no note,
    /// nothing changes: an answer counts as it was said.
    pub(super) async fn note_changed(&self, it: &ThreadMessage, said: Moment) -> Handled {
        let Some(run) = self.run_of_thread(it).await? else { return Ok(Acted::Silent) };
        self.services.store.forget_said(&it.channel, it.ts.as_str(), &it.key).await?;
        if !run.notes.iter().any(|note| note.message.as_deref() == Some(it.ts.as_str())) {
            return Ok(Acted::Silent);
        }
        let words = Some(it.own_words()).filter(|words| !words.is_empty());
        let sounds = words.as_deref().map_or(SoundsLike::ANote, commands::sounds_like);
        let answer = Answer {
            terms: Terms { words, ..Terms::default() },
            message: Some(it.ts.as_str().to_owned()),
            ..Answer::new(Verdict::Note, asker(it, said), it.key.clone())
        };
        Ok(match self.decide(&run, answer).await? {
            Acted::PassedOn(_) if run.gate.is_some() && sounds != SoundsLike::ANote => {
                Acted::asked(&run, STILL_A_NOTE.into())
            }
            acted => acted,
        })
    }

    /// Words that decide nothing, said where something is asked: whoever may answer that is asked by its buttons. None for who may not, and
    /// where nothing is asked.
    fn ask_who_meant_an_answer(it: &ThreadMessage, run: &Run, said: Moment) -> Option<Acted> {
        let answer = Answer::agreement(run, asker(it, said), it.key.clone());
        run.gate.as_ref()?;
        match commands::certain_refusal(run, &answer) {
            None => Some(Acted::asked(run, NOT_DECIDED.into())),
            Some(_) if !run.may_steer(&commands::presumed(run, &answer), &[]) => None,
            Some(refused) => Some(Acted::Told(refused.text)),
        }
    }

    /// Who only talks in the thread is told once that nobody listens to them.
    async fn refuse_note(&self, it: &ThreadMessage, run: &Run, refused: &NotAdmitted) -> Handled {
        let (what, why) = match refused {
            NotAdmitted::Stranger(stranger) => ("stranger", stranger.text().to_owned()),
            NotAdmitted::Refused { why: Refusal::NotAllowed, text } => ("steer", ignored(text)),
            NotAdmitted::Refused { why: Refusal::RunEnded, text } => ("over", ignored(text)),
            _ => return Ok(Acted::Told(refused.text())),
        };
        let who = (run.id(), &it.person());
        let first = self.services.store.tell_first(who, what, &it.key).await?;
        Ok(if first { Acted::Told(why) } else { Acted::Silent })
    }
}

fn ignored(why: &str) -> String {
    format!("{why} What is said here is not passed on.")
}
