//! The run page: how is this run doing, and how did it go?
//! The same facts as the thread, with every attempt; for those who got the link.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use maud::{Markup, PreEscaped, html};

use crate::run::{
    Approver, Attempt, AttemptOutcome, Decided, Delivered, GateKind, Note, OpenGate, PersonId,
    Progress, Run, Sandboxing, StageState, Verdict,
};
use crate::thread::clock::stamp;
use crate::thread::{
    self, DiffPart, MoneyQuestion, RenderContext, StageChart, Theme, figures, table,
};

use super::layout::{page, plainly};

/// A run, and what is known of the world around it.
#[derive(Clone, Copy, Debug)]
pub struct RunPage<'a> {
    pub run: &'a Run,
    /// How far the current attempt is.
    pub progress: Option<&'a Progress>,
    /// Links to the stages' diffs are made by it.
    pub render: &'a RenderContext,
    /// Names of people that could be looked up.
    pub names: &'a BTreeMap<PersonId, String>,
    /// Until when this page opens.
    pub expires_at: DateTime<Utc>,
}

/// The page at `/runs/<run>`.
#[must_use]
pub fn run_page(page_of: &RunPage<'_>) -> Markup {
    let run = page_of.run;
    let body = html! {
        (head(page_of))
        @if let Some(open) = &run.gate { h2 { "Waits for an answer" } (question(page_of, open)) }
        h2 { "Stages" }
        @for stage in &run.stages { (self::stage(page_of, stage)) }
        @if !run.decisions.is_empty() {
            h2 { "Decisions" }
            ul { @for decided in &run.decisions { (decision(page_of, decided)) } }
        }
        @if !run.notes.is_empty() {
            h2 { "Notes" }
            ul { @for note in &run.notes { (self::note(page_of, note)) } }
        }
        @if run.stages.iter().any(|s| !s.attempts.is_empty()) { h2 { "Cost" } (costs(run)) }
        @if let Some(delivered) = &run.delivered { h2 { "Code" } (code(delivered)) }
        footer { "This page opens until " (stamp(page_of.expires_at, page_of.render.clock_zone)) "." }
    };
    page(&format!("{} · {}", run.request.project, figures::phase(run)), "../", &body)
}

fn head(page_of: &RunPage<'_>) -> Markup {
    let run = page_of.run;
    let phase = figures::phase(run);
    html! {
        header {
            p.path { (run.id()) }
            h1 { (run.request.project) " " span class={ "phase " (phase) } { (phase) } }
            p.figures { (facts(page_of)) }
        }
        @for banner in banners(run) { p.note { (banner) } }
        @if let Some(why) = run.why.as_deref().filter(|_| run.outcome.is_some()) { p.note { (plainly(why)) } }
        @if !run.request.brief.trim().is_empty() { blockquote { (plainly_lines(&run.request.brief)) } }
    }
}

fn facts(page_of: &RunPage<'_>) -> String {
    let (run, zone) = (page_of.run, page_of.render.clock_zone);
    let mut parts = vec![figures::money(run)];
    parts.extend(run.started_at.map(|at| format!("started {}", stamp(at, zone))));
    parts.extend(run.ended_at.map(|at| format!("ended {}", stamp(at, zone))));
    parts.push(format!("asked for by {}", name(page_of, &run.request.starter)));
    parts.extend(run.agent.as_ref().map(figures::agent));
    parts.join(" · ")
}

fn banners(run: &Run) -> Vec<String> {
    let rehearsal = run
        .request
        .rehearsal
        .then_some("Rehearsal: scripted model, no cost. The amounts are the script's.");
    let sandbox = match run.sandboxing {
        Some(Sandboxing::None) => {
            Some("No sandbox: agent and checks can reach whatever the worker can.")
        }
        Some(Sandboxing::OpenNetwork) => {
            Some("Network open: the agent or its setup could reach the whole network.")
        }
        Some(Sandboxing::Closed) | None => None,
    };
    let has_setup = run.stages.iter().any(|stage| !stage.stage.setup.is_empty());
    let is_held = run.sandboxing == Some(Sandboxing::Closed);
    let setup = (has_setup && is_held)
        .then_some("Setup reaches the hosts its stage may reach, and nothing else of the network.");
    let not_here = run.start.as_ref().and_then(thread::not_here);
    let not_here = not_here.map(|it| format!("Not cloned: {it}."));
    let fixed = rehearsal.into_iter().chain(sandbox).chain(setup).map(str::to_owned);
    fixed.chain(not_here).collect()
}

/// What is asked, of whom, and how long it can be answered.
fn question(page_of: &RunPage<'_>, open: &OpenGate) -> Markup {
    let (run, zone) = (page_of.run, page_of.render.clock_zone);
    let stage = run.stage(&open.id.stage);
    let diff = stage.zip(stage.and_then(|stage| stage.attempt(open.attempt)));
    let diff = diff.and_then(|(stage, attempt)| {
        thread::diff_url((run, stage, attempt), DiffPart::default(), page_of.render)
    });
    html! {
        p.note {
            @match MoneyQuestion::of(open) {
                Some(money) => { "Spend more on " (open.id.stage) "? " (money.because) ". Asked of " (asked(page_of, open)) ". " }
                None if open.id.kind == GateKind::Recovery => { (open.id.stage) " has failed, and it is asked what now. Asked of " (asked(page_of, open)) ". " }
                None => { "Keep " (open.id.stage) "? Round " (open.id.round) ", asked of " (asked(page_of, open)) ". " }
            }
            @match open.overdue_since {
                Some(at) => { "Overdue since " (stamp(at, zone)) ", and still waiting." }
                None => { "It can be answered until " (stamp(open.deadline, zone)) ", in the run's thread." }
            }
            @if let Some(url) = diff { " " a href=(url.as_str()) { "View diff" } }
        }
        @if !open.approvals.is_empty() {
            p { "Approved so far by " (row(open.approvals.iter().map(|by| name(page_of, by)))) "." }
        }
    }
}

/// Who is listed to answer; else whoever may.
fn asked(page_of: &RunPage<'_>, open: &OpenGate) -> String {
    let run = page_of.run;
    let spec = run.spec_of(&open.id);
    let people = spec.map(|spec| run.asked_people(&open.id, spec)).unwrap_or_default();
    let named = people.into_iter().map(|approver| match approver {
        Approver::Person(person) => name(page_of, person),
        Approver::Group(group) => format!("the group {}", group.group),
    });
    let named = row(named);
    if named.is_empty() { "every full member of the workspace".to_owned() } else { named }
}

fn row(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// What somebody said for the next attempt, and which attempt read it.
fn note(page_of: &RunPage<'_>, note: &Note) -> Markup {
    html! {
        li {
            (name(page_of, &note.by)) ", " (stamp(note.at, page_of.render.clock_zone)) ", "
            @match &note.read_by {
                Some((stage, n)) => { "read by " (stage) " attempt " (n) }
                None => "no attempt has read it",
            }
            blockquote { (plainly_lines(&note.words)) }
        }
    }
}

fn stage(page_of: &RunPage<'_>, stage: &StageState) -> Markup {
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
        }
    }
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

fn decision(page_of: &RunPage<'_>, decided: &Decided) -> Markup {
    let about = decided.gate.as_ref().map_or("the run", |g| g.stage.as_str());
    let after = decided
        .gate
        .as_ref()
        .map(|_| format!(" {}", figures::after(decided.waited_seconds)))
        .unwrap_or_default();
    html! {
        li {
            (about) " " (did(decided.verdict)) " by " (name(page_of, &decided.by)) (after) ", " (stamp(decided.at, page_of.render.clock_zone))
            @if let Some(words) = &decided.words { blockquote { (plainly_lines(words)) } }
        }
    }
}

const fn did(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved",
        Verdict::Changes => "asked for changes",
        Verdict::Extend => "extended the deadline",
        Verdict::Snooze => "wants no reminders",
        Verdict::Note => "noted",
        Verdict::Raise => "let it spend on",
        Verdict::Retry => "tried again",
        Verdict::Skip => "left out",
        Verdict::Rollback => "rolled back",
        Verdict::Reject => "rejected",
        Verdict::Stop => "stopped",
    }
}

fn name(page_of: &RunPage<'_>, person: &PersonId) -> String {
    let known = page_of.names.get(person).cloned();
    known.unwrap_or_else(|| match person {
        PersonId::Slack { user, .. } => user.clone(),
        PersonId::Cli { user } => format!("{user} (command line)"),
    })
}

fn costs(run: &Run) -> Markup {
    let rows = table::wide(run);
    let (head, rows) = rows.split_first().expect("the head is always there");
    let (total, stages) = rows.split_last().expect("the total is always there");
    let row = |cells: &[String]| html! { tr { th scope="row" { (cells[0]) } @for cell in &cells[1..] { td { (cell) } } } };
    html! {
        @if let Some(chart) = chart(run) { figure.chart { (chart) } }
        table {
            thead { tr { @for name in head { th { (name) } } } }
            tbody { @for r in stages { (row(r)) } }
            tfoot { (row(total)) }
        }
    }
}

/// None while the run goes on. What cannot be drawn is in the table.
fn chart(run: &Run) -> Option<Markup> {
    let svg = StageChart::of(run)?.svg(Theme::Light);
    svg.ok().map(PreEscaped)
}

fn code(delivered: &Delivered) -> Markup {
    html! {
        p {
            (figures::diff(&delivered.diff)) " on branch " code { (plainly(&delivered.branch)) } " of " code { (plainly(&delivered.repository)) }
            @if delivered.pushed { ", pushed." } @else { ", the run's own repository." }
        }
        @if let Some(note) = &delivered.note { p.note { (plainly(note)) } }
    }
}

/// Several lines, each as it is.
fn plainly_lines(text: &str) -> Markup {
    html! { @for line in text.trim().lines() { (plainly(line)) "\n" } }
}

#[cfg(test)]
mod tests;
