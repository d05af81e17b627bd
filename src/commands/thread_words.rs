//! The grammar of a run's thread: is this an answer, or a note?
//! An answer is just its verb, or the verb and then why; all else is a note for the next attempt. Emoji say nothing.

use super::command::{Command, LookAt, NoteWords, SoundsLike};
use super::misunderstood::first_word;
use super::said::{Said, reads_like_a_run, words_alone};
use super::verbs::{Asks, Verb};
use super::yes_or_no;
use crate::config::Projects;
use crate::run::Verdict;

/// A verb that answers, and what is said with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AnswerAlone {
    verdict: Verdict,
    said: Said,
}

impl AnswerAlone {
    pub(super) fn command(self) -> Command {
        Command::Answer { verdict: self.verdict, said: self.said }
    }
}

/// The answer that a message is, if it is one. Where a word behind the verb reads like a run's name, that run is meant, or nothing.
pub(super) fn answer_alone(text: &str, projects: &Projects) -> Option<AnswerAlone> {
    let opening = opening(text.trim())?;
    let named = || {
        let (first, _) = first_word(opening.rest);
        let apart = opening.rest.starts_with(char::is_whitespace);
        (apart && reads_like_a_run(first, projects)).then(|| Said::named(opening.rest))
    };
    let said = words_alone(opening.verb, opening.rest).map(Said::words).or_else(named)?;
    Some(AnswerAlone { verdict: opening.verdict, said })
}

/// `status` or `snapshots`, alone or with a run: nothing that an agent could be told.
pub(super) fn look_alone(text: &str, projects: &Projects) -> Option<Command> {
    let (first, rest) = first_word(text);
    let verb = Verb::called(first.trim_end_matches(['?', '!', '.', ':']))?;
    let alone =
        rest.is_empty() || !rest.contains(char::is_whitespace) && reads_like_a_run(rest, projects);
    let at = match verb.asks {
        Asks::Status if alone => LookAt::Status(Said::named(rest)),
        Asks::Snapshots if alone => LookAt::Snapshots(Said::named(rest)),
        _ => return None,
    };
    Some(Command::Look(at))
}

/// What words sound like that are no answer.
#[must_use]
pub fn sounds_like(words: &str) -> SoundsLike {
    if yes_or_no::is_all(words) {
        SoundsLike::AnAnswer
    } else if opening(words.trim()).is_some() || yes_or_no::is_first(words) {
        SoundsLike::AnAnswerAndMore
    } else {
        SoundsLike::ANote
    }
}

/// Words that are no answer, whatever they begin with.
#[must_use]
pub fn note_of(words: &str) -> NoteWords {
    NoteWords { words: words.to_owned(), sounds: sounds_like(words) }
}

/// What is no answer.
pub(super) fn note(words: &str) -> Command {
    let note = note_of(words);
    if note.says_something() || note.sounds == SoundsLike::AnAnswer {
        Command::Note(note)
    } else {
        Command::Nothing
    }
}

/// A verb that answers at the beginning of a text, and what follows it.
struct Opening<'t> {
    verb: &'static Verb,
    verdict: Verdict,
    rest: &'t str,
}

fn opening(text: &str) -> Option<Opening<'_>> {
    let (verb, rest) = Verb::at_the_start(text)?;
    Some(Opening { verb, verdict: verb.verdict()?, rest })
}

/// Whether there is a word in it: emoji, also by name, are none.
pub(super) fn says_something(text: &str) -> bool {
    let emoji = |word: &str| word.len() > 2 && word.starts_with(':') && word.ends_with(':');
    text.split_whitespace().any(|word| !emoji(word) && word.chars().any(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(text: &str) -> Option<AnswerAlone> {
        answer_alone(text, &Projects::built_in().expect("the built-in pipelines are valid"))
    }

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
            ("take over", Verdict::TakeOver, ""),
            ("Take-over: I know that code", Verdict::TakeOver, "I know that code"),
            ("I’m done!", Verdict::HandIn, ""),
            ("done: the clock is mocked", Verdict::HandIn, "the clock is mocked"),
        ] {
            let meant = AnswerAlone { verdict, said: Said::words(why) };
            assert_eq!(alone(said), Some(meant), "{said}");
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
            "done with the clock, now please mock it",
            "take over the naming of the old client",
            "I'm done reviewing, looks odd",
            ":+1:",
            "👍",
            "",
            "✅ approve",
        ] {
            assert_eq!(alone(said), None, "{said}");
        }
    }

    #[test]
    fn what_reads_like_a_run_is_never_the_reason_of_an_answer() {
        for name in ["llm-wrapper", "llm-wraper", "LLM-wrapper-vh4wrv", "k3f9qdz", "`llm-wrapper`"]
        {
            let named = Said { run: Some(name.to_owned()), words: "it is good".to_owned() };
            let meant = AnswerAlone { verdict: Verdict::Approve, said: named };
            assert_eq!(alone(&format!("approve {name} it is good")), Some(meant), "{name}");
        }
    }

    #[test]
    fn emoji_say_nothing() {
        assert!(!says_something(":+1: 👍 :white_check_mark:") && !says_something("…"));
        assert!(says_something("use tabs :+1:") && says_something("да"));
    }
}
