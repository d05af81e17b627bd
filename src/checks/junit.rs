//! What do the test reports say?
//! Every `testcase` counts, wherever it stands; declared totals are not believed, and what is broken is read as far as it goes.

use quick_xml::escape::unescape;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::log::plain;
use super::names::Names;
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
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut reading = JunitReader::default();
    // An error means that it breaks off here.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(tag) => reading.open(&tag),
            Event::Empty(tag) => {
                reading.open(&tag);
                reading.close(tag.local_name().into_inner());
            }
            Event::End(tag) => reading.close(tag.local_name().into_inner()),
            Event::Text(text) => reading.say(&text.into_inner()),
            Event::CData(text) => reading.say(&text.into_inner()),
            Event::GeneralRef(entity) => reading.say(&resolved(&entity)),
            Event::Eof => {
                reading.report.names = reading.whole_names();
                break;
            }
            _ => {}
        }
    }
    reading.broken_off();
    reading.report
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
    outcome: CaseResult,
    message: String,
    words: String,
}

/// Where the reader is.
#[derive(Default)]
struct JunitReader {
    report: JunitReport,
    case: Option<Case>,
    /// Inside a `failure` or `error`.
    listening: bool,
    /// Something of a report was seen.
    is_report: bool,
    /// The suites around it, by name; of the outermost element none, for it is the run.
    suites: Vec<String>,
    names: Names,
}

impl JunitReader {
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
                case.outcome = CaseResult::Failed;
                self.listening = true;
                if case.message.is_empty() {
                    case.message = attribute(tag, "message").unwrap_or_default();
                }
            }
            ("skipped", Some(case)) if case.outcome == CaseResult::Passed => {
                case.outcome = CaseResult::Skipped;
            }
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
            "failure" | "error" => self.listening = false,
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        if let Some(case) =
            self.case.as_mut().filter(|case| self.listening && case.words.len() < MESSAGE_BYTES)
        {
            case.words.push_str(&text[..text.floor_char_boundary(MESSAGE_BYTES)]);
        }
    }

    fn finish(&mut self) {
        self.listening = false;
        let Some(case) = self.case.take() else { return };
        self.names.note(&self.suites, &case.name, case.outcome == CaseResult::Skipped);
        let tests = &mut self.report.tests;
        match case.outcome {
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
        if self.case.as_ref().is_some_and(|case| case.outcome == CaseResult::Failed) {
            self.finish();
        }
    }
}

impl Case {
    fn new(tag: &BytesStart<'_>) -> Self {
        let name = attribute(tag, "name").unwrap_or_default();
        // node:test calls every class "test"; jest repeats the name.
        let class = attribute(tag, "classname").filter(|class| {
            !class.is_empty() && class != "test" && !name.starts_with(class.as_str())
        });
        let name = class.map_or(name.clone(), |class| format!("{class} › {name}"));
        let failure = attribute(tag, "failure").or_else(|| attribute(tag, "error"));
        let outcome = match attribute(tag, "status").as_deref() {
            _ if failure.is_some() => CaseResult::Failed,
            Some("failed" | "failure" | "error") => CaseResult::Failed,
            Some("skipped" | "notrun" | "disabled") => CaseResult::Skipped,
            _ => CaseResult::Passed,
        };
        Self { name, outcome, message: failure.unwrap_or_default(), words: String::new() }
    }

    fn failure(self) -> FailedCase {
        let (mut message, words) = (plain(self.message.trim()), plain(self.words.trim()));
        if message.len() < TELLING_BYTES && !words.is_empty() {
            let between = if message.is_empty() { "" } else { "\n" };
            message = format!("{message}{between}{words}");
        }
        message.truncate(message.floor_char_boundary(MESSAGE_BYTES));
        FailedCase { name: plain(&self.name), message }
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
