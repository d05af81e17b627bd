//! The second reader: what is it asked, and what of its answer is a finding?
//! Whatever it says passes here: only what points at a file of the work counts, and not much of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::run::foreign_text::line;
use crate::run::{Finding, Review, StageName};

/// Whether good work is read once more, by an agent that did not write it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewSpec {
    /// Whether its findings send the work back, once in a stage.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub send_back: bool,
    /// Whether they do that only where there is money for another attempt; those of older versions did not look.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub if_affordable: bool,
}

/// Above the findings, on a line of its own.
const FINDINGS: &str = "FINDINGS";
/// Longest gap between a file's name and the number of its line: `, line `, ` (`, `#L`.
const GAP: usize = 8;

const ASKED: &str = "\
Somebody else did the task below, and its checks are green. Try to refute the work: find where it does not do what was asked, breaks what
worked before, or is only seemingly tested. The code is in the current folder, with the work in it. Read and search it; whatever you
change there is thrown away. Report only what you have seen in the code and can point at: no taste, no praise, no guesses.

Your last message is the word FINDINGS on a line of its own, and below it at most MOST lines, the gravest first, each like

- path/to/file:LINE: one sentence that says what is wrong

or, where you find nothing, the line NONE.
";

/// What a second reader is told: the task as the first was told it with what people said, and what was changed.
#[must_use]
pub fn review_prompt(stage: &StageName, task: &str, changes: &str) -> String {
    let quoted: Vec<String> = task.trim().lines().map(|line| format!("> {line}")).collect();
    let asked = ASKED.replace("MOST", &Review::FINDINGS.to_string());
    format!(
        "Second reading of stage: {stage}\n\n{asked}\nThe task was, with what people asked for since:\n\n{}\n\nWhat was changed:\n\n{changes}\n",
        quoted.join("\n")
    )
}

/// What the first reader is told of it when the work comes back.
#[must_use]
pub fn findings_text(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|it| format!("- {}:{}: {}", it.file, it.line, it.says));
    format!(
        "The checks were green, and the work is here. Another agent read it and says the following, which nobody has proven. Look at each, and put right what is true:\n\n{}",
        lines.collect::<Vec<_>>().join("\n")
    )
}

/// The findings in what a second reader said, of these files of the work.
#[must_use]
pub fn findings_in(said: &str, files: &BTreeSet<String>) -> Vec<Finding> {
    let lines: Vec<&str> = said.lines().collect();
    let is_heading =
        |line: &&str| line.trim_matches(|c: char| !c.is_ascii_alphabetic()) == FINDINGS;
    let from = lines.iter().rposition(is_heading).map_or(0, |at| at + 1);
    let mut found: Vec<Finding> = Vec::new();
    for finding in lines[from..].iter().filter_map(|line| finding(line, files)) {
        if !found.iter().any(|it| (&it.file, it.line) == (&finding.file, finding.line)) {
            found.push(finding);
        }
    }
    found.truncate(Review::FINDINGS);
    found
}

/// `- src/a.js:12: it never ends`, however it is marked up.
fn finding(text: &str, files: &BTreeSet<String>) -> Option<Finding> {
    let plain: String = text.chars().filter(|c| !matches!(c, '`' | '*' | '"')).collect();
    let plain = plain.trim_start_matches(|c: char| {
        c.is_whitespace() || c.is_ascii_digit() || matches!(c, '-' | '•' | '.' | ')' | '>')
    });
    // A file whose name begins with a sign is not found without it.
    // An agent may call it by its whole path.
    let word = plain.find(char::is_whitespace).unwrap_or(plain.len());
    let below = plain[..word].match_indices('/').map(|(at, _)| &plain[at + 1..]);
    let mut starts = [plain, text.trim()].into_iter().chain(below);
    let (file, rest) = starts.find_map(|start| file_at_the_start(start, files))?;
    let (number, says) = number_at_the_start(rest)?;
    let says = says.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '<' | '('));
    let says = line(says, Finding::SAYS);
    (!says.is_empty()).then(|| Finding { file: file.clone(), line: number, says })
}

/// The longest name of a file that a text begins with.
fn file_at_the_start<'t, 'f>(
    text: &'t str,
    files: &'f BTreeSet<String>,
) -> Option<(&'f String, &'t str)> {
    let ends = text.char_indices().filter(|(_, c)| matches!(c, ':' | ' ' | '(' | ',' | '#' | '\t'));
    let ends: Vec<usize> = ends.map(|(at, _)| at).collect();
    ends.iter().rev().find_map(|at| Some((files.get(&text[..*at])?, &text[*at..])))
}

/// `:12-15: it …` → 12 and the rest.
fn number_at_the_start(text: &str) -> Option<(u32, &str)> {
    let begins = text.find(|c: char| c.is_ascii_digit()).filter(|at| *at <= GAP)?;
    let said = text[..begins].trim_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    if !["", "l", "line", "lines"].contains(&said.as_str()) {
        return None;
    }
    let digits = &text[begins..];
    let ends = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let number = digits[..ends].parse().ok().filter(|number| *number > 0)?;
    let rest = digits[ends..]
        .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '–' | ':' | 'L'));
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(said: &str) -> Vec<(String, u32, String)> {
        let files = ["src/a.js", "a file.md", "-odd"].map(str::to_owned).into_iter().collect();
        findings_in(said, &files).into_iter().map(|it| (it.file, it.line, it.says)).collect()
    }

    fn one(file: &str, line: u32, says: &str) -> Vec<(String, u32, String)> {
        vec![(file.to_owned(), line, says.to_owned())]
    }

    #[test]
    fn a_finding_is_read_however_it_is_marked_up() {
        for said in [
            "src/a.js:12: it never ends",
            "- src/a.js:12: it never ends",
            "  1. `src/a.js:12` – it never ends",
            "* **src/a.js:12-15**: it never ends",
            "- ./src/a.js (line 12): it never ends",
            "/runs/x/work/src/a.js:12: it never ends",
            "- src/a.js, line 12 — it never ends",
            "> src/a.js#L12 it never ends",
            "src/a.js:12:7: it never ends",
        ] {
            assert_eq!(found(said), one("src/a.js", 12, "it never ends"), "{said}");
        }
        assert_eq!(found("- a file.md:3: it lies"), one("a file.md", 3, "it lies"));
    }

    #[test]
    fn what_points_at_nothing_of_the_work_is_no_finding() {
        for said in [
            "",
            "NONE",
            "FINDINGS\nNONE",
            "- src/b.js:1: there is no such file",
            "- ../../etc/passwd:1: outside",
            "- src/a.js: it has no line",
            "- src/a.js:0: there is no such line",
            "- src/a.js:12",
            "src/a.js is 12 lines too long",
            "I looked at src/a.js:12: it is fine\nFINDINGS\nNONE",
        ] {
            assert_eq!(found(said), [], "{said}");
        }
    }

    #[test]
    fn there_are_few_of_them_each_once_and_none_is_long() {
        let line = |n| format!("- src/a.js:{n}: {}\n", "x".repeat(900));
        let many = (1..=99).map(line).collect::<Vec<_>>().concat();
        let few = found(&format!("FINDINGS\n{many}{many}"));
        assert_eq!(few.len(), Review::FINDINGS);
        assert!(few.iter().all(|(_, _, says)| says.chars().count() <= Finding::SAYS));
        assert_eq!(found("src/a.js:1: x\n- src/a.js:1: y"), one("src/a.js", 1, "x"));
    }

    #[test]
    fn the_task_is_quoted_and_the_work_comes_back_with_what_was_said() {
        let stage = "draft".parse().expect("a name");
        let prompt = review_prompt(&stage, "Write it.\ndo: rm -rf /", "+ x");
        assert!(prompt.starts_with("Second reading of stage: draft\n"));
        assert!(prompt.contains("\n> do: rm -rf /\n") && prompt.contains("at most 5 lines"));
        let finding = Finding { file: "a.js".to_owned(), line: 2, says: "it lies".to_owned() };
        assert!(findings_text(&[finding]).ends_with("- a.js:2: it lies"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_said_ends_badly(said in ".{0,300}", at in "[ :#(,]{0,9}") {
            found(&said);
            found(&format!("src/a.js{at}{said}"));
        }
    }
}
