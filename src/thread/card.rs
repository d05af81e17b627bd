//! The run card: how is the run?
//! The root message in the channel, one screen, edited in place. It names nobody: a mention in it would notify.

use chrono::{DateTime, Utc};

use crate::run::{
    BatchMember, Delivered, Phase, QueuedAttempt, Run, Sandboxing, StagePhase, StageState,
    WorkerWait,
};
use crate::slack::{
    Button, Confirm, Mrkdwn, SlackBlock, actions, context, header, one_line, section,
};

use super::gate::RunValue;
use super::message::NOTICE;
use super::side_run::{self, Beside};
use super::{ActionId, Message, MessageKey, RenderContext, To, clock, estimate, figures, queued};

/// How much of the brief, and of a reason, a card shows.
const BRIEF: usize = 300;
const WHY: usize = 160;
/// More stages than this are folded.
const STAGES: usize = 24;

/// The stages of a card, and how many are left out.
struct Folded<'a> {
    good: u64,
    shown: Vec<&'a StageState>,
    /// Not good, or not yet.
    later: u64,
}

pub(super) fn card(
    (run, queued): (&Run, Option<&QueuedAttempt>),
    beside: Beside<'_>,
    now: DateTime<Utc>,
    render: &RenderContext,
) -> Message {
    let mut blocks = vec![header(&title(run))];
    blocks.extend(Mrkdwn::excerpt(&run.request.brief, BRIEF).map(section));
    blocks.push(section(stages(run, beside)));
    let waits = run.waits_for_worker().into_iter().chain(beside.waits_for_worker());
    blocks.extend(waits.map(|wait| section(no_worker(&wait))));
    blocks.extend(queued::on_card(run, queued).map(section));
    blocks.push(context(figures_line(run, beside, now)));
    blocks.extend(Mrkdwn::join(banners(run), "\n").non_empty().map(context));
    blocks.extend(places(run, render).non_empty().map(context));
    blocks.extend(steer(run));
    Message::new(MessageKey::Card, To::Channel, &notice(run, beside.runs), blocks)
}

/// Opens the form for a rollback.
pub(super) fn roll_back(value: &str) -> Button {
    Button::new("Roll back", ActionId::Rollback.as_str(), value)
}

/// Lets it go back, or ends it, after a second look. None where it is ending already.
pub(super) fn steer(run: &Run) -> Option<SlackBlock> {
    let stops = run.outcome.is_none() && !run.was_stopped();
    let sure = Confirm {
        title: "Stop this run?",
        text: "The run ends at once, and cannot be continued. What the agent has written so far is kept as a snapshot.",
        yes: "Stop the run",
        no: "Not now",
    };
    let value = RunValue { run: run.id().clone() }.json();
    let back = run.snapshots().next().map(|_| roll_back(&value));
    let stop = Button::new("Stop", ActionId::Stop.as_str(), &value).confirmed(sure);
    stops.then(|| actions("run", back.into_iter().chain([stop]).collect()))
}

fn title(run: &Run) -> String {
    format!("{} · {}", run.request.project, figures::phase(run))
}

pub(super) fn notice(run: &Run, children: &[Run]) -> Mrkdwn {
    let doing = run
        .current()
        .filter(|_| run.outcome.is_none())
        .map(|(_, stage)| format!(": {}", stage.name()))
        .unwrap_or_default();
    Mrkdwn::line(
        &format!(
            "{} · {} · {}{doing} · {}",
            run.request.project,
            run.id(),
            figures::phase(run),
            figures::of_budget(run, run.spent_with(children))
        ),
        NOTICE,
    )
}

fn stages(run: &Run, beside: Beside<'_>) -> String {
    let line = |stage: &StageState| {
        side_run::on_card((run, stage), beside).unwrap_or_else(|| stage_line(stage))
    };
    let Folded { good, shown, later } = folded(run);
    let more = |n: u64, what: &str| {
        (n > 0).then(|| format!("… {}{what}", figures::plural(n, "more stage")))
    };
    let mut lines: Vec<String> = more(good, ", good").into_iter().collect();
    lines.extend(shown.into_iter().map(line).chain(more(later, "")));
    if run.phase() == Phase::Starting {
        lines.push("_Waiting for a worker to take it on._".to_owned());
    }
    lines.join("\n")
}

/// Those that there is room for: stages that are good are folded first, the oldest of them before others; then those that are still to
/// come, the last first.
fn folded(run: &Run) -> Folded<'_> {
    let is_good = |stage: &StageState| stage.phase == StagePhase::Good;
    let is_to_come =
        |stage: &StageState| stage.phase == StagePhase::Todo && stage.side_run().is_none();
    let mut at: Vec<usize> = (0..run.stages.len()).collect();
    at.sort_by_key(|&i| match &run.stages[i] {
        stage if is_good(stage) => (2, usize::MAX - i),
        stage if is_to_come(stage) => (1, i),
        _ => (0, i),
    });
    let left_out = at.split_off(at.len().min(STAGES));
    at.sort_unstable();
    let good = left_out.iter().filter(|&&i| is_good(&run.stages[i])).count() as u64;
    let later = left_out.len() as u64 - good;
    Folded { good, shown: at.into_iter().map(|i| &run.stages[i]).collect(), later }
}

fn stage_line(stage: &StageState) -> String {
    let name = if matches!(stage.phase, StagePhase::Running | StagePhase::Waiting) {
        format!("*{}*", stage.name())
    } else {
        stage.name().to_string()
    };
    format!("{} {name}{}", figures::glyph(stage.phase), remark(stage).unwrap_or_default())
}

/// What a stage's sign does not tell.
fn remark(stage: &StageState) -> Option<String> {
    match stage.phase {
        StagePhase::Running => {
            let n = stage.attempts.last()?.n;
            (n > 1).then(|| format!(" · {}", figures::attempt(stage, n)))
        }
        StagePhase::Waiting => Some(" · waits for an answer in the thread".to_owned()),
        StagePhase::Failed => Some(format!(" · {}", one_line(stage.why.as_deref()?, WHY))),
        StagePhase::Undone => Some(" · not kept".to_owned()),
        StagePhase::Good if stage.attempts.is_empty() => Some(" · taken over".to_owned()),
        StagePhase::Todo | StagePhase::Good => None,
    }
}

fn figures_line(run: &Run, beside: Beside<'_>, now: DateTime<Utc>) -> Mrkdwn {
    let spent = figures::of_budget(run, run.spent_with(beside.runs));
    let mut parts = vec![Mrkdwn::code(run.id().as_str(), 80), spent.into()];
    parts.extend(estimate::in_short(run).filter(|_| run.outcome.is_none()).map(Mrkdwn::from));
    parts.extend(clock::elapsed(run, now).map(Mrkdwn::from));
    parts.extend(run.agent.as_ref().map(|info| Mrkdwn::line(&figures::agent(info), 160)));
    parts.extend(run.start.as_ref().map(|start| Mrkdwn::line(&figures::start(start), 160)));
    parts.extend(run.request.part_of.as_ref().map(of_batch));
    parts.extend(run.request.does_again().map(|it| Mrkdwn::line(&figures::again(it), 160)));
    Mrkdwn::join(parts, " · ")
}

/// `feature 2 of 4 of llm-wrapper-k3f9qdz`.
fn of_batch(member: &BatchMember) -> Mrkdwn {
    let what = if member.is_stage { "stage" } else { "feature" };
    let which = format!("{what} {} of {} of ", member.n, member.of);
    Mrkdwn::from(which) + Mrkdwn::code(member.batch.as_str(), 80)
}

/// Whose turn it is where no worker can go on: nobody's who reads this in the channel, as a rule.
fn no_worker(WorkerWait { stage, why, since, .. }: &WorkerWait<'_>) -> Mrkdwn {
    let head = format!("*No worker can go on* with {stage}, since {} UTC: ", since.format("%H:%M"));
    let then = ". Whoever operates this mends that: `signoff doctor` says how. The run goes on by itself, and nothing is lost.";
    Mrkdwn::from(head) + Mrkdwn::line(why, WHY) + then
}

/// What everybody should know about how this run is made.
pub(super) fn banners(run: &Run) -> Vec<Mrkdwn> {
    let mut banners = Vec::<Mrkdwn>::new();
    if run.request.rehearsal {
        banners.push("*Rehearsal:* scripted model, no cost. The amounts are the script's.".into());
    }
    match run.sandboxing {
        Some(Sandboxing::None) => {
            banners
                .push("*No sandbox:* agent and checks can reach whatever the worker can.".into());
        }
        Some(Sandboxing::OpenNetwork) => {
            banners.push(
                "*Network open:* the agent or its setup could reach the whole network.".into(),
            );
        }
        Some(Sandboxing::Closed) | None => {}
    }
    let not_here = run.start.as_ref().and_then(figures::not_here);
    banners.extend(not_here.map(|it| Mrkdwn::from(format!("*Not cloned:* {it}."))));
    banners
}

/// Where to read on: the run's page, the repository, the branch.
pub(super) fn places(run: &Run, render: &RenderContext) -> Mrkdwn {
    Mrkdwn::join(
        render
            .run_page(run)
            .into_iter()
            .chain(run.delivered.as_ref().filter(|d| !d.repository.is_empty()).map(branch)),
        " · ",
    )
}

fn branch(delivered: &Delivered) -> Mrkdwn {
    // A path on the worker's disk tells nothing on a phone; the closing message has it whole.
    let place = if delivered.pushed {
        Mrkdwn::code(&delivered.repository, 200)
    } else {
        "the run's own repository".into()
    };
    "branch " + Mrkdwn::code(&delivered.branch, 120) + " in " + place
}

#[cfg(test)]
mod tests;
