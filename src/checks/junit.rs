//! JUnit reports: what do the tests' reports say?
//! Every `testcase` counts, wherever it stands; declared totals are not believed, and what is broken is read as far as it goes.

use quick_xml::escape::unescape;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::log::strip_ansi;
use super::test_names::Names;
use crate::run::{TestNames, Tests};

/// Most of a failure's own words that are kept.
const MESSAGE_BYTES: usize = 4 << 10;

/// Most failures that are kept by name; all are counted.
const NAMED: usize = 100;

/// A message shorter than this ("Failed") says nothing by itself.
const TELLING_BYTES: usize = 24;

/// What a JUnit file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct JunitReport {
    pub tests: Tests,
    pub failures: Vec<FailedCase>,
    /// None where the report breaks off, is no report, or holds too many tests.
    pub names: Option<TestNames>,
}

/// A test that failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FailedCase {
    pub name: String,
    pub message: String,
}

/// Reads any XML, also one that breaks off.
pub(super) fn read(text: &str) -> JunitReport {
    let mut xml = lenient_reader(text);
    let mut reader = JunitReader::default();
    // An error means that it breaks off here.
    while let Ok(event) = xml.read_event() {
        if matches!(event, Event::Eof) {
            reader.report.names = reader.whole_names();
            break;
        }
        reader.take(event);
    }
    reader.broken_off();
    reader.report
}

fn lenient_reader(text: &str) -> Reader<&[u8]> {
    let mut xml = Reader::from_str(text);
    let config = xml.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    xml
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CaseResult {
    #[default]
    Passed,
    Skipped,
    Failed,
}

#[derive(Default)]
struct Case {
    name: String,
    result: CaseResult,
    message: String,
    words: String,
}

/// Where the reader is.
#[derive(Default)]
struct JunitReader {
    report: JunitReport,
    case: Option<Case>,
    /// Inside a `failure` or `error`: its words are kept.
    in_failure: bool,
    /// Something of a report was seen.
    is_report: bool,
    /// The suites around it, by name; of the outermost element none, for it is the run.
    suites: Vec<String>,
    names: Names,
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
            ("testsuites", _) => self.enter(String::new()),
            ("testsuite", _) => self.enter(attribute(tag, "name").unwrap_or_default()),
            ("testcase", _) => {
                self.is_report = true;
                self.finish();
                self.case = Some(Case::new(tag));
            }
            ("failure" | "error", Some(case)) => {
                case.fail(tag);
                self.in_failure = true;
            }
            ("skipped", Some(case)) => case.skip(),
            _ => {}
        }
    }

    fn enter(&mut self, suite: String) {
        self.is_report = true;
        self.suites.push(suite);
    }

    fn close(&mut self, name: &str) {
        match name {
            "testcase" => self.finish(),
            "testsuites" | "testsuite" => drop(self.suites.pop()),
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
        let Some(case) = self.case.take() else { return };
        self.names.insert(&self.suites, &case.name, case.result == CaseResult::Skipped);
        let tests = &mut self.report.tests;
        match case.result {
            CaseResult::Passed => tests.passed += 1,
            CaseResult::Skipped => tests.skipped += 1,
            CaseResult::Failed => {
                tests.failed += 1;
                if self.report.failures.len() < NAMED {
                    self.report.failures.push(case.failure());
                }
            }
        }
    }

    /// Known only where the report says everything that it began to say.
    fn whole_names(&mut self) -> Option<TestNames> {
        let whole = self.is_report && self.case.is_none() && self.suites.is_empty();
        std::mem::take(&mut self.names).known().filter(|_| whole)
    }

    /// A test whose end is missing has passed nothing, but may have failed already.
    fn broken_off(&mut self) {
        if self.case.as_ref().is_some_and(|case| case.result == CaseResult::Failed) {
            self.finish();
        }
    }
}

impl Case {
    fn new(tag: &BytesStart<'_>) -> Self {
        let name = attribute(tag, "name").unwrap_or_default();
        let name = match class_of(tag, &name) {
            Some(class) => format!("{class} › {name}"),
            None => name,
        };
        let failure = attribute(tag, "failure").or_else(|| attribute(tag, "error"));
        let result = if failure.is_some() { CaseResult::Failed } else { CaseResult::of(tag) };
        Self { name, result, message: failure.unwrap_or_default(), words: String::new() }
    }

    fn fail(&mut self, tag: &BytesStart<'_>) {
        self.result = CaseResult::Failed;
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

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.html_attributes();
    let found = attributes
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().into_inner() == name)?;
    Some(
        unescape(&found.value)
            .map_or_else(|_| found.value.to_string(), std::borrow::Cow::into_owned),
    )
}

fn resolved(entity: &BytesRef<'_>) -> String {
    let name = entity.clone().into_inner();
    unescape(&format!("&{name};"))
        .map_or_else(|_| format!("&{name};"), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests;
