//! Does this answer count?
//! Asked at the door, of the fold of the events, and again by the workflow: the same rule, so only a race is refused late.

use super::{Decided, Decision, PersonId, Refusal, Run, Verdict};

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
        let before = || self.decided_before(decision);
        if self.outcome.is_some() {
            return Err(before().unwrap_or(Refusal::RunEnded));
        }
        // The end is certain and only not told yet: what sealed it stays.
        if self.verdict().is_some() {
            return Err(before().or_else(|| self.sealed()).unwrap_or(Refusal::NothingAsked));
        }
        if !self.may_decide(&decision.by) {
            return Err(Refusal::NotAllowed);
        }
        match (decision.verdict, &decision.gate, &self.gate) {
            (Verdict::Stop, ..) => Ok(()),
            (_, Some(asked), Some(open)) if asked == &open.id => Ok(()),
            (_, Some(_), _) => Err(before().unwrap_or(Refusal::Stale)),
            (_, None, _) => Err(Refusal::NothingAsked),
        }
    }

    fn decided_before(&self, decision: &Decision) -> Option<Refusal> {
        let gate = decision.gate.as_ref()?;
        let first = self.decisions.iter().find(|d| d.gate.as_ref() == Some(gate));
        let missed = self.stage(&gate.stage).is_some_and(|s| s.missed_deadline && s.rounds == gate.round);
        first.map(Decided::was_first).or_else(|| missed.then_some(Refusal::TooLate))
    }

    /// The answer that ended the run.
    fn sealed(&self) -> Option<Refusal> {
        self.decisions.iter().find(|d| d.verdict != Verdict::Approve).map(Decided::was_first)
    }
}

impl Decided {
    fn was_first(&self) -> Refusal {
        Refusal::AlreadyDecided { verdict: self.verdict, by: self.by.clone(), at: self.at }
    }
}

#[cfg(test)]
mod tests;
