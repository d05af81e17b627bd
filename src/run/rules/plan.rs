//! What is an attempt to do, and what do its facts amount to?

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fold::seconds_between;
use crate::run::{
    AgentEnd, Attempt, AttemptOutcome, Checked, Delivered, Diff, GateDigestInput, Guard, Happened,
    Lost, Remark, RemarkKind, Rework, Run, Snapshot, Stage, StageName, StagePhase, StageState,
    Trouble, Usd, Written,
};

/// What an attempt is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub stage: Stage,
    pub attempt: u32,
    /// The snapshot to start from; none = the repository as it is found.
    pub base: Option<Snapshot>,
    /// What else its work is compared with.
    pub compare: Compare,
    /// What was approved that this attempt builds on.
    pub guard: Option<Guard>,
    /// What people said, in order.
    pub remarks: Vec<Remark>,
    /// What an attempt before did wrong; the newest that can be learned from.
    pub feedback: Option<String>,
    pub backoff_seconds: u64,
    pub budget_left_usd: Option<Usd>,
}

/// What an attempt's work is compared with, beside its base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// What the stage started with; none = the base.
    pub stage_base: Option<Snapshot>,
    /// What the stage last asked about.
    pub round: Option<Snapshot>,
    /// What a person last approved.
    pub approved: Option<Snapshot>,
    /// The good attempt before: its tests are the ones that must still be there.
    pub tests: Option<(StageName, u32)>,
}

/// Pause before another attempt after red checks: the agent needs none, a broken machine does.
const BACKOFF_SECONDS: u64 = 1;
/// Pause per attempt made so far where the model's provider was busy.
const BUSY_BACKOFF_SECONDS: u64 = 15;

impl Run {
    pub(super) fn plan(&self, stage: &StageState, attempt: u32) -> Plan {
        let round_began_after = stage.rework().map_or(0, |changes| changes.after);
        let mut earlier =
            stage.attempts.iter().rev().filter(|a| a.n < attempt && a.n > round_began_after);
        let (base, compare) = self.base(stage);
        Plan {
            stage: stage.stage.clone(),
            attempt,
            guard: base.as_ref().and_then(|base| self.guard(base)),
            base,
            compare,
            remarks: stage
                .attempts
                .iter()
                .find(|a| a.n == attempt)
                .map(|a| a.remarks.clone())
                .unwrap_or_default(),
            feedback: earlier.clone().find_map(lesson),
            backoff_seconds: match earlier.next().map(|a| a.trouble) {
                None => 0,
                Some(Some(Trouble::ModelBusy)) => {
                    BUSY_BACKOFF_SECONDS * u64::from(attempt - round_began_after - 1)
                }
                Some(_) => BACKOFF_SECONDS,
            },
            budget_left_usd: self.request.budget_usd.map(|b| b.minus(self.spent())),
        }
    }

    /// What an attempt starts from: the kept work, or on top of what somebody wants changed.
    fn base(&self, stage: &StageState) -> (Option<Snapshot>, Compare) {
        let kept = self.last_good().or_else(|| self.origin()).cloned();
        let work_of =
            |n: u32| stage.attempts.iter().find(|a| a.n == n).and_then(|a| a.snapshot.clone());
        let top = stage
            .rework()
            .filter(|changes| changes.rework == Rework::Top)
            .and_then(|changes| work_of(changes.attempt));
        let compare = Compare {
            stage_base: kept.clone().filter(|_| top.is_some()),
            round: stage.asked.last().and_then(|asked| work_of(asked.gate.attempt)),
            approved: self.last_approved().cloned(),
            // Checks that run other tests would make all of them look removed.
            tests: self
                .good_attempts()
                .filter(|(s, _)| s.stage.checks == stage.stage.checks)
                .last()
                .map(|(s, a)| (s.name().clone(), a.n)),
        };
        (top.or(kept), compare)
    }

    /// What is asked of a person about this tree.
    pub(super) fn question(
        &self,
        stage: &StageState,
        round: u32,
        (tree, spec): (&str, &crate::run::GateSpec),
    ) -> crate::run::GateId {
        let (run, pipeline) = (self.id(), &self.request.pipeline.digest);
        GateDigestInput {
            run,
            pipeline,
            stage: stage.name(),
            round,
            tree,
            spec,
            then: &self.then(stage.name()),
        }
        .gate()
    }

    /// What an approval of this stage sets going.
    fn then(&self, stage: &StageName) -> String {
        match self.stages.iter().skip_while(|s| s.name() != stage).nth(1) {
            Some(next) => format!("stage:{}", next.name()),
            None => format!(
                "deliver:{}:{}",
                self.request.branch(),
                self.request.repository.as_deref().unwrap_or_default()
            ),
        }
    }

    /// What must hold before something is made of this work; none where nobody had to approve it.
    pub(super) fn guard(&self, snapshot: &Snapshot) -> Option<Guard> {
        let stage = self
            .stages
            .iter()
            .rev()
            .find(|s| s.phase == StagePhase::Good && s.snapshot.as_ref() == Some(snapshot))?;
        let (spec, asked) = (stage.stage.gate.clone()?, stage.asked.last()?);
        Some(Guard {
            gate: asked.gate.id.clone(),
            run: self.id().clone(),
            snapshot: snapshot.clone(),
            spec,
            then: self.then(stage.name()),
        })
    }

    /// What an attempt of this stage that begins now reads: the changes that its round is about, and notes no good attempt has read.
    pub(super) fn remarks_for(&self, stage: &StageName) -> Vec<Remark> {
        let Some(stage) = self.stage(stage) else { return Vec::new() };
        let changes = stage.rework().filter(|changes| !changes.words.is_empty());
        let changes = changes.map(|c| {
            let kind = if c.rework == Rework::Top { RemarkKind::Changes } else { RemarkKind::Anew };
            Remark { kind, by: c.by.clone(), words: c.words.clone() }
        });
        let kept_since =
            |n: u32| stage.attempts.iter().any(|a| a.n >= n && a.outcome == AttemptOutcome::Good);
        let due = self.notes.iter().filter(|note| {
            note.read_by.as_ref().is_none_or(|(s, n)| s == stage.name() && !kept_since(*n))
        });
        changes
            .into_iter()
            .chain(due.map(|note| Remark {
                kind: RemarkKind::Note,
                by: note.by.clone(),
                words: note.words.clone(),
            }))
            .collect()
    }

    /// What an attempt's facts amount to. `checked` is none where the agent did not finish.
    #[must_use]
    pub fn attempt_ended(
        &self,
        plan: &Plan,
        facts: &Result<(&Written, Option<&Checked>), Lost>,
        now: DateTime<Utc>,
    ) -> Happened {
        let known = self
            .stage(&plan.stage.name)
            .and_then(|s| s.attempts.iter().find(|a| a.n == plan.attempt));
        let checked = facts.as_ref().ok().and_then(|(_, c)| *c);
        let (outcome, why, trouble) = match facts {
            // Whatever an interrupted agent or a cancelled activity says: a person ended it.
            _ if self.was_stopped() => (AttemptOutcome::Stopped, None, None),
            Err(lost) => (AttemptOutcome::Lost, Some(lost.why.clone()), Some(Trouble::Agent)),
            Ok((Written { end: AgentEnd::Failed { trouble, why }, .. }, _)) => {
                (AttemptOutcome::Bad, Some(why.clone()), Some(*trouble))
            }
            Ok((Written { end: AgentEnd::Stopped, .. }, _) | (_, None)) => {
                (AttemptOutcome::Stopped, None, None)
            }
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
            tests_changed: checked.and_then(|c| c.tests_changed.clone()),
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

/// What a next attempt can learn from this one: nothing where the work was not what went wrong.
fn lesson(attempt: &Attempt) -> Option<String> {
    let learnable =
        attempt.outcome == AttemptOutcome::Bad && attempt.trouble != Some(Trouble::ModelBusy);
    attempt.feedback.clone().or_else(|| attempt.why.clone()).filter(|_| learnable)
}

#[cfg(test)]
mod tests;
