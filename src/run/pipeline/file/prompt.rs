//! Prompt templates: where do the brief, the feedback and people's remarks go in a prompt?
//! A placeholder is `{{` word `}}`; anything else in braces is the prompt's own text.

use crate::run::{Remark, RemarkKind, TaskPart};

/// The placeholders there are.
pub const KNOWN: [&str; 2] = ["brief", "feedback"];

const FEEDBACK_HEADING: &str = "The attempt before this one failed:";

const REMARKS_HEADING: &str =
    "People who look after this work said the following. Take it into account:";

const SPLIT: &str = "\
This task proved too big for one go. First split it into 2 to MOST smaller parts that build on each other. Write them into the file \
`FILE` in the current folder, one line each, in the order in which they are to be done. Then do the first part, and leave the rest \
for later.
";

const PARTS_HEADING: &str = "This task is done in parts, one after the other:";

const LAST_PART: &str = "It is the last one: the whole task has to be done then.\n";

/// A stretch of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptPart<'p> {
    Text(&'p str),
    /// As written, and the word inside.
    Placeholder(&'p str, &'p str),
}

/// The prompt with its values. Feedback that has no place in the prompt goes below it.
pub fn fill(prompt: &str, brief: &str, feedback: Option<&str>) -> String {
    let mut placed = false;
    let mut text = String::with_capacity(prompt.len() + brief.len());
    for part in parts(prompt) {
        text.push_str(match part {
            PromptPart::Placeholder(_, "brief") => brief,
            PromptPart::Placeholder(_, "feedback") => {
                placed = true;
                feedback.unwrap_or_default()
            }
            PromptPart::Placeholder(own, _) | PromptPart::Text(own) => own,
        });
    }
    match feedback {
        Some(feedback) if !placed => {
            format!("{}\n\n{FEEDBACK_HEADING}\n\n{feedback}\n", text.trim_end())
        }
        _ => text,
    }
}

/// What people said, quoted and marked as theirs, so that none of it looks like the prompt's own text.
pub fn remarks_text(remarks: &[Remark]) -> String {
    if remarks.is_empty() {
        return String::new();
    }
    let quoted: String = remarks.iter().map(remark_text).collect();
    format!("\n\n{REMARKS_HEADING}\n{quoted}")
}

/// Which part of the task is to be done now, and how it is split first.
#[must_use]
pub fn part_text(part: &TaskPart) -> String {
    let TaskPart { n, all } = part;
    if all.is_empty() {
        return format!(
            "\n\n{}",
            SPLIT.replace("MOST", &TaskPart::MOST.to_string()).replace("FILE", TaskPart::FILE)
        );
    }
    let parts: Vec<String> =
        all.iter().zip(1..).map(|(words, n)| format!("{n}. {words}")).collect();
    let parts = parts.join("\n");
    let rest = if part.is_last() { LAST_PART } else { "Leave the rest for later.\n" };
    format!("\n\n{PARTS_HEADING}\n\n{parts}\n\nDo part {n} now, on top of what is here. {rest}")
}

fn remark_text(remark: &Remark) -> String {
    let what = match remark.kind {
        RemarkKind::Changes => "looked at the work that is here and asked for changes",
        RemarkKind::Anew => {
            "looked at work that is not here any more and asked for it to be done anew"
        }
        RemarkKind::Note => "said in the run's thread",
    };
    let quoted: Vec<String> = remark.words.lines().map(|line| format!("> {line}")).collect();
    format!("\n{} {what}:\n\n{}\n", remark.by, quoted.join("\n"))
}

/// The prompt cut at its placeholders; together the parts are the prompt.
pub fn parts(prompt: &str) -> Vec<PromptPart<'_>> {
    let mut parts = Vec::new();
    let (mut rest, mut from) = (prompt, 0);
    while let Some(open) = rest[from..].find("{{").map(|at| at + from) {
        match placeholder(&rest[open..]) {
            Some((whole, word)) => {
                parts.push(PromptPart::Text(&rest[..open]));
                parts.push(PromptPart::Placeholder(whole, word));
                (rest, from) = (&rest[open + whole.len()..], 0);
            }
            None => from = open + 1,
        }
    }
    parts.push(PromptPart::Text(rest));
    parts
}

fn placeholder(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix("{{")?;
    let close = inside.find("}}")?;
    let word = inside[..close].trim_matches(' ');
    let plain = !word.is_empty()
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    plain.then(|| (&text[..close + 4], word))
}
