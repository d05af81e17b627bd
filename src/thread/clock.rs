//! What time is shown, and when does that change?
//! A drawing sees whole minutes only: within one minute it never changes by itself.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};

use crate::run::{Attempt, OpenGate, Phase, Run};

use super::figures::{span, wait};

/// The whole minute that `now` is in.
pub(super) fn minute(now: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(now.timestamp() - now.timestamp().rem_euclid(60), 0).unwrap_or(now)
}

/// When the drawing of this run would next change by time alone: the whole minute in which a clock on it shows something else.
#[must_use]
pub fn redraw_at(run: &Run, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    const LONGEST_MINUTES: i64 = 24 * 60;
    let shown = |at| (elapsed(run, at), run.gate.as_ref().map(|gate| left(gate, at)));
    let ticks = run.started_at.is_some() && run.outcome.is_none() && !run.gate.as_ref().is_some_and(|gate| is_over(gate, now));
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

/// `times out in 54 min`.
pub(super) fn left(gate: &OpenGate, now: DateTime<Utc>) -> String {
    if is_over(gate, now) {
        return "the time to answer is over".to_owned();
    }
    match seconds(minute(now), gate.deadline) {
        0..60 => "times out in less than a minute".to_owned(),
        s => format!("times out in {}", wait(s)),
    }
}

pub(super) fn is_over(gate: &OpenGate, now: DateTime<Utc>) -> bool {
    gate.deadline <= minute(now)
}

/// `2026-03-02 09:05 UTC`: it names its zone and reads the same in every client, which Slack's own date markup does not.
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
