//! Queries of a stage's state: what can be read off it?
//! Looks only; decides nothing.

use crate::run::{
    Asked, Attempt, Changes, Retry, Snapshot, StageName, StagePhase, StageState, Tokens, Usd,
};

impl StageState {
    /// Whether it was kept because people said so.
    #[must_use]
    pub fn was_approved(&self) -> bool {
        self.phase == StagePhase::Good && !self.asked_now().is_empty()
    }

    #[must_use]
    pub const fn name(&self) -> &StageName {
        &self.stage.name
    }

    /// Questions that were asked and are closed, of every kind.
    pub fn closed_questions(&self) -> impl Iterator<Item = &Asked> {
        self.asked.iter().chain(&self.asked_for_money).chain(&self.asked_to_recover)
    }

    /// The question that was closed last, of whatever kind.
    #[must_use]
    pub fn last_question(&self) -> Option<&Asked> {
        self.closed_questions().max_by_key(|asked| asked.closed_at)
    }

    /// The changes that the current round is about; none once the stage asked again.
    #[must_use]
    pub fn rework(&self) -> Option<&Changes> {
        self.changes_now().last().filter(|changes| changes.round == self.rounds)
    }

    /// How long an attempt has, in seconds, for its agent and again for its checks.
    #[must_use]
    pub fn timeout_seconds(&self, attempt: u32) -> u64 {
        let before = self.retries.iter().filter(|retried| retried.after < attempt);
        let longer = before.filter(|retried| retried.retry.longer).count();
        Retry::longer(self.stage.timeout_seconds, longer)
    }

    /// The model that somebody chose for its next attempt; none = the pipeline's.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.retries.iter().rev().find_map(|retried| retried.retry.model.as_deref())
    }

    /// The newest good attempt: the work a gate asks about, and what a good stage shows.
    #[must_use]
    pub fn good_attempt(&self) -> Option<&Attempt> {
        let now = self.attempts_now().iter().rev().chain(self.work_gone_back_to());
        now.into_iter().find(|a| self.is_good_as_a_whole(a))
    }

    #[must_use]
    pub fn attempt(&self, n: u32) -> Option<&Attempt> {
        self.attempts.iter().find(|a| a.n == n)
    }

    /// The work of an attempt, where it is kept.
    #[must_use]
    pub fn snapshot_of(&self, attempt: u32) -> Option<Snapshot> {
        self.attempt(attempt)?.snapshot.clone()
    }

    /// What its attempts cost, and the runs that did it beside other stages.
    #[must_use]
    pub fn cost(&self) -> Usd {
        let own: Usd = self.attempts.iter().map(Attempt::spent).sum();
        own + self.side_ends().map(|end| end.cost_usd).sum()
    }

    #[must_use]
    pub fn tokens(&self) -> Tokens {
        let mut sum = Tokens::default();
        let own = self.attempts.iter().map(|attempt| attempt.tokens);
        for tokens in own.chain(self.side_ends().map(|end| end.tokens)) {
            sum += tokens;
        }
        sum
    }

    /// Seconds of work: all attempts, waiting for people left out.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        let own: u64 = self.attempts.iter().map(|a| a.seconds).sum();
        own + self.side_ends().map(|end| end.seconds).sum::<u64>()
    }
}
