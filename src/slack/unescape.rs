//! Unescapes: what did a person type, before Slack made markup of it?

use super::visible::visible;

/// What a person typed, from what Slack made of it, line by line as it was: links, channels and entities become plain words; `<@U1>` stays.
/// Only invisible characters go: who reads it later, a person or an agent, shall read what was seen.
#[must_use]
pub fn unescape(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        words.push_str(&rest[..start]);
        rest = &rest[start..];
        let Some(end) = rest.find('>') else { break };
        let inside = &rest[1..end];
        if is_markup(inside) {
            words.push_str(&reference(inside));
            rest = &rest[end + 1..];
        } else {
            words.push('<');
            rest = &rest[1..];
        }
    }
    words.push_str(rest);
    visible(&words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

/// Slack escapes what people type; an emulator may not, and then it is only a sign.
fn is_markup(inside: &str) -> bool {
    inside.starts_with(['@', '#', '!'])
        || inside.split_once(':').is_some_and(|(scheme, _)| {
            !scheme.is_empty()
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        })
}

fn reference(inside: &str) -> String {
    let (target, label) =
        inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    match (target.chars().next(), label) {
        (Some('@'), _) => format!("<{target}>"),
        (Some('#'), Some(label)) if !label.is_empty() => format!("#{label}"),
        (Some('!'), Some(label)) => label.to_owned(),
        (Some('!'), None) => format!("@{}", target.trim_start_matches('!')),
        (_, Some(label)) => link(target, label),
        (_, None) => target.to_owned(),
    }
}

/// What Slack puts in front of what was typed, to make a link of it.
const SCHEMES: [&str; 4] = ["http://", "https://", "mailto:", "tel:"];

/// Slack makes links of `example.com`, `check.py` and `+49 30 1234` by itself; any other label was typed.
fn link(target: &str, label: &str) -> String {
    let typed = SCHEMES.iter().find_map(|scheme| target.strip_prefix(scheme)).unwrap_or_default();
    let same = typed.trim_end_matches('/') == label.trim_end_matches('/');
    if !label.is_empty() && (same || is_number(typed, label)) {
        label.to_owned()
    } else if label.is_empty() || target.contains(label) {
        target.to_owned()
    } else {
        format!("{label} ({target})")
    }
}

/// Whether that is a telephone number, without what stands between its digits.
fn is_number(digits: &str, label: &str) -> bool {
    let between = |c: &char| !" -/.()\u{a0}".contains(*c);
    label.starts_with(['+', '0']) && label.chars().filter(between).eq(digits.chars())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;
    use crate::slack::escape::escape;

    #[test]
    fn what_slack_wrapped_is_unwrapped() {
        for (from_slack, typed) in [
            ("see <https://example.com/a?b=1&amp;c=2>", "see https://example.com/a?b=1&c=2"),
            ("<https://example.com|example.com> ok", "example.com ok"),
            ("<http://example.com/|example.com> <http://a.b/|a.b/>", "example.com a.b/"),
            (
                "until=\"python <http://check.py|check.py>\" in <http://README.md|README.md>",
                "until=\"python check.py\" in README.md",
            ),
            (
                "<tel:+49301234|+49 30 1234> <tel:+49301234|the office>",
                "+49 30 1234 the office (tel:+49301234)",
            ),
            ("<https://example.com/long|example.com>", "https://example.com/long"),
            ("<https://example.com/1|the &amp; docs>", "the & docs (https://example.com/1)"),
            ("<mailto:a@b.example|a@b.example>", "a@b.example"),
            ("<#C1|general> <@U1|ana> <@U2> <!here>", "#general <@U1> <@U2> @here"),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
            (
                "<!subteam^S1|@leads> <!subteam^S2> <!date^1^{date}|today>",
                "@leads @subteam^S2 today",
            ),
            ("one\n\n\ttwo &amp; `three`\n", "one\n\n\ttwo & `three`\n"),
            ("می‌خواهم 👩‍💻", "می‌خواهم 👩‍💻"),
            ("&amp;lt;", "&lt;"),
            ("broken <", "broken <"),
        ] {
            assert_eq!(unescape(from_slack), typed);
        }
    }

    proptest! {
        #[test]
        fn typed_words_come_back_as_typed(text in "[a-zA-Z0-9&<>;#@!|.\n é]*") {
            prop_assert_eq!(unescape(&escape(&text)), text);
        }

        #[test]
        fn anything_can_be_heard(text in "\\PC*") {
            let _ = unescape(&text);
        }
    }
}
