//! Plain text: how does a thread read without Slack?
//! For the command line and for transcripts: the same words; Slack's tags and escapes undone, stars and backticks left as they read well.

use super::{Message, To};
use crate::slack::{BlockText, SlackBlock, block_text};

/// All messages as text; replies hang under the first, and what is said to people directly comes after `→`.
#[must_use]
pub fn transcript(messages: &[Message]) -> String {
    let mut text = String::new();
    for message in messages {
        let lines: Vec<String> = message.blocks.iter().flat_map(block).collect();
        for (i, line) in lines.iter().enumerate() {
            let margin = match (&message.to, i) {
                (To::Channel, _) => String::new(),
                (To::Thread, 0) => "├ ".to_owned(),
                (To::Thread, _) => "│ ".to_owned(),
                (To::Person(user), 0) => format!("→ @{user}: "),
                (To::Person(_), _) => "  ".to_owned(),
            };
            text.push_str(format!("{margin}{line}").trim_end());
            text.push('\n');
        }
    }
    text
}

/// Blocks as text, line by line: what a modal or a home shows.
#[cfg(test)]
pub(crate) fn blocks_as_text(blocks: &[SlackBlock]) -> String {
    blocks.iter().flat_map(block).collect::<Vec<_>>().join("\n")
}

fn block(block: &SlackBlock) -> Vec<String> {
    match block_text(block) {
        Some(BlockText::Title(title)) => vec![format!("[{title}]")],
        Some(BlockText::Text(text)) => {
            plain_text(&text).lines().filter(|line| *line != "```").map(code_line).collect()
        }
        // What a button opens is also a link in the small print.
        Some(BlockText::Buttons(labels)) => {
            vec![labels.iter().map(|label| format!("[{label}]")).collect::<Vec<_>>().join(" ")]
        }
        None => Vec::new(),
    }
}

/// A line that is code from end to end stands without its marks, ready to be copied, and its spaces are spaces.
fn code_line(line: &str) -> String {
    let code = line.strip_prefix('`').and_then(|line| line.strip_suffix('`'));
    code.filter(|code| !code.contains('`')).unwrap_or(line).replace('\u{a0}', " ")
}

/// One piece of our mrkdwn as plain text: people as `@U1`, links with their address, dates by their fallback.
#[must_use]
pub fn plain_text(mrkdwn: &str) -> String {
    let mut plain = String::new();
    let mut rest = mrkdwn;
    while let Some((before, tag)) = rest.split_once('<') {
        let Some((tag, after)) = tag.split_once('>') else { break };
        plain.push_str(before);
        plain.push_str(&tag_as_text(tag));
        rest = after;
    }
    plain.push_str(rest);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn tag_as_text(tag: &str) -> String {
    let group = tag.strip_prefix("!subteam^").map(|group| group.split('|').next().unwrap_or(group));
    match (tag.split_once('|'), tag.strip_prefix('@').or(group)) {
        (_, Some(user)) => format!("@{user}"),
        (Some((date, fallback)), _) if date.starts_with("!date") => fallback.to_owned(),
        (Some((url, label)), _) => format!("{label}: {url}"),
        (None, None) => tag.to_owned(),
    }
}

/// What is said to somebody at a shell: `/develop list` is `signoff list` there, as `is_verb` knows that it is no project, and what may be copied stands without backticks.
#[must_use]
pub fn shell_text(mrkdwn: &str, is_verb: fn(&str) -> bool) -> String {
    let plain = plain_text(mrkdwn);
    let is_fence = |line: &str| line == "```";
    let plain = plain.lines().filter(|line| !is_fence(line)).collect::<Vec<_>>().join("\n");
    let mut text = String::new();
    for (i, piece) in plain.split('`').enumerate() {
        let copied = piece.starts_with("/develop ")
            || piece.starts_with("git clone ")
            || !piece.contains(' ');
        match (i % 2 == 1, copied) {
            (true, true) => text.push_str(&in_a_shell(piece, is_verb)),
            (true, false) => text.extend(["`", piece, "`"]),
            (false, _) => text.push_str(piece),
        }
    }
    text
}

/// One of our commands as a shell has it; anything else as it is.
fn in_a_shell(code: &str, is_verb: fn(&str) -> bool) -> String {
    let Some(words) = code.strip_prefix("/develop ") else { return code.to_owned() };
    let is_verb = words.split_whitespace().next().is_some_and(is_verb);
    format!("signoff {}{words}", if is_verb { "" } else { "develop " })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_verb(word: &str) -> bool {
        matches!(word, "list" | "compare")
    }

    #[test]
    fn a_table_stands_as_it_is() {
        let text = "`x-k3f9qdz`:\n```\na  `b` 1\nc    2\n```\n`/develop compare a b`";
        assert_eq!(shell_text(text, is_verb), "x-k3f9qdz:\na  b 1\nc    2\nsignoff compare a b");
    }

    #[test]
    fn tags_become_words() {
        let text = plain_text(
            "by <@U1> <!subteam^S1> · <!date^1^{time}|09:05 UTC> · <https://a.example/?e=1&amp;s=2|View diff> · 1 &lt; 2 &amp; 3",
        );
        assert_eq!(
            text,
            "by @U1 @S1 · 09:05 UTC · View diff: https://a.example/?e=1&s=2 · 1 < 2 & 3"
        );
    }

    #[test]
    fn a_shell_is_told_its_own_commands() {
        assert_eq!(
            shell_text("There is no run `x`. `/develop list` shows the newest.", is_verb),
            "There is no run x. signoff list shows the newest."
        );
        assert_eq!(
            shell_text("`/develop list-maker` starts again.", is_verb),
            "signoff develop list-maker starts again."
        );
        assert_eq!(
            shell_text("`exit 3` exited 3 in `x-k3f9qdz`", is_verb),
            "`exit 3` exited 3 in x-k3f9qdz"
        );
    }

    #[test]
    fn a_lonely_angle_is_kept() {
        assert_eq!(plain_text("a < b"), "a < b");
    }
}
