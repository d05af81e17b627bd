//! Yes or no: do words sound like an answer that are none?
//! `LGTM`, `aprove`, `ship it`, a thumb: they decide nothing, but whoever says them waits for something to happen, so they are asked. Pure.

use super::typing::{bare, plain};
use crate::run::nearest;

/// Words of which one alone says yes or no.
const SAYS_IT: [&str; 58] = [
    "yes",
    "yep",
    "yeah",
    "yup",
    "ya",
    "ja",
    "si",
    "sí",
    "oui",
    "да",
    "ok",
    "okay",
    "k",
    "kk",
    "lgtm",
    "sgtm",
    "ship",
    "shipit",
    "good",
    "great",
    "nice",
    "perfect",
    "fine",
    "cool",
    "awesome",
    "go",
    "do",
    "merge",
    "accept",
    "accepted",
    "agree",
    "agreed",
    "confirm",
    "confirmed",
    "sure",
    "proceed",
    "continue",
    "+1",
    "no",
    "nope",
    "nah",
    "nein",
    "non",
    "-1",
    "deny",
    "denied",
    "decline",
    "declined",
    "disagree",
    "y",
    "n",
    "done",
    "not",
    "never",
    "thumbs",
    "cancel",
    "abort",
    "kill",
];
/// Words beside them that add nothing.
const ADDS_NOTHING: [&str; 33] = [
    "it", "this", "that", "is", "to", "me", "for", "now", "please", "pls", "thanks", "thank",
    "thx", "you", "looks", "sounds", "all", "ahead", "way", "let's", "lets", "very", "us", "i",
    "can", "could", "we", "dont", "don't", "yet", "up", "down", "develop",
];
/// Verbs that are often mistyped, and mean nothing else then.
const VERBS: [&str; 4] = ["approve", "approved", "reject", "rejected"];
/// Emoji that say yes or no, as Slack names them and as they are.
const EMOJI: [&str; 26] = [
    ":+1:",
    ":thumbsup:",
    ":-1:",
    ":thumbsdown:",
    ":white_check_mark:",
    ":heavy_check_mark:",
    ":ballot_box_with_check:",
    ":ok:",
    ":ok_hand:",
    ":x:",
    ":no_entry:",
    ":no_entry_sign:",
    ":shipit:",
    ":rocket:",
    ":ship:",
    ":100:",
    "👍",
    "👎",
    "✅",
    "✔",
    "☑",
    "🆗",
    "👌",
    "❌",
    "🚢",
    "🚀",
];
/// More words than that say something.
const MOST_WORDS: usize = 5;

/// Whether it is nothing but a yes or a no.
pub(super) fn is_all(words: &str) -> bool {
    let words = plain(words);
    let spoken: Vec<&str> =
        words.split_whitespace().filter(|word| !is_emoji(word) && !is_person(word)).collect();
    let spoken: Vec<&str> = spoken.into_iter().map(word).filter(|word| !word.is_empty()).collect();
    if spoken.is_empty() {
        return words.split_whitespace().any(|word| EMOJI.iter().any(|known| word.contains(known)));
    }
    let known =
        |word: &&str| SAYS_IT.contains(word) || ADDS_NOTHING.contains(word) || is_mistyped(word);
    let says_it = |word: &&str| SAYS_IT.contains(word) || is_mistyped(word);
    spoken.len() <= MOST_WORDS && spoken.iter().all(known) && spoken.iter().any(says_it)
}

/// Whether it begins with a yes or a no that stands for itself.
pub(super) fn is_first(words: &str) -> bool {
    let words = plain(words);
    let Some(first) = words.split_whitespace().next() else { return false };
    let apart = first.ends_with([',', '.', '!', ':', ';']) || words.trim().len() == first.len();
    let (apart, first) = (apart || is_emoji(first), word(first));
    is_mistyped(first) || first == "lgtm" || apart && SAYS_IT.contains(&first)
}

/// `+1` and `-1` are words too.
fn word(typed: &str) -> &str {
    let plus = typed.trim_matches(|c: char| !c.is_alphanumeric() && c != '+' && c != '-');
    if ["+1", "-1"].contains(&plus) { plus } else { bare(typed) }
}

/// As it should be, too: whoever says more around it than an answer may have is no better understood.
fn is_mistyped(word: &str) -> bool {
    let meant = nearest(word, VERBS).filter(|verb| verb.chars().next() == word.chars().next());
    word.len() > 4 && word != "approach" && meant.is_some()
}

/// By its name, or as it is.
fn is_emoji(word: &str) -> bool {
    let named = word.len() > 2 && word.starts_with(':') && word.ends_with(':');
    named || !word.chars().any(|c| c.is_alphanumeric() || c.is_ascii_punctuation())
}

fn is_person(word: &str) -> bool {
    word.starts_with("<@")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_say_who_believe_that_they_answer_is_known() {
        for words in [
            "LGTM",
            "lgtm 👍",
            "lgtm!",
            "aprove",
            "Aproved",
            "aprove please",
            "rejct",
            "yes",
            "Yes please",
            "ok",
            "OK, ship it!",
            "ship it",
            "no",
            "No thanks.",
            "nope",
            "👍",
            "👍🏽",
            ":+1:",
            ":+1::skin-tone-3:",
            ":+1: 👍",
            "+1",
            "-1",
            "looks good to me",
            "sounds good",
            "do it",
            "go ahead",
            "go",
            "merge it",
            "all good",
            "✅",
            ":white_check_mark:",
            "<@U1> yes",
            "ja",
            "perfect, thanks",
            "I approve this",
            "can you approve?",
            "do not approve",
            "dont approve",
            "not ok",
            "not yet",
            "never",
            "thumbs up",
            "cancel",
            "abort",
            "kill it",
            "/develop approve",
            "> approve",
        ] {
            assert!(is_all(words), "{words}");
        }
    }

    #[test]
    fn what_tells_an_agent_something_is_a_note() {
        for words in [
            "",
            "use tabs",
            "it is too long",
            "yes, but rename it",
            "ok so what about the tests?",
            "make it good",
            "no tests for this?",
            "🎉",
            ":tada:",
            "…",
            "looks",
            "to me it looks",
            "improve it",
            "one more: say hello",
            "the approach is fine for now I think we keep it",
        ] {
            assert!(!is_all(words), "{words}");
        }
        assert!(
            is_first("yes, but rename it")
                && is_first("LGTM except for the names")
                && is_first("no: keep it")
        );
        assert!(
            !is_first("no tests for this?")
                && !is_first("good names would help")
                && !is_first("use tabs")
        );
    }
}
