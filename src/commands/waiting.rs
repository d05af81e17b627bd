//! What waits, and for whom?

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Asker, Reply, ReplyKind, Services, is_visible_to};
use crate::run::{
    Decision, GateKind, GroupId, OpenGate, PersonId, Raise, RequestId, Run, Via, WorkerWait,
};
use crate::slack::{escape, one_line};
use crate::store::StoreError;
use crate::thread::{MoneyQuestion, figures};

/// Longest account of what is missing.
const WHY: usize = 160;
/// Most questions that are looked at.
pub(super) const MOST: i64 = 1_000;
/// Most that are listed.
pub(super) const LISTED: usize = 20;

/// A run with an open question.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub run: Run,
    /// Whether it waits for whoever asks.
    pub mine: bool,
}

/// Runs of the workspace that ask something, the nearest deadline first. Whose answer they wait for is told by `waits_for`; who else may see
/// them, by `is_visible_to`.
pub async fn waiting_runs(services: &Services, asker: &Asker) -> Result<Vec<Run>, StoreError> {
    let team = asker.channel.as_ref().map(|channel| channel.team.as_str());
    let mut runs = services.store.waiting_runs(team, MOST).await?;
    runs.sort_by_key(|run| run.gate.as_ref().map(|open| open.deadline));
    Ok(runs)
}

/// Runs of the workspace that no worker can go on with, and that this person may see.
pub async fn runs_without_worker(
    services: &Services,
    asker: &Asker,
) -> Result<Vec<Run>, StoreError> {
    let team = asker.channel.as_ref().map(|channel| channel.team.as_str());
    let mut runs = services.store.runs_without_worker(team, MOST).await?;
    runs.retain(|run| is_visible_to(run, asker));
    Ok(runs)
}

/// Whether more may wait than were looked at.
pub(super) fn is_cut(all: &[Waiting]) -> bool {
    i64::try_from(all.len()).is_ok_and(|seen| seen >= MOST)
}

/// Whether a yes of this person, seen in these groups, would count.
#[must_use]
pub fn waits_for(run: &Run, person: &PersonId, groups: &[GroupId]) -> bool {
    let Some(open) = &run.gate else { return false };
    // Whoever does it by hand says when it is ready.
    if let Some(by_hand) = &open.by_hand {
        return &by_hand.by == person;
    }
    let verdict = open.id.kind.agreement();
    let plain = Decision::new(RequestId(String::new()), verdict, person.clone(), Via::Command);
    let (gate, raise) = (Some(open.id.clone()), Some(Raise::LEAST));
    run.authorize(&Decision { gate, raise, groups: groups.to_vec(), ..plain }).is_ok()
}

/// All that waits, a line each: for answers, and for workers.
#[must_use]
pub fn waiting(all: &[Waiting], without_worker: &[Run], now: DateTime<Utc>) -> Reply {
    let mut lines = Vec::new();
    for (title, mine) in [("*Waiting for you*", true), ("*Waiting for others*", false)] {
        let asked: Vec<String> =
            all.iter().filter(|it| it.mine == mine).filter_map(|it| line(&it.run, now)).collect();
        let more = asked.len().saturating_sub(LISTED);
        if !asked.is_empty() {
            lines.push(title.to_owned());
            lines.extend(asked.into_iter().take(LISTED));
        }
        if more > 0 {
            lines.push(format!("… and {more} more"));
        }
    }
    if !without_worker.is_empty() {
        lines.push("*Waiting for a worker*".to_owned());
        let waits = without_worker.iter().filter_map(|run| worker_line(run, now));
        lines.extend(waits.take(LISTED));
    }
    if !all.iter().any(|it| it.mine) {
        lines.insert(0, "Nothing waits for you.".to_owned());
    }
    if is_cut(all) {
        lines.push(format!(
            "Only the {} questions that were asked first were looked at.",
            figures::count(MOST.unsigned_abs())
        ));
    }
    Reply::new(ReplyKind::Done, lines.join("\n"))
}

fn line(run: &Run, now: DateTime<Utc>) -> Option<String> {
    let open = run.gate.as_ref()?;
    let quorum = run.spec_of(&open.id).map_or(1, |spec| spec.quorum);
    if open.id.kind == GateKind::Recovery {
        let (stage, left) = (&open.id.stage, left(open, now));
        let asked = match &open.by_hand {
            Some(_) => "is done by hand: done?",
            None => "has failed: retry, skip, take over or stop?",
        };
        return Some(format!("`{}` · {stage} {asked} · {left}", run.id()));
    }
    if let Some(MoneyQuestion { wants, because, .. }) = MoneyQuestion::of(open) {
        let stage = &open.id.stage;
        return Some(format!(
            "`{}` · {wants} for {stage}, {because} · {}",
            run.id(),
            left(open, now)
        ));
    }
    let approvals = if quorum > 1 {
        format!(" · {} of {quorum} approvals", open.approvals.len())
    } else {
        String::new()
    };
    Some(format!("`{}` · {}{approvals} · {}", run.id(), open.id.stage, left(open, now)))
}

/// `tale-k3f9qdx · draft · no box can be built here · for 12 min`.
fn worker_line(run: &Run, now: DateTime<Utc>) -> Option<String> {
    let WorkerWait { stage, why, since, .. } = run.waits_for_worker()?;
    let waited = figures::wait(figures::seconds(since, now));
    let why = escape(&one_line(why, WHY));
    Some(format!("`{}` · {stage} · {why} · for {waited}", run.id()))
}

/// `54 min left`.
pub(super) fn left(open: &OpenGate, now: DateTime<Utc>) -> String {
    match u64::try_from((open.deadline - now).num_seconds()) {
        Ok(seconds) => format!("{} left", figures::wait(seconds)),
        Err(_) => "overdue".to_owned(),
    }
}

/// One of `waiting --json`'s lines.
#[must_use]
pub fn waiting_json(it: &Waiting) -> Value {
    let open = it.run.gate.as_ref();
    json!({
        "run": it.run.id(),
        "project": it.run.request.project,
        "kind": open.map(|open| open.id.kind),
        "stage": open.map(|open| &open.id.stage),
        "round": open.map(|open| open.id.round),
        "digest": open.map(|open| &open.id.digest),
        "opened_at": open.map(|open| open.opened_at),
        "deadline": open.map(|open| open.deadline),
        "overdue": open.is_some_and(|open| open.overdue_since.is_some()),
        "approvals": open.map(|open| &open.approvals),
        "why": open.and_then(|open| open.money).map(|money| money.why),
        "for_me": it.mine,
    })
}

/// One of them that waits for a worker.
#[must_use]
pub fn without_worker_json(run: &Run) -> Value {
    let wait = run.waits_for_worker();
    json!({
        "run": run.id(),
        "project": run.request.project,
        "kind": "worker",
        "stage": wait.map(|wait| wait.stage),
        "step": wait.map(|wait| wait.step),
        "why": wait.map(|wait| wait.why),
        "since": wait.map(|wait| wait.since),
        "for_me": false,
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::thread::samples::Tale;

    #[test]
    fn mine_come_first_with_the_time_that_is_left() {
        let run = Tale::waiting().run;
        let now = run.gate.as_ref().expect("a run that waits").deadline - TimeDelta::minutes(12);
        let told = waiting(
            &[Waiting { run: run.clone(), mine: false }, Waiting { run: run.clone(), mine: true }],
            &[],
            now,
        )
        .text;
        let line = format!(
            "`{}` · {} · 12 min left",
            run.id(),
            run.gate.as_ref().expect("a run that waits").id.stage
        );
        assert_eq!(told, format!("*Waiting for you*\n{line}\n*Waiting for others*\n{line}"));
        assert_eq!(waiting(&[], &[], now).text, "Nothing waits for you.");
    }

    #[test]
    fn what_no_worker_can_do_is_listed_with_the_reason() {
        let run = Tale::without_worker().run;
        let since = run.waits_for_worker().expect("a wait").since;
        let line = format!(
            "`{}` · scaffold · no box can be built here, and without one nothing of a repository runs · for 12 min",
            run.id()
        );
        let told = waiting(&[], &[run], since + TimeDelta::minutes(12)).text;
        assert_eq!(told, format!("Nothing waits for you.\n*Waiting for a worker*\n{line}"));
    }
}
