//! Does this answer count?
//! Asked at the door, of the fold of the events, and again by the workflow: the same rule, so only a race is refused late.

use super::{Decision, PersonId, Refusal, Run, Verdict};

impl Run {
    /// Whether this person may answer this run's gates and stop it. What only Slack knows (guests, bots,
    /// deactivated people) is asked at the door, before this.
    #[must_use]
    pub fn may_decide(&self, by: &PersonId) -> bool {
        let request = &self.request;
        let home = request.channel.as_ref().map(|c| c.team.as_str());
        by == &request.starter
            || request.approvers.contains(by)
            || request.approvers.is_empty()
                && match by {
                    PersonId::Cli { .. } => true,
                    PersonId::Slack { team, .. } => home == Some(team.as_str()),
                }
    }

    /// Whether this answer counts.
    ///
    /// # Errors
    /// The reason it does not, for the person who gave it.
    pub fn judge(&self, decision: &Decision) -> Result<(), Refusal> {
        if self.outcome.is_some() {
            return Err(self.decided_before(decision).unwrap_or(Refusal::RunEnded));
        }
        if !self.may_decide(&decision.by) {
            return Err(Refusal::NotAllowed);
        }
        match (decision.verdict, &decision.gate, &self.gate) {
            (Verdict::Stop, ..) => Ok(()),
            (_, Some(asked), Some(open)) if asked == &open.id => Ok(()),
            (_, Some(_), _) => Err(self.decided_before(decision).unwrap_or(Refusal::Stale)),
            (_, None, _) => Err(Refusal::NothingAsked),
        }
    }

    fn decided_before(&self, decision: &Decision) -> Option<Refusal> {
        let gate = decision.gate.as_ref()?;
        let first = self.decisions.iter().find(|d| d.gate.as_ref() == Some(gate));
        let missed = self.stage(&gate.stage).is_some_and(|s| s.missed_deadline && s.rounds == gate.round);
        first.map(|d| Refusal::AlreadyDecided { verdict: d.verdict, by: d.by.clone(), at: d.at }).or_else(|| missed.then_some(Refusal::TooLate))
    }
}
