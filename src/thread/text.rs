//! How does foreign text become safe to show?
//! Names, briefs, paths and agents' words may hold anything: mentions, fences, bidi controls, ten thousand characters.

use crate::slack::{escape, one_line};

pub(crate) use crate::slack::is_hidden;

/// Most characters of one section's text.
pub(crate) const SECTION: usize = 3_000;
/// Most characters of a header.
pub(super) const HEADER: usize = 150;
/// Most characters of a button's label.
pub(super) const BUTTON: usize = 75;
/// Most characters of a button's value.
pub(super) const VALUE: usize = 2_000;
/// Most characters of a notification.
pub(super) const NOTICE: usize = 150;

/// How long Slack thinks a text is, at worst: it counts as JavaScript does.
pub(super) fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Whether Slack takes it whole.
pub(super) fn fitting(text: &str, most: usize) -> bool {
    length(text) <= most
}

/// At most `most` characters; what is cut off is shown as `…`.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if fitting(text, most) {
        return text.to_owned();
    }
    let mut room = most.saturating_sub(1);
    let fits = |c: &char| {
        let fits = c.len_utf16() <= room;
        room = room.saturating_sub(c.len_utf16());
        fits
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

/// One line of at most `most` characters, without invisible characters: for plain text such as headers and notifications.
pub(crate) fn bare(text: &str, most: usize) -> String {
    one_line(text, most)
}

/// `bare`, escaped: for a line of mrkdwn.
pub(crate) fn inline(text: &str, most: usize) -> String {
    escape(&without_fences(&bare(text, most)))
}

/// Foreign words as a quote of at most `most` characters and six lines; none where nothing is left to quote.
pub(super) fn quote(text: &str, most: usize) -> Option<String> {
    const LINES: usize = 6;
    let seen: String = text.chars().filter(|c| *c == '\n' || !is_hidden(*c)).collect();
    let seen = cut(seen.trim(), most);
    let mut lines: Vec<&str> = seen.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    if lines.len() > LINES {
        lines.truncate(LINES);
        lines.push("…");
    }
    let quoted: Vec<String> = lines.into_iter().map(|l| format!("> {}", escape(&without_fences(l)))).collect();
    (!quoted.is_empty()).then(|| quoted.join("\n"))
}

/// All of somebody's words as a quote, line by line as they are; none where there are none.
pub(super) fn quote_whole(text: &str) -> Option<String> {
    let seen: String = text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_hidden(*c)).collect();
    let lines = seen.trim_matches('\n').trim_end().lines().map(|line| format!("> {}", escape(&without_fences(line.trim_end()))));
    (!seen.trim().is_empty()).then(|| lines.collect::<Vec<_>>().join("\n"))
}

/// A name in code style.
pub(super) fn code(text: &str, most: usize) -> String {
    let name = bare(text, most).replace('`', "'");
    if name.is_empty() { "(no name)".to_owned() } else { format!("`{}`", escape(&name)) }
}

/// Lines in a monospaced block. Tabs and line ends stay.
pub(super) fn fenced(text: &str) -> String {
    let seen: String = text.chars().filter(|c| matches!(c, '\n' | '\t') || !is_hidden(*c)).collect();
    format!("```\n{}\n```", escape(&without_fences(seen.trim_end())))
}

/// What `fenced` makes of these lines, at most.
pub(super) fn fenced_length(text: &str) -> usize {
    length(&escape(text)) + "```\n\n```".len()
}

/// A fence inside a quote would swallow what follows it.
fn without_fences(text: &str) -> String {
    text.replace("```", "'''")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobody_can_be_called_from_a_quote() {
        insta::assert_snapshot!(quote("hi <!channel>\n\n```sh\n<@U1> & co", 100).unwrap(), @"
        > hi &lt;!channel&gt;
        > '''sh
        > &lt;@U1&gt; &amp; co
        ");
    }

    #[test]
    fn nothing_to_quote_is_no_quote() {
        assert_eq!(quote(" \n\u{202e} ", 100), None);
    }

    #[test]
    fn text_that_reads_backwards_is_straightened() {
        assert_eq!(inline("a\u{202e}b\u{200b}c\nd", 100), "abc d");
    }

    #[test]
    fn a_name_of_nothing_still_shows() {
        assert_eq!(code("``", 10), "`''`");
        assert_eq!(code("", 10), "(no name)");
    }

    proptest! {
        #[test]
        fn no_markup_survives(text in ".{0,80}") {
            for safe in [inline(&text, 40), code(&text, 40), quote(&text, 40).unwrap_or_default().replace("> ", "")] {
                prop_assert!(!safe.contains(['<', '>']), "{safe}");
                prop_assert!(!safe.contains("```"), "{safe}");
            }
        }

        #[test]
        fn a_cut_is_never_too_long(text in ".{0,80}", most in 1..60_usize) {
            prop_assert!(cut(&text, most).chars().count() <= most);
        }
    }
}
