//! What do a run's events add up to?
//! The one fold: the workflow, the thread and `status` all read what it makes.

use chrono::{DateTime, Utc};

use crate::run::{
    Asked, Attempt, Changes, Decided, Diff, Event, Extension, GateId, Happened, Note, OnDeadline,
    OpenGate, PersonId, Reminded, Request, Run, Snooze, StageName, StageOutcome, StagePhase,
    StageState, Verdict,
};

impl Run {
    /// What `events`, in order, made of what was asked for.
    #[must_use]
    pub fn fold<'a>(request: Request, events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut run = Self::starting(request);
        for event in events {
            run.apply(event);
        }
        run
    }

    /// Takes the next event in. An event that was applied already changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if event.seq <= self.seq {
            return;
        }
        self.seq = event.seq;
        let at = event.at;
        match &event.what {
            Happened::Started { rules, .. } => {
                self.rules = *rules;
                self.started_at = Some(at);
            }
            Happened::StageStarted { stage } => self.change(stage, |s| {
                s.phase = StagePhase::Running;
                s.started_at = Some(at);
            }),
            Happened::AttemptStarted { stage, attempt } => {
                self.apply_attempt_started(stage, *attempt, at);
            }
            Happened::Written { .. } => self.apply_written(&event.what),
            Happened::AttemptEnded { .. } => self.apply_attempt_ended(&event.what),
            Happened::GateOpened { gate, attempt, deadline } => {
                self.gate = Some(OpenGate::new(gate.clone(), *attempt, (at, *deadline)));
                self.change(&gate.stage, |s| {
                    s.phase = StagePhase::Waiting;
                    s.rounds = gate.round;
                });
            }
            Happened::Decided { .. } => self.apply_decided(&event.what, at),
            Happened::DecisionRefused { request, why, .. } => {
                self.refused.push((request.clone(), why.clone()));
            }
            Happened::Noted { request, by, via, words, message } => {
                self.taken.push((request.clone(), Verdict::Note));
                let (by, words, message) = (by.clone(), words.clone(), message.clone());
                self.notes.push(Note { by, via: *via, words, message, at, read_by: None });
            }
            Happened::Extended { .. }
            | Happened::Snoozed { .. }
            | Happened::Reminded { .. }
            | Happened::Escalated { .. }
            | Happened::DeadlinePassed { .. } => self.apply_to_gate(&event.what, at),
            Happened::StageEnded { stage, outcome, why, snapshot } => self.change(stage, |s| {
                s.phase = match outcome {
                    StageOutcome::Good => StagePhase::Good,
                    StageOutcome::Failed => StagePhase::Failed,
                    StageOutcome::Undone => StagePhase::Undone,
                };
                s.snapshot.clone_from(snapshot);
                s.why.clone_from(why);
                s.ended_at = Some(at);
            }),
            Happened::Delivered(delivered) => self.delivered = Some(delivered.clone()),
            Happened::Ended { outcome, why } => {
                self.outcome = Some(*outcome);
                self.why.clone_from(why);
                self.close_gate(at);
                self.ended_at = Some(at);
                self.stages.iter_mut().for_each(|s| s.break_off(at));
            }
            Happened::Unknown => {}
        }
    }

    fn apply_attempt_started(&mut self, stage: &StageName, n: u32, at: DateTime<Utc>) {
        let remarks = self.remarks_for(stage);
        for note in self.notes.iter_mut().filter(|note| note.read_by.is_none()) {
            note.read_by = Some((stage.clone(), n));
        }
        self.change(stage, |s| s.attempts.push(Attempt::running(n, remarks, at)));
    }

    fn apply_written(&mut self, what: &Happened) {
        let Happened::Written {
            stage,
            attempt,
            agent,
            sandboxing,
            base,
            snapshot,
            diff,
            since_round,
            since_approved,
            tokens,
            cost_usd,
            words,
        } = what
        else {
            return;
        };
        if agent.is_some() {
            self.agent.clone_from(agent);
        }
        self.sandboxing = Some(*sandboxing);
        self.change_attempt(stage, *attempt, |a| {
            a.base = Some(base.clone());
            a.snapshot = Some(snapshot.clone());
            a.diff = Some(Diff::clone(diff));
            a.since_round = since_round.as_deref().cloned();
            a.since_approved = since_approved.as_deref().cloned();
            a.tokens = *tokens;
            a.cost_usd = *cost_usd;
            a.words.clone_from(words);
        });
    }

    fn apply_attempt_ended(&mut self, what: &Happened) {
        let Happened::AttemptEnded {
            stage,
            attempt,
            outcome,
            why,
            feedback,
            trouble,
            tests,
            coverage_percent,
            tests_changed,
            tokens,
            cost_usd,
            seconds,
        } = what
        else {
            return;
        };
        self.change_attempt(stage, *attempt, |a| {
            a.outcome = *outcome;
            a.why.clone_from(why);
            a.feedback.clone_from(feedback);
            a.trouble = *trouble;
            a.tests = *tests;
            a.coverage_percent = *coverage_percent;
            a.tests_changed.clone_from(tests_changed);
            a.tokens = *tokens;
            a.cost_usd = *cost_usd;
            a.seconds = *seconds;
        });
    }

    fn apply_decided(&mut self, what: &Happened, at: DateTime<Utc>) {
        let Happened::Decided { request, gate, verdict, by, via, words, rework } = what else {
            return;
        };
        let open = self.gate.as_ref().filter(|open| gate.as_ref() == Some(&open.id));
        self.decisions.push(Decided {
            request: request.clone(),
            gate: gate.clone(),
            verdict: *verdict,
            by: by.clone(),
            via: *via,
            words: words.clone(),
            rework: *rework,
            at,
            waited_seconds: open.map_or(0, |open| seconds_between(open.opened_at, at)),
        });
        let asked = open.map_or(0, |open| open.attempt);
        match (verdict, gate) {
            (Verdict::Approve, Some(gate)) => self.apply_approval(gate, by, at),
            (Verdict::Changes, Some(gate)) => {
                self.close_gate(at);
                self.change(&gate.stage, |s| {
                    let after = s.attempts.last().map_or(0, |a| a.n);
                    let (by, words, rework) =
                        (by.clone(), words.clone().unwrap_or_default(), *rework);
                    s.changes.push(Changes {
                        round: gate.round,
                        attempt: asked,
                        by,
                        words,
                        rework,
                        after,
                        at,
                    });
                    s.phase = StagePhase::Running;
                });
            }
            _ => self.close_gate(at),
        }
    }

    fn apply_approval(&mut self, gate: &GateId, by: &PersonId, at: DateTime<Utc>) {
        let quorum = self.spec_of(gate).map_or(1, |spec| spec.quorum);
        let Some(open) = self.gate.as_mut().filter(|open| &open.id == gate) else { return };
        if !open.approvals.contains(by) {
            open.approvals.push(by.clone());
        }
        if open.approvals.len() >= quorum as usize {
            self.close_gate(at);
            self.change(&gate.stage, |s| s.phase = StagePhase::Running);
        }
    }

    /// What happens to a question while it is open.
    fn apply_to_gate(&mut self, what: &Happened, at: DateTime<Utc>) {
        if let Happened::Extended { request, .. } = what {
            self.taken.push((request.clone(), Verdict::Extend));
        }
        if let Happened::Snoozed { request, .. } = what {
            self.taken.push((request.clone(), Verdict::Snooze));
        }
        let Some(open) = self.gate.as_mut() else { return };
        match what {
            Happened::Extended { gate, by, deadline, .. } if gate == &open.id => {
                open.extensions.push(Extension { by: by.clone(), deadline: *deadline, at });
                open.deadline = *deadline;
                open.overdue_since = None;
            }
            Happened::Snoozed { gate, by, .. } if gate == &open.id => {
                open.snoozed.push(Snooze { by: by.clone(), at });
            }
            Happened::Reminded { gate, reminder } if gate == &open.id => {
                open.reminders.push(Reminded { reminder: *reminder, at });
            }
            Happened::Escalated { gate } if gate == &open.id => open.escalated_at = Some(at),
            Happened::DeadlinePassed { gate } if gate == &open.id => {
                self.apply_deadline(&gate.clone(), at);
            }
            _ => {}
        }
    }

    fn apply_deadline(&mut self, gate: &GateId, at: DateTime<Utc>) {
        if self.spec_of(gate).is_some_and(|spec| spec.on_deadline == OnDeadline::Wait) {
            self.gate.iter_mut().for_each(|open| open.overdue_since = Some(at));
        } else {
            self.close_gate(at);
            self.change(&gate.stage, |s| s.missed_deadline = true);
        }
    }

    fn close_gate(&mut self, at: DateTime<Utc>) {
        if let Some(gate) = self.gate.take() {
            self.change(&gate.id.stage.clone(), |s| s.asked.push(Asked { gate, closed_at: at }));
        }
    }

    fn change(&mut self, name: &StageName, change: impl FnOnce(&mut StageState)) {
        if let Some(stage) = self.stages.iter_mut().find(|s| &s.stage.name == name) {
            change(stage);
        }
    }

    fn change_attempt(&mut self, stage: &StageName, n: u32, change: impl FnOnce(&mut Attempt)) {
        self.change(stage, |s| {
            if let Some(attempt) = s.attempts.iter_mut().find(|a| a.n == n) {
                change(attempt);
            }
        });
    }
}

/// Whole seconds from `from` to `to`; 0 where the clock went backwards.
pub(in crate::run) fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_milliseconds().saturating_add(500) / 1_000).unwrap_or(0)
}
