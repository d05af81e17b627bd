//! A stage that is done once more: what of its past still counts after a rollback?
//! Nothing of it but the work that the run went back to; all of it stays to be seen, and to be gone back to.

use serde::{Deserialize, Serialize};

use crate::run::{Asked, Attempt, AttemptOutcome, Changes, Retried, StagePhase, StageState};

/// Where a stage begins once more: how much of everything belongs to what was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redone {
    /// The newest attempt at that time.
    pub attempts: u32,
    /// Of its questions about work, of the changes and of the tries that people asked for, and of the run's decisions: so many.
    pub asked: usize,
    pub changes: usize,
    pub retries: usize,
    pub decisions: usize,
    /// The attempt whose work the run went back to, where it is this stage's.
    pub work: Option<u32>,
}

impl StageState {
    /// Begins it once more, with the work of that attempt or with what comes before it.
    pub(in crate::run) fn redo(&mut self, work: Option<u32>, decisions: usize) {
        for attempt in &mut self.attempts {
            attempt.paused = None;
            if attempt.outcome == AttemptOutcome::Running {
                attempt.outcome = AttemptOutcome::Stopped;
            }
        }
        self.redone = Some(Redone {
            attempts: self.last_number(),
            asked: self.asked.len(),
            changes: self.changes.len(),
            retries: self.retries.len(),
            decisions,
            work,
        });
        self.phase = StagePhase::Todo;
        self.missed_deadline = false;
        (self.snapshot, self.why) = (None, None);
        (self.started_at, self.ended_at) = (None, None);
    }

    /// Its attempts since it was last begun.
    #[must_use]
    pub fn attempts_now(&self) -> &[Attempt] {
        let before = self.redone.as_ref().map_or(0, |redone| redone.attempts);
        let first = self.attempts.iter().position(|attempt| attempt.n > before);
        &self.attempts[first.unwrap_or(self.attempts.len())..]
    }

    /// Its questions about work since then.
    #[must_use]
    pub fn asked_now(&self) -> &[Asked] {
        behind(&self.asked, self.redone.as_ref().map(|redone| redone.asked))
    }

    /// The changes that were asked for since then.
    #[must_use]
    pub fn changes_now(&self) -> &[Changes] {
        behind(&self.changes, self.redone.as_ref().map(|redone| redone.changes))
    }

    /// The tries that were asked for since then.
    #[must_use]
    pub fn retries_now(&self) -> &[Retried] {
        behind(&self.retries, self.redone.as_ref().map(|redone| redone.retries))
    }

    /// The work that the run went back to, where it is this stage's.
    #[must_use]
    pub fn work_gone_back_to(&self) -> Option<&Attempt> {
        self.attempt(self.redone.as_ref()?.work?)
    }

    /// Whether a rollback left this attempt's work behind.
    #[must_use]
    pub fn is_left_behind(&self, attempt: u32) -> bool {
        let redone = self.redone.as_ref().filter(|redone| attempt <= redone.attempts);
        redone.is_some_and(|redone| redone.work != Some(attempt))
    }

    /// The number of its newest attempt; 0 before the first.
    #[must_use]
    pub fn last_number(&self) -> u32 {
        self.attempts.last().map_or(0, |attempt| attempt.n)
    }
}

fn behind<T>(all: &[T], before: Option<usize>) -> &[T] {
    all.get(before.unwrap_or(0)..).unwrap_or_default()
}
