//! Does this answer count?
//! Asked at the door, of the fold of the events, and again by the workflow: the same rule, so only a race is refused late.

use chrono::{DateTime, TimeDelta, Utc};

use crate::run::{
    Decided, Decision, GateId, GateSpec, GroupId, Happened, OnReject, OpenGate, PersonId, Refusal,
    Run, Verdict,
};

/// A question stays open no longer than this, however often it is extended; of working hours, where it counts in these.
const LONGEST_WAIT: TimeDelta = TimeDelta::days(30);
/// Notes that one attempt reads: all of them travel in its prompt.
const MOST_NOTES: usize = 20;

impl Run {
    /// Whether this person, seen in these groups, may stop this run and tell its agent things. What only Slack knows (guests,
    /// bots, deactivated people) is asked at the door, before this.
    #[must_use]
    pub fn may_steer(&self, by: &PersonId, groups: &[GroupId]) -> bool {
        let mut named = self.named().peekable();
        by == &self.request.starter
            || if named.peek().is_none() {
                self.is_at_home(by)
            } else {
                named.any(|approver| approver.is(by, groups))
            }
    }

    /// Whether this person, seen in these groups, may answer a gate like this.
    ///
    /// # Errors
    /// Why not.
    pub fn may_answer(
        &self,
        (gate, spec): (&GateId, &GateSpec),
        (by, groups): (&PersonId, &[GroupId]),
        verdict: Verdict,
    ) -> Result<(), Refusal> {
        if spec.approvers_required && spec.approvers.is_empty() {
            return Err(Refusal::NobodyMay);
        }
        let starter = by == &self.request.starter;
        // Who started a run may always take it back.
        if starter && verdict != Verdict::Approve {
            return Ok(());
        }
        if starter && !spec.self_approval {
            return Err(Refusal::OwnRun);
        }
        // Whoever answered in Slack could do it a second time at a shell, under any name.
        let different_people = spec.quorum > 1 || !spec.self_approval;
        let listed = spec.named().any(|approver| approver.is(by, groups));
        if different_people
            && !listed
            && matches!(by, PersonId::Cli { .. })
            && (starter || spec.approvers.is_empty())
        {
            return Err(Refusal::OnlyAName);
        }
        let asked = self.asked_people(gate, spec);
        let may = starter
            || if spec.approvers.is_empty() {
                self.is_at_home(by)
            } else {
                asked.iter().any(|approver| approver.is(by, groups))
            };
        let allowed =
            spec.only.is_empty() || spec.only.iter().any(|approver| approver.is(by, groups));
        if may && allowed { Ok(()) } else { Err(Refusal::NotAllowed) }
    }

    /// Without approvers, the workspace of the run is at home, and whoever reaches the database.
    fn is_at_home(&self, by: &PersonId) -> bool {
        match by {
            PersonId::Cli { .. } => true,
            PersonId::Slack { team, .. } => {
                self.request.channel.as_ref().is_some_and(|home| &home.team == team)
            }
        }
    }

    /// Whether this answer counts.
    ///
    /// # Errors
    /// The reason it does not, for the person who gave it.
    pub fn authorize(&self, decision: &Decision) -> Result<(), Refusal> {
        let before = || self.decided_before(decision);
        if self.outcome.is_some() {
            return Err(before().unwrap_or(Refusal::RunEnded));
        }
        // The end is certain and only not told yet: what sealed it stays.
        if self.verdict().is_some() {
            return Err(before()
                .or_else(|| self.sealed_by().map(Decided::was_first))
                .unwrap_or(Refusal::NothingAsked));
        }
        match (decision.verdict, &decision.gate) {
            (Verdict::Stop | Verdict::Note, _) => self.authorize_without_gate(decision),
            (_, None) => Err(if self.may_steer(&decision.by, &decision.groups) {
                Refusal::NothingAsked
            } else {
                Refusal::NotAllowed
            }),
            (_, Some(asked)) => {
                // Whose gate it never was learns nothing of it.
                let Some(spec) = self.spec_of(asked) else { return Err(Refusal::NotAllowed) };
                self.may_answer((asked, spec), (&decision.by, &decision.groups), decision.verdict)?;
                match self.gate.as_ref().filter(|open| &open.id == asked) {
                    Some(open) => authorize_answer(decision, open, spec),
                    None => Err(before().unwrap_or(Refusal::Stale)),
                }
            }
        }
    }

    /// What an answer makes happen: it counts, or it is refused.
    ///
    /// # Panics
    /// Never: what is taken out here was judged to be there.
    #[must_use]
    pub fn event_for(&self, decision: Decision) -> Happened {
        let judged = self.authorize(&decision);
        let Decision { request, verdict, gate, by, groups: _, via, words, rework, until, message } =
            decision;
        match (judged, verdict, gate) {
            (Err(why), ..) => Happened::DecisionRefused { request, by, why },
            (Ok(()), Verdict::Note, _) => {
                Happened::Noted { request, by, via, words: words.unwrap_or_default(), message }
            }
            (Ok(()), Verdict::Snooze, Some(gate)) => Happened::Snoozed { request, gate, by },
            (Ok(()), Verdict::Extend, Some(gate)) => {
                let deadline = until.expect("an extension without a deadline is refused");
                Happened::Extended { request, gate, by, via, deadline }
            }
            (Ok(()), Verdict::Stop, _) => {
                Happened::Decided { request, gate: None, verdict, by, via, words, rework }
            }
            (Ok(()), _, gate) => {
                Happened::Decided { request, gate, verdict, by, via, words, rework }
            }
        }
    }

    /// What names no gate.
    fn authorize_without_gate(&self, decision: &Decision) -> Result<(), Refusal> {
        let unread = self.notes.iter().filter(|note| note.read_by.is_none()).count();
        if !self.may_steer(&decision.by, &decision.groups) {
            Err(Refusal::NotAllowed)
        } else if decision.verdict == Verdict::Note && unread >= MOST_NOTES {
            Err(Refusal::TooManyNotes)
        } else {
            Ok(())
        }
    }

    fn decided_before(&self, decision: &Decision) -> Option<Refusal> {
        let gate = decision.gate.as_ref()?;
        let closing = self.decisions.iter().rev().find(|d| d.gate.as_ref() == Some(gate));
        let missed =
            self.stage(&gate.stage).is_some_and(|s| s.missed_deadline && s.rounds == gate.round);
        if missed { Some(Refusal::TooLate) } else { closing.map(Decided::was_first) }
    }

    /// The answer that ends the run.
    pub(super) fn sealed_by(&self) -> Option<&Decided> {
        let skips = |d: &Decided| {
            d.gate
                .as_ref()
                .and_then(|gate| self.spec_of(gate))
                .is_some_and(|spec| spec.on_reject == OnReject::Skip)
        };
        let ends =
            |d: &&Decided| d.verdict == Verdict::Stop || d.verdict == Verdict::Reject && !skips(d);
        // A stop wins: it ends also what goes on after a rejection.
        self.decisions
            .iter()
            .find(|d| d.verdict == Verdict::Stop)
            .or_else(|| self.decisions.iter().find(ends))
    }
}

/// An answer of somebody who may, to the question that is open.
fn authorize_answer(decision: &Decision, open: &OpenGate, spec: &GateSpec) -> Result<(), Refusal> {
    let latest = spec.hours.as_ref().map_or(open.opened_at + LONGEST_WAIT, |hours| {
        hours.after(open.opened_at, LONGEST_WAIT.num_seconds().unsigned_abs())
    });
    let later = |until: &DateTime<Utc>| *until > open.deadline && *until <= latest;
    match decision.verdict {
        Verdict::Approve if open.approvals.contains(&decision.by) => {
            Err(Refusal::AlreadyApproved {
                missing: spec
                    .quorum
                    .saturating_sub(u32::try_from(open.approvals.len()).unwrap_or(u32::MAX)),
            })
        }
        Verdict::Extend if !decision.until.as_ref().is_some_and(later) => {
            Err(Refusal::NoLater { deadline: open.deadline })
        }
        _ => Ok(()),
    }
}

impl Decided {
    fn was_first(&self) -> Refusal {
        Refusal::AlreadyDecided { verdict: self.verdict, by: self.by.clone(), at: self.at }
    }
}

#[cfg(test)]
mod tests;
