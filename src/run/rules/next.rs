//! What does this run need now, and what do facts mean for it?
//! The workflow only carries it out.

use chrono::{DateTime, TimeDelta, Utc};

use crate::run::{
    Attempt, AttemptOutcome, Decided, GateId, GateSpec, Guard, Happened, Outcome, Plan, Run,
    Snapshot, StageOutcome, StagePhase, StageState, Trouble, Usd, Verdict,
};

/// The next thing to do for a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// An event follows from what is known: emit it.
    Emit(Happened),
    /// Let an agent write and the checks judge.
    Attempt(Box<Plan>),
    /// Wait for a person; without one, look again at `wake`.
    Ask { gate: GateId, wake: Option<DateTime<Utc>> },
    /// Put the result where people can fetch it; push it only where the run went well.
    Deliver { snapshot: Snapshot, push: bool, guard: Option<Guard> },
    /// Nothing is left.
    End(Outcome),
}

impl Run {
    /// What to do now. Only ever depends on the events and on `now`.
    #[must_use]
    pub fn next(&self, now: DateTime<Utc>) -> Next {
        if let Some(outcome) = self.outcome {
            return Next::End(outcome);
        }
        if let Some((outcome, why)) = self.verdict() {
            return self.wind_up(outcome, why);
        }
        match self.current() {
            Some((_, stage)) => self.next_of(stage, now),
            None => Next::Emit(Happened::Ended { outcome: Outcome::Done, why: None }),
        }
    }

    /// How the run will end, as soon as that is certain.
    pub(super) fn verdict(&self) -> Option<(Outcome, Option<String>)> {
        if let Some(sealed) = self.sealed_by() {
            let outcome =
                if sealed.verdict == Verdict::Stop { Outcome::Stopped } else { Outcome::Rejected };
            return Some((outcome, sealed.words.clone()));
        }
        if let Some(failed) = self.stages.iter().find(|s| s.phase == StagePhase::Failed) {
            return Some((
                Outcome::Failed,
                Some(format!("{}: {}", failed.name(), failed.why.as_deref().unwrap_or("failed"))),
            ));
        }
        self.current().is_none().then_some((Outcome::Done, None))
    }

    fn wind_up(&self, outcome: Outcome, why: Option<String>) -> Next {
        let unfinished = self
            .stages
            .iter()
            .find(|s| matches!(s.phase, StagePhase::Running | StagePhase::Waiting));
        if let Some(stage) = unfinished {
            return Next::Emit(Happened::StageEnded {
                stage: stage.name().clone(),
                outcome: StageOutcome::Undone,
                why: None,
                snapshot: None,
            });
        }
        match self.last_good() {
            Some(snapshot) if self.delivered.is_none() => {
                let guard = self.guard(snapshot);
                Next::Deliver { snapshot: snapshot.clone(), push: outcome == Outcome::Done, guard }
            }
            _ => Next::Emit(Happened::Ended { outcome, why }),
        }
    }

    fn next_of(&self, stage: &StageState, now: DateTime<Utc>) -> Next {
        if let Some(open) = &self.gate {
            return self.wait(open, now);
        }
        if stage.phase == StagePhase::Todo {
            return Next::Emit(Happened::StageStarted { stage: stage.name().clone() });
        }
        if stage.missed_deadline {
            return failed(stage, "nobody answered in time".to_owned());
        }
        if let Some(rejected) = self.rejected(stage) {
            return Next::Emit(Happened::StageEnded {
                stage: stage.name().clone(),
                outcome: StageOutcome::Undone,
                why: rejected.words.clone(),
                snapshot: None,
            });
        }
        if let Some(snapshot) = self.approved(stage) {
            return good(stage, snapshot);
        }
        let Some(last) = stage.attempts.last() else { return self.begin(stage, 1, now) };
        match last.outcome {
            AttemptOutcome::Running => Next::Attempt(Box::new(self.plan(stage, last.n))),
            // Nothing that was tried before these changes were asked for says anything about them.
            _ if stage.rework().is_some_and(|changes| last.n <= changes.after) => {
                self.begin(stage, last.n + 1, now)
            }
            AttemptOutcome::Good => self.after_good(stage, last, now),
            AttemptOutcome::Bad | AttemptOutcome::Lost | AttemptOutcome::Stopped => {
                match self.hopeless(stage, last) {
                    Some(why) => self.give_up(stage, why, now),
                    None => self.begin(stage, last.n + 1, now),
                }
            }
        }
    }

    fn after_good(&self, stage: &StageState, last: &Attempt, now: DateTime<Utc>) -> Next {
        match (&last.snapshot, &stage.stage.gate) {
            (None, _) => failed(stage, "its work is not kept anywhere".to_owned()),
            (Some(snapshot), None) => good(stage, snapshot),
            (Some(snapshot), Some(spec)) => self.ask(stage, (last.n, snapshot, spec), now),
        }
    }

    fn ask(
        &self,
        stage: &StageState,
        (attempt, snapshot, spec): (u32, &Snapshot, &GateSpec),
        now: DateTime<Utc>,
    ) -> Next {
        let gate = self.question(stage, stage.rounds + 1, (&snapshot.tree, spec));
        let in_time =
            TimeDelta::seconds(u32::try_from(spec.deadline_seconds).unwrap_or(u32::MAX).into());
        let deadline = spec
            .hours
            .as_ref()
            .map_or(now + in_time, |hours| hours.after(now, spec.deadline_seconds));
        Next::Emit(Happened::GateOpened { gate, attempt, deadline })
    }

    /// The work of a stage that everybody approved whose approval it wants: exactly the work that was asked about.
    fn approved<'a>(&self, stage: &'a StageState) -> Option<&'a Snapshot> {
        let (asked, spec) = (&stage.asked.last()?.gate, stage.stage.gate.as_ref()?);
        let snapshot = stage.attempts.iter().find(|a| a.n == asked.attempt)?.snapshot.as_ref()?;
        let same = self.question(stage, asked.id.round, (&snapshot.tree, spec)) == asked.id;
        (same && asked.approvals.len() >= spec.quorum as usize).then_some(snapshot)
    }

    /// The rejection that took a stage's work away.
    fn rejected(&self, stage: &StageState) -> Option<&Decided> {
        self.decisions.iter().find(|d| {
            d.verdict == Verdict::Reject
                && d.gate.as_ref().is_some_and(|g| &g.stage == stage.name())
        })
    }

    /// Why another attempt is not made; none where it may go well.
    fn hopeless(&self, stage: &StageState, last: &Attempt) -> Option<String> {
        let tries = last.n - stage.rework().map_or(0, |changes| changes.after);
        match (last.trouble, self.request.budget_usd) {
            (Some(Trouble::Budget), Some(budget)) => Some(spent_up(budget)),
            (Some(Trouble::Budget | Trouble::Setup), _) => Some(reason(last)),
            _ if tries < stage.stage.attempts => None,
            _ if tries == 1 => Some(reason(last)),
            _ => Some(format!("{tries} attempts, the last: {}", reason(last))),
        }
    }

    /// A stage fails; but where only asked-for changes could not be made, the work from before is asked about once more.
    fn give_up(&self, stage: &StageState, why: String, now: DateTime<Utc>) -> Next {
        let before = stage.rework().and_then(|_| stage.good_attempt());
        match (before.and_then(|a| Some((a.n, a.snapshot.as_ref()?))), &stage.stage.gate) {
            (Some((n, snapshot)), Some(spec)) => self.ask(stage, (n, snapshot, spec), now),
            _ => failed(stage, why),
        }
    }

    fn begin(&self, stage: &StageState, attempt: u32, now: DateTime<Utc>) -> Next {
        match self.request.budget_usd {
            Some(budget) if self.spent() >= budget => self.give_up(stage, spent_up(budget), now),
            _ => Next::Emit(Happened::AttemptStarted { stage: stage.name().clone(), attempt }),
        }
    }
}

fn good(stage: &StageState, snapshot: &Snapshot) -> Next {
    let (stage, snapshot) = (stage.name().clone(), Some(snapshot.clone()));
    Next::Emit(Happened::StageEnded { stage, outcome: StageOutcome::Good, why: None, snapshot })
}

fn failed(stage: &StageState, why: String) -> Next {
    Next::Emit(Happened::StageEnded {
        stage: stage.name().clone(),
        outcome: StageOutcome::Failed,
        why: Some(why),
        snapshot: None,
    })
}

fn spent_up(budget: Usd) -> String {
    format!("the budget of {budget} is spent")
}

fn reason(attempt: &Attempt) -> String {
    let unsaid = if attempt.outcome == AttemptOutcome::Stopped {
        "the attempt was interrupted"
    } else {
        "the checks failed"
    };
    attempt.why.clone().unwrap_or_else(|| unsaid.to_owned())
}

#[cfg(test)]
mod tests;
