//! What may stand in a message?
//! The words of people and agents become `Mrkdwn` only by being escaped, so that none of them can ping a channel or forge a link.

use std::fmt;
use std::ops::Add;

use chrono::{DateTime, Utc};
use url::Url;

use crate::slack::cut::cut;

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

    /// Anybody's words.
    #[must_use]
    pub fn escaped(text: &str) -> Self {
        Self(escape(text))
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
        Self(escape(text).lines().map(|line| format!(">{}", if line.is_empty() { " " } else { line })).collect::<Vec<_>>().join("\n"))
    }

    /// Anybody's words in bold; their own stars would end it.
    #[must_use]
    pub fn bold(text: &str) -> Self {
        Self(format!("*{}*", escape(text).replace('*', "∗").replace('\n', " ")))
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

/// Without control characters: those that reorder text make a reader see what is not there.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\u{2028}' | '\u{2029}' => Some('\n'),
            '\n' | '\t' => Some(c),
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => None,
            c if c.is_control() => None,
            c => Some(c),
        })
        .collect()
}

/// What a person typed, from what Slack made of it, line by line as it was: links, channels and entities become plain words; `<@U1>` stays.
/// Only invisible characters go: who reads it later, a person or an agent, shall read what was seen.
#[must_use]
pub fn heard(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        words.push_str(&rest[..start]);
        rest = &rest[start..];
        let Some(end) = rest.find('>') else { break };
        words.push_str(&reference(&rest[1..end]));
        rest = &rest[end + 1..];
    }
    words.push_str(rest);
    clean(&words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

fn reference(inside: &str) -> String {
    let (target, label) = inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    match (target.chars().next(), label) {
        (Some('@'), _) => format!("<{target}>"),
        (Some('#'), Some(label)) if !label.is_empty() => format!("#{label}"),
        (Some('!'), Some(label)) => label.to_owned(),
        (Some('!'), None) => format!("@{}", target.trim_start_matches('!')),
        (_, Some(label)) if target.strip_prefix("mailto:") == Some(label) => label.to_owned(),
        // Slack makes `example.com` a link by itself; any other label was typed.
        (_, Some(label)) if !label.is_empty() && !target.contains(label) => format!("{label} ({target})"),
        _ => target.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

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
    fn text_reads_in_the_order_it_is_written() {
        assert_eq!(escape("safe\u{202e}gnp.exe\u{0}\u{7}"), "safegnp.exe");
    }

    #[test]
    fn what_slack_wrapped_is_unwrapped() {
        for (from_slack, typed) in [
            ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
            ("<https://example.com|example.com> ok", "https://example.com ok"),
            ("<https://example.com/1|the &amp; docs>", "the & docs (https://example.com/1)"),
            ("<mailto:a@b.example|a@b.example>", "a@b.example"),
            ("<#C1|general> <@U1|ana> <@U2> <!here>", "#general <@U1> <@U2> @here"),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
            ("<!subteam^S1|@leads> <!subteam^S2> <!date^1^{date}|today>", "@leads @subteam^S2 today"),
            ("one\n\n\ttwo &amp; `three`\n", "one\n\n\ttwo & `three`\n"),
            ("می‌خواهم 👩‍💻", "می‌خواهم 👩‍💻"),
            ("&amp;lt;", "&lt;"),
            ("broken <", "broken <"),
        ] {
            assert_eq!(heard(from_slack), typed);
        }
    }

    proptest! {
        #[test]
        fn typed_words_come_back_as_typed(text in "[a-zA-Z0-9&<>;#@!|.\n é]*") {
            prop_assert_eq!(heard(&escape(&text)), text);
        }

        #[test]
        fn nothing_escaped_can_open_a_reference(text in "\\PC*") {
            prop_assert!(!escape(&text).contains(['<', '>']));
            prop_assert!(Mrkdwn::code(&text).as_str().matches('`').count() == 2);
            let _ = heard(&text);
        }
    }
}
