//! What may stand in a message?
//! The words of people and agents become `Mrkdwn` only by being escaped, so that none of them can ping a channel or forge a link.

use std::fmt;
use std::ops::Add;

use chrono::{DateTime, Utc};
use url::Url;

use crate::slack::cut::cut;
use crate::slack::plain::{clean, one_line};

/// Looks like a backtick and does not end code.
const NO_BACKTICK: &str = "ˋ";

/// Slack's markup, safe to send. There is no way in for text that was neither escaped nor written in our source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Mrkdwn(String);

impl Mrkdwn {
    /// Our own words and markup, from our own source.
    #[must_use]
    pub fn ours(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// Anybody's words, with their lines. A fence in them would swallow what follows.
    #[must_use]
    pub fn escaped(text: &str) -> Self {
        Self(without_fences(&escape(text)))
    }

    /// Anybody's words in one line of at most `max_chars` characters.
    #[must_use]
    pub fn line(text: &str, max_chars: usize) -> Self {
        Self::escaped(&one_line(text, max_chars)).cut(max_chars)
    }

    /// A name of at most `max_chars` characters, as code; one of nothing still shows.
    #[must_use]
    pub fn name(text: &str, max_chars: usize) -> Self {
        let name = one_line(text, max_chars);
        if name.is_empty() { Self::ours("(no name)") } else { Self::code(&name) }
    }

    /// The first six lines of anybody's words, each marked as quoted, at most about `max_chars` characters; none where nothing is left to quote.
    #[must_use]
    pub fn excerpt(text: &str, max_chars: usize) -> Option<Self> {
        const LINES: usize = 6;
        let words = cut(clean(text).trim(), max_chars);
        let mut lines: Vec<&str> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.len() > LINES {
            lines.truncate(LINES);
            lines.push("…");
        }
        (!lines.is_empty()).then(|| Self::quoted(&lines.join("\n")))
    }

    /// Anybody's words as code in a line.
    #[must_use]
    pub fn code(text: &str) -> Self {
        let line = escape(text).replace('`', NO_BACKTICK).replace(['\n', '\t'], " ");
        Self(if line.is_empty() { "` `".to_owned() } else { format!("`{line}`") })
    }

    /// Anybody's words as a block of code.
    #[must_use]
    pub fn code_block(text: &str) -> Self {
        Self(format!("```\n{}\n```", escape(text).replace('`', NO_BACKTICK)))
    }

    /// Anybody's words, each line marked as quoted, so that they cannot pass for ours.
    #[must_use]
    pub fn quoted(text: &str) -> Self {
        let words = without_fences(&escape(text));
        Self(words.lines().map(|line| format!(">{}", if line.is_empty() { " " } else { line })).collect::<Vec<_>>().join("\n"))
    }

    /// Anybody's words in bold; their own stars would end it.
    #[must_use]
    pub fn bold(text: &str) -> Self {
        Self(format!("*{}*", without_fences(&escape(text)).replace('*', "∗").replace('\n', " ")))
    }

    /// Calls a person by name, and rings if it is posted. What is no Slack id is only written.
    #[must_use]
    pub fn mention(user: &str) -> Self {
        let an_id = !user.is_empty() && user.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if an_id { Self(format!("<@{user}>")) } else { Self::escaped(user) }
    }

    /// A link with anybody's words as label.
    #[must_use]
    pub fn link(to: &Url, label: &str) -> Self {
        let to = to.as_str().replace('|', "%7C").replace('<', "%3C").replace('>', "%3E").replace('&', "&amp;");
        Self(format!("<{to}|{}>", escape(label).replace('|', "¦").replace('\n', " ")))
    }

    /// A moment in each reader's own clock. `format` as Slack has it: `{date_short_pretty} {time}`.
    #[must_use]
    pub fn moment(at: DateTime<Utc>, format: &'static str) -> Self {
        Self(format!("<!date^{}^{format}|{}>", at.timestamp(), at.format("%Y-%m-%d %H:%M UTC")))
    }

    /// Until when, or since when, in each reader's own clock: `today at 3:00 PM`. In UTC where a client cannot.
    #[must_use]
    pub fn time(at: DateTime<Utc>) -> Self {
        Self::moment(at, "{date_short_pretty} at {time}")
    }

    /// Joined by something of ours.
    #[must_use]
    pub fn join(parts: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        Self(parts.into_iter().map(|part| part.0).collect::<Vec<_>>().join(between))
    }

    /// As much as fits.
    #[must_use]
    pub fn cut(&self, max_chars: usize) -> Self {
        Self(cut(&self.0, max_chars))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Add for Mrkdwn {
    type Output = Self;
    fn add(mut self, more: Self) -> Self {
        self.0.push_str(&more.0);
        self
    }
}

impl Add<&'static str> for Mrkdwn {
    type Output = Self;
    fn add(mut self, more: &'static str) -> Self {
        self.0.push_str(more);
        self
    }
}

impl fmt::Display for Mrkdwn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Mrkdwn> for String {
    fn from(text: Mrkdwn) -> Self {
        text.0
    }
}

/// Somebody's words with nothing left in them that Slack, or a reader's eye, would take for markup of ours.
#[must_use]
pub fn escape(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn without_fences(text: &str) -> String {
    text.replace("```", &NO_BACKTICK.repeat(3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    #[test]
    fn nobody_can_ping_a_channel_through_us() {
        assert_eq!(Mrkdwn::escaped("<!channel> & <@U1>").as_str(), "&lt;!channel&gt; &amp; &lt;@U1&gt;");
        assert_eq!(Mrkdwn::mention("U1>").as_str(), "U1&gt;");
        assert_eq!(Mrkdwn::mention("U01ANA").as_str(), "<@U01ANA>");
    }

    #[test]
    fn code_cannot_be_left() {
        assert_eq!(Mrkdwn::code("a`b\nc").as_str(), "`aˋb c`");
        assert_eq!(Mrkdwn::code_block("x```y").as_str(), "```\nxˋˋˋy\n```");
        assert_eq!(Mrkdwn::bold("a*b").as_str(), "*a∗b*");
        assert_eq!(Mrkdwn::quoted("one\n\ntwo").as_str(), ">one\n> \n>two");
    }

    #[test]
    fn a_link_is_one_link() {
        let to = Url::parse("https://example.com/a?x=1&y=|>").expect("a url");
        assert_eq!(Mrkdwn::link(&to, "the <diff>|").as_str(), "<https://example.com/a?x=1&amp;y=%7C%3E|the &lt;diff&gt;¦>");
    }

    #[test]
    fn a_moment_is_told_in_the_readers_clock() {
        let at = DateTime::from_timestamp(1_795_340_936, 0).expect("a moment");
        assert_eq!(Mrkdwn::time(at).as_str(), "<!date^1795340936^{date_short_pretty} at {time}|2026-11-22 09:48 UTC>");
        assert_eq!(Mrkdwn::time(at).cut(20).as_str(), "…", "half a date is none");
    }

    #[test]
    fn nobody_can_open_what_we_must_close() {
        assert_eq!(Mrkdwn::escaped("a ```b").as_str(), "a ˋˋˋb");
        assert_eq!(Mrkdwn::quoted("```\nx").as_str(), ">ˋˋˋ\n>x");
    }

    #[test]
    fn a_line_a_name_and_an_excerpt_are_short() {
        assert_eq!(Mrkdwn::line("a\u{202e}b\u{200b}c\nd <!here>", 12).as_str(), "abc d …");
        assert_eq!((Mrkdwn::name("a`b", 9).as_str(), Mrkdwn::name("\n", 9).as_str()), ("`aˋb`", "(no name)"));
        assert_eq!(Mrkdwn::excerpt(" \n\u{202e} ", 100), None);
        let many = Mrkdwn::excerpt(&"x <!channel>\n\n".repeat(9), 400).expect("words");
        assert_eq!((many.as_str().lines().count(), many.as_str().lines().last()), (7, Some(">…")));
    }

    #[test]
    fn text_reads_in_the_order_it_is_written() {
        assert_eq!(escape("safe\u{202e}gnp.exe\u{0}\u{7}"), "safegnp.exe");
    }

    proptest! {
        #[test]
        fn nothing_escaped_can_open_a_reference(text in "\\PC*") {
            prop_assert!(!escape(&text).contains(['<', '>']));
            prop_assert!(Mrkdwn::code(&text).as_str().matches('`').count() == 2);
        }
    }
}
