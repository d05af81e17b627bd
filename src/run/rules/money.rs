//! The budget of a run: what may it still spend, and when is a person asked for more?
//! An attempt that has no money left stands still where it is, and the same attempt goes on once there is more. Only where the request
//! holds terms for that: requests of older versions hold none, so these rules need no version of their own.

use chrono::{DateTime, Utc};

use super::wait::after_working;
use crate::run::{
    Attempt, GateDigestInput, GateKind, Happened, MoneyTerms, Next, Raise, Run, StageName,
    StageState, Usd, Verdict,
};

/// So many similar runs say what a stage will cost.
const ENOUGH_RUNS: u32 = 3;

impl Run {
    /// What it may spend in all, with what people added; none = no limit.
    #[must_use]
    pub fn budget(&self) -> Option<Usd> {
        let raises = self.decisions.iter().filter_map(|decided| decided.raise);
        raises.fold(self.request.budget_usd, |budget, raise| raise.applied_to(budget))
    }

    /// What an attempt may spend in all, whatever it has spent of it; none = no limit.
    #[must_use]
    pub fn allowance(&self, stage: &StageName, attempt: u32) -> Option<Usd> {
        let own = self.attempt(stage, attempt).map_or(Usd::ZERO, |attempt| attempt.cost_usd);
        self.budget().map(|budget| budget.minus(self.spent().minus(own)))
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_out_of_money(&self) -> bool {
        self.budget().is_some_and(|budget| self.spent() >= budget)
    }

    /// What a stage that has not begun will probably cost, where that is more than is left, and something is. Only where there are
    /// runs to judge by, and once.
    pub(super) fn would_not_fit(&self, stage: &StageState, attempt: &Attempt) -> Option<Usd> {
        let ahead = self.request.money.as_ref().is_some_and(|terms| terms.ahead);
        let is_new =
            ahead && attempt.n == 1 && attempt.paused.is_none() && stage.asked_for_money.is_empty();
        let estimate = self.request.estimate.as_ref().filter(|_| is_new)?;
        let at = self.stages.iter().position(|it| it.name() == stage.name())?;
        let likely = *estimate.stages.get(at).filter(|_| estimate.whole.runs >= ENOUGH_RUNS)?;
        let left = self.budget()?.minus(self.spent());
        (left > Usd::ZERO && likely > left).then_some(likely)
    }

    /// The question that an attempt waits for; none where it may go on.
    pub(super) fn ask_for_money(
        &self,
        stage: &StageState,
        attempt: &Attempt,
        now: DateTime<Utc>,
    ) -> Option<Next> {
        let (terms, budget) = self.request.money.as_ref().zip(self.budget())?;
        let is_short = self.is_out_of_money() || self.would_not_fit(stage, attempt).is_some();
        if !attempt.waits_for_money() && !is_short {
            return None;
        }
        let round = u32::try_from(stage.asked_for_money.len()).unwrap_or(u32::MAX) + 1;
        let gate = GateDigestInput {
            kind: GateKind::Budget,
            run: self.id(),
            pipeline: &self.request.pipeline.digest,
            stage: stage.name(),
            round,
            tree: &format!("{} of {}", self.spent().nine_places(), budget.nine_places()),
            spec: &terms.spec,
            then: "spend",
        };
        let deadline = after_working(&terms.spec, now, terms.spec.deadline_seconds);
        let gate = gate.gate();
        Some(Next::Emit(Happened::GateOpened { gate, attempt: attempt.n, deadline }))
    }
}

impl StageState {
    /// Whether the last question that it asked was about money.
    pub(super) fn asked_last_for_money(&self) -> bool {
        let money = self.asked_for_money.last().map(|asked| asked.closed_at);
        money.is_some() && money >= self.asked.last().map(|asked| asked.closed_at)
    }
}

impl MoneyTerms {
    /// Whether a raise is one that the policy lets people give.
    #[must_use]
    pub fn lets(&self, raise: Raise) -> bool {
        self.no_limit || raise != Raise::NoLimit
    }
}

impl Verdict {
    /// Whether it spends: whoever started a run may not do that alone where the policy says so.
    pub(super) const fn spends(self) -> bool {
        matches!(self, Self::Approve | Self::Raise)
    }

    /// Whether it judges work.
    pub(super) const fn is_about_work(self) -> bool {
        matches!(self, Self::Approve | Self::Changes | Self::Reject)
    }
}
