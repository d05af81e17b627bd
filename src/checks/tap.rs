//! TAP reports: what does the Test Anything Protocol say?
//! Leaves are counted: a line that sums up the indented lines before it, or those in the braces that it opens, is not a test of its own.
//! A plan that was not kept is a failure.

use std::sync::LazyLock;

use regex::Regex;

use super::log::strip_ansi;
use super::test_report::{CaseResult, FailedCase, TestCounter, TestReport};

/// Columns of one level.
const INDENT: usize = 4;
/// Deepest level that is told apart.
const DEEPEST: usize = 32;
/// Longest name and message that are kept, in characters.
const NAME: usize = 1_000;
const MESSAGE: usize = 4_000;

/// Begins what excuses a test. A reason may hold more of `#`; one in a name is written `\#`.
static DIRECTIVE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|\s)#\s*(?i:skip|todo)").expect("a pattern of ours"));

/// How long it took, as Vitest and node-tap write behind a name. It differs from run to run.
static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|\s)#\s*time=\S+\s*$").expect("a pattern of ours"));

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
    /// The indent of the line before, where that is a test: only there details begin, for tests print `---` as well.
    test_above: Option<usize>,
    /// The newest failure still wants words.
    wants_words: bool,
    broken: Option<String>,
}

/// Tests of one indent.
#[derive(Default)]
struct Level {
    suite: String,
    planned: Option<u64>,
    /// The last plan of these: reports of several programs in one file have one each.
    newest_plan: u64,
    ran: u64,
    failed: u64,
    /// Its newest test, while the braces are open that hold what it sums up.
    open: Option<TestLine>,
}

/// `ok 1 - adds # SKIP later`.
struct TestLine {
    ok: bool,
    name: String,
    /// Said not to count: `SKIP`, or `TODO` of what need not work yet.
    excused: bool,
    opens_braces: bool,
}

impl TapReader {
    fn take(&mut self, line: &str) {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        let test_line = TestLine::read(text);
        if let Some(begun_at) = self.details {
            let tells = test_line.is_some() || plan(text).is_some();
            if !tells || indent >= begun_at {
                return self.take_detail(text, begun_at == indent);
            }
            // The test printed `---` itself.
            self.details = None;
        }
        let above = self.test_above.take();
        let depth = depth_of(indent);
        if text.trim_end() == "---" {
            if let Some(above) = above.filter(|above| *above < indent) {
                // What has details of its own sums up nothing.
                self.close_braces(depth_of(above));
                self.details = Some(indent);
            }
        } else if let Some(test) = test_line {
            self.is_report = true;
            self.test_above = Some(indent);
            self.close_braces(depth);
            self.count_or_open(depth, test);
        } else if let Some(planned) = plan(text) {
            self.is_report = true;
            self.close_braces(depth);
            self.plan(depth, planned);
        } else if let Some(suite) = text.strip_prefix("# Subtest:") {
            self.close_braces(depth);
            self.level(depth).suite = short(suite.trim());
        } else if text.trim_end() == "}" {
            self.close_braces(depth);
        } else if text.starts_with("Bail out!") {
            self.broken.get_or_insert_with(|| short(text));
        } else if text.starts_with("TAP version") {
            self.is_report = true;
        }
    }

    /// A plan of another program counts beside those before it: its tests come next, or were the last. Else one of them was no plan, but
    /// printed by a test.
    fn plan(&mut self, depth: usize, planned: u64) {
        let level = self.level(depth);
        let before = level.planned.unwrap_or(0);
        let is_another = [before, before.saturating_add(planned)].contains(&level.ran);
        let kept = if is_another { before } else { before.saturating_sub(level.newest_plan) };
        level.planned = Some(kept.saturating_add(planned));
        level.newest_plan = planned;
    }

    fn level(&mut self, depth: usize) -> &mut Level {
        while self.levels.len() <= depth {
            self.levels.push(Level::default());
        }
        &mut self.levels[depth]
    }

    fn count_or_open(&mut self, depth: usize, test: TestLine) {
        if !test.opens_braces {
            return self.count(depth, &test);
        }
        self.wants_words = false;
        let level = self.level(depth);
        level.suite.clone_from(&test.name);
        level.open = Some(test);
    }

    /// Counts the tests whose braces end here: of this depth and deeper, the innermost first.
    fn close_braces(&mut self, depth: usize) {
        for depth in (depth..self.levels.len()).rev() {
            if let Some(test) = self.levels[depth].open.take() {
                self.count(depth, &test);
            }
        }
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
        self.close_braces(0);
        let is_report = self.is_report;
        let breaks_off = is_report && self.breaks_off();
        for level in std::mem::take(&mut self.levels) {
            self.check_plan(&level);
        }
        if let Some(what) = &self.broken {
            let failure = FailedCase { name: "the plan".to_owned(), message: what.clone() };
            self.counter.add_failed(1);
            self.counter.name_failure(|| failure);
        }
        let whole = is_report && self.broken.is_none() && !breaks_off;
        let trouble = self
            .broken
            .or_else(|| breaks_off.then(|| "breaks off".to_owned()))
            .or_else(|| (!is_report).then(|| "is no TAP report".to_owned()));
        TestReport { trouble, ..self.counter.report(is_report, whole) }
    }

    /// In details, or before a plan: it may come last, but comes.
    fn breaks_off(&self) -> bool {
        let has_no_plan = |level: &Level| level.ran > 0 && level.planned.is_none();
        self.details.is_some()
            || self.levels.iter().any(has_no_plan)
            || self.levels.iter().all(|level| level.planned.is_none())
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
        let (rest, opens_braces) = match rest.strip_suffix(" {") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let directive = DIRECTIVE.find(rest);
        let name = directive.map_or(rest, |found| &rest[..found.start()]);
        let name = TIME.find(name).map_or(name, |found| &name[..found.start()]);
        Some(Self { ok, name: short(name.trim()), excused: directive.is_some(), opens_braces })
    }
}

fn depth_of(indent: usize) -> usize {
    (indent / INDENT).min(DEEPEST)
}

/// `1..5`, also with a reason behind it; what tests print may begin so too.
fn plan(text: &str) -> Option<u64> {
    let planned = text.strip_prefix("1..")?;
    let digits = planned.split(|c: char| !c.is_ascii_digit()).next()?;
    let reason = planned[digits.len()..].trim_start();
    let is_plan = !digits.is_empty() && (reason.is_empty() || reason.starts_with('#'));
    is_plan.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn short(text: &str) -> String {
    strip_ansi(&text.chars().take(NAME).collect::<String>())
}

#[cfg(test)]
mod tests;
