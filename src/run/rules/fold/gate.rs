//! The fold of a gate's events: what happens to a question from when it is asked until it is closed?

use chrono::{DateTime, Utc};

use crate::run::rules::wait::after_working;
use crate::run::{
    Asked, ByHand, Extension, GateId, GateKind, Happened, OnDeadline, OpenGate, PersonId, Reminded,
    Run, Snooze, StagePhase, Verdict,
};

impl Run {
    pub(super) fn apply_to_gate(&mut self, what: &Happened, at: DateTime<Utc>) {
        match what {
            Happened::GateOpened { .. } => self.apply_opened(what, at),
            Happened::Extended { .. } => self.apply_extension(what, at),
            Happened::Snoozed { request, gate, by } => {
                self.taken.push((request.clone(), Verdict::Snooze));
                let snooze = Snooze { by: by.clone(), at };
                self.change_gate(gate, |open| open.snoozed.push(snooze));
            }
            Happened::Reminded { gate, reminder } => {
                let reminded = Reminded { reminder: *reminder, at };
                self.change_gate(gate, |open| open.reminders.push(reminded));
            }
            Happened::Escalated { gate } => {
                self.change_gate(gate, |open| open.escalated_at = Some(at));
            }
            Happened::DeadlinePassed { gate } => self.apply_deadline(gate, at),
            Happened::NotHandedOut { gate, why } => self.change_gate(gate, |open| {
                open.by_hand = None;
                open.not_handed_out = Some(why.clone());
            }),
            Happened::HandedOut { gate, branch } => self.change_gate(gate, |open| {
                if let Some(by_hand) = &mut open.by_hand {
                    by_hand.branch = Some(branch.clone());
                }
            }),
            _ => {}
        }
    }

    fn apply_opened(&mut self, what: &Happened, at: DateTime<Utc>) {
        let Happened::GateOpened { gate, attempt, deadline } = what else { return };
        let asked = self.stage(&gate.stage).zip(self.attempt(&gate.stage, *attempt));
        let asked = asked.filter(|_| gate.kind == GateKind::Budget);
        let money = asked.and_then(|(stage, attempt)| self.amount_to_ask(stage, attempt));
        let open = OpenGate::new(gate.clone(), *attempt, at, *deadline);
        self.gate = Some(OpenGate { money, ..open });
        self.change_stage(&gate.stage, |s| {
            s.phase = StagePhase::Waiting;
            if gate.kind == GateKind::Approve {
                s.rounds = gate.round;
            }
        });
    }

    fn apply_extension(&mut self, what: &Happened, at: DateTime<Utc>) {
        let Happened::Extended { request, gate, by, deadline, .. } = what else { return };
        self.taken.push((request.clone(), Verdict::Extend));
        self.change_gate(gate, |open| {
            open.extensions.push(Extension { by: by.clone(), deadline: *deadline, at });
            open.deadline = *deadline;
            open.overdue_since = None;
        });
    }

    fn apply_deadline(&mut self, gate: &GateId, at: DateTime<Utc>) {
        if self.gate.as_ref().is_none_or(|open| &open.id != gate) {
            return;
        }
        if self.spec_of(gate).is_some_and(|spec| spec.on_deadline == OnDeadline::Wait) {
            self.change_gate(gate, |open| open.overdue_since = Some(at));
        } else {
            self.close_gate(at);
            self.change_stage(&gate.stage, |s| s.missed_deadline = true);
        }
    }

    /// Somebody does it by hand: that takes longer than to say what else becomes of it.
    pub(super) fn apply_take_over(&mut self, gate: &GateId, by: &PersonId, at: DateTime<Utc>) {
        let Some(spec) = self.spec_of(gate) else { return };
        let deadline = after_working(spec, at, ByHand::TIME);
        self.change_gate(gate, |open| {
            open.by_hand = Some(ByHand { by: by.clone(), at, branch: None });
            open.not_handed_out = None;
            if open.deadline < deadline {
                open.extensions.push(Extension { by: by.clone(), deadline, at });
                (open.deadline, open.overdue_since) = (deadline, None);
            }
        });
    }

    /// Changes the open gate if it is this one; a gate that is closed stays as it is.
    fn change_gate(&mut self, gate: &GateId, change: impl FnOnce(&mut OpenGate)) {
        if let Some(open) = self.gate.as_mut().filter(|open| &open.id == gate) {
            change(open);
        }
    }

    pub(in crate::run::rules) fn close_gate(&mut self, at: DateTime<Utc>) {
        if let Some(gate) = self.gate.take() {
            let stage = gate.id.stage.clone();
            self.change_stage(&stage, |s| {
                let asked = match gate.id.kind {
                    GateKind::Approve => &mut s.asked,
                    GateKind::Budget => &mut s.asked_for_money,
                    GateKind::Recovery => &mut s.asked_to_recover,
                };
                asked.push(Asked { gate, closed_at: at });
            });
        }
    }
}
