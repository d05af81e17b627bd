//! The budget of a run: what may it still spend, and when is a person asked before it does?
//! An attempt that has no money left, or that seems to get nowhere, stands still where it is, and the same attempt goes on once there is more. Only where the request
//! holds terms for that: requests of older versions hold none, so these rules need no version of their own.

use chrono::{DateTime, Utc};

use super::wait::{asks, next_round};
use crate::run::{
    AskedAmount, Attempt, Decided, Decision, FeatureEnd, GateDigestInput, GateId, GateKind,
    MoneyTerms, MonthSpent, Next, Pause, Raise, Run, Shortage, StageName, StageState, Usd, Verdict,
};

/// So many similar runs say what a stage will cost.
const ENOUGH_RUNS: u32 = 3;

impl Run {
    /// What it may spend in all, with what people added; none = no limit.
    #[must_use]
    pub fn budget(&self) -> Option<Usd> {
        let raises = self.decisions.iter().filter(|it| self.stage_raised_by(it).is_none());
        // What somebody added to the share of a feature, or of a stage beside others, is this run's, too.
        let ends: Vec<_> = self.parts_ends().collect();
        let added: Usd = ends.iter().map(|end| end.raised_usd).sum();
        let limit = after(raises, self.request.budget_usd);
        limit.filter(|_| !ends.iter().any(|end| end.no_limit)).map(|budget| budget + added)
    }

    /// What a stage may spend, of the run's; none = all of that.
    #[must_use]
    pub fn stage_budget(&self, stage: &StageState) -> Option<Usd> {
        let raises =
            self.decisions.iter().filter(|it| self.stage_raised_by(it) == Some(stage.name()));
        let added: Usd = stage.side_ends().map(|end| end.raised_for_stage_usd).sum();
        after(raises, stage.stage.budget_usd).map(|budget| budget + added)
    }

    /// What an attempt may spend in all, whatever it has spent of it; none = no limit.
    #[must_use]
    pub fn allowance(&self, stage: &StageName, attempt: u32) -> Option<Usd> {
        let own = self.attempt(stage, attempt).map_or(Usd::ZERO, |attempt| attempt.cost_usd);
        let run = self.left().map(|left| left + own);
        let of_stage =
            self.stage(stage).and_then(|stage| self.left_of(stage)).map(|left| left + own);
        run.into_iter().chain(of_stage).min()
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_out_of_money(&self) -> bool {
        self.left() == Some(Usd::ZERO)
    }

    /// Whether somebody let it go on beyond the budget of a month: it is not asked about that again.
    #[must_use]
    pub fn goes_beyond_months(&self) -> bool {
        let is_let = |decided| matches!(self.asked_for(decided), Some(Shortage::Month(_)));
        self.request.beyond_months
            || self.decisions.iter().any(is_let)
            || self.parts_ends().any(|end| end.beyond_months)
    }

    /// How the runs ended that were part of it.
    fn parts_ends(&self) -> impl Iterator<Item = &FeatureEnd> {
        let beside = self.stages.iter().flat_map(StageState::side_ends);
        self.features.values().chain(beside)
    }

    /// Whether somebody let the attempts of this stage go on that seemed to get nowhere.
    pub(super) fn goes_on_regardless(&self, stage: &StageName) -> bool {
        let is_here =
            |decided: &&Decided| decided.gate.as_ref().is_some_and(|gate| &gate.stage == stage);
        let mut here = self.decisions.iter().filter(is_here);
        here.any(|decided| matches!(self.asked_for(decided), Some(Shortage::Breaker(_))))
    }

    /// The stage to whose own budget this adds.
    fn stage_raised_by<'a>(&self, decided: &'a Decided) -> Option<&'a StageName> {
        let gate = decided.gate.as_ref().filter(|_| decided.raise.is_some())?;
        (self.asked_for(decided) == Some(Shortage::Stage)).then_some(&gate.stage)
    }

    /// Why the question was asked that this answers; none where it was not about money.
    fn asked_for(&self, decided: &Decided) -> Option<Shortage> {
        let gate = decided.gate.as_ref().filter(|_| decided.raise.is_some())?;
        self.questions().find(|open| &open.id == gate)?.money.map(|money| money.why)
    }

    pub(in crate::run) fn left(&self) -> Option<Usd> {
        self.budget().map(|budget| budget.minus(self.spent()))
    }

    pub(in crate::run) fn left_of(&self, stage: &StageState) -> Option<Usd> {
        self.stage_budget(stage).map(|budget| budget.minus(stage.cost()))
    }

    /// The question about the run's money that this raise pays, where it names none: whoever gave it spoke before it was asked.
    #[must_use]
    pub fn paid_by(&self, decision: &Decision) -> Option<GateId> {
        let open = self.gate.as_ref().filter(|open| open.id.kind == GateKind::Budget)?;
        let raise = decision.raise.filter(|_| decision.gate.is_none())?;
        let is_paid = match (open.money?.why, raise) {
            (Shortage::Run, _) | (Shortage::Ahead(_), Raise::NoLimit) => true,
            (Shortage::Ahead(likely), Raise::By(more)) => {
                self.left().is_none_or(|left| left + more >= likely)
            }
            // More money for the run says nothing of these.
            (Shortage::Stage | Shortage::Month(_) | Shortage::Breaker(_), _) => false,
        };
        is_paid.then(|| open.id.clone())
    }

    /// Why an attempt may not spend on before somebody said so; none where it may.
    pub(super) fn shortage(&self, stage: &StageState, attempt: &Attempt) -> Option<Shortage> {
        let refused = match attempt.paused.as_ref().map(|paused| &paused.pause) {
            Some(Pause::Month { month }) => return Some(Shortage::Month(*month)),
            Some(Pause::Breaker { breaker }) => return Some(Shortage::Breaker(*breaker)),
            // What came while it was stopping is enough for another try.
            Some(Pause::Money { allowance }) => {
                let now = self.allowance(stage.name(), attempt.n);
                now.is_some_and(|now| allowance.is_none_or(|had| now <= had))
            }
            Some(Pause::ModelLimit { .. } | Pause::Worker { .. }) | None => false,
        };
        let (run, of_stage) = (self.left(), self.left_of(stage));
        let is_short = refused || run == Some(Usd::ZERO) || of_stage == Some(Usd::ZERO);
        match (run, of_stage) {
            (Some(run), Some(of_stage)) if is_short && of_stage < run => Some(Shortage::Stage),
            (None, Some(_)) if is_short => Some(Shortage::Stage),
            _ if is_short => Some(Shortage::Run),
            _ => self.would_not_fit(stage, attempt).map(Shortage::Ahead),
        }
    }

    /// How it stands when an attempt may not spend on.
    pub(super) fn amount_to_ask(
        &self,
        stage: &StageState,
        attempt: &Attempt,
    ) -> Option<AskedAmount> {
        let why = self.shortage(stage, attempt)?;
        let (spent, budget) = match why {
            Shortage::Stage => (stage.cost(), self.stage_budget(stage)),
            Shortage::Month(MonthSpent { spent, budget, .. }) => (spent, Some(budget)),
            Shortage::Run | Shortage::Ahead(_) | Shortage::Breaker(_) => {
                (self.spent(), self.budget())
            }
        };
        let begun = attempt.paused.is_some() && !matches!(why, Shortage::Month(_));
        Some(AskedAmount { spent, budget, begun, why })
    }

    /// What a stage that has not begun will probably cost, where that is more than is left, and something is. Only where there are
    /// runs to judge by, and once.
    fn would_not_fit(&self, stage: &StageState, attempt: &Attempt) -> Option<Usd> {
        let ahead = self.request.money.as_ref().is_some_and(|terms| terms.ahead);
        let is_new =
            ahead && attempt.n == 1 && attempt.paused.is_none() && stage.asked_for_money.is_empty();
        let likely = self.likely_cost(stage).filter(|_| is_new)?;
        let left = self.left()?;
        (left > Usd::ZERO && likely > left).then_some(likely)
    }

    /// What a stage will probably cost, by what similar runs did; none where there are too few of them.
    pub(super) fn likely_cost(&self, stage: &StageState) -> Option<Usd> {
        let estimate = self.request.estimate.as_ref()?;
        let at = self.stages.iter().position(|it| it.name() == stage.name())?;
        // As it was recorded when the run began: what a newer program would estimate decides nothing.
        estimate.stages.get(at).filter(|_| estimate.whole.runs >= ENOUGH_RUNS).copied()
    }

    /// The question that an attempt waits for; none where it may go on.
    pub(super) fn ask_for_money(
        &self,
        stage: &StageState,
        attempt: &Attempt,
        now: DateTime<Utc>,
    ) -> Option<Next> {
        let terms = self.request.money.as_ref()?;
        let AskedAmount { budget, .. } = self.amount_to_ask(stage, attempt)?;
        let round = next_round(&stage.asked_for_money);
        let budget = budget.map_or_else(|| "no limit".to_owned(), Usd::nine_places);
        let gate = GateDigestInput {
            kind: GateKind::Budget,
            run: self.id(),
            pipeline: &self.request.pipeline.digest,
            stage: stage.name(),
            round,
            tree: &format!("{} of {budget}", self.spent().nine_places()),
            spec: &terms.spec,
            then: "spend",
        };
        Some(asks((gate.gate(), &terms.spec), attempt.n, now))
    }
}

/// A budget after what these added to it.
fn after<'a>(raises: impl Iterator<Item = &'a Decided>, budget: Option<Usd>) -> Option<Usd> {
    raises
        .filter_map(|decided| decided.raise)
        .fold(budget, |budget, raise| raise.applied_to(budget))
}

impl StageState {
    /// How it stood where the last question that it asked was about money.
    pub(super) fn asked_last_for_money(&self) -> Option<AskedAmount> {
        self.last_question()?.gate.money
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
    /// Whether it spends, or lets a run go on without what was asked for: whoever started a run may not do that alone where the policy says so.
    pub(super) const fn spends(self) -> bool {
        matches!(self, Self::Approve | Self::Raise | Self::Skip)
    }

    /// Whether it only says how long is waited.
    pub(super) const fn is_about_time(self) -> bool {
        matches!(self, Self::Extend | Self::Snooze)
    }

    /// Whether it judges work.
    pub(super) const fn is_about_work(self) -> bool {
        matches!(self, Self::Approve | Self::Changes | Self::Reject)
    }
}
