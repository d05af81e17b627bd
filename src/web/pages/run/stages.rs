//! The stages of a run, on its page: what became of each attempt, and where its work and its logs can be read.

use maud::{Markup, html};
use url::Url;

use super::RunPage;
use crate::run::{Attempt, AttemptOutcome, StageState};
use crate::thread::{self, DiffPart, figures};
use crate::web::pages::layout::{plainly, plainly_lines};

pub(super) fn stage(page_of: &RunPage<'_>, stage: &StageState) -> Markup {
    html! {
        section.stage {
            h3 {
                span.glyph { (figures::glyph(stage.phase)) } " " (stage.name())
                @if let Some(url) = diff_url(page_of, stage) { " " a.more href=(url) { "View diff" } }
            }
            @if let Some(why) = &stage.why { p.why { (plainly(why)) } }
            @if !stage.attempts.is_empty() { ol { @for attempt in &stage.attempts { (self::attempt(page_of, stage, attempt)) } } }
        }
    }
}

fn diff_url(page_of: &RunPage<'_>, stage: &StageState) -> Option<String> {
    let work = stage.good_attempt().filter(|a| a.snapshot.is_some())?;
    let url = thread::diff_url((page_of.run, stage, work), DiffPart::default(), page_of.render)?;
    Some(url.to_string())
}

fn attempt(page_of: &RunPage<'_>, stage: &StageState, attempt: &Attempt) -> Markup {
    let (outcome, mut parts) = outcome(page_of, stage, attempt);
    if attempt.outcome != AttemptOutcome::Running {
        parts.push(figures::plural(attempt.tokens.total(), "token"));
        parts.push(attempt.cost_usd.to_string());
        parts.push(figures::span(attempt.seconds));
    }
    html! {
        li value=(attempt.n) {
            span class={ "outcome " (outcome) } { (outcome) } " " (plainly(&parts.join(" · ")))
            @if let Some(why) = &attempt.why { p.why { (plainly(why)) } }
            @if let Some(feedback) = &attempt.feedback { details { summary { "What the checks said" } pre { (plainly_lines(feedback)) } } }
            @if let Some(words) = &attempt.words { details { summary { "In the agent's own words" } blockquote { (plainly_lines(words)) } } }
            @let (diff, logs) = (own_diff(page_of, stage, attempt), logs(page_of, stage, attempt));
            @if diff.is_some() || logs.is_some() {
                p.ways {
                    @if let Some(url) = diff { a href=(url) { "What it changed" } " " }
                    @if let Some(url) = logs { a href=(url) { "Steps and logs" } }
                }
            }
        }
    }
}

/// The diff of work that does not stand for its stage, where it was kept.
fn own_diff(page_of: &RunPage<'_>, stage: &StageState, attempt: &Attempt) -> Option<Url> {
    let is_the_stages = stage.good_attempt().is_some_and(|good| good.n == attempt.n);
    let kept = attempt.snapshot.is_some() && attempt.diff.is_some() && !is_the_stages;
    let part = DiffPart::default();
    kept.then(|| thread::diff_url((page_of.run, stage, attempt), part, page_of.render))?
}

fn logs(page_of: &RunPage<'_>, stage: &StageState, attempt: &Attempt) -> Option<Url> {
    let there = page_of.logged.contains(&(stage.name().clone(), attempt.n));
    let links = page_of.render.links.as_ref().filter(|_| there)?;
    Some(links.logs((page_of.run.id(), page_of.run.started_at?), stage.name(), attempt.n))
}

/// How an attempt went, in a word, and what it did.
fn outcome(
    page_of: &RunPage<'_>,
    stage: &StageState,
    attempt: &Attempt,
) -> (&'static str, Vec<String>) {
    match attempt.outcome {
        AttemptOutcome::Running => ("running", figures::doing(stage, attempt, page_of.progress)),
        AttemptOutcome::Good => ("good", figures::achieved(attempt)),
        AttemptOutcome::Bad => {
            ("bad", attempt.diff.as_ref().map(figures::diff).into_iter().collect())
        }
        AttemptOutcome::Lost => ("lost", Vec::new()),
        AttemptOutcome::Stopped => ("stopped", Vec::new()),
    }
}
