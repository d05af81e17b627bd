//! The pause of an attempt: when does it stand still instead of failing, and what stays of it meanwhile?
//! Its clone, its HOME and its session stay where they are, and are in the artifact store too, for a worker with another disk.

use std::time::Duration;

use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::handover::Handover;
use super::heartbeat::clock;
use super::prepare::PreparedAttempt;
use super::store_work::BaseOf;
use super::write_attempt::WriteAttempt;
use crate::run::{AgentEnd, Breaker, Pause, Trouble, Usd, Written};

/// What the meter knows of why an agent could not go on.
#[derive(Clone, Copy)]
pub(super) struct Waits {
    /// What it could spend in all when a call could not be paid; somebody may have added to that since.
    pub refused: Option<Usd>,
    /// What it may spend in all now.
    pub allowance: Option<Usd>,
    /// The provider takes nothing more for so long.
    pub limited_for: Option<Duration>,
    /// Why it was stopped by us.
    pub tripped: Option<Breaker>,
}

impl Waits {
    /// What it could spend in all, where all of that is spent. What an agent says of its money by itself does not hold a run up.
    fn spent_up(self, after: &Handover) -> Option<Usd> {
        self.refused.or_else(|| self.allowance.filter(|all| after.cost_usd >= *all))
    }

    /// The same end; but where an agent lacks money while there is enough of the run's, that is for somebody else to put right.
    pub fn judge(self, end: AgentEnd, after: &Handover) -> AgentEnd {
        match end {
            AgentEnd::Failed { trouble: Trouble::Budget, why }
                if self.spent_up(after).is_none() =>
            {
                AgentEnd::Failed { trouble: Trouble::Setup, why }
            }
            end => end,
        }
    }
}

impl WriteAttempt<'_> {
    /// What an agent that ended so waits for; none where it does not wait.
    pub(super) fn reason_to_pause(
        &self,
        end: &AgentEnd,
        after: &Handover,
        waits: Waits,
    ) -> Option<Pause> {
        let had = waits.spent_up(after);
        match (end, waits.limited_for) {
            _ if !self.input.may_pause => None,
            (AgentEnd::Stopped, _) => waits.tripped.map(|breaker| Pause::Breaker { breaker }),
            (AgentEnd::Failed { trouble: Trouble::Budget, .. }, _) if had.is_some() => {
                Some(Pause::Money { allowance: had })
            }
            (AgentEnd::Failed { .. }, Some(wait)) => {
                Some(Pause::ModelLimit { until: clock() + wait })
            }
            _ => None,
        }
    }

    /// Keeps what is there, for the same attempt to go on.
    pub(super) async fn pause(
        &self,
        ctx: &ActivityContext,
        prepared: &PreparedAttempt,
        (mut written, after): (Written, Handover),
    ) -> Result<Written, ActivityError> {
        self.hand_over(ctx, after.clone()).await?;
        let from = BaseOf { shadow: &prepared.shadow, base: &prepared.base };
        written.work = self.work_so_far(&from).await;
        let kept = written.work.as_ref().map(|work| &work.snapshot);
        self.leave_session(ctx, (prepared, kept), &after).await?;
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOLLAR: Usd = Usd::from_nanos(1_000_000_000);

    #[test]
    fn only_who_spent_what_the_run_gave_lacks_the_runs_money() {
        let ended = |refused, allowance, cost_usd| {
            let waits = Waits { refused, allowance, limited_for: None, tripped: None };
            let why = "my provider's quota is used up".to_owned();
            let end = AgentEnd::Failed { trouble: Trouble::Budget, why };
            match waits.judge(end, &Handover { cost_usd, ..Handover::default() }) {
                AgentEnd::Failed { trouble, .. } => trouble,
                end => panic!("{end:?}"),
            }
        };
        assert_eq!(ended(None, Some(DOLLAR), Usd::ZERO), Trouble::Setup);
        assert_eq!(ended(None, None, DOLLAR), Trouble::Setup, "it may spend any amount");
        assert_eq!(ended(None, Some(DOLLAR), DOLLAR), Trouble::Budget);
        assert_eq!(
            ended(Some(DOLLAR), None, Usd::ZERO),
            Trouble::Budget,
            "another call was too much"
        );
    }
}
