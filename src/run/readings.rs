//! What can be read off a run?
//! Looks only; decides nothing.

use super::{
    Attempt, AttemptOutcome, Decided, Outcome, Phase, Refusal, RequestId, Run, RunId, Snapshot, StageName, StagePhase, StageState, Tokens, Usd,
    Verdict,
};

impl Run {
    #[must_use]
    pub const fn id(&self) -> &RunId {
        &self.request.run
    }

    #[must_use]
    pub fn phase(&self) -> Phase {
        match (self.outcome, &self.gate, self.started_at) {
            (Some(Outcome::Done), ..) => Phase::Done,
            (Some(Outcome::Failed), ..) => Phase::Failed,
            (Some(Outcome::Rejected), ..) => Phase::Rejected,
            (Some(Outcome::Stopped), ..) => Phase::Stopped,
            (None, Some(_), _) => Phase::Waiting,
            (None, None, Some(_)) => Phase::Running,
            (None, None, None) => Phase::Starting,
        }
    }

    /// The first stage that is not good, and its number from 1.
    #[must_use]
    pub fn current(&self) -> Option<(usize, &StageState)> {
        self.stages.iter().enumerate().find(|(_, s)| s.phase != StagePhase::Good).map(|(i, s)| (i + 1, s))
    }

    #[must_use]
    pub fn stage(&self, name: &StageName) -> Option<&StageState> {
        self.stages.iter().find(|s| &s.stage.name == name)
    }

    /// The newest work that was kept: what the next attempt starts from.
    #[must_use]
    pub fn last_good(&self) -> Option<&Snapshot> {
        self.stages.iter().rev().filter(|s| s.phase == StagePhase::Good).find_map(|s| s.snapshot.as_ref())
    }

    /// The repository as it was found.
    #[must_use]
    pub fn origin(&self) -> Option<&Snapshot> {
        self.stages.first().and_then(|s| s.attempts.iter().find_map(|a| a.base.as_ref()))
    }

    #[must_use]
    pub fn spent(&self) -> Usd {
        self.stages.iter().map(StageState::cost).sum()
    }

    /// `stage 3 of 6 · streaming · $0.27`: how far the run is, for Temporal's own pages.
    #[must_use]
    pub fn in_one_line(&self) -> String {
        match self.current() {
            Some((n, stage)) if self.outcome.is_none() => format!("stage {n} of {} · {} · {}", self.stages.len(), stage.name(), self.spent()),
            _ => format!("{} stages · {}", self.stages.len(), self.spent()),
        }
    }

    /// Whether a person stopped it.
    #[must_use]
    pub fn was_stopped(&self) -> bool {
        self.decisions.iter().any(|d| d.verdict == Verdict::Stop)
    }

    /// What this person's request became, if the run has judged it.
    #[must_use]
    pub fn answer_to(&self, request: &RequestId) -> Option<Result<&Decided, &Refusal>> {
        let taken = self.decisions.iter().find(|d| &d.request == request).map(Ok);
        taken.or_else(|| self.refused.iter().find(|(r, _)| r == request).map(|(_, why)| Err(why)))
    }
}

impl StageState {
    #[must_use]
    pub const fn name(&self) -> &StageName {
        &self.stage.name
    }

    /// The newest good attempt: the work a gate asks about, and what a good stage shows.
    #[must_use]
    pub fn good_attempt(&self) -> Option<&Attempt> {
        self.attempts.iter().rev().find(|a| a.outcome == AttemptOutcome::Good)
    }

    #[must_use]
    pub fn cost(&self) -> Usd {
        self.attempts.iter().map(|a| a.cost_usd).sum()
    }

    #[must_use]
    pub fn tokens(&self) -> Tokens {
        let mut sum = Tokens::default();
        for attempt in &self.attempts {
            sum += attempt.tokens;
        }
        sum
    }

    /// Seconds of work: all attempts, waiting for people left out.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.attempts.iter().map(|a| a.seconds).sum()
    }
}
