//! What do a run's events add up to?
//! The one fold: the workflow, the thread and `status` all read what it makes.

use chrono::{DateTime, Utc};

use super::{Attempt, Decided, Event, Happened, OpenGate, Request, Run, StageName, StageOutcome, StagePhase, StageState, Verdict};

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
            Happened::AttemptStarted { stage, attempt } => self.change(stage, |s| s.attempts.push(Attempt::running(*attempt, at))),
            Happened::Written { .. } => self.apply_written(&event.what),
            Happened::AttemptEnded { .. } => self.apply_attempt_ended(&event.what),
            Happened::GateOpened { gate, deadline } => {
                self.gate = Some(OpenGate { id: gate.clone(), opened_at: at, deadline: *deadline });
                self.change(&gate.stage, |s| {
                    s.phase = StagePhase::Waiting;
                    s.rounds = gate.round;
                });
            }
            Happened::Decided { .. } => self.apply_decided(&event.what, at),
            Happened::DecisionRefused { request, why, .. } => self.refused.push((request.clone(), why.clone())),
            Happened::DeadlinePassed { gate } => {
                self.gate = None;
                self.change(&gate.stage, |s| s.missed_deadline = true);
            }
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
                self.gate = None;
                self.ended_at = Some(at);
                self.stages.iter_mut().for_each(|s| s.break_off(at));
            }
            Happened::Unknown => {}
        }
    }

    fn apply_written(&mut self, what: &Happened) {
        let Happened::Written { stage, attempt, agent, sandboxing, base, snapshot, diff, tokens, cost_usd, words } = what else { return };
        if agent.is_some() {
            self.agent.clone_from(agent);
        }
        self.sandboxing = Some(*sandboxing);
        self.change_attempt(stage, *attempt, |a| {
            a.base = Some(base.clone());
            a.snapshot = Some(snapshot.clone());
            a.diff = Some(diff.clone());
            a.tokens = *tokens;
            a.cost_usd = *cost_usd;
            a.words.clone_from(words);
        });
    }

    fn apply_attempt_ended(&mut self, what: &Happened) {
        let Happened::AttemptEnded { stage, attempt, outcome, why, feedback, trouble, tests, coverage_percent, tokens, cost_usd, seconds } = what
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
            a.tokens = *tokens;
            a.cost_usd = *cost_usd;
            a.seconds = *seconds;
        });
    }

    fn apply_decided(&mut self, what: &Happened, at: DateTime<Utc>) {
        let Happened::Decided { request, gate, verdict, by, via, words } = what else { return };
        let opened = self.gate.as_ref().filter(|open| gate.as_ref() == Some(&open.id)).map(|open| open.opened_at);
        self.decisions.push(Decided {
            request: request.clone(),
            gate: gate.clone(),
            verdict: *verdict,
            by: by.clone(),
            via: *via,
            words: words.clone(),
            at,
            waited_seconds: opened.map_or(0, |opened| seconds_between(opened, at)),
        });
        self.gate = None;
        if let (Some(gate), Verdict::Approve) = (gate, verdict) {
            self.change(&gate.stage, |s| {
                s.approved = true;
                s.phase = StagePhase::Running;
            });
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
pub(super) fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_milliseconds().saturating_add(500) / 1_000).unwrap_or(0)
}
