//! The diff page: what changed, readable on a phone?
//! Everything in a diff is foreign: escaped by construction, nothing hidden, and it scrolls sideways only inside the code.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use url::Url;

use crate::run::{Attempt, Run, StagePhase, StageState, Usd};
use crate::thread::clock::stamp;
use crate::thread::{DiffPart, RenderContext, diff_url, figures, standing};
use crate::workspace::{FilePatch, FileStatus, Patch};

use super::layout::{page, plainly};

/// Lines that are unfolded at first, over all files.
const OPEN_LINES: usize = 600;

/// The work of one attempt of a stage, and what of it is shown.
#[derive(Clone, Copy, Debug)]
pub struct DiffPage<'a> {
    pub run: &'a Run,
    pub stage: &'a StageState,
    pub attempt: &'a Attempt,
    pub patch: &'a Patch,
    pub part: DiffPart,
    /// Whether the link named the work; else it is the newest.
    pub bound: bool,
    /// Until when this page opens.
    pub expires_at: DateTime<Utc>,
    pub render: &'a RenderContext,
}

/// The page at `/runs/<run>/diff/<stage>/…`.
#[must_use]
pub fn diff_page(diff: &DiffPage<'_>) -> Markup {
    let body = html! {
        (head(diff))
        @match diff.part.file {
            Some(i) => @match diff.patch.files.get(i) {
                Some(file) => (whole_file(i, file)),
                None => p.note { "There is no such file." },
            },
            None => (all_files(diff)),
        }
        footer { "This page opens until " (stamp(diff.expires_at, diff.render.clock_zone)) "." }
    };
    page(&format!("{} of {}", diff.stage.name(), diff.run.request.project), &diff.way_home(), &body)
}

impl DiffPage<'_> {
    fn url(&self, part: DiffPart) -> Option<Url> {
        diff_url((self.run, self.stage, self.attempt), part, self.render)
    }

    fn run_page(&self) -> Option<Url> {
        Some(self.render.links.as_ref()?.run(self.run.id(), self.run.started_at?))
    }

    /// From this page to the folder of `style.css`.
    fn way_home(&self) -> String {
        let below = usize::from(self.bound) + usize::from(self.part != DiffPart::default());
        "../".repeat(3 + below)
    }

    /// The round before, where newer work was asked about then.
    fn round_before(&self) -> Option<u32> {
        let gates = self.run.gate.iter().filter(|open| &open.id.stage == self.stage.name());
        let all = self.stage.asked.iter().map(|asked| &asked.gate).chain(gates);
        let mut rounds =
            all.filter(|gate| gate.attempt == self.attempt.n).map(|gate| gate.id.round);
        rounds.next()?.checked_sub(1).filter(|round| *round > 0)
    }
}

fn head(diff: &DiffPage<'_>) -> Markup {
    let waits =
        diff.run.gate.as_ref().is_some_and(|gate| {
            &gate.id.stage == diff.stage.name() && gate.attempt == diff.attempt.n
        });
    html! {
        header {
            p.path { @match diff.run_page() { Some(url) => a href=(url) { (diff.run.id()) }, None => (diff.run.id()) } }
            h1 { (diff.stage.name()) " of " (diff.run.request.project) }
            p.figures { (facts(diff)) }
        }
        @if !diff.bound { p.note { "The link to this page does not say which work it is about, so it shows the newest." } }
        @for line in standing(diff.run, (diff.stage, diff.attempt)) {
            p.note { (line) @if waits { " Approve or reject it in the run's thread." } }
        }
        (other_parts(diff))
    }
}

/// What else there is to see of this work.
fn other_parts(diff: &DiffPage<'_>) -> Markup {
    let since = diff.patch.since_round.as_ref().and(diff.round_before());
    let link = |part, label: &str| html! { @if let Some(url) = diff.url(part) { p { a href=(url) { (label) } } } };
    let all = DiffPart { file: None, ..diff.part };
    html! {
        @if diff.part.file.is_some() { (link(all, "All files")) }
        @if diff.part.since_round { (link(DiffPart::default(), "All that the stage changed")) }
        @else if let Some(round) = since {
            (link(DiffPart { since_round: true, file: None }, &format!("Only what changed since round {round}")))
        }
    }
}

fn facts(diff: &DiffPage<'_>) -> String {
    let files = &diff.patch.files;
    let (added, removed) = files
        .iter()
        .fold((0_u64, 0_u64), |(a, r), f| (a.saturating_add(f.added), r.saturating_add(f.removed)));
    let count = figures::plural(files.len() as u64, "file");
    let since = diff.round_before().filter(|_| diff.part.since_round);
    let mut parts: Vec<String> =
        since.map(|round| format!("Since round {round}")).into_iter().collect();
    parts.push(format!("{count} {}", figures::lines(added, removed)));
    parts.extend(work_facts(diff));
    parts.join(" · ")
}

/// Its tests and coverage, what the stage had cost by then, and whether it was kept.
fn work_facts(diff: &DiffPage<'_>) -> Vec<String> {
    let (stage, work) = (diff.stage, diff.attempt);
    let mut facts = vec![format!("attempt {}", work.n)];
    facts.extend(work.tests.map(figures::tests));
    facts.extend(work.coverage_percent.map(|p| format!("{} coverage", figures::percent(p))));
    let so_far = stage.attempts.iter().filter(|attempt| attempt.n <= work.n);
    facts.push(so_far.map(Attempt::spent).sum::<Usd>().to_string());
    let undone = matches!(stage.phase, StagePhase::Undone | StagePhase::Failed);
    facts.extend(undone.then(|| "not kept".to_owned()));
    facts
}

fn all_files(diff: &DiffPage<'_>) -> Markup {
    let files = &diff.patch.files;
    let shares = diff.patch.on_one_page();
    let mut room = OPEN_LINES;
    html! {
        @if diff.patch.truncated { p.note { "The diff is longer than what is kept. What is missing is in the run's repository." } }
        @if files.is_empty() { p.note { "Nothing was changed." } }
        @if files.len() > 1 { (contents(files)) }
        @for (i, (file, share)) in files.iter().zip(shares).enumerate() {
            (self::file(diff, (i, file), share, &mut room))
        }
    }
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

/// A file as it stands among all: what has no room here is told, and is on a page of its own.
fn file(
    diff: &DiffPage<'_>,
    (i, file): (usize, &FilePatch),
    share: usize,
    room: &mut usize,
) -> Markup {
    let (shown, missing) = file.beginning(share);
    let own = diff.url(DiffPart { file: Some(i), ..diff.part }).filter(|_| shown != file.text);
    html! {
        details.file id={ "f" (i) } open[is_open(shown, room)] {
            summary { (title(file)) }
            (lines(file, shown))
            @if missing > 0 {
                p.note {
                    (figures::plural(missing, "line")) ", not shown here"
                    @match own {
                        Some(url) => { ": " a href=(url) { "see the file by itself" } "." }
                        None => ". They are in the run's repository.",
                    }
                }
            }
        }
    }
}

/// A file on a page of its own.
fn whole_file(i: usize, file: &FilePatch) -> Markup {
    html! {
        details.file id={ "f" (i) } open {
            summary { (title(file)) }
            (lines(file, &file.text))
            @if file.not_kept() > 0 {
                p.note { (figures::plural(file.not_kept(), "more line")) ", not kept here. They are in the run's repository." }
            }
        }
    }
}

fn title(file: &FilePatch) -> Markup {
    html! {
        span.name {
            @if let Some(old) = file.old_path.as_deref().filter(|old| *old != file.path) { (plainly(old)) " → " }
            (plainly(&file.path))
        }
        " " (counts(file))
        @if let Some(status) = status(file.status) { " " span.tag { (status) } }
        @if let Some(now) = file.became { " " span.tag { (figures::became(now)) } }
    }
}

fn lines(file: &FilePatch, shown: &str) -> Markup {
    html! {
        @if file.binary { p.note { "Not text." } }
        @else if file.changed() == 0 { p.note { "No lines changed" @if let Some(now) = file.became { ": it is " (figures::became(now)) } "." } }
        @else if !shown.is_empty() { pre { code { @for line in numbered(shown) { (self::line(&line)) } } } }
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
fn is_open(shown: &str, room: &mut usize) -> bool {
    let lines = shown.lines().count();
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
