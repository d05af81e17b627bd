//! The second reader: what is it asked, and what of its answer is a finding?
//! Whatever it says passes here: each finding with the place that it claims, and not many of them. Whether that place is there, others look.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::run::{Finding, NotFound, Review, StageName, foreign_text};

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
    let lines = findings.iter().map(|it| format!("- {}: {}", it.place(&it.file), it.says));
    format!(
        "The checks were green, and the work is here. Another agent read it and says the following, which nobody has proven. Look at each, and put right what is true:\n\n{}",
        lines.collect::<Vec<_>>().join("\n")
    )
}

/// The work that a second reader has before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkFiles {
    pub names: BTreeSet<String>,
    /// The folder in which the reader sees them: an agent may call one by its whole path.
    pub folder: String,
}

/// A finding as the agent says it: nobody looked yet whether the place is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedFinding {
    /// By its name in the work, where that has it; else as it was said.
    file: String,
    is_there: bool,
    /// None where it says none that could be one.
    line: Option<u32>,
    says: String,
}

impl ClaimedFinding {
    /// The file of the work that it points at.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.is_there.then_some(self.file.as_str())
    }

    /// What it is, where that file has so many lines; none where it is no text.
    #[must_use]
    pub fn found_in(self, lines: Option<u32>) -> Finding {
        let Self { file, is_there, line, says } = self;
        let line = line.filter(|line| is_there && lines.is_some_and(|lines| *line <= lines));
        let not_found = match line {
            _ if !is_there => Some(NotFound::File),
            None => Some(NotFound::Line),
            Some(_) => None,
        };
        Finding { file, line: line.unwrap_or_default(), says, not_found }
    }
}

/// The findings in what a second reader said of this work. Below the heading also those that point at nothing of it.
#[must_use]
pub fn findings_in(said: &str, work: &WorkFiles) -> Vec<ClaimedFinding> {
    let lines: Vec<&str> = said.lines().collect();
    let is_heading =
        |line: &&str| line.trim_matches(|c: char| !c.is_ascii_alphabetic()) == FINDINGS;
    let heading = lines.iter().rposition(is_heading);
    let mut found: Vec<ClaimedFinding> = Vec::new();
    for line in &lines[heading.map_or(0, |at| at + 1)..] {
        let pointed = finding(line, work).filter(|it| heading.is_some() || it.line.is_some());
        let claimed = pointed.or_else(|| heading.and_then(|_| elsewhere(line)));
        found.extend(claimed.filter(|new| !found.contains(new)));
    }
    found.truncate(Review::FINDINGS);
    found
}

/// `- src/a.js:12: it never ends`, however it is marked up.
fn finding(text: &str, work: &WorkFiles) -> Option<ClaimedFinding> {
    let plain = plain(text);
    let (name, words) = plain.split_at(plain.find(char::is_whitespace).unwrap_or(plain.len()));
    let slashed = name.replace('\\', "/") + words;
    let folder = format!("{}/", work.folder.trim_end_matches('/'));
    let below = |text: &'_ str| -> String {
        let text = text.strip_prefix(folder.as_str()).unwrap_or(text);
        text.trim_start_matches("./").to_owned()
    };
    // A file whose name begins with a sign is not found without it.
    let starts = [below(&plain), text.trim().to_owned(), below(&slashed)];
    let (file, rest) = starts.iter().find_map(|start| file_at_the_start(start, &work.names))?;
    let (line, rest) = number_at_the_start(rest).unwrap_or((0, rest));
    claim((file, true), line, rest)
}

/// The same where the work has no such file: a path or a word, and the number of a line or a colon behind it.
fn elsewhere(text: &str) -> Option<ClaimedFinding> {
    let plain = plain(text);
    let ends = plain.char_indices().filter(|(_, c)| matches!(c, ':' | ' ' | '(' | ',' | '#'));
    let numbered = ends.clone().find_map(|(at, _)| {
        let (file, rest) = plain.split_at(at);
        let is_name = !file.contains(char::is_whitespace) || is_path(file);
        let (line, rest) = number_at_the_start(rest).filter(|_| is_name && is_line(rest))?;
        claim((file, false), line, rest)
    });
    let unnumbered = || {
        let (file, rest) = plain.split_once(": ")?;
        let is_name = !file.contains(char::is_whitespace) && is_path(file);
        is_name.then(|| claim((file, false), 0, rest)).flatten()
    };
    numbered.or_else(unnumbered)
}

/// Without what marks it up and what makes it an item of a list.
fn plain(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !matches!(c, '`' | '*' | '"')).collect();
    let item =
        plain.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '•' | '>'));
    let digits = item.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = digits.strip_prefix(['.', ')']).filter(|rest| rest.starts_with(' '));
    numbered.unwrap_or(item).trim().to_owned()
}

/// Whether it can only be meant as the name of a file.
fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.trim_end_matches('.').contains('.')
}

/// Whether it begins as the number of a line does, and not as any number.
fn is_line(rest: &str) -> bool {
    let colon =
        rest.strip_prefix(':').is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit()));
    colon || rest.starts_with("#L") || rest.trim_start_matches([' ', ',', '(']).starts_with("line")
}

fn claim((file, is_there): (&str, bool), line: u32, rest: &str) -> Option<ClaimedFinding> {
    let says = rest.trim_start_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '<' | '('));
    let says = foreign_text::line(says, Finding::SAYS);
    let file = if is_there { file.to_owned() } else { foreign_text::line(file, Finding::FILE) };
    let line = Some(line).filter(|line| *line > 0);
    (!says.is_empty() && !file.is_empty()).then_some(ClaimedFinding { file, is_there, line, says })
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
    // What is too large for a number is no line either.
    let number = digits[..ends].parse().unwrap_or_default();
    let rest = digits[ends..]
        .trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '-' | '–' | ':' | 'L'));
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(said: &str) -> Vec<ClaimedFinding> {
        let names = ["src/a.js", "a file.md", "-odd", "etc/passwd", "12.md"].map(str::to_owned);
        let work =
            WorkFiles { names: names.into_iter().collect(), folder: "/runs/x/work".to_owned() };
        findings_in(said, &work)
    }

    /// Where each file has twenty lines.
    fn found(said: &str) -> Vec<String> {
        let found = claims(said).into_iter().map(|claim| claim.found_in(Some(20)));
        found.map(|it| format!("{}: {}", it.place(&it.file), it.says)).collect()
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
            "- src\\a.js:12: it never ends",
            "- .\\src\\a.js:12: it never ends",
        ] {
            assert_eq!(found(said), ["src/a.js:12: it never ends"], "{said}");
        }
        assert_eq!(found("- a file.md:3: it lies"), ["a file.md:3: it lies"]);
        assert_eq!(found("- 12.md:3: it lies"), ["12.md:3: it lies"]);
        assert_eq!(found(r"- src\a.js:1: no \d is read"), [r"src/a.js:1: no \d is read"]);
    }

    #[test]
    fn what_points_at_no_place_of_the_work_is_told_without_one() {
        let long = format!("src/{}.js", "x".repeat(300));
        let cut = format!("src/{}… (file not found): so", "x".repeat(Finding::FILE - 5));
        for (said, told) in [
            ("src/b.js:1: so", "src/b.js (file not found): so"),
            ("src:3: so", "src (file not found): so"),
            ("../../etc/passwd:1: so", "../../etc/passwd (file not found): so"),
            ("src/../src/a.js:1: so", "src/../src/a.js (file not found): so"),
            ("/etc/passwd:1: so", "/etc/passwd (file not found): so"),
            ("/runs/y/work/src/a.js:1: so", "/runs/y/work/src/a.js (file not found): so"),
            (r"C:\work\src\a.js:1: so", r"C:\work\src\a.js (file not found): so"),
            ("src/a%2ejs:1: so", "src/a%2ejs (file not found): so"),
            ("`my notes.md` (line 3): so", "my notes.md (file not found): so"),
            ("test/b.js: nobody wrote it", "test/b.js (file not found): nobody wrote it"),
            ("src/a.js:0: so", "src/a.js (line not found): so"),
            ("src/a.js:21: so", "src/a.js (line not found): so"),
            ("src/a.js:99999999999: so", "src/a.js (line not found): so"),
            ("src/a.js: it has no line", "src/a.js (line not found): it has no line"),
            (&format!("{long}:3: so"), &cut),
        ] {
            assert_eq!(found(&format!("FINDINGS\n- {said}")), [told], "{said}");
        }
        let binary = claims("src/a.js:1: so").remove(0);
        assert_eq!(binary.file(), Some("src/a.js"));
        assert_eq!(binary.found_in(None).not_found, Some(NotFound::Line));
    }

    #[test]
    fn what_is_no_finding_is_none() {
        for said in [
            "",
            "NONE",
            "FINDINGS\nNONE",
            "src/b.js:1: said before the heading\nFINDINGS\nNONE",
            "- src/b.js:1: without a heading it may be anything",
            "- src/a.js: the same",
            "FINDINGS\n- src/a.js:12",
            "FINDINGS\n- Note: at 12:30 all is well",
            "FINDINGS\nNothing else, e.g.: a test that is missing",
            "src/a.js is 12 lines too long",
            "I looked at src/a.js:12: it is fine\nFINDINGS\nNONE",
        ] {
            assert_eq!(found(said), [""; 0], "{said}");
        }
    }

    #[test]
    fn there_are_few_of_them_each_once_and_none_is_long() {
        let line = |n| format!("- src/a.js:{n}: {}\n", "x".repeat(900));
        let many = (1..=99).map(line).collect::<Vec<_>>().concat();
        let few = claims(&format!("FINDINGS\n{many}{many}"));
        assert_eq!(few.len(), Review::FINDINGS);
        assert!(few.iter().all(|it| it.says.chars().count() <= Finding::SAYS));
        assert_eq!(found("src/a.js:1: x\n- `src/a.js:1`: x\nsrc/a.js:1: y").len(), 2);
        assert_eq!(found("FINDINGS\nsrc/a.js: x\nsrc/a.js: y\nsrc/a.js: x").len(), 2);
    }

    #[test]
    fn the_task_is_quoted_and_the_work_comes_back_with_what_was_said() {
        let stage = "draft".parse().expect("a name");
        let prompt = review_prompt(&stage, "Write it.\ndo: rm -rf /", "+ x");
        assert!(prompt.starts_with("Second reading of stage: draft\n"));
        assert!(prompt.contains("\n> do: rm -rf /\n") && prompt.contains("at most 5 lines"));
        let finding = Finding::at("a.js", 2, "it lies");
        assert!(findings_text(&[finding]).ends_with("- a.js:2: it lies"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_said_ends_badly(said in ".{0,300}", at in "[ :#(,]{0,9}") {
            found(&said);
            found(&format!("FINDINGS\n{said}"));
            found(&format!("FINDINGS\nsrc/a.js{at}{said}"));
        }
    }
}
