//! What does this run need now, and what do facts mean for it?
//! The workflow only carries it out.

use chrono::{DateTime, TimeDelta, Utc};

use super::fold::seconds_between;
use super::{
    AgentEnd, Attempt, AttemptOutcome, Checked, Delivered, Diff, GateId, Happened, Lost, Outcome, Run, Snapshot, Stage, StageOutcome, StagePhase,
    StageState, Trouble, Usd, Verdict, Written,
};

/// The next thing to do for a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Something follows from what is known: say it.
    Tell(Happened),
    /// Let an agent write and the checks judge.
    Attempt(Plan),
    /// Wait for a person.
    Ask { gate: GateId, deadline: DateTime<Utc> },
    /// Put the result where people can fetch it; push it only where the run went well.
    Deliver { snapshot: Snapshot, push: bool },
    /// Nothing is left.
    End(Outcome),
}

/// What an attempt is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub stage: Stage,
    pub attempt: u32,
    /// The snapshot to start from; none = the repository as it is found.
    pub base: Option<Snapshot>,
    /// What an attempt before did wrong; the newest that can be learned from.
    pub feedback: Option<String>,
    pub backoff_seconds: u64,
    pub budget_left_usd: Option<Usd>,
}

/// Pause before another attempt after red checks: the agent needs none, a broken machine does.
const BACKOFF_SECONDS: u64 = 1;
/// Pause per attempt made so far where the model's provider was busy.
const BUSY_BACKOFF_SECONDS: u64 = 15;

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
            None => Next::Tell(Happened::Ended { outcome: Outcome::Done, why: None }),
        }
    }

    /// How the run will end, as soon as that is certain.
    pub(super) fn verdict(&self) -> Option<(Outcome, Option<String>)> {
        let said = |verdict| self.decisions.iter().find(|d| d.verdict == verdict).map(|d| d.words.clone());
        if let Some(words) = said(Verdict::Stop) {
            return Some((Outcome::Stopped, words));
        }
        if let Some(words) = said(Verdict::Reject) {
            return Some((Outcome::Rejected, words));
        }
        if let Some(failed) = self.stages.iter().find(|s| s.phase == StagePhase::Failed) {
            return Some((Outcome::Failed, Some(format!("{}: {}", failed.name(), failed.why.as_deref().unwrap_or("failed")))));
        }
        self.current().is_none().then_some((Outcome::Done, None))
    }

    fn wind_up(&self, outcome: Outcome, why: Option<String>) -> Next {
        let unfinished = self.stages.iter().find(|s| matches!(s.phase, StagePhase::Running | StagePhase::Waiting));
        if let Some(stage) = unfinished {
            return Next::Tell(Happened::StageEnded { stage: stage.name().clone(), outcome: StageOutcome::Undone, why: None, snapshot: None });
        }
        match self.last_good() {
            Some(snapshot) if self.delivered.is_none() => Next::Deliver { snapshot: snapshot.clone(), push: outcome == Outcome::Done },
            _ => Next::Tell(Happened::Ended { outcome, why }),
        }
    }

    fn next_of(&self, stage: &StageState, now: DateTime<Utc>) -> Next {
        if let Some(gate) = &self.gate {
            return Next::Ask { gate: gate.id.clone(), deadline: gate.deadline };
        }
        if stage.phase == StagePhase::Todo {
            return Next::Tell(Happened::StageStarted { stage: stage.name().clone() });
        }
        if stage.missed_deadline {
            return failed(stage, "nobody answered in time".to_owned());
        }
        let Some(last) = stage.attempts.last() else { return self.begin(stage, 1) };
        match last.outcome {
            AttemptOutcome::Running => Next::Attempt(self.plan(stage, last.n)),
            AttemptOutcome::Good => self.after_good(stage, last, now),
            AttemptOutcome::Bad | AttemptOutcome::Lost | AttemptOutcome::Stopped => match self.hopeless(stage, last) {
                Some(why) => failed(stage, why),
                None => self.begin(stage, last.n + 1),
            },
        }
    }

    fn after_good(&self, stage: &StageState, good: &Attempt, now: DateTime<Utc>) -> Next {
        let Some(snapshot) = &good.snapshot else { return failed(stage, "its work is not kept anywhere".to_owned()) };
        Next::Tell(match &stage.stage.gate {
            Some(gate) if !stage.approved => Happened::GateOpened {
                gate: GateId::approve(self.id(), &self.request.pipeline.digest, stage.name(), stage.rounds + 1, snapshot),
                deadline: now + TimeDelta::seconds(u32::try_from(gate.deadline_seconds).unwrap_or(u32::MAX).into()),
            },
            _ => Happened::StageEnded { stage: stage.name().clone(), outcome: StageOutcome::Good, why: None, snapshot: Some(snapshot.clone()) },
        })
    }

    /// Why another attempt is not made; none where it may go well.
    fn hopeless(&self, stage: &StageState, last: &Attempt) -> Option<String> {
        match (last.trouble, self.request.budget_usd) {
            (Some(Trouble::Budget), Some(budget)) => Some(spent_up(budget)),
            (Some(Trouble::Budget | Trouble::Setup), _) => Some(reason(last)),
            _ if last.n < stage.stage.attempts => None,
            _ if last.n == 1 => Some(reason(last)),
            _ => Some(format!("{} attempts, the last: {}", last.n, reason(last))),
        }
    }

    fn begin(&self, stage: &StageState, attempt: u32) -> Next {
        match self.request.budget_usd {
            Some(budget) if self.spent() >= budget => failed(stage, spent_up(budget)),
            _ => Next::Tell(Happened::AttemptStarted { stage: stage.name().clone(), attempt }),
        }
    }

    fn plan(&self, stage: &StageState, attempt: u32) -> Plan {
        let mut earlier = stage.attempts.iter().rev().filter(|a| a.n < attempt);
        Plan {
            stage: stage.stage.clone(),
            attempt,
            base: self.last_good().or_else(|| self.origin()).cloned(),
            feedback: earlier.clone().find_map(lesson),
            backoff_seconds: match earlier.next().map(|a| a.trouble) {
                None => 0,
                Some(Some(Trouble::ModelBusy)) => BUSY_BACKOFF_SECONDS * u64::from(attempt - 1),
                Some(_) => BACKOFF_SECONDS,
            },
            budget_left_usd: self.request.budget_usd.map(|b| b.minus(self.spent())),
        }
    }

    /// What an attempt's facts amount to. `checked` is none where the agent did not finish.
    #[must_use]
    pub fn attempt_ended(&self, plan: &Plan, facts: &Result<(&Written, Option<&Checked>), Lost>, now: DateTime<Utc>) -> Happened {
        let known = self.stage(&plan.stage.name).and_then(|s| s.attempts.iter().find(|a| a.n == plan.attempt));
        let checked = facts.as_ref().ok().and_then(|(_, c)| *c);
        let (outcome, why, trouble) = match facts {
            // Whatever an interrupted agent or a cancelled activity says: a person ended it.
            _ if self.was_stopped() => (AttemptOutcome::Stopped, None, None),
            Err(lost) => (AttemptOutcome::Lost, Some(lost.why.clone()), Some(Trouble::Agent)),
            Ok((Written { end: AgentEnd::Failed { trouble, why }, .. }, _)) => (AttemptOutcome::Bad, Some(why.clone()), Some(*trouble)),
            Ok((Written { end: AgentEnd::Stopped, .. }, _) | (_, None)) => (AttemptOutcome::Stopped, None, None),
            Ok((_, Some(checked))) if checked.passed => (AttemptOutcome::Good, None, None),
            Ok((_, Some(checked))) => (AttemptOutcome::Bad, checked.why.clone(), None),
        };
        let (tokens, cost_usd) = match (facts, known.filter(|a| a.snapshot.is_some())) {
            (Ok((written, _)), _) => (written.tokens, written.cost_usd),
            // Lost while it was checked: the writing was paid for.
            (Err(_), Some(paid)) => (paid.tokens, paid.cost_usd),
            (Err(lost), None) => (lost.tokens, lost.cost_usd),
        };
        Happened::AttemptEnded {
            stage: plan.stage.name.clone(),
            attempt: plan.attempt,
            outcome,
            why,
            feedback: checked.and_then(|c| c.feedback.clone()),
            trouble,
            tests: checked.and_then(|c| c.tests),
            coverage_percent: checked.and_then(|c| c.coverage_percent),
            tokens,
            cost_usd,
            seconds: known.map_or(0, |a| seconds_between(a.started_at, now)),
        }
    }

    /// The result could not be put anywhere: it is only known by its snapshot.
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

fn failed(stage: &StageState, why: String) -> Next {
    Next::Tell(Happened::StageEnded { stage: stage.name().clone(), outcome: StageOutcome::Failed, why: Some(why), snapshot: None })
}

fn spent_up(budget: Usd) -> String {
    format!("the budget of {budget} is spent")
}

fn reason(attempt: &Attempt) -> String {
    let unsaid = if attempt.outcome == AttemptOutcome::Stopped { "the attempt was interrupted" } else { "the checks failed" };
    attempt.why.clone().unwrap_or_else(|| unsaid.to_owned())
}

/// What a next attempt can learn from this one: nothing where the work was not what went wrong.
fn lesson(attempt: &Attempt) -> Option<String> {
    let learnable = attempt.outcome == AttemptOutcome::Bad && attempt.trouble != Some(Trouble::ModelBusy);
    attempt.feedback.clone().or_else(|| attempt.why.clone()).filter(|_| learnable)
}

#[cfg(test)]
mod tests;
