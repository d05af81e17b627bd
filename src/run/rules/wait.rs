//! Reminders, escalation and deadlines: what happens while a run waits for a person?
//! Reminders, escalation, the deadline: each is told once, when its time has come.

use chrono::{DateTime, TimeDelta, Utc};

use crate::run::{GateId, GateSpec, Happened, Next, OpenGate, Reminder, Run};

/// The last reminder comes so long before the deadline.
const SOON: TimeDelta = TimeDelta::minutes(10);
/// Shorter waits than this need no last reminder: half time is close enough to it.
const SOON_FROM: TimeDelta = TimeDelta::minutes(25);
/// Shorter waits than this need no reminder at all.
const HALF_FROM: TimeDelta = TimeDelta::seconds(10);

impl Run {
    /// The terms of a gate.
    #[must_use]
    pub fn spec_of(&self, gate: &GateId) -> Option<&GateSpec> {
        self.stage(&gate.stage)?.stage.gate.as_ref()
    }

    /// What is due now, or how long nothing will be.
    pub(super) fn wait(&self, open: &OpenGate, now: DateTime<Utc>) -> Next {
        let mut alarms = self.alarms(open, now);
        alarms.sort_by_key(|(at, _)| *at);
        // After a long silence only the last word counts: nobody is reminded of what is over.
        let over = alarms
            .iter()
            .position(|(at, what)| *at <= now && matches!(what, Happened::DeadlinePassed { .. }));
        let first = over.unwrap_or(0);
        match (alarms.get(first).is_some_and(|(at, _)| *at <= now), alarms.get(first)) {
            (true, Some(_)) => Next::Emit(alarms.swap_remove(first).1),
            (_, next) => Next::Ask { gate: open.id.clone(), wake: next.map(|(at, _)| *at) },
        }
    }

    /// What is still to come, and when.
    fn alarms(&self, open: &OpenGate, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, Happened)> {
        let Some(spec) = self.spec_of(&open.id) else { return Vec::new() };
        let gate = || open.id.clone();
        let mut alarms = Vec::new();
        if open.overdue_since.is_none() {
            alarms.push((open.deadline, Happened::DeadlinePassed { gate: gate() }));
            alarms.extend(
                reminder(open, spec, now)
                    .map(|(at, reminder)| (at, Happened::Reminded { gate: gate(), reminder })),
            );
        }
        if let (Some(escalation), None) = (&spec.escalation, open.escalated_at) {
            alarms.push((
                working(spec, open.opened_at, escalation.after_seconds),
                Happened::Escalated { gate: gate() },
            ));
        }
        alarms
    }
}

/// The next reminder: at half time, and ten minutes before the deadline, where that is worth a second one.
fn reminder(
    open: &OpenGate,
    spec: &GateSpec,
    now: DateTime<Utc>,
) -> Option<(DateTime<Utc>, Reminder)> {
    let since = open.since();
    let window = open.deadline - since;
    let told = |kind| open.reminders.iter().any(|r| r.reminder == kind && r.at >= since);
    let opening = |at| spec.hours.as_ref().map_or(at, |hours| hours.opening(at)).min(open.deadline);
    let soon = (window > SOON_FROM && !told(Reminder::Soon))
        .then(|| (opening(open.deadline - SOON), Reminder::Soon));
    let half = (window >= HALF_FROM && !told(Reminder::Half) && !told(Reminder::Soon))
        .then(|| (opening(since + window / 2), Reminder::Half));
    match (half, soon) {
        // Both are due: one is enough.
        (Some(_), Some(soon)) if soon.0 <= now => Some(soon),
        (half, soon) => half.or(soon),
    }
}

fn working(spec: &GateSpec, from: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
    let plain = || from + TimeDelta::seconds(u32::try_from(seconds).unwrap_or(u32::MAX).into());
    spec.hours.as_ref().map_or_else(plain, |hours| hours.after(from, seconds))
}

#[cfg(test)]
mod tests;
