//! What does the run card say?
//! The root message in the channel, one screen, edited in place. It names nobody: a mention in it would notify.

use chrono::{DateTime, Utc};
use slack_morphism::prelude::SlackBlock;

use crate::run::{Delivered, Phase, Run, Sandboxing, StagePhase, StageState};

use super::blocks::{actions, button, confirmed, context, header, link, section};
use super::gate::{RunValue, STOP};
use super::text::{NOTICE, bare, code, inline, quote};
use super::{Message, Place, To, clock, figures};

/// How much of the brief, and of a reason, a card shows.
const BRIEF: usize = 300;
const WHY: usize = 160;
/// More stages than this are folded.
const STAGES: usize = 24;

pub(super) fn card(run: &Run, now: DateTime<Utc>, place: &Place) -> Message {
    let mut blocks = vec![header(&title(run))];
    blocks.extend(quote(&run.request.brief, BRIEF).map(|brief| section(&brief)));
    blocks.push(section(&stages(run)));
    blocks.push(context(&figures_line(run, now)));
    let banners = banners(run);
    if !banners.is_empty() {
        blocks.push(context(&banners.join("\n")));
    }
    let places = places(run, place);
    if !places.is_empty() {
        blocks.push(context(&places.join(" · ")));
    }
    blocks.extend(stop(run));
    Message { key: "card".to_owned(), to: To::Channel, text: notice(run), blocks }
}

/// Ends the run, after a second look. None where it is ending already.
fn stop(run: &Run) -> Option<SlackBlock> {
    let stops = run.outcome.is_none() && !run.was_stopped();
    let text = "The run ends at once, and cannot be continued. What the agent has written so far is kept as a snapshot.";
    let sure = ("Stop this run?", text, "Stop the run");
    stops.then(|| actions("run", vec![confirmed(button(STOP, "Stop", &RunValue { run: run.id().clone() }.json()), sure)]))
}

fn title(run: &Run) -> String {
    format!("{} · {}", run.request.project, figures::phase(run))
}

fn notice(run: &Run) -> String {
    let doing = run.current().filter(|_| run.outcome.is_none()).map(|(_, stage)| format!(": {}", stage.name())).unwrap_or_default();
    let text = format!("{} · {} · {}{doing} · {}", run.request.project, run.id(), figures::phase(run), figures::money(run));
    bare(&text, NOTICE)
}

fn stages(run: &Run) -> String {
    let mut lines: Vec<String> = run.stages.iter().take(STAGES).map(stage_line).collect();
    if run.stages.len() > STAGES {
        lines.push(format!("… {} more stages", run.stages.len() - STAGES));
    }
    if run.phase() == Phase::Starting {
        lines.push("_Waiting for a worker to take it on._".to_owned());
    }
    lines.join("\n")
}

fn stage_line(stage: &StageState) -> String {
    let attempt = stage.attempts.last().map(|a| a.n);
    let more = match (stage.phase, attempt) {
        (StagePhase::Running, Some(n)) if n > 1 => format!(" · attempt {n}"),
        (StagePhase::Waiting, _) => " · waits for an answer in the thread".to_owned(),
        (StagePhase::Failed, _) => stage.why.as_deref().map(|why| format!(" · {}", inline(why, WHY))).unwrap_or_default(),
        (StagePhase::Undone, _) => " · not kept".to_owned(),
        _ => String::new(),
    };
    let name =
        if matches!(stage.phase, StagePhase::Running | StagePhase::Waiting) { format!("*{}*", stage.name()) } else { stage.name().to_string() };
    format!("{} {name}{more}", figures::glyph(stage.phase))
}

fn figures_line(run: &Run, now: DateTime<Utc>) -> String {
    let mut parts = vec![code(run.id().as_str(), 80), figures::money(run)];
    parts.extend(clock::elapsed(run, now));
    parts.extend(run.agent.as_ref().map(|info| inline(&figures::agent(info), 160)));
    parts.join(" · ")
}

/// What everybody should know about how this run is made.
pub(super) fn banners(run: &Run) -> Vec<String> {
    let mut banners = Vec::new();
    if run.request.rehearsal {
        banners.push("*Rehearsal:* scripted model, no cost. The amounts are the script's.".to_owned());
    }
    match run.sandboxing {
        Some(Sandboxing::None) => banners.push("*No sandbox:* agent and checks can reach whatever the worker can.".to_owned()),
        Some(Sandboxing::OpenNetwork) => banners.push("*Network open:* agent and checks are in a sandbox that can reach the network.".to_owned()),
        Some(Sandboxing::Closed) | None => {}
    }
    banners
}

/// Where to read on: the run's page, the repository, the branch.
fn places(run: &Run, place: &Place) -> Vec<String> {
    let mut places = Vec::new();
    if let (Some(links), Some(started)) = (&place.links, run.started_at) {
        places.push(link(&links.run(run.id(), started), "Run page"));
    }
    places.extend(run.delivered.as_ref().map(branch));
    places
}

fn branch(delivered: &Delivered) -> String {
    // A path on the worker's disk tells nothing on a phone; the closing message has it whole.
    let place = if delivered.pushed { code(&delivered.repository, 200) } else { "the run's own repository".to_owned() };
    format!("branch {} in {place}", code(&delivered.branch, 120))
}

#[cfg(test)]
mod tests;
