//! The page of an attempt's logs: what was its agent told, what did it do, and what did the checks say?
//! The end of each, because that is where the reason stands. All of it is foreign: escaped by construction, nothing hidden.

use chrono::{DateTime, Utc};
use futures::future::join_all;
use maud::{Markup, html};

use crate::agent;
use crate::commands::pruned_line;
use crate::run::{Attempt, Run, StageState};
use crate::thread::clock::stamp;
use crate::thread::{RenderContext, agent_line, figures};
use crate::workspace::{AttemptFile, AttemptFiles};

use super::layout::{page, plainly_lines};

/// So much of a log stands on the page.
const TAIL_BYTES: u64 = 48_000;
/// So much of an agent's log is read for its steps: it prints long lines.
const STEPS_BYTES: u64 = 1 << 20;
/// The newest steps are shown.
const STEPS: usize = 200;

/// What an attempt was told and printed.
#[derive(Clone, Copy, Debug)]
pub struct LogsPage<'a> {
    pub run: &'a Run,
    pub stage: &'a StageState,
    pub attempt: &'a Attempt,
    pub logs: &'a AttemptLogs,
    /// When what it left was thrown away.
    pub pruned_at: Option<DateTime<Utc>>,
    pub render: &'a RenderContext,
    /// Until when this page opens.
    pub expires_at: DateTime<Utc>,
}

/// The ends of an attempt's files.
#[derive(Clone, Debug, Default)]
pub struct AttemptLogs {
    pub steps: Vec<String>,
    pub logs: Vec<LogEnd>,
}

/// The end of one file.
#[derive(Clone, Debug)]
pub struct LogEnd {
    pub file: AttemptFile,
    pub text: String,
    /// There is more in front of it.
    pub cut: bool,
}

impl AttemptLogs {
    /// What there is, here and in the artifact store; what cannot be read is left out.
    pub async fn read(files: &AttemptFiles) -> Self {
        let shown = AttemptFile::ALL.into_iter().filter(|file| *file != AttemptFile::Agent);
        let steps = files.tail(AttemptFile::Agent, STEPS_BYTES).await.ok().flatten();
        let steps = steps.map(|log| agent::told(&log.raw_text(), &files.worktree()));
        let steps: Vec<String> =
            steps.into_iter().flatten().filter_map(|event| agent_line(&event)).collect();
        Self {
            steps: steps[steps.len().saturating_sub(STEPS)..].to_vec(),
            logs: join_all(shown.map(|file| end_of(files, file)))
                .await
                .into_iter()
                .flatten()
                .collect(),
        }
    }
}

async fn end_of(files: &AttemptFiles, file: AttemptFile) -> Option<LogEnd> {
    let tail = files.tail(file, TAIL_BYTES).await.ok().flatten()?;
    let text = tail.text();
    (!text.trim().is_empty()).then_some(LogEnd { file, text, cut: tail.from > 0 })
}

/// The page at `/runs/<run>/logs/<stage>/<attempt>`.
#[must_use]
pub fn logs_page(of: &LogsPage<'_>) -> Markup {
    let body = html! {
        (head(of))
        @if of.attempt.is_over() { (checks(of)) (steps(of)) } @else { (steps(of)) (checks(of)) }
        @for log in of.logs.logs.iter().filter(|log| !is_of_checks(log)) { (self::log(log, false)) }
        footer { "This page opens until " (stamp(of.expires_at, of.render.clock_zone)) "." }
    };
    page(
        &format!("{} {} of {}", of.stage.name(), of.attempt.n, of.run.request.project),
        "../../../../",
        &body,
    )
}

fn head(of: &LogsPage<'_>) -> Markup {
    let run_page = of.render.links.as_ref().zip(of.run.started_at);
    let run_page = run_page.map(|(links, at)| links.run(of.run.id(), at));
    let (attempt, zone) = (of.attempt, of.render.clock_zone);
    html! {
        header {
            p.path { @match run_page { Some(url) => a href=(url) { (of.run.id()) }, None => (of.run.id()) } }
            h1 { (of.stage.name()) ", attempt " (attempt.n) }
            p.figures {
                "began " (stamp(attempt.started_at, zone))
                @if attempt.is_over() { " · " (figures::span(attempt.seconds)) " · " (attempt.cost_usd) }
            }
        }
        @if let Some(why) = &attempt.why { p.note { (plainly_lines(why)) } }
        @if let Some(at) = of.pruned_at { p.note { (pruned_line(of.run.id(), at).replace('`', "")) } }
        @if !attempt.is_over() { p.note { "It is at work. Open this page again to see more." } }
    }
}

const fn is_of_checks(log: &LogEnd) -> bool {
    matches!(log.file, AttemptFile::Checks)
}

fn checks(of: &LogsPage<'_>) -> Markup {
    html! { @for log in of.logs.logs.iter().filter(|log| is_of_checks(log)) { (self::log(log, true)) } }
}

fn steps(of: &LogsPage<'_>) -> Markup {
    html! {
        @if !of.logs.steps.is_empty() {
            h2 { "What the agent did" }
            ol.steps { @for step in &of.logs.steps { li { (plainly_lines(step)) } } }
        }
    }
}

fn log(log: &LogEnd, open: bool) -> Markup {
    html! {
        details.file open[open] {
            summary { span.name { (title(log.file)) } " " span.tag { (log.file.name()) } }
            @if log.cut { p.note { "Its end. All of it: " code { "signoff logs --all" } "." } }
            pre.log { (plainly_lines(&log.text)) }
        }
    }
}

const fn title(file: AttemptFile) -> &'static str {
    match file {
        AttemptFile::Prompt => "What the agent was told",
        AttemptFile::Setup => "Setup",
        AttemptFile::Agent => "What the agent printed",
        AttemptFile::ChecksBefore => "Checks, on the code before",
        AttemptFile::Checks => "Checks",
        AttemptFile::ChecksRedGreen => "Checks, with the new tests on the code before",
        AttemptFile::Junit => "Test report",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::samples::{Tale, name, with_pages};

    #[test]
    fn the_end_of_the_checks_comes_first_and_nothing_becomes_markup() {
        let run = Tale::done().run;
        let stage = run.stage(&name("streaming")).expect("a stage");
        let end = |file, text: &str| LogEnd { file, text: text.to_owned(), cut: true };
        let logs = AttemptLogs {
            steps: vec!["→ Write <b>.js".to_owned()],
            logs: vec![
                end(AttemptFile::Prompt, "write it\n"),
                end(AttemptFile::Checks, "3 of 50 failed: <script>\u{202e}\n"),
            ],
        };
        let page = logs_page(&LogsPage {
            run: &run,
            stage,
            attempt: &stage.attempts[0],
            logs: &logs,
            pruned_at: None,
            render: &with_pages(),
            expires_at: DateTime::UNIX_EPOCH,
        })
        .into_string();
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text} in {page}"));
        assert!(at("3 of 50 failed: &lt;script&gt;") < at("→ Write &lt;b&gt;.js"));
        assert!(at("→ Write") < at("What the agent was told"));
        assert!(!page.contains("<script") && !page.contains('\u{202e}'));
        assert!(page.contains("<p class=\"note\">3 of 50 tests failed\n</p>"), "{page}");
    }
}
