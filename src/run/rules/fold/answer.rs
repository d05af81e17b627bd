//! The fold of people's answers: decisions that count, decisions that were refused, and notes.

use chrono::{DateTime, Utc};

use super::seconds_between;
use crate::run::{
    Changes, Decided, GateId, Happened, Note, OpenGate, PersonId, Retried, Retry, Run, StagePhase,
    Verdict,
};

impl Run {
    pub(super) fn apply_answer(&mut self, what: &Happened, at: DateTime<Utc>) {
        match what {
            Happened::Decided { .. } => self.apply_decided(what, at),
            Happened::DecisionRefused { request, why, .. } => {
                self.refused.push((request.clone(), why.clone()));
            }
            Happened::Noted { .. } => self.apply_note(what, at),
            _ => {}
        }
    }

    fn apply_note(&mut self, what: &Happened, at: DateTime<Utc>) {
        let Happened::Noted { request, by, via, words, message } = what else { return };
        self.taken.push((request.clone(), Verdict::Note));
        // What the same message said before, and nobody has read, is said no more; without words it was taken back.
        self.notes
            .retain(|note| message.is_none() || note.message != *message || note.read_by.is_some());
        if words.is_empty() && message.is_some() {
            return;
        }
        let (by, words, message) = (by.clone(), words.clone(), message.clone());
        self.notes.push(Note { by, via: *via, words, message, at, read_by: None });
    }

    fn apply_decided(&mut self, what: &Happened, at: DateTime<Utc>) {
        let Some(decided) = self.decided(what, at) else { return };
        match (decided.verdict, &decided.gate) {
            (Verdict::Approve, Some(gate)) => self.apply_approval(gate, &decided.by, at),
            (Verdict::Changes, Some(gate)) => self.apply_changes(gate, &decided),
            (Verdict::Retry, Some(gate)) => {
                self.apply_retry(gate, decided.retry.clone().unwrap_or_default(), &decided);
            }
            (Verdict::TakeOver, Some(gate)) => self.apply_take_over(gate, &decided.by, at),
            (Verdict::HandIn, Some(gate)) => {
                let by_hand = self.handed_out(gate).map(|(branch, _)| branch.clone());
                self.apply_retry(gate, Retry { by_hand, ..Retry::default() }, &decided);
            }
            (Verdict::Skip, Some(gate)) => self.close_and_go_on(gate, at),
            (Verdict::Rollback, _) => self.apply_rollback(&decided, at),
            (Verdict::Raise, gate) => self.apply_raise(gate.as_ref(), at),
            _ => self.close_gate(at),
        }
        self.decisions.push(decided);
    }

    fn decided(&self, what: &Happened, at: DateTime<Utc>) -> Option<Decided> {
        let Happened::Decided {
            request,
            gate,
            verdict,
            by,
            via,
            words,
            rework,
            raise,
            retry,
            rollback,
        } = what
        else {
            return None;
        };
        let open = self.gate.as_ref().filter(|open| gate.as_ref() == Some(&open.id));
        Some(Decided {
            request: request.clone(),
            gate: gate.clone(),
            verdict: *verdict,
            by: by.clone(),
            via: *via,
            words: words.clone(),
            rework: *rework,
            raise: *raise,
            retry: retry.clone(),
            rollback: rollback.clone(),
            at,
            waited_seconds: open.map_or(0, |open| seconds_between(open.opened_at, at)),
        })
    }

    fn apply_approval(&mut self, gate: &GateId, by: &PersonId, at: DateTime<Utc>) {
        let quorum = self.spec_of(gate).map_or(1, |spec| spec.quorum);
        let Some(open) = self.gate.as_mut().filter(|open| &open.id == gate) else { return };
        approve(open, by);
        if open.approvals.len() >= quorum as usize {
            self.close_and_go_on(gate, at);
        }
    }

    /// The question is answered, and its stage goes on.
    fn close_and_go_on(&mut self, gate: &GateId, at: DateTime<Utc>) {
        self.close_gate(at);
        self.change_stage(&gate.stage, |s| s.phase = StagePhase::Running);
    }

    /// What stood still goes on; what was asked is answered.
    fn apply_raise(&mut self, gate: Option<&GateId>, at: DateTime<Utc>) {
        if let Some(gate) = gate {
            self.close_and_go_on(gate, at);
        }
        self.resume_after_raise(at);
    }

    fn apply_retry(&mut self, gate: &GateId, retry: Retry, asked_for: &Decided) {
        self.close_gate(asked_for.at);
        self.change_stage(&gate.stage, |s| {
            s.retries.push(Retried {
                retry,
                after: s.attempts.last().map_or(0, |a| a.n),
                by: asked_for.by.clone(),
                words: asked_for.words.clone().unwrap_or_default(),
                at: asked_for.at,
            });
            s.phase = StagePhase::Running;
        });
    }

    fn apply_changes(&mut self, gate: &GateId, asked_for: &Decided) {
        let open = self.gate.as_ref().filter(|open| &open.id == gate);
        let attempt = open.map_or(0, |open| open.attempt);
        self.close_gate(asked_for.at);
        self.change_stage(&gate.stage, |s| {
            s.changes.push(Changes {
                round: gate.round,
                attempt,
                by: asked_for.by.clone(),
                words: asked_for.words.clone().unwrap_or_default(),
                rework: asked_for.rework,
                after: s.attempts.last().map_or(0, |a| a.n),
                at: asked_for.at,
            });
            s.phase = StagePhase::Running;
        });
    }
}

/// One approval for each person, however often they approve.
fn approve(open: &mut OpenGate, by: &PersonId) {
    if !open.approvals.contains(by) {
        open.approvals.push(by.clone());
    }
}
