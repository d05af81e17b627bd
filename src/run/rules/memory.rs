//! The memory of a stage: what does an attempt learn of those before it?
//! Of the newest that says something all of it, of the ones before that a line each: so nothing is tried twice, and the prompt stays short.

use crate::run::foreign_text::line;
use crate::run::{Attempt, AttemptOutcome, Diff, Trouble};

/// Attempts before the newest of which a line is told.
const OLDER: usize = 8;
/// Most characters of a reason, and of an agent's own words.
const WHY: usize = 200;
const WORDS: usize = 300;
/// The same of an older attempt, in its line.
const OLDER_WORDS: usize = 120;

/// What these attempts teach the next one; the newest is the first. None where it was not their work that was bad.
pub(super) fn memory(earlier: &[&Attempt]) -> Option<String> {
    let mut taught = earlier.iter().filter(|attempt| is_learnable(attempt));
    let (newest, feedback) = taught.by_ref().find_map(|it| Some((it, feedback_of(it)?)))?;
    let mut older: Vec<String> = taught.take(OLDER).map(|attempt| in_a_line(attempt)).collect();
    older.reverse();
    let before = (!older.is_empty()).then(|| format!("Attempts before it:\n{}", older.join("\n")));
    let parts = [Some(feedback), what_it_did(newest), before];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n"))
}

fn is_learnable(attempt: &Attempt) -> bool {
    attempt.outcome == AttemptOutcome::Bad && attempt.trouble != Some(Trouble::ModelBusy)
}

fn feedback_of(attempt: &Attempt) -> Option<String> {
    attempt.feedback.clone().or_else(|| attempt.why.clone())
}

/// `That attempt had changed 3 files, +156 −12: src/a.js, test/b.js. In its own words: “…”`.
fn what_it_did(attempt: &Attempt) -> Option<String> {
    let changed = attempt.diff.as_ref().filter(|diff| diff.files > 0).map(|diff| {
        let names: Vec<&str> = diff.biggest.iter().map(|file| file.path.as_str()).collect();
        format!("That attempt had changed {}: {}.", size(diff), names.join(", "))
    });
    let words = attempt.words.as_deref().map(|words| line(words, WORDS));
    let words = words.filter(|words| !words.is_empty());
    let words = words.map(|words| format!("In its own words: “{words}”"));
    let told: Vec<String> = changed.into_iter().chain(words).collect();
    (!told.is_empty()).then(|| told.join(" "))
}

/// `- attempt 1: 3 of 50 tests failed (3 files, +156 −12) “I split the parser”`.
fn in_a_line(attempt: &Attempt) -> String {
    let why = attempt.why.as_deref().unwrap_or("the checks failed");
    let changed = attempt.diff.as_ref().filter(|diff| diff.files > 0);
    let changed = changed.map(|diff| format!(" ({})", size(diff))).unwrap_or_default();
    let words = attempt.words.as_deref().map(|words| line(words, OLDER_WORDS));
    let words = words.filter(|words| !words.is_empty()).map(|words| format!(" “{words}”"));
    format!("- attempt {}: {}{changed}{}", attempt.n, line(why, WHY), words.unwrap_or_default())
}

fn size(diff: &Diff) -> String {
    let files = if diff.files == 1 { "file" } else { "files" };
    format!("{} {files}, +{} −{}", diff.files, diff.added, diff.removed)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::run::FileDiff;

    fn failed(n: u32, why: &str, feedback: Option<&str>) -> Attempt {
        let file = |path: &str| FileDiff { path: path.to_owned(), added: 9, removed: 1 };
        Attempt {
            outcome: AttemptOutcome::Bad,
            why: Some(why.to_owned()),
            feedback: feedback.map(str::to_owned),
            words: Some(format!("I tried way {n}.")),
            diff: Some(Diff {
                files: 2,
                added: 18,
                removed: 2,
                biggest: vec![file("src/a.js"), file("b.js")],
                flags: Vec::new(),
            }),
            ..Attempt::running(n, Vec::new(), DateTime::UNIX_EPOCH)
        }
    }

    #[test]
    fn the_newest_is_told_whole_and_older_ones_in_a_line_each() {
        let (first, second) =
            (failed(1, "3 of 50 tests failed", None), failed(2, "2 failed", None));
        let third = failed(3, "1 of 50 tests failed", Some("line 3 is crooked"));
        insta::assert_snapshot!(memory(&[&third, &second, &first]).expect("a memory"), @r"
        line 3 is crooked

        That attempt had changed 2 files, +18 −2: src/a.js, b.js. In its own words: “I tried way 3.”

        Attempts before it:
        - attempt 1: 3 of 50 tests failed (2 files, +18 −2) “I tried way 1.”
        - attempt 2: 2 failed (2 files, +18 −2) “I tried way 2.”
        ");
    }

    #[test]
    fn a_hundred_attempts_fit_into_a_prompt_and_a_busy_provider_teaches_nothing() {
        let long = "x".repeat(5_000);
        let many: Vec<Attempt> = (1..=100).rev().map(|n| failed(n, &long, None)).collect();
        let told = memory(&many.iter().collect::<Vec<_>>()).expect("a memory");
        assert!(told.len() < 9_000, "{}", told.len());
        let busy = Attempt { trouble: Some(Trouble::ModelBusy), ..failed(1, "busy", None) };
        assert_eq!(memory(&[&busy]), None);
    }
}
