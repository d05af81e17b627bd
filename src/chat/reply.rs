//! What is said in a run's thread?
//! An answer is just its verb, or the verb and then why; all else is a note for the next attempt. Emoji say nothing.

use chrono::{DateTime, Utc};

use super::act::{Acted, Actor};
use crate::commands::{self, Answer, Asker, Moment, NotAdmitted, Terms};
use crate::run::{Channel, Refusal, Run, RunId, Verdict, Via};
use crate::slack::{ThreadMessage, Ts};
use crate::store::StoreError;

/// What follows a verb where words follow it.
const MARKS: [char; 8] = [':', ',', '.', '!', ';', '-', '–', '—'];
const BECAUSE: &str = "because";
/// What is told to who may have meant an answer.
const A_NOTE: &str = "That was taken as a note for the next attempt. To answer the question, write just `approve`, `changes: …` or `reject because …`.";

impl Actor {
    /// Said without our name: to us alone, or in a run's thread.
    pub(super) async fn message(
        &self,
        it: &ThreadMessage,
        said: Moment,
    ) -> Result<Acted, StoreError> {
        match self.run_of_thread(it).await? {
            Some(run) => self.reply(it, &run, said).await,
            None if it.direct => {
                let words = it.own_words();
                self.addressed(it, (without_name(&words), None), said).await
            }
            None => Ok(Acted::Silent),
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

    pub(super) async fn reply(
        &self,
        it: &ThreadMessage,
        run: &Run,
        said: Moment,
    ) -> Result<Acted, StoreError> {
        let text = it.own_words();
        let Some((verdict, why)) = answer_in(&text) else {
            return self.take_note(it, (run, &text), said).await;
        };
        match Terms::read(verdict, why) {
            Ok(terms) => {
                self.decide(
                    run,
                    Answer { terms, ..Answer::new(verdict, asker(it, said), it.key.clone()) },
                )
                .await
            }
            Err(misunderstood) => Ok(Acted::Told(misunderstood.text)),
        }
    }

    /// Words for the next attempt, of somebody who may steer the run. Others are ignored, and told so once.
    pub(super) async fn take_note(
        &self,
        it: &ThreadMessage,
        (run, words): (&Run, &str),
        said: Moment,
    ) -> Result<Acted, StoreError> {
        if !says_something(words) {
            return Ok(Acted::Silent);
        }
        let terms = Terms { words: Some(words.to_owned()), ..Terms::default() };
        let message = Some(it.ts.as_str().to_owned());
        let answer = Answer {
            terms,
            message,
            ..Answer::new(Verdict::Note, asker(it, said), it.key.clone())
        };
        let admitted = match self.admit(run, answer).await {
            Ok(admitted) => admitted,
            Err(refused) => return self.refuse_note(it, run, &refused).await,
        };
        let acted = self.pass_on(admitted).await?;
        let sounds_like_an_answer = run.gate.is_some() && opens_with_a_verb(words);
        Ok(match acted {
            Acted::PassedOn(_) if sounds_like_an_answer => Acted::Told(A_NOTE.to_owned()),
            acted => acted,
        })
    }

    /// Who only talks in the thread is told once that nobody listens to them.
    async fn refuse_note(
        &self,
        it: &ThreadMessage,
        run: &Run,
        refused: &NotAdmitted,
    ) -> Result<Acted, StoreError> {
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

/// The answer that a message is: just a verb, or a verb, a mark and why.
fn answer_in(text: &str) -> Option<(Verdict, &str)> {
    let text = text.trim();
    let verb = text.split(|c: char| !c.is_alphabetic()).next()?;
    let verdict = commands::verdict(verb)?;
    let rest = &text[verb.len()..];
    if rest.trim_matches(['.', '!', ' ']).is_empty() {
        return Some((verdict, ""));
    }
    let after = rest.trim_start();
    if let Some(mark) = after.chars().next().filter(|first| MARKS.contains(first)) {
        let why = after.trim_start_matches(MARKS);
        // `stop.txt` is the name of something.
        let apart = mark == ':' || why.starts_with(char::is_whitespace);
        return apart.then(|| (verdict, without_because(why.trim())));
    }
    // `extend 8h` says all that it can.
    if verdict == Verdict::Extend && Terms::read(verdict, after).is_ok() {
        return Some((verdict, after));
    }
    let because = without_because(after);
    (because.len() < after.len()).then_some((verdict, because))
}

fn without_because(why: &str) -> &str {
    match commands::first_word(why) {
        (first, rest) if first.trim_end_matches([':', ',']).eq_ignore_ascii_case(BECAUSE) => rest,
        _ => why,
    }
}

fn opens_with_a_verb(text: &str) -> bool {
    text.split(|c: char| !c.is_alphabetic()).next().and_then(commands::verdict).is_some()
}

/// Whether there is a word in it: emoji, also by name, are none.
fn says_something(text: &str) -> bool {
    let emoji = |word: &str| word.len() > 2 && word.starts_with(':') && word.ends_with(':');
    text.split_whitespace().any(|word| !emoji(word) && word.chars().any(char::is_alphanumeric))
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

/// When a message was written: its name says so, in seconds since 1970.
fn written_at(ts: &Ts) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(ts.as_str().split('.').next()?.parse().ok()?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn just_the_verb_or_the_verb_and_why_is_an_answer() {
        for (said, verdict, why) in [
            ("approve", Verdict::Approve, ""),
            ("Approved!", Verdict::Approve, ""),
            (" approve. ", Verdict::Approve, ""),
            ("approve, looks right", Verdict::Approve, "looks right"),
            ("approve – nice", Verdict::Approve, "nice"),
            ("reject because it retries", Verdict::Reject, "it retries"),
            ("reject: because, well, no", Verdict::Reject, "well, no"),
            ("changes: use tabs\n\n  and `this`", Verdict::Changes, "use tabs\n\n  and `this`"),
            ("changes:", Verdict::Changes, ""),
            ("stop.", Verdict::Stop, ""),
            ("extend 8h", Verdict::Extend, "8h"),
            ("extend tomorrow", Verdict::Extend, "tomorrow"),
        ] {
            assert_eq!(answer_in(said), Some((verdict, why)), "{said}");
        }
    }

    #[test]
    fn words_around_a_verb_are_no_answer() {
        for said in [
            "I would approve if the tests pass",
            "approve if the tests pass",
            "approve looks right",
            "approve?",
            "approve-all is a bad name",
            "stop.txt is empty",
            "approval",
            "approve\nbut only the first file",
            "stop talking about it",
            "changes are fine",
            "not approve",
            ":+1:",
            "👍",
            "",
            "✅ approve",
        ] {
            assert_eq!(answer_in(said), None, "{said}");
        }
    }

    #[test]
    fn emoji_say_nothing() {
        assert!(!says_something(":+1: 👍 :white_check_mark:") && !says_something("…"));
        assert!(says_something("use tabs :+1:") && says_something("да"));
    }
}
