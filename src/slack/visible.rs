//! Sanitizes: how does foreign text become safe to look at?
//! A reader must see what is there: nothing that reorders, hides or piles up over other lines. Says nothing about markup.

use super::truncate::truncate;
use crate::run::foreign_text::is_hidden;

/// More accents than that on one letter are there to cover something.
const MARKS: usize = 3;

/// Without invisible characters, in one line, at most `max_chars` long: for headers, notifications and other places without markup.
#[must_use]
pub fn one_line(text: &str, max_chars: usize) -> String {
    truncate(&clean(text).split_whitespace().collect::<Vec<_>>().join(" "), max_chars)
}

/// What can be seen of a text, with its lines and tabs.
pub(super) fn visible(text: &str) -> String {
    let kept = |c| match c {
        '\u{2028}' | '\u{2029}' => Some('\n'),
        '\n' | '\t' => Some(c),
        c => Some(c).filter(|c| !is_hidden(*c)),
    };
    text.chars().filter_map(kept).collect()
}

/// The same, with at most a few accents on one letter.
pub(super) fn clean(text: &str) -> String {
    let mut marks = 0;
    let mut fits = |c: &char| {
        marks = if is_mark(*c) { marks + 1 } else { 0 };
        marks <= MARKS
    };
    visible(text).chars().filter(|c| fits(c)).collect()
}

/// Accents that stand on any letter; those of single scripts have their own places and are left alone.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;
    use crate::slack::truncate::length;

    #[test]
    fn what_cannot_be_seen_is_not_there() {
        assert_eq!(clean("safe\u{202e}gnp.exe\u{0}\u{7}\u{200b}\u{e0041}"), "safegnp.exe");
        assert_eq!(visible("a\u{2028}b\tc\r\n"), "a\nb\tc\n");
    }

    #[test]
    fn scripts_and_emoji_stay_whole() {
        for text in ["می‌خواهم", "👩‍💻", "שלום", "é", "e\u{301}", "ế", "ក្រុម", "🇩🇪", "❤️"]
        {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn accents_do_not_tower() {
        assert_eq!(
            clean(&format!("a{}b\u{301}", "\u{301}".repeat(40))).chars().count(),
            1 + MARKS + 2
        );
    }

    proptest! {
        #[test]
        fn one_line_is_one_line(text in "(\\PC|[\n\r\t\u{202e}\u{2028}\u{301}]){0,80}", max in 0usize..60) {
            let line = one_line(&text, max);
            prop_assert!(length(&line) <= max && !line.contains('\n') && !line.chars().any(is_hidden), "{line:?}");
        }
    }
}
