//! Reminders, escalation and deadlines: what happens while a run waits for a person?
//! Each happens once, when its time has come.

use chrono::{DateTime, TimeDelta, Utc};

use crate::run::{Asked, GateId, GateKind, GateSpec, Happened, Next, OpenGate, Reminder, Run};

/// How long before the deadline the last reminder comes.
const SOON: TimeDelta = TimeDelta::minutes(10);
/// Shorter waits than this need no last reminder: half time is close enough to it.
const SOON_FROM: TimeDelta = TimeDelta::minutes(25);
/// Shorter waits than this need no reminder at all.
const HALF_FROM: TimeDelta = TimeDelta::seconds(10);

impl Run {
    /// The terms of a gate.
    #[must_use]
    pub fn spec_of(&self, gate: &GateId) -> Option<&GateSpec> {
        match gate.kind {
            GateKind::Budget => self.request.money.as_ref().map(|money| &money.spec),
            GateKind::Approve => self.stage(&gate.stage)?.stage.gate.as_ref(),
            GateKind::Recovery => self.stage(&gate.stage)?.stage.recovery.as_ref(),
        }
    }

    /// What is due now, or how long nothing will be.
    pub(super) fn wait(&self, open: &OpenGate, now: DateTime<Utc>) -> Next {
        let mut alarms = self.alarms(open, now);
        alarms.sort_by_key(|alarm| alarm.at);
        // After a long silence only the deadline counts: nobody is reminded of what is over.
        let missed = alarms.iter().position(|alarm| alarm.is_missed_deadline(now));
        let next = alarms.into_iter().nth(missed.unwrap_or(0));
        match next {
            Some(alarm) if alarm.at <= now => Next::Emit(alarm.event),
            next => self.wait_until(open, next.map(|alarm| alarm.at)),
        }
    }

    /// Nothing is due before that: whoever is asked answers, or does the work.
    fn wait_until(&self, open: &OpenGate, wake: Option<DateTime<Utc>>) -> Next {
        let gate = open.id.clone();
        let work = || self.stage(&gate.stage).and_then(|stage| self.work_to_hand_out(stage));
        match open.by_hand.as_ref().map(|by_hand| &by_hand.branch) {
            Some(Some(branch)) => Next::AwaitPush { gate, branch: branch.clone(), wake },
            Some(None) => match work() {
                Some(work) => Next::HandOut { gate, work, wake },
                None => Next::Ask { gate, wake },
            },
            None => Next::Ask { gate, wake },
        }
    }

    /// What is still to come, and when.
    fn alarms(&self, open: &OpenGate, now: DateTime<Utc>) -> Vec<Alarm> {
        let Some(spec) = self.spec_of(&open.id) else { return Vec::new() };
        let mut alarms = Vec::new();
        if open.overdue_since.is_none() {
            let event = Happened::DeadlinePassed { gate: open.id.clone() };
            alarms.push(Alarm { at: open.deadline, event });
            alarms.extend(next_reminder(open, spec, now));
        }
        alarms.extend(escalation(open, spec));
        alarms
    }
}

/// Something that happens by itself when its time has come.
struct Alarm {
    at: DateTime<Utc>,
    event: Happened,
}

impl Alarm {
    fn reminder(open: &OpenGate, reminder: Reminder, at: DateTime<Utc>) -> Self {
        Self { at, event: Happened::Reminded { gate: open.id.clone(), reminder } }
    }

    fn is_missed_deadline(&self, now: DateTime<Utc>) -> bool {
        self.at <= now && matches!(self.event, Happened::DeadlinePassed { .. })
    }
}

fn escalation(open: &OpenGate, spec: &GateSpec) -> Option<Alarm> {
    let escalation = spec.escalation.as_ref().filter(|_| open.escalated_at.is_none())?;
    Some(Alarm {
        at: after_seconds(spec, open.opened_at, escalation.after_seconds),
        event: Happened::Escalated { gate: open.id.clone() },
    })
}

/// The next reminder: at half time, and ten minutes before the deadline, where that is worth a second one.
fn next_reminder(open: &OpenGate, spec: &GateSpec, now: DateTime<Utc>) -> Option<Alarm> {
    let opening = |at| spec.hours.as_ref().map_or(at, |hours| hours.opening(at)).min(open.deadline);
    let half = half_time(open).map(|at| Alarm::reminder(open, Reminder::Half, opening(at)));
    let soon = soon_over(open).map(|at| Alarm::reminder(open, Reminder::Soon, opening(at)));
    match (half, soon) {
        // Both are due: one is enough.
        (Some(_), Some(soon)) if soon.at <= now => Some(soon),
        (half, soon) => half.or(soon),
    }
}

fn half_time(open: &OpenGate) -> Option<DateTime<Utc>> {
    let window = open.deadline - open.since();
    let is_told = was_reminded(open, Reminder::Half) || was_reminded(open, Reminder::Soon);
    (window >= HALF_FROM && !is_told).then(|| open.since() + window / 2)
}

fn soon_over(open: &OpenGate) -> Option<DateTime<Utc>> {
    let window = open.deadline - open.since();
    (window > SOON_FROM && !was_reminded(open, Reminder::Soon)).then(|| open.deadline - SOON)
}

fn was_reminded(open: &OpenGate, kind: Reminder) -> bool {
    open.reminders.iter().any(|r| r.reminder == kind && r.at >= open.since())
}

/// Asks this, of the work of an attempt, for as long as its terms say.
pub(super) fn asks((gate, spec): (GateId, &GateSpec), attempt: u32, now: DateTime<Utc>) -> Next {
    let deadline = after_seconds(spec, now, spec.deadline_seconds);
    Next::Emit(Happened::GateOpened { gate, attempt, deadline })
}

/// The number of the next question after these.
pub(super) fn next_round(asked: &[Asked]) -> u32 {
    u32::try_from(asked.len()).unwrap_or(u32::MAX) + 1
}

fn after_seconds(spec: &GateSpec, from: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
    let time = TimeDelta::seconds(u32::try_from(seconds).unwrap_or(u32::MAX).into());
    after_working(spec, from, time)
}

/// When so much time is over; only working hours count, where the gate has them.
pub(super) fn after_working(
    spec: &GateSpec,
    from: DateTime<Utc>,
    time: TimeDelta,
) -> DateTime<Utc> {
    let working = || time.num_seconds().unsigned_abs();
    spec.hours.as_ref().map_or_else(|| from + time, |hours| hours.after(from, working()))
}

#[cfg(test)]
mod tests;
