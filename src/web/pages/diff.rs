//! The diff page: what changed, readable on a phone?
//! Everything in a diff is foreign: escaped by construction, nothing hidden, and it scrolls sideways only inside the code.

use chrono::{DateTime, FixedOffset, Utc};
use maud::{Markup, html};
use url::Url;

use crate::run::{Run, StageName, StagePhase, StageState};
use crate::thread::clock::stamp;
use crate::thread::figures;
use crate::workspace::{FilePatch, FileStatus};

use super::layout::{page, plainly};

/// Lines that are unfolded at first, over all files.
const OPEN_LINES: usize = 600;

/// A stage's diff.
#[derive(Clone, Copy, Debug)]
pub struct DiffPage<'a> {
    pub run: &'a Run,
    pub stage: &'a StageName,
    pub files: &'a [FilePatch],
    /// There are more files, or lines, than were given.
    pub truncated: bool,
    /// Until when this page opens.
    pub expires_at: DateTime<Utc>,
    pub run_page: Option<&'a Url>,
    pub clock_zone: FixedOffset,
}

/// The page at `/runs/<run>/diff/<stage>`.
#[must_use]
pub fn diff_page(diff: &DiffPage<'_>) -> Markup {
    let mut room = OPEN_LINES;
    let body = html! {
        (head(diff))
        @if diff.truncated { p.note { "The diff is longer than what is shown here. The rest is in the run's repository." } }
        @if diff.files.is_empty() { p.note { "Nothing was changed." } }
        @if diff.files.len() > 1 { (contents(diff.files)) }
        @for (i, file) in diff.files.iter().enumerate() { (self::file(i, file, is_open(file, &mut room))) }
        footer { "This page opens until " (stamp(diff.expires_at, diff.clock_zone)) "." }
    };
    page(&format!("{} of {}", diff.stage, diff.run.request.project), "../../../", &body)
}

fn head(diff: &DiffPage<'_>) -> Markup {
    let waits = diff.run.gate.as_ref().is_some_and(|gate| &gate.id.stage == diff.stage);
    html! {
        header {
            p.path { @match diff.run_page { Some(url) => a href=(url) { (diff.run.id()) }, None => (diff.run.id()) } }
            h1 { (diff.stage) " of " (diff.run.request.project) }
            p.figures { (facts(diff)) }
        }
        @if waits { p.note { "This work waits for an answer: approve or reject it in the run's thread." } }
    }
}

fn facts(diff: &DiffPage<'_>) -> String {
    let (added, removed) = diff.files.iter().fold((0, 0), |(a, r), f| (a + f.added, r + f.removed));
    let files = figures::plural(diff.files.len() as u64, "file");
    let mut parts = vec![format!("{files} {}", figures::lines(added, removed))];
    parts.extend(diff.run.stage(diff.stage).into_iter().flat_map(stage_facts));
    parts.join(" · ")
}

/// Tests and coverage of its good work, what it cost, and whether it was kept.
fn stage_facts(stage: &StageState) -> impl Iterator<Item = String> {
    let good = stage.good_attempt();
    let tests = good.and_then(|a| a.tests).map(figures::tests);
    let coverage = good.and_then(|a| a.coverage_percent);
    let coverage = coverage.map(|p| format!("{} coverage", figures::percent(p)));
    let undone = matches!(stage.phase, StagePhase::Undone | StagePhase::Failed);
    let kept = undone.then(|| "not kept".to_owned());
    [tests, coverage, Some(stage.cost().to_string()), kept].into_iter().flatten()
}

fn contents(files: &[FilePatch]) -> Markup {
    html! {
        nav { ul {
            @for (i, file) in files.iter().enumerate() {
                li { a href={ "#f" (i) } { (plainly(&file.path)) } " " (counts(file)) }
            }
        } }
    }
}

fn file(i: usize, file: &FilePatch, open: bool) -> Markup {
    html! {
        details.file id={ "f" (i) } open[open] {
            summary {
                span.name {
                    @if let Some(old) = file.old_path.as_deref().filter(|old| *old != file.path) { (plainly(old)) " → " }
                    (plainly(&file.path))
                }
                " " (counts(file))
                @if let Some(status) = status(file.status) { " " span.tag { (status) } }
            }
            @if file.binary { p.note { "Not text." } }
            @else if file.text.is_empty() { p.note { "No lines changed." } }
            @else { pre { code { @for line in numbered(&file.text) { (self::line(&line)) } } } }
        }
    }
}

fn counts(file: &FilePatch) -> Markup {
    html! { span.counts { span.add { "+" (figures::count(file.added)) } " " span.del { "−" (figures::count(file.removed)) } } }
}

const fn status(status: FileStatus) -> Option<&'static str> {
    match status {
        FileStatus::Added => Some("new"),
        FileStatus::Deleted => Some("deleted"),
        FileStatus::Renamed => Some("renamed"),
        FileStatus::Modified => None,
    }
}

/// Whether a file is unfolded at first: small ones, until the page is long enough.
fn is_open(file: &FilePatch, room: &mut usize) -> bool {
    let lines = file.text.lines().count();
    let open = lines <= *room;
    *room = room.saturating_sub(lines);
    open
}

/// One line of a hunk, with its number: the old one where it was removed.
struct DiffLine<'a> {
    kind: &'static str,
    number: Option<u64>,
    text: &'a str,
}

fn numbered(text: &str) -> Vec<DiffLine<'_>> {
    let (mut old, mut new) = (0, 0);
    let next = |n: &mut u64| {
        *n += 1;
        Some(*n - 1)
    };
    let number = |text| {
        let (kind, number) = match text {
            t if str::starts_with(t, "@@") => {
                (old, new) = starts(t);
                ("hunk", None)
            }
            t if t.starts_with('+') => ("add", next(&mut new)),
            t if t.starts_with('-') => ("del", next(&mut old)),
            t if t.starts_with('\\') => ("hunk", None),
            _ => {
                old += 1;
                ("same", next(&mut new))
            }
        };
        DiffLine { kind, number, text }
    };
    text.lines().map(number).collect()
}

/// The line numbers in `@@ -12,3 +14,5 @@`.
fn starts(hunk: &str) -> (u64, u64) {
    let after = |sign| {
        hunk.split_once(sign)
            .and_then(|(_, rest)| rest.split([',', ' ']).next()?.parse().ok())
            .unwrap_or(1)
    };
    (after(" -"), after(" +"))
}

fn line(line: &DiffLine<'_>) -> Markup {
    let number = line.number.map(|n| n.to_string()).unwrap_or_default();
    html! { span class=(line.kind) data-n=(number) { (plainly(line.text)) "\n" } }
}

#[cfg(test)]
mod tests;
