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
        waiting
            .iter()
            .filter(move |(_, may)| *may == mine)
            .filter_map(|(run, _)| GateView::open(run))
    };
    let mut blocks = vec![header("Waiting for you")];
    for question in asked(true).take(MINE) {
        blocks.extend(mine(&question, now, render));
    }
    let (mine, others) = (asked(true).count(), asked(false).count());
    if mine == 0 {
        blocks.push(section("Nothing waits for you. Enjoy the quiet."));
    }
    if mine > MINE {
        blocks.push(context(format!("… and {} more: `/develop waiting` lists them.", mine - MINE)));
    }
    if others > 0 {
        blocks.extend([divider(), header("Waiting for others")]);
        blocks.extend(
            asked(false).take(OTHERS).map(|question| context(line(&question, now, render))),
        );
    }
    if others > OTHERS {
        blocks.push(context(format!("… and {} more.", others - OTHERS)));
    }
    blocks.push(divider());
    blocks.push(context("`/develop` and the name of a project start a run, `/develop` alone opens a form, `/develop list` shows the newest."));
    blocks
}

fn mine(question: &GateView<'_>, now: DateTime<Utc>, render: &RenderContext) -> Vec<SlackBlock> {
    let mut lines: Vec<Mrkdwn> = vec![question.asked().into(), question.figures().into()];
    lines.extend(question.approvals());
    lines.extend(question.look_twice());
    let mut blocks = vec![section(Mrkdwn::join(lines, "\n"))];
    if !clock::is_over(question.gate, question.spec, now) {
        blocks.push(actions(
            &format!("{}:{}", question.run.id(), question.key()),
            question.buttons(render, SnoozeButton::NotOffered),
        ));
    }
    blocks.push(context(small(question, now, render)));
    blocks
}

fn line(question: &GateView<'_>, now: DateTime<Utc>, render: &RenderContext) -> Mrkdwn {
    Mrkdwn::from(format!("*{} of {}* · ", question.stage.name(), question.run.request.project))
        + small(question, now, render)
}

/// How long it waits, and where its thread is.
fn small(question: &GateView<'_>, now: DateTime<Utc>, render: &RenderContext) -> Mrkdwn {
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
    parts.extend(question.diff_link(render));
    Mrkdwn::join(parts, " · ")
}

#[cfg(test)]
mod tests;
