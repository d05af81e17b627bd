//! The reports of the checks: which did they leave, and what do they say together?
//! What is there and cannot be read is said, and never counts as if there were none. All of it runs off the threads that others wait for.

mod folder;
mod located;
mod text;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::coverage::{Coverage, CoverageReport};
use super::test_report::TestReport;
use super::{cobertura, junit, lcov, tap};
use crate::run::{Reports, foreign_text};
use folder::{Folder, Opened, Stamp, is_pattern};
use located::located;
use text::text_of;

/// Most of all reports together that is read, in bytes.
const MOST_BYTES: usize = 64 << 20;
/// Most places that are looked at for the files that coverage reports name.
const MOST_PLACES: usize = 200_000;
/// Most test reports that are kept for people.
const MOST_KEPT: usize = 50;
/// Most troubles that are told, in characters.
const TROUBLES: usize = 240;

/// What the reports say.
#[derive(Debug, Default)]
pub(super) struct Reported {
    /// None where no test report could be read.
    pub tests: Option<TestReport>,
    /// Percent of lines.
    pub coverage_percent: Option<f64>,
    /// What is wrong with the reports that are there, for people.
    pub trouble: Option<String>,
    /// Which are not there: natural where a command failed before it wrote them.
    pub missing: Option<String>,
    /// Test reports as they were, under the names that the attempt's folder has for them.
    pub kept: Vec<(String, Vec<u8>)>,
}

/// Files that were there before the checks.
#[derive(Debug, Default)]
pub(super) struct Before(HashMap<PathBuf, Stamp>);

/// Takes away what was committed under the reports' names, and remembers what else looks like a report: that is the agent's own work, and
/// proves nothing.
pub(super) async fn take_stock(checkout: &Path, reports: &Reports) -> anyhow::Result<Before> {
    let (checkout, reports) = (checkout.to_owned(), reports.clone());
    off_thread(move || {
        Ok(stock(&Folder::open(&checkout).context("opening the checkout")?, &reports))
    })
    .await
}

fn stock(folder: &Folder, reports: &Reports) -> Before {
    let mut before = Before::default();
    for pattern in reports.all() {
        if !is_pattern(pattern) {
            folder.remove(Path::new(pattern));
        }
        for path in folder.find(pattern).paths {
            if let Some(stamp) = folder.stamp(&path) {
                before.0.insert(path, stamp);
            }
        }
    }
    before
}

/// Reads what the checks left.
pub(super) async fn read(
    checkout: &Path,
    reports: &Reports,
    before: Before,
) -> anyhow::Result<Reported> {
    let (checkout, reports) = (checkout.to_owned(), reports.clone());
    off_thread(move || {
        let folder = Folder::open(&checkout).context("opening the checkout")?;
        Ok(ReportReader::new(folder, before, &checkout).reported(&reports))
    })
    .await
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    #[expect(clippy::disallowed_methods, reason = "no process is started there")]
    let done = tokio::task::spawn_blocking(work).await;
    done.context("reading the reports")?
}

/// Reads one report after the other.
struct ReportReader {
    folder: Folder,
    before: Before,
    /// The checkout's own path. Every attempt is checked in a folder of its own: names of tests and of failures must not depend on it.
    own: String,
    /// Bytes that may still be read.
    left: usize,
    tests: Option<TestReport>,
    /// A test report could not be read, so that nobody knows all tests.
    some_unknown: bool,
    coverage: Coverage,
    /// Places that may still be looked at for files that are named.
    places: usize,
    troubles: BTreeSet<String>,
    missing: BTreeSet<String>,
    kept: Vec<(String, Vec<u8>)>,
}

/// A report that was found.
struct Report {
    path: PathBuf,
    /// For people.
    name: String,
    text: String,
    bytes: Vec<u8>,
}

impl ReportReader {
    fn new(folder: Folder, before: Before, checkout: &Path) -> Self {
        Self {
            folder,
            before,
            own: format!("{}/", checkout.display()),
            left: MOST_BYTES,
            tests: None,
            some_unknown: false,
            coverage: Coverage::default(),
            places: MOST_PLACES,
            troubles: BTreeSet::new(),
            missing: BTreeSet::new(),
            kept: Vec::new(),
        }
    }

    fn reported(mut self, reports: &Reports) -> Reported {
        for (patterns, kept_as, read) in [
            (&reports.junit, "junit.xml", junit::read as fn(&str) -> TestReport),
            (&reports.tap, "tap.txt", tap::read),
        ] {
            for report in self.found(patterns) {
                self.add_tests(&report.name, read(&report.text));
                self.keep(kept_as, report.bytes);
            }
        }
        let all_known = !self.some_unknown;
        for (patterns, read) in [
            (&reports.lcov, lcov::read as fn(&str) -> CoverageReport),
            (&reports.cobertura, cobertura::read),
        ] {
            for report in self.found(patterns) {
                self.add_coverage(&report, read(&report.text));
            }
        }
        Reported {
            tests: self
                .tests
                .map(|report| if all_known { report } else { report.with_unknown_names() }),
            coverage_percent: self.coverage.percent(),
            trouble: in_one_line(&self.troubles),
            missing: in_one_line(&self.missing),
            kept: self.kept,
        }
    }

    /// Every report that these patterns name, each once.
    fn found(&mut self, patterns: &[String]) -> Vec<Report> {
        let mut seen = BTreeSet::new();
        let mut reports = Vec::new();
        for pattern in patterns {
            let matches = self.folder.find(pattern);
            if matches.gave_up {
                self.troubles.insert(format!("{pattern} matches too much to look at all of it"));
            }
            let (stale, fresh): (Vec<_>, Vec<_>) =
                matches.paths.into_iter().partition(|path| self.was_there(path));
            if fresh.is_empty() {
                self.missing.insert(match stale.first() {
                    Some(path) => {
                        format!("{} was there before the checks and is not counted", path.display())
                    }
                    None => format!("there is no report {pattern}"),
                });
            }
            let new = fresh.into_iter().filter(|path| seen.insert(path.clone()));
            reports.extend(new.filter_map(|path| self.open(&path)));
        }
        reports
    }

    fn was_there(&self, path: &Path) -> bool {
        self.before.0.get(path).is_some_and(|then| self.folder.stamp(path) == Some(*then))
    }

    /// None, and said, where it cannot be read.
    fn open(&mut self, path: &Path) -> Option<Report> {
        let name = foreign_text::line(&path.display().to_string(), foreign_text::NAME);
        let why = match self.folder.read(path) {
            Opened::Report(bytes) if bytes.len() <= self.left => {
                self.left -= bytes.len();
                let text = text_of(&bytes).replace(&self.own, "");
                return Some(Report { path: path.to_owned(), name, text, bytes });
            }
            Opened::Report(_) => "is one report too many".to_owned(),
            Opened::Missing => "went away".to_owned(),
            Opened::Unread(why) => why,
        };
        self.some_unknown = true;
        self.troubles.insert(format!("{name} {why} and was not read"));
        None
    }

    fn add_tests(&mut self, name: &str, report: TestReport) {
        self.troubles.extend(report.trouble.iter().map(|trouble| format!("{name} {trouble}")));
        self.some_unknown |= !report.is_report;
        if report.is_report {
            self.tests = Some(match self.tests.take() {
                Some(known) => known.joined(report),
                None => report,
            });
        }
    }

    fn add_coverage(&mut self, report: &Report, mut says: CoverageReport) {
        self.expect_lines(&report.name, &says);
        for source in &mut says.sources {
            // The checkout itself, without the slash that its files' names begin with.
            if format!("{source}/") == self.own {
                source.clear();
            }
        }
        let Self { folder, places, coverage, .. } = self;
        coverage.join(says.coverage, |name| {
            located(name, &report.path, &says.sources, |place| {
                *places = places.saturating_sub(1);
                *places > 0 && folder.has(place)
            })
        });
        if self.places == 0 {
            self.troubles.insert(format!("{} names more files than are looked for", report.name));
        }
    }

    fn expect_lines(&mut self, name: &str, says: &CoverageReport) {
        if says.breaks_off {
            self.troubles.insert(format!("{name} breaks off"));
        } else if says.coverage.is_empty() {
            self.troubles.insert(format!("{name} names no line of code"));
        }
    }

    fn keep(&mut self, name: &str, bytes: Vec<u8>) {
        if self.kept.len() < MOST_KEPT {
            let (stem, end) = name.split_once('.').unwrap_or((name, "txt"));
            let nth = 1 + self.kept.iter().filter(|(kept, _)| kept.starts_with(stem)).count();
            let name = if nth == 1 { name.to_owned() } else { format!("{stem}-{nth}.{end}") };
            self.kept.push((name, bytes));
        }
    }
}

/// All of it in one line; none where nothing is wrong.
fn in_one_line(troubles: &BTreeSet<String>) -> Option<String> {
    let all = troubles.iter().map(String::as_str).collect::<Vec<_>>().join("; ");
    (!all.is_empty()).then(|| foreign_text::line(&all, TROUBLES))
}

#[cfg(test)]
mod tests;
