//! In what is another try different?
//! `longer`, `smaller` and `model=<id>` in front, then words for the agent behind a mark. Pure.

use super::misunderstood::first_word;
use super::said::MARKS;
use crate::run::Retry;

const LONGER: [&str; 3] = ["longer", "--longer", "—longer"];
const SMALLER: [&str; 3] = ["smaller", "--smaller", "—smaller"];
const MODEL: [&str; 3] = ["model=", "--model=", "—model="];

/// Reads `longer smaller model=claude-opus-4-5: keep the public names`; all else is words.
pub(super) fn read(said: &str) -> (Retry, &str) {
    let (mut retry, mut rest) = (Retry::default(), said.trim());
    loop {
        let (word, behind) = first_word(rest);
        let bare = word.trim_end_matches(MARKS);
        let is_last = bare.len() < word.len();
        let model = MODEL.iter().find_map(|key| bare.strip_prefix(key));
        if LONGER.iter().any(|longer| bare.eq_ignore_ascii_case(longer)) {
            retry.longer = true;
        } else if SMALLER.iter().any(|smaller| bare.eq_ignore_ascii_case(smaller)) {
            retry.smaller = true;
        } else if let Some(model) = model.filter(|id| !id.is_empty()) {
            retry.model = Some(model.to_owned());
        } else {
            return (retry, rest.trim_start_matches(MARKS).trim());
        }
        rest = behind;
        if is_last {
            return (retry, rest.trim());
        }
    }
}

/// Whether this says how another try is different, and nothing else without a mark.
pub(super) fn is_alone(said: &str) -> bool {
    let (retry, words) = read(said);
    let differs = retry != Retry::default();
    differs && (words.is_empty() || said[..said.len() - words.len()].trim_end().ends_with(MARKS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(longer: bool, model: Option<&str>) -> Retry {
        Retry { longer, model: model.map(str::to_owned), ..Retry::default() }
    }

    #[test]
    fn what_is_different_stands_in_front_of_the_words() {
        for (said, longer, model, words) in [
            ("", false, None, ""),
            ("longer", true, None, ""),
            ("--longer model=opus", true, Some("opus"), ""),
            (
                "model=claude-opus-4-5: mock the clock",
                false,
                Some("claude-opus-4-5"),
                "mock the clock",
            ),
            ("longer, it was close", true, None, "it was close"),
            ("mock the clock", false, None, "mock the clock"),
            ("model=", false, None, "model="),
        ] {
            assert_eq!(read(said), (retry(longer, model), words), "{said}");
        }
    }

    #[test]
    fn a_task_may_be_done_in_smaller_steps() {
        let smaller = Retry { smaller: true, ..Retry::default() };
        assert_eq!(read("smaller: it is a lot"), (smaller, "it is a lot"));
    }

    #[test]
    fn words_without_a_mark_are_not_alone() {
        assert!(is_alone("longer") && is_alone("model=x: and mock the clock"));
        assert!(!is_alone("longer tests would be good") && !is_alone("with backoff"));
    }
}
