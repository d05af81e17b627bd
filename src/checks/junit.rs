//! JUnit reports: what do the tests' reports say?
//! Every `testcase` counts, wherever it stands; declared totals are not believed, and what is broken is read as far as it goes.

use std::collections::HashSet;

use quick_xml::events::{BytesStart, Event};

use super::log::strip_ansi;
use super::test_report::{CaseResult, FailedCase, TestCounter, TestReport};
use super::xml::{attribute, lenient_reader, resolved};
use crate::run::TestNames;

/// Most of a failure's own words that are kept.
const MESSAGE_BYTES: usize = 4 << 10;

/// Deepest suite whose name counts: names are put together for every test.
const DEEPEST: usize = 16;

/// A message shorter than this ("Failed") says nothing by itself.
const TELLING_BYTES: usize = 24;

/// Reads any XML, also one that breaks off.
pub(super) fn read(text: &str) -> TestReport {
    let mut xml = lenient_reader(text);
    let mut reader = JunitReader::default();
    // An error means that it breaks off here.
    while let Ok(event) = xml.read_event() {
        if matches!(event, Event::Eof) {
            reader.is_at_its_end = true;
            break;
        }
        reader.take(event);
    }
    reader.report()
}

#[derive(Default)]
struct Case {
    name: String,
    /// None of one without a name of its own.
    same_test: Option<SameTest>,
    /// Failures that it lists, also those of tries before the last.
    failures: u64,
    result: CaseResult,
    message: String,
    words: String,
}

/// By which two cases of one suite are tries of the same test.
#[derive(PartialEq, Eq, Hash)]
struct SameTest {
    file: Option<String>,
    name: String,
}

/// Where the reader is.
#[derive(Default)]
struct JunitReader {
    counter: TestCounter,
    case: Option<Case>,
    /// What failed so far in the suite that it is in; further suites may have other tests of the same names.
    failed: HashSet<SameTest>,
    /// Failures that are listed.
    failures: u64,
    /// Inside a `failure` or `error`: its words are kept.
    in_failure: bool,
    /// Something of a report was seen.
    is_report: bool,
    is_at_its_end: bool,
    /// The suites around it, by name; of the outermost element none, for it is the run.
    suites: Vec<String>,
    /// Suites deeper than those.
    deeper: usize,
    /// How many of them are `testsuites`.
    roots: usize,
    declared: Declared,
}

/// What the outermost elements say of themselves.
#[derive(Default)]
struct Declared {
    tests: u64,
    failed: u64,
    /// `testsuites` said it for all.
    by_root: bool,
}

impl JunitReader {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(&tag),
            Event::Empty(tag) => {
                self.open(&tag);
                self.close(tag.local_name().into_inner());
            }
            Event::End(tag) => self.close(tag.local_name().into_inner()),
            Event::Text(text) => self.push_words(&text.into_inner()),
            Event::CData(text) => self.push_words(&text.into_inner()),
            Event::GeneralRef(entity) => self.push_words(&resolved(&entity)),
            _ => {}
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>) {
        match (tag.local_name().into_inner(), &mut self.case) {
            ("testsuites", _) => {
                self.declared.add(tag, true);
                self.roots += 1;
                self.enter("");
            }
            ("testsuite", _) => {
                if self.suites.len() == self.roots {
                    self.declared.add(tag, false);
                }
                self.enter(&attribute(tag, "name").unwrap_or_default());
            }
            ("testcase", _) => {
                self.is_report = true;
                self.finish();
                self.case = Some(Case::new(tag));
            }
            ("failure" | "error", Some(case)) => {
                case.fail(tag);
                self.in_failure = true;
            }
            // Tries before the last, which the suite's totals may count.
            ("flakyFailure" | "flakyError" | "rerunFailure" | "rerunError", Some(case)) => {
                case.failures += 1;
            }
            ("skipped", Some(case)) => case.skip(),
            _ => {}
        }
    }

    fn enter(&mut self, suite: &str) {
        self.is_report = true;
        self.failed.clear();
        if self.suites.len() < DEEPEST {
            self.suites.push(suite.chars().take(TestNames::NAME).collect());
        } else {
            self.deeper += 1;
        }
    }

    fn leave(&mut self) {
        self.failed.clear();
        if self.deeper > 0 {
            self.deeper -= 1;
        } else {
            self.suites.pop();
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "testcase" => self.finish(),
            "testsuites" => {
                self.roots = self.roots.saturating_sub(1);
                self.leave();
            }
            "testsuite" => self.leave(),
            "failure" | "error" => self.in_failure = false,
            _ => {}
        }
    }

    fn push_words(&mut self, text: &str) {
        let wanted = |case: &&mut Case| self.in_failure && case.words.len() < MESSAGE_BYTES;
        if let Some(case) = self.case.as_mut().filter(wanted) {
            case.words.push_str(&text[..text.floor_char_boundary(MESSAGE_BYTES)]);
        }
    }

    fn finish(&mut self) {
        self.in_failure = false;
        let Some(mut case) = self.case.take() else { return };
        let failed = case.result == CaseResult::Failed;
        self.failures += case.failures.max(failed.into());
        self.counter.count(&self.suites, &case.name, case.result);
        if let Some(test) = case.same_test.take() {
            self.match_tries(test, case.result);
        }
        if failed {
            self.counter.name_failure(|| case.failure());
        }
    }

    /// Runners that try tests again tell one try after the other. Without suite and file, two files may each have a test of that name.
    fn match_tries(&mut self, test: SameTest, result: CaseResult) {
        let is_known = test.file.is_some() || self.suites.len() > self.roots;
        if !is_known || self.failed.len() >= TestNames::MOST {
            return;
        }
        let failed_before = match result {
            CaseResult::Failed => !self.failed.insert(test),
            CaseResult::Passed => self.failed.remove(&test),
            CaseResult::Skipped => false,
        };
        if failed_before {
            self.counter.forgive_failure();
        }
    }

    fn report(mut self) -> TestReport {
        // Known only where the report says everything that it began to say.
        let whole = self.is_report
            && self.is_at_its_end
            && self.case.is_none()
            && self.suites.is_empty()
            && self.deeper == 0;
        // A test whose end is missing has passed nothing, but may have failed already.
        if self.case.as_ref().is_some_and(|case| case.result == CaseResult::Failed) {
            self.finish();
        }
        let trouble = self.trouble(whole);
        // A report that only sums up still says that something failed.
        if whole && self.counter.tests.failed == 0 {
            let unlisted = self.declared.failed.saturating_sub(self.failures);
            self.counter.add_failed(u32::try_from(unlisted).unwrap_or(u32::MAX));
        }
        TestReport { trouble, ..self.counter.report(self.is_report, whole) }
    }

    /// What is odd about it. Runners count more than they list, such as subtests and assertions: more tests are not odd where some are listed.
    fn trouble(&self, whole: bool) -> Option<String> {
        let Declared { tests: declared, failed, .. } = self.declared;
        let lists_some = self.counter.tests.ran() > 0 || self.counter.tests.skipped > 0;
        if !self.is_report {
            Some("is no JUnit report".to_owned())
        } else if !whole {
            Some("breaks off".to_owned())
        } else if declared > 0 && !lists_some {
            Some(format!("declares {declared} tests and lists none"))
        } else {
            (failed > self.failures)
                .then(|| format!("declares {failed} failures and lists {}", self.failures))
        }
    }
}

impl Declared {
    fn add(&mut self, tag: &BytesStart<'_>, is_root: bool) {
        let n = |name: &str| attribute(tag, name).map_or(0, |value| number(&value));
        if !self.by_root {
            self.tests = self.tests.saturating_add(n("tests"));
            self.failed = self.failed.saturating_add(n("failures")).saturating_add(n("errors"));
            self.by_root = is_root && attribute(tag, "tests").is_some();
        }
    }
}

/// A count as a report writes it; what is none, or negative, is 0.
fn number(text: &str) -> u64 {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if is_number { text.parse().unwrap_or(u64::MAX) } else { 0 }
}

impl Case {
    fn new(tag: &BytesStart<'_>) -> Self {
        let own_name = attribute(tag, "name").unwrap_or_default();
        let name = match class_of(tag, &own_name) {
            Some(class) => format!("{class} › {own_name}"),
            None => own_name.clone(),
        };
        let same_test = (!own_name.trim().is_empty())
            .then(|| SameTest { file: attribute(tag, "file"), name: name.clone() });
        let failure = attribute(tag, "failure").or_else(|| attribute(tag, "error"));
        let result = if failure.is_some() { CaseResult::Failed } else { CaseResult::of(tag) };
        let message = failure.unwrap_or_default();
        Self { name, same_test, failures: 0, result, message, words: String::new() }
    }

    fn fail(&mut self, tag: &BytesStart<'_>) {
        self.result = CaseResult::Failed;
        self.failures += 1;
        if self.message.is_empty() {
            self.message = attribute(tag, "message").unwrap_or_default();
        }
    }

    /// A test that failed stays one.
    fn skip(&mut self) {
        if self.result == CaseResult::Passed {
            self.result = CaseResult::Skipped;
        }
    }

    fn failure(self) -> FailedCase {
        let (mut message, words) = (strip_ansi(self.message.trim()), strip_ansi(self.words.trim()));
        if message.len() < TELLING_BYTES && !words.is_empty() {
            let between = if message.is_empty() { "" } else { "\n" };
            message = format!("{message}{between}{words}");
        }
        message.truncate(message.floor_char_boundary(MESSAGE_BYTES));
        FailedCase { name: strip_ansi(&self.name), message }
    }
}

/// The class, where it says something: node:test calls every class "test"; jest repeats the name.
fn class_of(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    attribute(tag, "classname")
        .filter(|class| !class.is_empty() && class != "test" && !name.starts_with(class.as_str()))
}

impl CaseResult {
    /// By the attribute `status`; what has none has passed until a child says otherwise.
    fn of(tag: &BytesStart<'_>) -> Self {
        match attribute(tag, "status").as_deref() {
            Some("failed" | "failure" | "error") => Self::Failed,
            Some("skipped" | "notrun" | "disabled") => Self::Skipped,
            _ => Self::Passed,
        }
    }
}

#[cfg(test)]
mod tests;
