//! Time in drawings: what time is shown, and when does that change?
//! A drawing sees whole minutes only: within one minute it never changes by itself.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

use crate::run::{Attempt, GateSpec, OnDeadline, OpenGate, Phase, Run};
use crate::slack::Mrkdwn;

use super::figures::{seconds, span, wait};
use super::{RenderContext, worker_wait};

/// A drawing that changes by time is looked at again at least this often.
const LONGEST_MINUTES: i64 = 24 * 60;

/// The whole minute that `now` is in.
pub(super) fn minute(now: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(now.timestamp() - now.timestamp().rem_euclid(60), 0).unwrap_or(now)
}

/// When the drawing of this run would next change by time alone: the whole minute in which a clock on it shows something else.
/// A question that waits changes three times and no more, however long it waits: ten thousand of them must leave Slack's fifty edits a minute
/// to others.
#[must_use]
pub fn redraw_at(run: &Run, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let asked = run.gate.as_ref().filter(|gate| run.spec_of(&gate.id).is_some());
    let under_way = run.started_at.is_some() && run.outcome.is_none();
    if !under_way || asked.is_some_and(|gate| is_past(gate, now)) {
        return None;
    }
    let shown = |at| {
        let waits = worker_wait::is_told(run, at);
        (elapsed(run, at), asked.map(|gate| step(gate, at)), waits)
    };
    let later = |minutes| minute(now) + TimeDelta::minutes(minutes);
    let at_first = shown(now);
    let next = (1..=LONGEST_MINUTES).map(later).find(|at| shown(*at) != at_first);
    Some(next.unwrap_or_else(|| later(LONGEST_MINUTES)))
}

/// How long the run has taken; none where the thread shows another clock, or nothing began.
pub(super) fn elapsed(run: &Run, now: DateTime<Utc>) -> Option<String> {
    let started = run.started_at?;
    match (run.ended_at, run.phase()) {
        (Some(ended), _) => Some(span(seconds(started, ended))),
        (None, Phase::Running) => Some(wait(seconds(started, minute(now)))),
        _ => None,
    }
}

/// `times out in 54 min`; of a question that waits on, `due in 54 min` and `overdue, and still waiting`. For what is told once.
pub(super) fn left(gate: &OpenGate, spec: &GateSpec, now: DateTime<Utc>) -> String {
    match seconds(minute(now), gate.deadline) {
        _ if is_past(gate, now) => over(spec).to_owned(),
        0..60 => format!("{} in less than a minute", ends(spec)),
        s => format!("{} in {}", ends(spec), wait(s)),
    }
}

/// `times out within 1 h`, `within 30 min`, `within 10 min`: true for so long that what stands in a thread is seldom redrawn. The moment itself
/// belongs beside it.
pub(super) fn left_at_most(gate: &OpenGate, spec: &GateSpec, now: DateTime<Utc>) -> String {
    match step(gate, now) {
        _ if is_past(gate, now) => over(spec).to_owned(),
        0..=60 => format!("{} within a minute", ends(spec)),
        s => format!("{} within {}", ends(spec), wait(round_up(s))),
    }
}

/// The most that is left, in seconds: all the time there was, half of it, the last ten minutes, nothing.
fn step(gate: &OpenGate, now: DateTime<Utc>) -> u64 {
    const LAST: u64 = 600;
    let (left, whole) = (seconds(minute(now), gate.deadline), seconds(gate.since(), gate.deadline));
    let half = whole.div_ceil(2);
    if is_past(gate, now) {
        return 0;
    }
    [LAST.min(half), half].into_iter().find(|step| left <= *step).unwrap_or(whole)
}

/// To the steps that [`wait`] shows.
fn round_up(seconds: u64) -> u64 {
    let unit = match seconds {
        0..3_600 => 60,
        3_600..86_400 => 600,
        86_400..172_800 => 3_600,
        _ => 86_400,
    };
    seconds.next_multiple_of(unit)
}

const fn ends(spec: &GateSpec) -> &'static str {
    match spec.on_deadline {
        OnDeadline::Wait => "due",
        OnDeadline::Fail => "times out",
    }
}

const fn over(spec: &GateSpec) -> &'static str {
    match spec.on_deadline {
        OnDeadline::Wait => "overdue, and still waiting",
        OnDeadline::Fail => "the time to answer is over",
    }
}

/// Whether nobody can answer any more.
pub(super) fn is_over(gate: &OpenGate, spec: &GateSpec, now: DateTime<Utc>) -> bool {
    is_past(gate, now) && spec.on_deadline == OnDeadline::Fail
}

/// Whether its time is up, and shown to be.
fn is_past(gate: &OpenGate, now: DateTime<Utc>) -> bool {
    gate.overdue_since.is_some() || gate.deadline <= minute(now)
}

/// A moment in its reader's own zone, where a client can do that; else in ours, named.
pub(super) fn moment(at: DateTime<Utc>, render: &RenderContext) -> Mrkdwn {
    let plain = stamp(at, render.clock_zone);
    if render.real_slack { Mrkdwn::moment(at, &plain) } else { plain.into() }
}

/// `2026-03-02 09:05 UTC`: it names its zone and reads the same in every client, which Slack's own date markup (`moment`) does not.
pub(crate) fn stamp(at: DateTime<Utc>, zone: FixedOffset) -> String {
    let name = if zone.local_minus_utc() == 0 { "UTC".to_owned() } else { zone.to_string() };
    format!("{} {name}", at.with_timezone(&zone).format("%Y-%m-%d %H:%M"))
}

/// When an attempt's last event was.
pub(crate) fn ended_at(attempt: &Attempt) -> DateTime<Utc> {
    attempt.started_at + TimeDelta::seconds(i64::try_from(attempt.seconds).unwrap_or(0))
}
