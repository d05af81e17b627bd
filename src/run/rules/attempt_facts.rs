//! The facts of an attempt: what do they amount to, and what did it cost?

use chrono::{DateTime, Utc};

use super::seconds_between;
use crate::run::{
    AgentEnd, Attempt, AttemptOutcome, Checked, Delivered, Diff, Happened, Lost, Pause, Plan, Run,
    Snapshot, StageName, Tokens, Trouble, Usd, WorkStep, Workplace, Written,
};

/// What the activities of an attempt brought back.
#[derive(Clone, Copy, Debug)]
pub enum AttemptFacts<'a> {
    /// The agent wrote, and the checks judged its work.
    Checked(&'a Written, &'a Checked),
    /// The agent ended, and its work was not checked: it did not finish, or the run was stopped.
    Unchecked(&'a Written),
    /// An activity that nobody could finish.
    Lost(&'a Lost),
}

/// How an attempt ended.
struct AttemptEnd {
    outcome: AttemptOutcome,
    why: Option<String>,
    trouble: Option<Trouble>,
}

impl AttemptEnd {
    const STOPPED: Self = Self { outcome: AttemptOutcome::Stopped, why: None, trouble: None };

    fn lost(lost: &Lost) -> Self {
        let (why, trouble) = (Some(lost.why.clone()), Some(Trouble::Agent));
        Self { outcome: AttemptOutcome::Lost, why, trouble }
    }

    fn failed(trouble: Trouble, why: &str) -> Self {
        let (why, trouble) = (Some(why.to_owned()), Some(trouble));
        Self { outcome: AttemptOutcome::Bad, why, trouble }
    }

    fn conflicting(files: &[String]) -> Self {
        let why = format!("conflicts in {}", files.join(", "));
        Self { outcome: AttemptOutcome::Bad, why: Some(why), trouble: None }
    }

    fn judged(checked: &Checked) -> Self {
        if let Some(trouble) = checked.trouble {
            Self::failed(trouble, checked.why.as_deref().unwrap_or("the checks were not reached"))
        } else if checked.passed {
            Self { outcome: AttemptOutcome::Good, why: None, trouble: None }
        } else {
            Self { outcome: AttemptOutcome::Bad, why: checked.why.clone(), trouble: None }
        }
    }
}

impl<'a> AttemptFacts<'a> {
    const fn checked(self) -> Option<&'a Checked> {
        match self {
            Self::Checked(_, checked) => Some(checked),
            Self::Unchecked(_) | Self::Lost(_) => None,
        }
    }

    fn end(self) -> AttemptEnd {
        let written = match self {
            Self::Lost(lost) => return AttemptEnd::lost(lost),
            Self::Checked(written, _) | Self::Unchecked(written) => written,
        };
        match (&written.end, self.checked()) {
            (AgentEnd::Finished, _) if !written.conflicts.is_empty() => {
                AttemptEnd::conflicting(&written.conflicts)
            }
            (AgentEnd::Failed { trouble, why }, _) => AttemptEnd::failed(*trouble, why),
            (AgentEnd::Stopped, _) | (AgentEnd::Finished, None) => AttemptEnd::STOPPED,
            (AgentEnd::Finished, Some(checked)) => AttemptEnd::judged(checked),
        }
    }

    fn feedback(self) -> Option<String> {
        match self {
            Self::Checked(_, checked) => checked.feedback.clone(),
            Self::Unchecked(written) => written.feedback.clone(),
            Self::Lost(_) => None,
        }
    }

    const fn workplace(self) -> Option<&'a Workplace> {
        match self {
            Self::Checked(written, _) | Self::Unchecked(written) => written.workplace.as_ref(),
            Self::Lost(lost) => lost.workplace.as_ref(),
        }
    }

    /// What the attempt used; `known` is what its events say so far.
    fn used(self, known: Option<&Attempt>) -> (Tokens, Usd) {
        match (self, known.filter(|a| a.snapshot.is_some())) {
            (Self::Checked(written, _) | Self::Unchecked(written), _) => {
                (written.tokens, written.cost_usd)
            }
            // Lost while it was checked: the writing was paid for.
            (Self::Lost(_), Some(paid)) => (paid.tokens, paid.cost_usd),
            (Self::Lost(lost), None) => (lost.tokens, lost.cost_usd),
        }
    }
}

impl Run {
    /// What an attempt's facts amount to.
    #[must_use]
    pub fn attempt_ended(
        &self,
        plan: &Plan,
        facts: AttemptFacts<'_>,
        now: DateTime<Utc>,
    ) -> Happened {
        let known = self.attempt(&plan.stage.name, plan.attempt);
        let checked = facts.checked();
        // A person stopped it: that counts, whatever an interrupted agent or a cancelled activity says.
        let end = if self.is_called_off(&plan.stage.name, plan.attempt) {
            AttemptEnd::STOPPED
        } else {
            facts.end()
        };
        let (tokens, cost_usd) = facts.used(known);
        let review_follows = end.outcome == AttemptOutcome::Good
            && self.stage(&plan.stage.name).is_some_and(|stage| stage.is_read_after(plan.attempt));
        Happened::AttemptEnded {
            stage: plan.stage.name.clone(),
            attempt: plan.attempt,
            outcome: end.outcome,
            why: end.why,
            feedback: facts.feedback(),
            trouble: end.trouble,
            tests: checked.and_then(|c| c.tests),
            coverage_percent: checked.and_then(|c| c.coverage_percent),
            tests_changed: checked.and_then(|c| c.tests_changed.clone()),
            red_green: checked.and_then(|c| c.red_green.clone()),
            reports: checked.and_then(|c| c.reports.clone()),
            workplace: facts.workplace().cloned(),
            tokens,
            cost_usd,
            seconds: known
                .map_or(0, |a| seconds_between(a.started_at, now).saturating_sub(a.paused_seconds)),
            review_follows,
        }
    }

    /// No worker that tried could go on: the attempt stands still until one can.
    #[must_use]
    pub fn handed_back(
        &self,
        (stage, attempt): (&StageName, u32),
        step: WorkStep,
        lost: &Lost,
    ) -> Happened {
        // Only a write spends; what was spent before is known from the attempt.
        let known = self.attempt(stage, attempt).filter(|_| step != WorkStep::Write);
        let known = known.map(|attempt| (attempt.tokens, attempt.cost_usd));
        let (tokens, cost_usd) = known.unwrap_or((lost.tokens, lost.cost_usd));
        let pause = Pause::Worker { step, why: lost.why.clone(), may_stop: false };
        Happened::Paused { stage: stage.clone(), attempt, pause, tokens, cost_usd }
    }

    /// No worker that tried could deliver the result: the run's last attempt stands still until one can, or until somebody stops the run.
    #[must_use]
    pub fn delivery_handed_back(&self, attempt: (&StageName, u32), lost: &Lost) -> Happened {
        let mut waits = self.handed_back(attempt, WorkStep::Deliver, lost);
        if let Happened::Paused { pause: Pause::Worker { may_stop, .. }, .. } = &mut waits {
            *may_stop = true;
        }
        waits
    }

    /// The result could not be delivered: it is only known by its snapshot.
    #[must_use]
    pub fn not_delivered(&self, snapshot: &Snapshot, why: &str) -> Happened {
        Happened::Delivered(Delivered {
            branch: self.request.branch(),
            commit: snapshot.commit.clone(),
            repository: String::new(),
            pushed: false,
            diff: Diff::default(),
            note: Some(why.to_owned()),
        })
    }
}
