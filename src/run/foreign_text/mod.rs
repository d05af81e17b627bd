//! Foreign text: how do words that others wrote become ours?
//! Every door comes here with what an agent, a report, git, Slack or a shell said: nothing is kept that steers a terminal, hides from a
//! reader or cannot be stored, and nothing is longer than its bound.

mod encoding;
mod json;

pub use encoding::{Encoding, Utf16Lines, decode};
pub use json::{JsonLine, printable_json, read_json, read_json_line, storable};

/// What stands where a text was cut.
const MORE: char = '…';

/// Longest name of a program, model or tool, in characters.
pub const NAME: usize = 120;
/// Longest id, path or address, in characters.
pub const PATH: usize = 400;
/// Longest line that says why or what, in characters.
pub const LINE: usize = 300;

/// Text of several lines as people may read it, at most `most` characters long.
#[must_use]
pub fn prose(text: &str, most: usize) -> String {
    cut(printable_chars(text.trim_start()), most).trim_end().to_owned()
}

/// The first line that says something, at most `most` characters long: agents put whole files into titles.
#[must_use]
pub fn line(text: &str, most: usize) -> String {
    let says_something = |line: &&str| printable_chars(line).any(|c| !c.is_whitespace());
    let first = text.lines().find(says_something).unwrap_or_default();
    cut(printable_chars(first.trim()).map(|c| if matches!(c, '\t' | '\n') { ' ' } else { c }), most)
        .trim()
        .to_owned()
}

/// All of a text as people may read it: without terminal sequences and characters that are not seen; lines and tabs stay.
#[must_use]
pub fn printable(text: &str) -> String {
    printable_chars(text).collect()
}

/// True for characters that change how others are read without being seen themselves: controls, bidi overrides, zero widths, tags.
/// Joiners are none: scripts and emoji are written with them.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'
                ..='\u{202e}'
        )
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn printable_chars(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        loop {
            match chars.next()? {
                '\u{1b}' => match chars.peek() {
                    // A sequence ends with a letter.
                    Some('[') => drop(chars.by_ref().skip(1).find(|c| ('@'..='~').contains(c))),
                    // A title or a link ends with a bell, or with an escape that is left out as well.
                    Some(']') => {
                        chars.by_ref().find(|c| matches!(c, '\u{7}' | '\u{1b}' | '\n'));
                    }
                    _ => {}
                },
                '\u{2028}' | '\u{2029}' => return Some('\n'),
                c @ ('\n' | '\t') => return Some(c),
                c if is_hidden(c) => {}
                c => return Some(c),
            }
        }
    })
}

/// At most `most` characters, the last of them `…` where some were cut.
fn cut(mut chars: impl Iterator<Item = char>, most: usize) -> String {
    let mut kept: String = chars.by_ref().take(most).collect();
    if chars.next().is_some() {
        kept.pop();
        kept.push(MORE);
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_steers_or_hides_is_left_out() {
        for (foreign, ours) in [
            ("Header is \u{0}PNG, kept.", "Header is PNG, kept."),
            ("\u{1b}[31mred\u{1b}[0m\r\n\u{7}bell\tß", "red\nbell\tß"),
            ("\u{1b}]0;a title\u{7}said", "said"),
            ("\u{feff}good\u{202e}dab", "gooddab"),
            ("a\u{2028}b", "a\nb"),
            ("👩\u{200d}💻", "👩\u{200d}💻"),
        ] {
            assert_eq!(printable(foreign), ours);
        }
    }

    #[test]
    fn a_line_is_one_short_line() {
        assert_eq!(line("\n \u{0}\n ls\t-l\nrm x", 60), "ls -l");
        assert_eq!(line("abcdef", 4), "abc…");
        assert_eq!(line("\u{202e}", 4), "");
        assert_eq!(line("a\u{2028}b", 4), "a b");
        assert_eq!(prose(" a\n\nb ", 10), "a\n\nb");
        assert_eq!(prose(&"ü".repeat(3_000_000), 3), "üü…");
    }

    proptest! {
        #[test]
        fn whatever_comes_fits_and_hides_nothing(text in any::<String>(), most in 1..50_usize) {
            for ours in [line(&text, most), prose(&text, most)] {
                prop_assert!(ours.chars().count() <= most);
                prop_assert!(!ours.chars().any(|c| is_hidden(c) && c != '\n' && c != '\t'), "{ours:?}");
            }
            prop_assert!(!line(&text, most).contains(['\n', '\t']));
            prop_assert_eq!(printable(&printable(&text)), printable(&text));
        }
    }
}
