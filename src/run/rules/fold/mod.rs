//! The fold of events into state: what do a run's events add up to?
//! There is one fold: the workflow, the thread and `status` all read what it makes.

mod answer;
mod attempt;
mod gate;

use chrono::{DateTime, Utc};

use crate::run::{Event, Happened, Request, Run, StageName, StageOutcome, StagePhase, StageState};

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

    /// Applies the next event. An event that was applied already changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if event.seq <= self.seq {
            return;
        }
        self.seq = event.seq;
        let (what, at) = (&event.what, event.at);
        match what {
            Happened::Started { .. }
            | Happened::Began(_)
            | Happened::Delivered(_)
            | Happened::Ended { .. } => self.apply_to_run(what, at),
            Happened::StageStarted { .. } | Happened::StageEnded { .. } => {
                self.apply_to_stage(what, at);
            }
            Happened::AttemptStarted { .. }
            | Happened::UntilTried { .. }
            | Happened::WaitedForSlot { .. }
            | Happened::Written { .. }
            | Happened::AttemptEnded { .. }
            | Happened::Reviewed { .. }
            | Happened::Paused { .. }
            | Happened::Resumed { .. } => self.apply_to_attempt(what, at),
            Happened::GateOpened { .. }
            | Happened::Extended { .. }
            | Happened::Snoozed { .. }
            | Happened::Reminded { .. }
            | Happened::Escalated { .. }
            | Happened::HandedOut { .. }
            | Happened::NotHandedOut { .. }
            | Happened::DeadlinePassed { .. } => self.apply_to_gate(what, at),
            Happened::Decided { .. }
            | Happened::DecisionRefused { .. }
            | Happened::Noted { .. } => self.apply_answer(what, at),
            Happened::FeatureEnded { .. } | Happened::Previewed(_) => {
                self.apply_to_batch(what, at);
            }
            Happened::SideRunsStarted { .. } | Happened::SideRunEnded { .. } => {
                self.apply_to_side_runs(what, at);
            }
            Happened::Unknown => {}
        }
    }

    fn apply_to_run(&mut self, what: &Happened, at: DateTime<Utc>) {
        match what {
            Happened::Started { rules, .. } => {
                self.rules = *rules;
                self.started_at = Some(at);
            }
            Happened::Began(start) => self.start = Some(start.clone()),
            Happened::Delivered(delivered) => self.delivered = Some(delivered.clone()),
            Happened::Ended { outcome, why } => {
                self.outcome = Some(*outcome);
                self.why.clone_from(why);
                self.close_gate(at);
                self.ended_at = Some(at);
                self.stages.iter_mut().for_each(|s| s.break_off(at));
            }
            _ => {}
        }
    }

    fn apply_to_stage(&mut self, what: &Happened, at: DateTime<Utc>) {
        match what {
            Happened::StageStarted { stage, estimate } => self.change_stage(stage, |s| {
                s.estimate = *estimate;
                s.phase = StagePhase::Running;
                s.started_at = Some(at);
            }),
            Happened::StageEnded { stage, outcome, why, snapshot } => {
                self.change_stage(stage, |s| {
                    s.phase = phase_after(*outcome);
                    s.snapshot.clone_from(snapshot);
                    s.why.clone_from(why);
                    s.ended_at = Some(at);
                });
            }
            _ => {}
        }
    }

    pub(super) fn change_stage(&mut self, name: &StageName, change: impl FnOnce(&mut StageState)) {
        if let Some(stage) = self.stages.iter_mut().find(|s| &s.stage.name == name) {
            change(stage);
        }
    }
}

const fn phase_after(outcome: StageOutcome) -> StagePhase {
    match outcome {
        StageOutcome::Good => StagePhase::Good,
        StageOutcome::Failed => StagePhase::Failed,
        StageOutcome::Undone => StagePhase::Undone,
    }
}

/// Whole seconds from `from` to `to`; 0 where the clock went backwards.
pub(in crate::run) fn seconds_between(from: DateTime<Utc>, to: DateTime<Utc>) -> u64 {
    u64::try_from((to - from).num_milliseconds().saturating_add(500) / 1_000).unwrap_or(0)
}
