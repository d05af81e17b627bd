//! The grammar of a run's thread: is this an answer, or a note?
//! An answer is just its verb, or the verb and then why; all else is a note for the next attempt. Emoji say nothing.

use super::command::{Command, NoteWords};
use super::misunderstood::first_word;
use super::more_time::More;
use super::verbs::{Takes, Verb};
use crate::run::Verdict;

/// What stands between a verb and why.
const MARKS: [char; 8] = [':', ',', '.', '!', ';', '-', '–', '—'];
const BECAUSE: &str = "because";

/// A verb that answers, and what is said with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct AnswerAlone<'t> {
    verdict: Verdict,
    why: &'t str,
}

impl AnswerAlone<'_> {
    pub(super) fn command(self) -> Command {
        Command::Answer { verdict: self.verdict, said: self.why.to_owned() }
    }
}

/// The answer that a message is, if it is one.
pub(super) fn answer_alone(text: &str) -> Option<AnswerAlone<'_>> {
    let opening = opening(text.trim())?;
    let why = why(opening.verb, opening.rest)?;
    Some(AnswerAlone { verdict: opening.verdict, why })
}

/// What is no answer.
pub(super) fn note(words: &str) -> Command {
    if says_something(words) {
        let sounds_like_an_answer = opening(words).is_some();
        Command::Note(NoteWords { words: words.to_owned(), sounds_like_an_answer })
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
    let word = text.split(|c: char| !c.is_alphabetic()).next()?;
    let verb = Verb::called(word)?;
    Some(Opening { verb, verdict: verb.verdict()?, rest: &text[word.len()..] })
}

/// What is said with a verb, if what follows it belongs to an answer.
fn why<'t>(verb: &Verb, rest: &'t str) -> Option<&'t str> {
    if rest.trim_matches(['.', '!', ' ']).is_empty() {
        return Some("");
    }
    let rest = rest.trim_start();
    match rest.chars().next() {
        Some(mark) if MARKS.contains(&mark) => after_mark(mark, rest),
        // `extend 8h` says all that it can.
        _ if verb.takes == Takes::Time && rest.parse::<More>().is_ok() => Some(rest),
        _ => after_because(rest),
    }
}

fn after_mark(mark: char, rest: &str) -> Option<&str> {
    let why = rest.trim_start_matches(MARKS);
    // `stop.txt` is the name of something.
    let apart = mark == ':' || why.starts_with(char::is_whitespace);
    let why = why.trim();
    apart.then(|| after_because(why).unwrap_or(why))
}

fn after_because(why: &str) -> Option<&str> {
    let (first, rest) = first_word(why);
    first.trim_end_matches([':', ',']).eq_ignore_ascii_case(BECAUSE).then_some(rest)
}

/// Whether there is a word in it: emoji, also by name, are none.
fn says_something(text: &str) -> bool {
    let emoji = |word: &str| word.len() > 2 && word.starts_with(':') && word.ends_with(':');
    text.split_whitespace().any(|word| !emoji(word) && word.chars().any(char::is_alphanumeric))
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
            assert_eq!(answer_alone(said), Some(AnswerAlone { verdict, why }), "{said}");
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
            assert_eq!(answer_alone(said), None, "{said}");
        }
    }

    #[test]
    fn emoji_say_nothing() {
        assert!(!says_something(":+1: 👍 :white_check_mark:") && !says_something("…"));
        assert!(says_something("use tabs :+1:") && says_something("да"));
    }
}
