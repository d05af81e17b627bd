//! The Home tab: what waits for me?
//! The app's own page for one person: every question that is open, theirs first, with the same buttons as on the cards.

use chrono::{DateTime, Utc};

use super::gate::{GateView, SnoozeButton};
use super::people::mention;
use super::{RenderContext, clock};
use crate::run::Run;
use crate::slack::{Mrkdwn, SlackBlock, actions, context, divider, header, section};

/// Questions with buttons, and others that are listed: within Slack's hundred blocks.
const MINE: usize = 20;
const OTHERS: usize = 10;

/// Whose answer it waits for, in blocks: `waiting` are runs with an open question, and whether this person may answer it.
#[must_use]
pub fn home(
    waiting: &[(Run, bool)],
    now: DateTime<Utc>,
    render: &RenderContext,
) -> Vec<SlackBlock> {
    let asked = |mine: bool| {
        let runs = waiting.iter().filter(move |(_, may)| *may == mine);
        runs.filter_map(|(run, _)| GateView::open(run)).collect::<Vec<_>>()
    };
    let mut blocks = for_me(&asked(true), now, render);
    blocks.extend(for_others(&asked(false), now, render));
    blocks.push(divider());
    blocks.push(context("`/develop` and the name of a project start a run, `/develop` alone opens a form, `/develop list` shows the newest."));
    blocks
}

fn for_me(
    questions: &[GateView<'_>],
    now: DateTime<Utc>,
    render: &RenderContext,
) -> Vec<SlackBlock> {
    let mut blocks = vec![header("Waiting for you")];
    blocks.extend(questions.iter().take(MINE).flat_map(|question| mine(question, now, render)));
    if questions.is_empty() {
        blocks.push(section("Nothing waits for you. Enjoy the quiet."));
    }
    if questions.len() > MINE {
        let more = questions.len() - MINE;
        blocks.push(context(format!("… and {more} more: `/develop waiting` lists them.")));
    }
    blocks
}

fn for_others(
    questions: &[GateView<'_>],
    now: DateTime<Utc>,
    render: &RenderContext,
) -> Vec<SlackBlock> {
    if questions.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![divider(), header("Waiting for others")];
    let shown = questions.iter().take(OTHERS);
    blocks.extend(shown.map(|question| context(line(question, now, render))));
    if questions.len() > OTHERS {
        blocks.push(context(format!("… and {} more.", questions.len() - OTHERS)));
    }
    blocks
}

fn mine(question: &GateView<'_>, now: DateTime<Utc>, render: &RenderContext) -> Vec<SlackBlock> {
    let mut lines: Vec<Mrkdwn> = vec![question.asked().into(), question.figures().into()];
    lines.extend(question.approvals());
    lines.extend(question.look_twice());
    let mut blocks = vec![section(Mrkdwn::join(lines, "\n"))];
    let over = clock::is_over(question.gate, question.spec, now);
    if !over {
        blocks.push(actions(
            &format!("{}:{}", question.run.id(), question.key()),
            question.buttons(render, SnoozeButton::NotOffered),
        ));
    }
    let diff =
        if over { question.diff_link(render) } else { question.diff_link_below_button(render) };
    blocks.push(context(small(question, now, render, diff)));
    blocks
}

fn line(question: &GateView<'_>, now: DateTime<Utc>, render: &RenderContext) -> Mrkdwn {
    Mrkdwn::from(format!("*{} of {}* · ", question.stage.name(), question.run.request.project))
        + small(question, now, render, question.diff_link(render))
}

/// How long it waits, and where its thread is.
fn small(
    question: &GateView<'_>,
    now: DateTime<Utc>,
    render: &RenderContext,
    diff: Option<Mrkdwn>,
) -> Mrkdwn {
    let run = question.run;
    let mut parts = vec![
        Mrkdwn::from(clock::left(question.gate, question.spec, now))
            + " ("
            + clock::moment(question.gate.deadline, render)
            + ")",
        "started by " + mention(&run.request.starter),
        question.channel() + " " + Mrkdwn::code(run.id().as_str(), 80),
    ];
    parts.extend(render.run_page(run));
    parts.extend(diff);
    Mrkdwn::join(parts, " · ")
}

#[cfg(test)]
mod tests;
