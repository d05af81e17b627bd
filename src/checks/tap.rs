//! TAP reports: what does the Test Anything Protocol say?
//! Leaves are counted: a line that sums up the indented lines before it is not a test of its own. A plan that was not kept is a failure.

use super::log::strip_ansi;
use super::test_report::{CaseResult, FailedCase, TestCounter, TestReport};

/// Columns of one level.
const INDENT: usize = 4;
/// Deepest level that is told apart.
const DEEPEST: usize = 32;
/// Longest name and message that are kept, in characters.
const NAME: usize = 1_000;
const MESSAGE: usize = 4_000;

/// Reads any text.
pub(super) fn read(text: &str) -> TestReport {
    let mut reader = TapReader::default();
    text.lines().for_each(|line| reader.take(line));
    reader.report()
}

#[derive(Default)]
struct TapReader {
    counter: TestCounter,
    is_report: bool,
    levels: Vec<Level>,
    /// The indent of a block of details, while in one.
    details: Option<usize>,
    /// The newest failure still wants words.
    wants_words: bool,
    broken: Option<String>,
}

/// Tests of one indent.
#[derive(Default)]
struct Level {
    suite: String,
    planned: Option<u64>,
    ran: u64,
    failed: u64,
}

/// `ok 1 - adds # SKIP later`.
struct TestLine {
    ok: bool,
    name: String,
    /// Said not to count: `SKIP`, or `TODO` of what need not work yet.
    excused: bool,
}

impl TapReader {
    fn take(&mut self, line: &str) {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if let Some(begun_at) = self.details {
            return self.take_detail(text, begun_at == indent);
        }
        let depth = (indent / INDENT).min(DEEPEST);
        if text.trim_end() == "---" {
            self.details = Some(indent);
        } else if let Some(test) = TestLine::read(text) {
            self.is_report = true;
            self.count(depth, &test);
        } else if let Some(planned) = plan(text) {
            self.is_report = true;
            self.level(depth).planned = Some(planned);
        } else if let Some(suite) = text.strip_prefix("# Subtest:") {
            self.level(depth).suite = short(suite.trim());
        } else if text.starts_with("Bail out!") {
            self.broken.get_or_insert_with(|| short(text));
        } else if text.starts_with("TAP version") {
            self.is_report = true;
        }
    }

    fn level(&mut self, depth: usize) -> &mut Level {
        while self.levels.len() <= depth {
            self.levels.push(Level::default());
        }
        &mut self.levels[depth]
    }

    /// Tests deeper than this one are its own, and were counted.
    fn count(&mut self, depth: usize, test: &TestLine) {
        let level = self.level(depth);
        level.ran += 1;
        level.failed += u64::from(!test.ok && !test.excused);
        let inner: Vec<Level> = self.levels.drain(depth + 1..).collect();
        let is_sum = inner.iter().any(|level| level.ran > 0);
        let told_within = inner.iter().any(|level| level.failed > 0);
        for level in inner {
            self.check_plan(&level);
        }
        if is_sum && (test.ok || told_within) {
            self.wants_words = false;
            return;
        }
        let result = match (test.ok, test.excused) {
            (_, true) => CaseResult::Skipped,
            (true, false) => CaseResult::Passed,
            (false, false) => CaseResult::Failed,
        };
        let suites: Vec<String> =
            self.levels[..depth].iter().map(|level| level.suite.clone()).collect();
        self.counter.count(&suites, &test.name, result);
        self.wants_words = result == CaseResult::Failed;
        if self.wants_words {
            let name = test.name.clone();
            self.counter.name_failure(|| FailedCase { name, message: String::new() });
        }
    }

    /// YAML between `---` and `...`; the message of a failure is in it.
    fn take_detail(&mut self, text: &str, at_its_margin: bool) {
        if at_its_margin && text.trim_end() == "..." {
            self.details = None;
            self.wants_words = false;
            return;
        }
        let said = ["message:", "error:"].iter().find_map(|key| text.strip_prefix(*key));
        if let Some(said) = said.filter(|_| self.wants_words) {
            let words = strip_ansi(said.trim().trim_matches(['\'', '"', '|', '>', '-']).trim());
            if let Some(failure) = self.counter.failures.last_mut().filter(|_| !words.is_empty()) {
                failure.message = words.chars().take(MESSAGE).collect();
                self.wants_words = false;
            }
        }
    }

    fn check_plan(&mut self, level: &Level) {
        if let Some(planned) = level.planned.filter(|planned| *planned != level.ran) {
            let what = format!("planned {planned} tests and tells of {}", level.ran);
            self.broken.get_or_insert(what);
        }
    }

    fn report(mut self) -> TestReport {
        for level in std::mem::take(&mut self.levels) {
            self.check_plan(&level);
        }
        if let Some(what) = &self.broken {
            let failure = FailedCase { name: "the plan".to_owned(), message: what.clone() };
            self.counter.add_failed(1);
            self.counter.name_failure(|| failure);
        }
        let is_report = self.is_report;
        let whole = is_report && self.broken.is_none() && self.details.is_none();
        let trouble = self.broken.or_else(|| (!is_report).then(|| "is no TAP report".to_owned()));
        TestReport { trouble, ..self.counter.report(is_report, whole) }
    }
}

impl TestLine {
    fn read(text: &str) -> Option<Self> {
        let (ok, rest) = match text.strip_prefix("not ok") {
            Some(rest) => (false, rest),
            None => (true, text.strip_prefix("ok")?),
        };
        if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
            return None;
        }
        let rest = rest.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let rest = rest.strip_prefix('-').unwrap_or(rest).trim();
        let (name, directive) =
            match rest.rfind(" #").or_else(|| rest.starts_with('#').then_some(0)) {
                Some(at) => (&rest[..at], rest[at..].trim_start_matches([' ', '#']).to_uppercase()),
                None => (rest, String::new()),
            };
        let excused = directive.starts_with("SKIP") || directive.starts_with("TODO");
        let name = if excused { name } else { rest };
        Some(Self { ok, name: short(name.trim()), excused })
    }
}

/// `1..5`, also with a reason behind it.
fn plan(text: &str) -> Option<u64> {
    let planned = text.strip_prefix("1..")?;
    let digits = planned.split(|c: char| !c.is_ascii_digit()).next()?;
    (!digits.is_empty()).then(|| digits.parse().unwrap_or(u64::MAX))
}

fn short(text: &str) -> String {
    strip_ansi(&text.chars().take(NAME).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Tests;

    /// node 24, shortened.
    const NODE: &str = "TAP version 13
# Subtest: adds
ok 1 - adds
  ---
  duration_ms: 0.5
  ...
# Subtest: outer
    # Subtest: deep
    ok 1 - deep
      ---
      duration_ms: 0.1
      ...
    # Subtest: deep bad
    not ok 2 - deep bad
      ---
      location: 'a.js:3:1'
      error: 'the answer was 41, not 42'
      ...
    1..2
not ok 2 - outer
  ---
  error: '1 subtest failed'
  ...
ok 3 - later # SKIP not today
1..3
# tests 4
";

    fn told(text: &str) -> String {
        let report = read(text);
        let Tests { passed, failed, skipped } = report.tests;
        let failures: Vec<_> =
            report.failures.iter().map(|it| format!("{}: {}", it.name, it.message)).collect();
        format!("{passed} {failed} {skipped} {:?} {}", report.trouble, failures.join("; "))
    }

    #[test]
    fn leaves_are_counted_and_named() {
        assert_eq!(told(NODE), "2 1 1 None deep bad: the answer was 41, not 42");
        let names = read(NODE).names.unwrap();
        assert!(
            names.has("outer › deep bad") && names.has("adds") && names.skipped.contains("later")
        );
    }

    #[test]
    fn a_plan_that_is_not_kept_is_a_failure() {
        assert_eq!(
            told("1..3\nok 1\nok 2\n"),
            "2 1 0 Some(\"planned 3 tests and tells of 2\") the plan: planned 3 tests and tells of 2"
        );
        assert_eq!(read("ok 1\nBail out! no database\n").failed_for_good, 1);
        assert_eq!(told("1..0 # SKIP nothing here\n"), "0 0 0 None ");
        assert_eq!(told("1..99999999999999999999999\nok\n").split(' ').nth(1), Some("1"));
    }

    #[test]
    fn what_is_excused_is_skipped_and_what_is_no_tap_is_none() {
        assert_eq!(told("not ok 1 - soon # TODO write it\nok 2 - a # b\nok\n"), "2 0 1 None ");
        assert_eq!(told("okay then\nnothing\n"), "0 0 0 Some(\"is no TAP report\") ");
        assert!(!read("").is_report);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(lines in proptest::collection::vec("( {0,9})(ok|not ok|1\\.\\.|# Subtest: x|---|\\.\\.\\.|error: y)?.{0,9}", 0..30)) {
            let report = read(&lines.join("\n"));
            proptest::prop_assert!(report.failed_for_good <= report.tests.failed);
        }
    }
}
