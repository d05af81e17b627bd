//! What stands behind a verb: the name of a run, or words?
//! The first word has to name a run; words without one stand behind a mark, as in `approve: looks right`, or behind `because`. So a name
//! that is mistyped never becomes the reason of an answer to another run. Pure.

use super::another_try;
use super::misunderstood::first_word;
use super::more_money;
use super::more_time::More;
use super::terms::FROM_BASE;
use super::typing;
use super::verbs::{Takes, Verb};
use crate::config::Projects;
use crate::run::{ProjectName, nearest};

/// What may stand between a verb and words.
pub(super) const MARKS: [char; 9] = [':', ',', '.', '!', ';', '-', '–', '—', '：'];
const BECAUSE: &str = "because";
/// What every run's name ends with: so many letters, none of them a vowel, none that reads like another.
const NAME_ENDS: (usize, &str) = (7, "23456789bcdfghjkmnpqrstvwxz");

/// What was said behind a verb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The word that has to name a run, or a project of which only one is meant; none where no run is named.
    pub run: Option<String>,
    /// What is said besides, as it was typed.
    pub words: String,
}

impl Said {
    /// Behind this verb.
    #[must_use]
    pub fn read(verb: &Verb, rest: &str) -> Self {
        words_alone(verb, rest).map_or_else(|| Self::named(rest), Self::words)
    }

    /// Words that name no run.
    #[must_use]
    pub fn words(words: &str) -> Self {
        Self { run: None, words: words.trim().to_owned() }
    }

    /// The first word names a run.
    #[must_use]
    pub fn named(rest: &str) -> Self {
        let (run, words) = first_word(rest);
        let run = Some(run.to_owned()).filter(|run| !run.is_empty());
        Self { run, words: words.trim_start_matches([':', ',', ';', '–', '—', ' ']).to_owned() }
    }

    /// Words without a run that yet begin with what reads as the name of another run than the one that they would go to.
    #[must_use]
    pub(super) fn speaks_of_another(
        &self,
        about: (&str, &ProjectName),
        place: Speaks<'_>,
    ) -> Option<String> {
        let (run, project) = about;
        let (first, rest) = first_word(&self.words);
        let name = typing::name(first);
        let own = name == project.as_str() || run == name || run.ends_with(&format!("-{name}"));
        if self.run.is_some() || name.is_empty() || own {
            return None;
        }
        let among = || place.projects.names().map(ProjectName::as_str);
        let alone =
            rest.is_empty() && nearest(&name, among()).is_some_and(|it| it != project.as_str());
        let elsewhere = !place.in_thread && among().any(|known| known == name);
        (alone || elsewhere || ends_like_a_name(&name)).then_some(name)
    }
}

/// Where words without a run are said.
#[derive(Clone, Copy)]
pub(super) struct Speaks<'a> {
    pub(super) projects: &'a Projects,
    /// In the thread of the run that they go to: then they certainly mean it, if they name no other.
    pub(super) in_thread: bool,
}

/// The words behind a verb, where they certainly name no run.
pub(super) fn words_alone<'t>(verb: &Verb, rest: &'t str) -> Option<&'t str> {
    if rest.trim_matches(['.', '!', ' ']).is_empty() {
        return Some("");
    }
    let rest = rest.trim_start();
    match rest.chars().next() {
        Some(mark) if MARKS.contains(&mark) && !begins_with_flag(rest) => after_mark(mark, rest),
        // `extend 8h` says all that it can.
        _ if verb.takes == Takes::Time && rest.parse::<More>().is_ok() => Some(rest),
        _ if verb.takes == Takes::Money && more_money::read(rest).is_ok() => Some(rest),
        _ if verb.takes == Takes::Retry && another_try::is_alone(rest) => Some(rest),
        _ if verb.takes == Takes::Snapshot && is_one_name(rest) => Some(rest),
        _ if verb.takes == Takes::Feedback && begins_with_flag(rest) => Some(rest),
        _ => after_because(rest),
    }
}

fn begins_with_flag(rest: &str) -> bool {
    FROM_BASE.iter().any(|flag| rest.starts_with(flag))
}

fn after_mark(mark: char, rest: &str) -> Option<&str> {
    let why = rest.trim_start_matches(MARKS);
    // `stop.txt` is the name of something.
    let apart =
        matches!(mark, ':' | '：') || why.is_empty() || why.starts_with(char::is_whitespace);
    let why = why.trim();
    apart.then(|| after_because(why).unwrap_or(why))
}

/// Whether only one name stands here: alone, or before a mark or `because`.
fn is_one_name(rest: &str) -> bool {
    let (name, words) = first_word(rest);
    words.is_empty() || name.ends_with(MARKS) || after_because(words).is_some()
}

/// What stands behind a name, without what sets it apart.
pub(super) fn reason(words: &str) -> &str {
    let words = words.trim_start_matches(MARKS).trim();
    after_because(words).unwrap_or(words)
}

fn after_because(why: &str) -> Option<&str> {
    let (first, rest) = first_word(why);
    first.trim_end_matches([':', ',']).eq_ignore_ascii_case(BECAUSE).then_some(rest)
}

/// Whether a word in a sentence was probably meant as the name of a run: a project, something near one, or what begins or ends like a run.
pub(super) fn reads_like_a_run(word: &str, projects: &Projects) -> bool {
    let name = typing::name(word);
    let known = |name: &str| nearest(name, projects.names().map(ProjectName::as_str)).is_some();
    let long = name.len() > 2;
    let begins = projects.names().any(|project| {
        name.strip_prefix(project.as_str()).is_some_and(|rest| rest.starts_with('-'))
    });
    let numbered = name
        .rsplit_once('-')
        .is_some_and(|(head, tail)| tail.bytes().any(|b| b.is_ascii_digit()) && known(head));
    long && (known(&name) || begins || numbered || ends_like_a_name(&name))
}

/// Words without a hyphen are words: only a digit makes one of them a name.
fn ends_like_a_name(name: &str) -> bool {
    let (length, letters) = NAME_ENDS;
    let spelled = |end: &str| end.chars().all(|c| letters.contains(c));
    match name.rsplit_once('-') {
        Some((_, end)) => {
            let digits = end.bytes().any(|b| b.is_ascii_digit());
            spelled(end)
                && (end.len() == length
                    || digits && end.len().abs_diff(length) <= 2 && end.len() < 10)
        }
        None => name.len() == length && spelled(name) && name.bytes().any(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{RunId, Verdict};

    fn behind(verdict: Verdict, rest: &str) -> (Option<String>, String) {
        let verb = Verb::of_verdict(verdict).expect("a verb");
        let said = Said::read(verb, rest);
        (said.run, said.words)
    }

    #[test]
    fn the_first_word_names_a_run_unless_a_mark_stands_before_it() {
        let run = |name: &str, words: &str| (Some(name.to_owned()), words.to_owned());
        let words = |words: &str| (None, words.to_owned());
        for (verdict, rest, said) in [
            (Verdict::Approve, "", words("")),
            (Verdict::Approve, "orders", run("orders", "")),
            (Verdict::Approve, " k3f9qdz nice", run("k3f9qdz", "nice")),
            (Verdict::Approve, "k3f9qdz: nice", run("k3f9qdz:", "nice")),
            (Verdict::Approve, "k3f9qdz – nice", run("k3f9qdz", "nice")),
            (Verdict::Approve, ": nice", words("nice")),
            (Verdict::Approve, " - nice", words("nice")),
            (Verdict::Approve, "!", words("")),
            (Verdict::Reject, "because it retries", words("it retries")),
            (Verdict::Extend, "8h", words("8h")),
            (Verdict::Extend, "tomorrow", words("tomorrow")),
            (Verdict::Extend, "orders 8h", run("orders", "8h")),
            (Verdict::Changes, "--from-base use tabs", words("--from-base use tabs")),
            (Verdict::Changes, "use\ttabs\n  here", run("use", "tabs\n  here")),
        ] {
            assert_eq!(behind(verdict, rest), said, "{rest:?}");
        }
    }

    #[test]
    fn a_name_that_is_mistyped_is_still_read_as_a_name() {
        let projects = Projects::built_in().expect("the built-in pipelines are valid");
        let project: ProjectName = "my-service".parse().expect("a slug");
        for random in [0, 1, u64::MAX, 123_456_789] {
            assert!(reads_like_a_run(RunId::mint(&project, random).as_str(), &projects));
        }
        for word in [
            "k3f9qdz",
            "llm-wrapper",
            "LLM-wraper",
            "llm-wrapper-vh4wr",
            "llm-wraper-vh4",
            "x-vh4wrv",
        ] {
            assert!(reads_like_a_run(word, &projects), "{word}");
        }
        for word in ["", "nice", "well-done", "rhythms", "2026-11-22", "re-written", "it"] {
            assert!(!reads_like_a_run(word, &projects), "{word}");
        }
    }

    #[test]
    fn words_that_name_another_run_are_not_words() {
        let projects = Projects::built_in().expect("the built-in pipelines are valid");
        let shop: ProjectName = "shop".parse().expect("a slug");
        let another = |words: &str, in_thread: bool| {
            let place = Speaks { projects: &projects, in_thread };
            Said::words(words).speaks_of_another(("shop-k3f9qdz", &shop), place).is_some()
        };
        for words in ["llm-wrapper", "llm-wraper", "shop-vh4wrvx", "llm-wrapper-vh4wrv"] {
            assert!(another(words, true) && another(words, false), "{words}");
        }
        assert!(another("llm-wrapper is nice", false) && !another("llm-wrapper is nice", true));
        for words in ["", "nice", "shop is nice", "shop-k3f9qdz", "k3f9qdz it is"] {
            assert!(!another(words, false), "{words}");
        }
    }
}
