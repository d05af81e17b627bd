//! What time is shown, and when does that change?
//! A drawing sees whole minutes only: within one minute it never changes by itself.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

use crate::run::{Attempt, GateSpec, OnDeadline, OpenGate, Phase, Run};

use super::Place;
use super::figures::{span, wait};

/// The whole minute that `now` is in.
pub(super) fn minute(now: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(now.timestamp() - now.timestamp().rem_euclid(60), 0).unwrap_or(now)
}

/// When the drawing of this run would next change by time alone: the whole minute in which a clock on it shows something else.
#[must_use]
pub fn redraw_at(run: &Run, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    const LONGEST_MINUTES: i64 = 24 * 60;
    let asked = run.gate.as_ref().and_then(|gate| Some((gate, run.spec_of(&gate.id)?)));
    let shown = |at| (elapsed(run, at), asked.map(|(gate, spec)| left(gate, spec, at)));
    let ticks = run.started_at.is_some() && run.outcome.is_none() && asked.is_none_or(|(gate, _)| !is_past(gate, now));
    let mut minutes = (1..=LONGEST_MINUTES).map(|n| minute(now) + TimeDelta::minutes(n));
    let next = || minutes.find(|at| shown(*at) != shown(now)).unwrap_or_else(|| minute(now) + TimeDelta::minutes(LONGEST_MINUTES));
    ticks.then(next)
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

/// `times out in 54 min`; of a question that waits on, `due in 54 min` and `overdue, and still waiting`.
pub(super) fn left(gate: &OpenGate, spec: &GateSpec, now: DateTime<Utc>) -> String {
    let waits = spec.on_deadline == OnDeadline::Wait;
    if is_past(gate, now) {
        return if waits { "overdue, and still waiting" } else { "the time to answer is over" }.to_owned();
    }
    let ends = if waits { "due" } else { "times out" };
    match seconds(minute(now), gate.deadline) {
        0..60 => format!("{ends} in less than a minute"),
        s => format!("{ends} in {}", wait(s)),
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
pub(super) fn moment(at: DateTime<Utc>, place: &Place) -> String {
    let plain = stamp(at, place.clock_zone);
    if place.slack_dates { format!("<!date^{}^{{date_short_pretty}} {{time}}|{plain}>", at.timestamp()) } else { plain }
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

pub(super) fn seconds(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_seconds()).unwrap_or(0)
}
