//! Mrkdwn, Slack's markup: what may stand in a message?
//! The words of people and agents become `Mrkdwn` only by being escaped, so that none of them can ping a channel or forge a link.

use std::ops::Add;

use chrono::{DateTime, Utc};
use serde::Serialize;
use url::Url;

use super::escape::{escape, without_fences};
use super::truncate::{length, truncate, truncate_plain};
use super::visible::{one_line, visible};

/// Longest name that stands for somebody who has no Slack id.
const NAME: usize = 40;

/// Slack's markup, safe to send. What stands in our source enters as it is (`&'static str`); a `String` may hold anybody's words, so it enters
/// escaped. What only markup can do, to call, to link, to quote, has a constructor each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Mrkdwn(String);

impl Mrkdwn {
    /// Anybody's words in one line, of which at most `max_chars` characters are shown.
    #[must_use]
    pub fn line(text: &str, max_chars: usize) -> Self {
        Self::escaped(&one_line(text, max_chars))
    }

    /// A name, or something to copy, in one line as code; one of nothing still shows.
    #[must_use]
    pub fn code(text: &str, max_chars: usize) -> Self {
        let name = one_line(text, max_chars).replace('`', "'");
        if name.is_empty() { "(no name)".into() } else { Self(format!("`{}`", escape(&name))) }
    }

    /// Anybody's words as a block of code, with their lines and tabs.
    #[must_use]
    pub fn code_block(text: &str) -> Self {
        Self(format!("```\n{}\n```", without_fences(&escape(text.trim_end()))))
    }

    /// The same for what shows no such blocks and joins spaces, as emulators do: each line as code by itself.
    #[must_use]
    pub fn code_lines(text: &str) -> Self {
        let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
        let code = |line: &str| format!("`{}`", escape(line).replace('`', "'"));
        Self(lines.map(code).collect::<Vec<_>>().join("\n").replace("  ", "\u{a0}\u{a0}"))
    }

    /// All of somebody's words, each line marked as quoted, so that they cannot pass for ours; none where there are none.
    #[must_use]
    pub fn quoted(text: &str) -> Option<Self> {
        let words = visible(text);
        let words = words.trim_matches('\n').trim_end();
        (!words.trim().is_empty()).then(|| quote(words.lines().map(str::trim_end)))
    }

    /// The first six lines of anybody's words as a quote, at most about `max_chars` characters; none where nothing is left to quote.
    #[must_use]
    pub fn excerpt(text: &str, max_chars: usize) -> Option<Self> {
        const LINES: usize = 6;
        let words = truncate_plain(visible(text).trim(), max_chars);
        let mut lines: Vec<&str> =
            words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.len() > LINES {
            lines.truncate(LINES);
            lines.push("…");
        }
        (!lines.is_empty()).then(|| quote(lines.into_iter()))
    }

    /// Mentions a person, who is notified when it is posted. What is no Slack id is written as text.
    #[must_use]
    pub fn mention(user: &str) -> Self {
        reference("@", user).unwrap_or_else(|| Self::line(user, NAME))
    }

    /// Mentions a user group.
    #[must_use]
    pub fn group(group: &str) -> Self {
        reference("!subteam^", group).unwrap_or_else(|| Self::line(group, NAME))
    }

    /// Links to a channel; none for what is no Slack id.
    #[must_use]
    pub fn channel(channel: &str) -> Option<Self> {
        reference("#", channel)
    }

    /// A link with anybody's words as label.
    #[must_use]
    pub fn link(to: &Url, label: &str) -> Self {
        let to = to
            .as_str()
            .replace('|', "%7C")
            .replace('<', "%3C")
            .replace('>', "%3E")
            .replace('&', "&amp;");
        Self(format!("<{to}|{}>", escape(label).replace('|', "¦").replace('\n', " ")))
    }

    /// Until when, or since when, in each reader's own clock: `today at 3:00 PM`. `fallback` where a client cannot.
    #[must_use]
    pub fn moment(at: DateTime<Utc>, fallback: &str) -> Self {
        Self(format!(
            "<!date^{}^{{date_short_pretty}} at {{time}}|{}>",
            at.timestamp(),
            escape(fallback).replace('|', "¦")
        ))
    }

    /// What was drawn before, and is read back from a block.
    pub(super) const fn drawn(text: String) -> Self {
        Self(text)
    }

    /// Joined by something of ours.
    #[must_use]
    pub fn join<T: Into<Self>>(parts: impl IntoIterator<Item = T>, between: &'static str) -> Self {
        Self(parts.into_iter().map(|part| part.into().0).collect::<Vec<_>>().join(between))
    }

    /// As much as fits.
    #[must_use]
    pub fn truncate(&self, max_chars: usize) -> Self {
        Self(truncate(&self.0, max_chars))
    }

    /// How long Slack thinks it is, at worst.
    #[must_use]
    pub fn length(&self) -> usize {
        length(&self.0)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// None where it says nothing.
    #[must_use]
    pub fn non_empty(self) -> Option<Self> {
        Some(self).filter(|text| !text.0.is_empty())
    }

    /// Anybody's words, with their lines.
    fn escaped(text: &str) -> Self {
        Self(without_fences(&escape(text)))
    }
}

impl From<&'static str> for Mrkdwn {
    fn from(ours: &'static str) -> Self {
        Self(ours.to_owned())
    }
}

impl From<String> for Mrkdwn {
    fn from(anybodys: String) -> Self {
        Self::escaped(&anybodys)
    }
}

impl From<Mrkdwn> for String {
    fn from(text: Mrkdwn) -> Self {
        text.0
    }
}

impl<T: Into<Self>> Add<T> for Mrkdwn {
    type Output = Self;
    fn add(mut self, more: T) -> Self {
        self.0.push_str(&more.into().0);
        self
    }
}

impl Add<Mrkdwn> for &'static str {
    type Output = Mrkdwn;
    fn add(self, more: Mrkdwn) -> Mrkdwn {
        Mrkdwn::from(self) + more
    }
}

fn quote<'a>(lines: impl Iterator<Item = &'a str>) -> Mrkdwn {
    Mrkdwn(
        lines.map(|line| format!("> {}", Mrkdwn::escaped(line).0)).collect::<Vec<_>>().join("\n"),
    )
}

fn reference(sign: &'static str, id: &str) -> Option<Mrkdwn> {
    let an_id = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
    an_id.then(|| Mrkdwn(format!("<{sign}{id}>")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::*;

    #[test]
    fn nobody_can_ping_a_channel_through_us() {
        assert_eq!(
            Mrkdwn::escaped("<!channel> & <@U1>").as_str(),
            "&lt;!channel&gt; &amp; &lt;@U1&gt;"
        );
        assert_eq!(
            (Mrkdwn::mention("U1>").as_str(), Mrkdwn::group("S|x").as_str()),
            ("U1&gt;", "S|x")
        );
        assert_eq!(
            (Mrkdwn::mention("U01ANA").as_str(), Mrkdwn::group("S1").as_str()),
            ("<@U01ANA>", "<!subteam^S1>")
        );
        assert_eq!((Mrkdwn::channel("C1"), Mrkdwn::channel("C1|x")), (Some("<#C1>".into()), None));
    }

    #[test]
    fn what_we_wrote_is_markup_and_what_anybody_may_have_written_is_not() {
        let said = "<@U1> said "
            + Mrkdwn::from("<!here>".to_owned())
            + Mrkdwn::join(["", "<@U2>"], ", ")
            + " & more".to_owned();
        assert_eq!(said.as_str(), "<@U1> said &lt;!here&gt;, <@U2> &amp; more");
    }

    #[test]
    fn code_cannot_be_left() {
        assert_eq!(Mrkdwn::code("a`b\nc", 9).as_str(), "`a'b c`");
        assert_eq!(Mrkdwn::code("\n", 9).as_str(), "(no name)");
        assert_eq!(Mrkdwn::code_block("x```y\n\tz\n").as_str(), "```\nx'''y\n\tz\n```");
    }

    #[test]
    fn a_link_is_one_link() {
        let to = Url::parse("https://example.com/a?x=1&y=|>").expect("a url");
        assert_eq!(
            Mrkdwn::link(&to, "the <diff>|").as_str(),
            "<https://example.com/a?x=1&amp;y=%7C%3E|the &lt;diff&gt;¦>"
        );
    }

    #[test]
    fn a_moment_is_told_in_the_readers_clock() {
        let moment = Mrkdwn::moment(DateTime::UNIX_EPOCH, "1970-01-01 00:00 UTC");
        assert_eq!(moment.as_str(), "<!date^0^{date_short_pretty} at {time}|1970-01-01 00:00 UTC>");
        assert_eq!(moment.truncate(20).as_str(), "…", "half a date is none");
    }

    #[test]
    fn a_quote_is_marked_line_by_line() {
        let said = "hi <!channel>\n\n```sh\n<@U1> & co\n";
        insta::assert_snapshot!(Mrkdwn::quoted(said).expect("words").as_str(), @"
        > hi &lt;!channel&gt;
        > 
        > '''sh
        > &lt;@U1&gt; &amp; co
        ");
        insta::assert_snapshot!(Mrkdwn::excerpt(said, 100).expect("words").as_str(), @"
        > hi &lt;!channel&gt;
        > '''sh
        > &lt;@U1&gt; &amp; co
        ");
    }

    #[test]
    fn a_line_and_an_excerpt_are_short() {
        assert_eq!(Mrkdwn::line("a\u{202e}b\u{200b}c\nd <!here>", 9).as_str(), "abc d …");
        assert_eq!(
            (Mrkdwn::excerpt(" \n\u{202e} ", 100), Mrkdwn::quoted(" \n\u{202e} ")),
            (None, None)
        );
        let many = Mrkdwn::excerpt(&"x <!channel>\n\n".repeat(9), 400).expect("words");
        assert_eq!((many.as_str().lines().count(), many.as_str().lines().last()), (7, Some("> …")));
    }

    proptest! {
        #[test]
        fn nothing_escaped_can_open_a_reference(text in "\\PC*") {
            prop_assert!(!escape(&text).contains(['<', '>']));
            prop_assert!(Mrkdwn::code(&text, 80).as_str().matches('`').count().is_multiple_of(2));
        }
    }
}
