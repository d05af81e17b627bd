//! The run page: how is this run doing, and how did it go?
//! The same facts as the thread, with every attempt; for those who got the link.

mod stages;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use maud::{Markup, PreEscaped, html};

use crate::commands::pruned_line;
use crate::run::{
    Approver, Decided, Delivered, GateKind, Note, OpenGate, PersonId, Progress, Run, Sandboxing,
    StageName, Verdict,
};
use crate::thread::clock::stamp;
use crate::thread::{
    self, DiffPart, FeatureRow, MoneyQuestion, RenderContext, StageChart, Theme, figures, table,
};

use super::layout::{page, plainly, plainly_lines};

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
    pub relatives: &'a Relatives,
    /// When what it left was thrown away.
    pub pruned_at: Option<DateTime<Utc>>,
    /// The attempts whose logs can be read.
    pub logged: &'a BTreeSet<(StageName, u32)>,
    /// Until when this page opens.
    pub expires_at: DateTime<Utc>,
}

/// The run that this one does once more, and those that do this one.
#[derive(Clone, Debug, Default)]
pub struct Relatives {
    pub before: Option<Run>,
    /// The newest first.
    pub after: Vec<Run>,
    /// The run that it is part of.
    pub whole: Option<Run>,
    /// Those of its features, where it is a batch.
    pub features: Vec<(FeatureRow, Run)>,
    /// Those that did stages of it beside others.
    pub beside: Vec<Run>,
}

/// The page at `/runs/<run>`.
#[must_use]
pub fn run_page(page_of: &RunPage<'_>) -> Markup {
    let run = page_of.run;
    let body = html! {
        (head(page_of))
        @if let Some(open) = &run.gate { h2 { "Waits for an answer" } (question(page_of, open)) }
        @if !page_of.relatives.features.is_empty() { h2 { "Features" } (features(page_of)) }
        @if !page_of.relatives.beside.is_empty() { h2 { "Side by side" } (beside(page_of)) }
        h2 { "Stages" }
        @for stage in &run.stages { (stages::stage(page_of, stage)) }
        @if !run.decisions.is_empty() {
            h2 { "Decisions" }
            ul { @for decided in &run.decisions { (decision(page_of, decided)) } }
        }
        @if !run.notes.is_empty() {
            h2 { "Notes" }
            ul { @for note in &run.notes { (self::note(page_of, note)) } }
        }
        @if table::worked(run).next().is_some() { h2 { "Cost" } (costs(run)) }
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
        @if let Some(before) = &page_of.relatives.before { p { "It does " (relative(page_of, before)) " once more." } }
        @if let Some(whole) = &page_of.relatives.whole { p { (part_of(run)) (relative(page_of, whole)) "." } }
        @for after in &page_of.relatives.after { p.note { "Done again as " (relative(page_of, after)) ", " (figures::phase(after)) "." } }
        @if let Some(why) = run.why.as_deref().filter(|_| run.outcome.is_some()) { p.note { (plainly(why)) } }
        @if let Some(at) = page_of.pruned_at { p.note { (pruned_line(run.id(), at).replace('`', "")) } }
        @if !run.request.brief.trim().is_empty() { blockquote { (plainly_lines(&run.request.brief)) } }
    }
}

fn part_of(run: &Run) -> &'static str {
    if run.request.is_side_run() { "It does a stage of " } else { "It develops a feature of " }
}

/// The runs that did stages beside others, a line each.
fn beside(page_of: &RunPage<'_>) -> Markup {
    let name = |run: &Run| run.request.part_of.as_ref().map(|it| it.slug.to_string());
    html! {
        ul {
            @for run in &page_of.relatives.beside {
                li { (name(run).unwrap_or_default()) " · " (figures::phase(run)) " · " (run.spent()) " · " (relative(page_of, run)) }
            }
        }
    }
}

/// The runs of its features, a line each.
fn features(page_of: &RunPage<'_>) -> Markup {
    html! {
        ul {
            @for (row, run) in &page_of.relatives.features {
                li { (row.in_a_line()) " · " (relative(page_of, run)) }
            }
        }
    }
}

/// Another run: a way to it only where whoever reads this sees both in one channel.
fn relative(page_of: &RunPage<'_>, other: &Run) -> Markup {
    let seen = other.request.channel == page_of.run.request.channel;
    let links = page_of.render.links.as_ref().filter(|_| seen);
    let url = links.zip(other.started_at).map(|(links, at)| links.run(other.id(), at));
    html! { @match url { Some(url) => a href=(url) { (other.id()) }, None => (other.id()) } }
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
                None if let Some(by_hand) = &open.by_hand => { (open.id.stage) " is done by hand by " (name(page_of, &by_hand.by)) @if let Some(branch) = &by_hand.branch { ", on branch " code { (branch.name) } } ". " }
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
        Verdict::TakeOver => "taken over by hand",
        Verdict::HandIn => "handed in",
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

#[cfg(test)]
mod tests;
