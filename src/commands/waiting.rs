//! What waits, and for whom?

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::decide::CLOCKS_DIFFER;
use super::find::concerns;
use super::{Asker, Named, Reply, ReplyKind, Services};
use crate::run::{Channel, Decision, GroupId, OpenGate, PersonId, RequestId, Run, Verdict, Via};
use crate::store::StoreError;
use crate::thread::figures;

/// Most questions that are looked at.
const MOST: i64 = 1_000;
/// Most that are listed.
const LISTED: usize = 20;

/// A run with an open question.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub run: Run,
    /// Whether it waits for whoever asks.
    pub mine: bool,
}

/// Runs that ask something, the nearest deadline first. Whose answer they wait for is told by `waits_for`.
pub async fn waiting_runs(services: &Services, asker: &Asker) -> Result<Vec<Run>, StoreError> {
    let team = asker.channel.as_ref().map(|channel| channel.team.as_str());
    let mut runs = services.store.waiting_runs(team, MOST).await?;
    runs.retain(|run| concerns(run, asker));
    runs.sort_by_key(|run| run.gate.as_ref().map(|open| open.deadline));
    Ok(runs)
}

/// Whether more may wait than were looked at.
fn is_cut(all: &[Waiting]) -> bool {
    i64::try_from(all.len()).is_ok_and(|seen| seen >= MOST)
}

/// Whether an approval by this person, seen in these groups, would count.
#[must_use]
pub fn waits_for(run: &Run, person: &PersonId, groups: &[GroupId]) -> bool {
    let Some(open) = &run.gate else { return false };
    let plain =
        Decision::new(RequestId(String::new()), Verdict::Approve, person.clone(), Via::Command);
    let approval = Decision { gate: Some(open.id.clone()), groups: groups.to_vec(), ..plain };
    run.authorize(&approval).is_ok()
}

/// The run that has judged this very request: acted on again, it no longer waits for whoever answered it.
pub async fn judged_before(
    services: &Services,
    key: &RequestId,
) -> Result<Option<Run>, StoreError> {
    match services.store.run_that_judged(key).await? {
        Some(id) => services.store.run(&id).await,
        None => Ok(None),
    }
}

/// The run that an answer is for whose giver named none: the only one that waits for them.
pub fn only_one(waiting: Vec<Waiting>, asker: &Asker, said: &str) -> Result<Named, Reply> {
    let asked_then = |open: &OpenGate| open.opened_at <= asker.said.at + CLOCKS_DIFFER;
    let cut = is_cut(&waiting);
    let mine: Vec<Run> = waiting
        .into_iter()
        .filter(|it| it.mine && it.run.gate.as_ref().is_some_and(asked_then))
        .map(|it| it.run)
        .collect();
    let nothing = "Nothing waits for you. `/develop waiting` shows what waits for others; name the run to answer it.";
    // What was not looked at may wait for them too.
    if cut && !mine.is_empty() {
        return Err(Reply::new(
            ReplyKind::Unknown,
            "Too many runs wait to be sure which one you mean. Name it.",
        ));
    }
    the_only(mine, said, (nothing, "More than one run waits for you."))
}

/// The run that is to be stopped by somebody who named none: the only one of the channel that is not over.
pub async fn only_open(
    services: &Services,
    (channel, asker): (&Channel, &Asker),
    said: &str,
) -> Result<Result<Named, Reply>, StoreError> {
    let open = services.store.open_runs_in(channel, asker.said.at + CLOCKS_DIFFER, MOST).await?;
    Ok(the_only(
        open,
        said,
        (
            "No run is at work in this channel. Name the one to stop: `/develop stop &lt;run&gt;`.",
            "More than one run is at work here.",
        ),
    ))
}

/// The only one there is; else what is told where there is none, and where there are several.
fn the_only(mut runs: Vec<Run>, said: &str, (none, several): (&str, &str)) -> Result<Named, Reply> {
    match runs.len() {
        0 => Err(Reply::new(ReplyKind::Unknown, none)),
        1 => Ok(Named { run: runs.remove(0), said: said.trim().to_owned() }),
        _ => {
            let names: Vec<String> =
                runs.iter().take(LISTED).map(|run| format!("`{}`", run.id())).collect();
            Err(Reply::new(
                ReplyKind::Unknown,
                format!("{several} Name the one you mean: {}", names.join(", ")),
            ))
        }
    }
}

/// All that waits, a line each.
#[must_use]
pub fn waiting(all: &[Waiting], now: DateTime<Utc>) -> Reply {
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
    let approvals = if quorum > 1 {
        format!(" · {} of {quorum} approvals", open.approvals.len())
    } else {
        String::new()
    };
    Some(format!("`{}` · {}{approvals} · {}", run.id(), open.id.stage, left(open, now)))
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
        "stage": open.map(|open| &open.id.stage),
        "round": open.map(|open| open.id.round),
        "digest": open.map(|open| &open.id.digest),
        "opened_at": open.map(|open| open.opened_at),
        "deadline": open.map(|open| open.deadline),
        "overdue": open.is_some_and(|open| open.overdue_since.is_some()),
        "approvals": open.map(|open| &open.approvals),
        "for_me": it.mine,
    })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::commands::Moment;
    use crate::thread::samples::Tale;

    fn asker(run: &Run, seconds_after: i64) -> Asker {
        let asked_at = run.gate.as_ref().expect("a run that waits").opened_at;
        Asker::new(
            run.request.starter.clone(),
            Via::Thread,
            Moment::now(asked_at + TimeDelta::seconds(seconds_after)),
        )
    }

    #[test]
    fn the_only_run_that_waits_is_meant_where_none_is_named() {
        let run = Tale::waiting().run;
        let asker = asker(&run, 60);
        let one = |mine| Waiting { run: run.clone(), mine };
        assert_eq!(
            only_one(vec![one(true), one(false)], &asker, " nice ").expect("one run").said,
            "nice"
        );
        assert!(
            only_one(vec![one(true), one(true)], &asker, "")
                .is_err_and(|told| told.text.contains("Name the one you mean"))
        );
        assert!(only_one(vec![one(false)], &asker, "").is_err());
    }

    #[test]
    fn what_was_asked_after_somebody_spoke_is_not_what_they_meant() {
        let run = Tale::waiting().run;
        let early = asker(&run, -60);
        assert!(only_one(vec![Waiting { run, mine: true }], &early, "").is_err());
    }

    #[test]
    fn mine_come_first_with_the_time_that_is_left() {
        let run = Tale::waiting().run;
        let now = run.gate.as_ref().expect("a run that waits").deadline - TimeDelta::minutes(12);
        let told = waiting(
            &[Waiting { run: run.clone(), mine: false }, Waiting { run: run.clone(), mine: true }],
            now,
        )
        .text;
        let line = format!(
            "`{}` · {} · 12 min left",
            run.id(),
            run.gate.as_ref().expect("a run that waits").id.stage
        );
        assert_eq!(told, format!("*Waiting for you*\n{line}\n*Waiting for others*\n{line}"));
        assert_eq!(waiting(&[], now).text, "Nothing waits for you.");
    }
}
