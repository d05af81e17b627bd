//! How far is a run?
//! The JSON is a door: scripts rely on its fields, and a changed one is told in the README.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::queue::{queued_attempt, queued_line};
use super::waiting::left;
use super::{Asker, Reply, ReplyKind, Services, is_visible_to};
use crate::run::{
    Attempt, ByHand, GateKind, OpenGate, QueuedAttempt, Run, RunId, Sandboxing, SideRun, StageName,
    StagePhase, StageState, StartingPoint, WorkerWait,
};
use crate::slack::escape;
use crate::store::StoreError;
use crate::thread::{self, FeatureRow};

/// What is around a run: what its status says that its own events do not.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Those that do it once more, the newest first.
    pub again: Vec<Run>,
    /// Those that are part of it: of its features, or of stages beside others.
    pub children: Vec<Run>,
    /// Its place in the queue, while it waits for a slot.
    pub queued: Option<QueuedAttempt>,
}

impl Surroundings {
    /// As far as this person may see it.
    pub async fn of(run: &Run, services: &Services, asker: &Asker) -> Result<Self, StoreError> {
        let mut again = services.store.runs_that_do_again(run.id()).await?;
        again.retain(|run| is_visible_to(run, asker));
        let children = services.store.children_of(run).await?;
        Ok(Self { again, children, queued: queued_attempt(services, run).await? })
    }
}

/// A run in a few lines.
pub fn status(run: &Run, beside: &Surroundings, now: DateTime<Utc>) -> Reply {
    let mut lines = vec![format!(
        "`{}` · {} · {}",
        run.id(),
        thread::phase(run),
        run.in_one_line_with(&beside.children)
    )];
    lines.extend(FeatureRow::all(run, &beside.children, now).iter().map(feature_line));
    let begun = |stage: &&StageState| run.request.batch.is_none() || !stage.attempts.is_empty();
    let stages = run.stages.iter().filter(begun);
    lines.extend(stages.map(|s| format!("{} {}", thread::glyph(s.phase), stage_line(s))));
    let member = run.request.part_of.as_ref();
    lines.extend(member.map(|it| {
        let what = if it.is_stage { "Stage" } else { "Feature" };
        format!("{what} {} of {} of `{}`.", it.n, it.of, it.batch)
    }));
    lines.extend(run.stages.iter().filter_map(beside_others));
    lines.extend(run.start.iter().flat_map(started));
    lines.extend(run.request.does_again().map(|it| format!("It does `{}` once more.", it.run)));
    lines.extend(
        beside
            .again
            .iter()
            .map(|it| format!("Done again as `{}`, {}.", it.id(), thread::phase(it))),
    );
    lines.extend(run.gate.as_ref().map(|gate| asked(run, gate, now)));
    lines.extend(run.waits_for_worker().map(|wait| waits_for_worker(&wait)));
    lines.extend(run.why.iter().map(|why| format!("Why: {}", escape(why))));
    if let Some(code) = &run.delivered {
        lines.push(match code.repository.as_str() {
            "" => "The result was delivered nowhere.".to_owned(),
            repository => format!("Get the code: `git clone -b {} {repository}`", code.branch),
        });
        lines.extend(code.note.as_deref().map(escape));
    }
    lines.extend(beside.queued.as_ref().map(queued_line));
    Reply::new(ReplyKind::Done, lines.join("\n")).about(run.id())
}

/// `1 roses · merged · 2/2 tests · $0.04 · 3s · garden-k3f9qdz`.
fn feature_line(row: &FeatureRow) -> String {
    format!("{} · `{}`", row.in_a_line(), row.run)
}

/// Which run does a stage beside others, or did: its logs and diffs are found by that name.
fn beside_others(stage: &StageState) -> Option<String> {
    let side = stage.side_run()?;
    let does = if side.end.is_some() { "was done" } else { "is being done" };
    Some(format!("{} {does} beside other stages, by `{}`.", stage.name(), side.run))
}

/// Where it began, and what was not cloned.
fn started(start: &StartingPoint) -> Vec<String> {
    let from = format!("Started {}.", escape(&thread::start(start)));
    [from].into_iter().chain(thread::not_here(start).map(|it| format!("{it}."))).collect()
}

fn waits_for_worker(WorkerWait { stage, why, since, .. }: &WorkerWait<'_>) -> String {
    let since = since.format("%Y-%m-%d %H:%M");
    format!(
        "No worker can go on with {stage}, since {since} UTC: {}. The operator mends that, and the run goes on by itself.",
        escape(why)
    )
}

/// What is asked, and how it is answered.
fn asked(run: &Run, gate: &OpenGate, now: DateTime<Utc>) -> String {
    let (stage, left, id) = (&gate.id.stage, left(gate, now), run.id());
    match thread::MoneyQuestion::of(gate) {
        _ if gate.id.kind == GateKind::Recovery => match &gate.by_hand {
            Some(by_hand) => done_by_hand(stage, by_hand, (&left, id)),
            None => format!(
                "{stage} has failed, what now? {left}. `/develop retry {id}`, `skip`, `takeover` or `stop`"
            ),
        },
        Some(thread::MoneyQuestion { wants, because, raise }) => format!(
            "Waiting for {wants} for {stage}, {because}: {left}. `/develop raise {id} {raise}`"
        ),
        None => format!("Waiting for approval of {stage}: {left}. `/develop approve {id}`"),
    }
}

/// Who does it, and what is typed to fetch it.
fn done_by_hand(stage: &StageName, by_hand: &ByHand, (left, id): (&str, &RunId)) -> String {
    let fetched = by_hand.branch.as_ref().map(thread::fetch_by_hand);
    let fetched = fetched.unwrap_or_else(|| "its branch is being made".to_owned());
    let by = thread::mention(&by_hand.by);
    let by = by.as_str();
    format!(
        "{stage} is done by hand by {by}, {left}. {fetched}. `/develop done {id}` when it is ready"
    )
}

fn stage_line(stage: &StageState) -> String {
    let shown =
        stage.good_attempt().filter(|_| stage.phase == StagePhase::Good).or(stage.attempts.last());
    let tests = shown
        .and_then(|a| a.tests)
        .map(|t| format!(" · {}/{} tests", t.passed, t.ran()))
        .unwrap_or_default();
    let tries = if stage.attempts.len() > 1 {
        let what = if stage.stage.iterates { "iterations" } else { "attempts" };
        format!(" · {} {what}", stage.attempts.len())
    } else {
        String::new()
    };
    let cost =
        if stage.attempts.is_empty() { String::new() } else { format!(" · {}", stage.cost()) };
    format!("{}{tests}{tries}{cost}", stage.name())
}

/// `status --json`. `thread` is (team, channel, ts); `diff_url` that of the open gate.
pub fn status_json(
    run: &Run,
    (beside, now): (&Surroundings, DateTime<Utc>),
    thread: Option<&Value>,
    diff_url: Option<&str>,
) -> Value {
    let mut status = json!({
        "run": run.id(),
        "project": run.request.project,
        "brief": Some(&run.request.brief).filter(|b| !b.is_empty()),
        "phase": run.phase(),
        "rehearsal": run.request.rehearsal,
        "sandbox": run.sandboxing.map(|s| match s { Sandboxing::Closed => "closed", Sandboxing::OpenNetwork => "open_network", Sandboxing::None => "none" }),
        "agent": run.agent,
        "spent_usd": run.spent_with(&beside.children),
        "budget_usd": run.budget(),
        "estimate": run.request.estimate.as_ref().map(|it| &it.whole),
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "why": run.why,
        "start": run.start,
        "fix": run.request.fix.as_ref().map(|fix| json!({ "attempts": fix.attempts, "until": fix.until })),
        "again": run.request.does_again().map(|again| &again.run),
        "again_by": beside.again.iter().map(Run::id).collect::<Vec<_>>(),
        "stages": run.stages.iter().map(stage_json).collect::<Vec<_>>(),
        "gate": run.gate.as_ref().map(|gate| gate_json(gate, diff_url)),
        "decisions": run.decisions.iter().map(|d| json!({
            "gate": d.gate, "verdict": d.verdict, "by": d.by, "via": d.via, "at": d.at, "words": d.words, "raise": d.raise,
        })).collect::<Vec<_>>(),
        "thread": thread,
        "queue": beside.queued,
        "repository": run.delivered.as_ref().map(|d| &d.repository).filter(|r| !r.is_empty()),
        "branch": run.delivered.as_ref().filter(|d| !d.repository.is_empty()).map(|d| &d.branch),
    });
    if run.request.batch.is_some() {
        status["features"] = json!(FeatureRow::all(run, &beside.children, now));
        status["preview"] = json!(run.preview);
    }
    if let Some(member) = &run.request.part_of {
        status["batch"] = json!(member.batch);
    }
    status
}

fn stage_json(stage: &StageState) -> Value {
    let shown = stage.good_attempt().or(stage.attempts.last()).and_then(|a| a.diff.as_ref());
    json!({
        "name": stage.name(),
        "state": stage.phase,
        "snapshot": stage.snapshot,
        "files": shown.map_or(0, |d| d.files),
        "added": shown.map_or(0, |d| d.added),
        "removed": shown.map_or(0, |d| d.removed),
        "until": stage.tried.as_ref().map(|(_, tried)| json!({
            "command": stage.stage.until, "passed_at_first": tried.passed, "why": tried.why, "seconds": tried.seconds,
        })),
        "side_runs": stage.side_runs.iter().map(side_run_json).collect::<Vec<_>>(),
        "attempts": stage.attempts.iter().map(attempt_json).collect::<Vec<_>>(),
    })
}

fn side_run_json(side: &SideRun) -> Value {
    let end = side.end.as_ref();
    json!({
        "run": side.run,
        "outcome": end.map(|end| end.outcome),
        "why": end.and_then(|end| end.why.as_ref()),
        "cost_usd": end.map(|end| end.cost_usd),
        "seconds": end.map(|end| end.seconds),
        "left_behind": side.is_left_behind,
    })
}

fn attempt_json(attempt: &Attempt) -> Value {
    json!({
        "n": attempt.n,
        "outcome": attempt.outcome,
        "why": attempt.why,
        "trouble": attempt.trouble,
        "snapshot": attempt.snapshot,
        "tests": attempt.tests,
        "coverage_percent": attempt.coverage_percent,
        "tests_changed": attempt.tests_changed,
        "red_green": attempt.red_green,
        "reports": attempt.reports,
        "workplace": attempt.workplace,
        "tokens": attempt.tokens,
        "cost_usd": attempt.cost_usd,
        "seconds": attempt.seconds,
        "paused": attempt.paused,
        "review": attempt.review,
    })
}

fn gate_json(gate: &OpenGate, diff_url: Option<&str>) -> Value {
    json!({
        "kind": gate.id.kind, "stage": gate.id.stage, "round": gate.id.round, "digest": gate.id.digest,
        "deadline": gate.deadline, "diff_url": diff_url, "why": gate.money.map(|money| money.why), "by_hand": gate.by_hand,
    })
}

#[cfg(test)]
mod tests;
