//! Authorization of answers: may this person give this answer, and does it count?
//! Asked at the door, of the fold of the events, and again by the workflow: the same rule, so only a race is refused late.

use chrono::{DateTime, TimeDelta, Utc};

use crate::run::{
    Approver, Decided, Decision, GateId, GateKind, GateSpec, GroupId, Happened, OnReject, OpenGate,
    PersonId, Raise, Refusal, Run, Shortage, Verdict,
};

/// A question stays open no longer than this, however often it is extended. Counted in working hours where the gate has them.
const LONGEST_WAIT: TimeDelta = TimeDelta::days(30);
/// Notes that one attempt reads: all of them travel in its prompt.
const MOST_NOTES: usize = 20;

/// Who answers a gate.
#[derive(Clone, Copy, Debug)]
pub struct Answerer<'a> {
    pub person: &'a PersonId,
    /// The user groups they were seen in.
    pub groups: &'a [GroupId],
}

impl Answerer<'_> {
    fn is_any_of<'b>(self, approvers: impl IntoIterator<Item = &'b Approver>) -> bool {
        approvers.into_iter().any(|approver| approver.is(self.person, self.groups))
    }
}

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

    /// Whether this person started it, or may be asked by name.
    #[must_use]
    pub fn names(&self, person: &PersonId) -> bool {
        person == &self.request.starter || self.named().any(|approver| approver.is(person, &[]))
    }

    /// Whether somebody may give this answer to a gate.
    ///
    /// # Errors
    /// Why not.
    pub fn may_answer(
        &self,
        gate: &GateId,
        who: Answerer<'_>,
        verdict: Verdict,
    ) -> Result<(), Refusal> {
        // A gate of another run: nothing is told about it.
        let Some(spec) = self.spec_of(gate) else { return Err(Refusal::NotAllowed) };
        self.may_answer_by(spec, who, (verdict, self.asked_people(gate, spec)))
    }

    /// The same, by these terms: `asked` are the people who are listed.
    fn may_answer_by(
        &self,
        spec: &GateSpec,
        who: Answerer<'_>,
        (verdict, asked): (Verdict, Vec<&Approver>),
    ) -> Result<(), Refusal> {
        if spec.approvers_required && spec.approvers.is_empty() {
            return Err(Refusal::NobodyMay);
        }
        let starter = who.person == &self.request.starter;
        // Who started a run may always take it back.
        if starter && !verdict.spends() {
            return Ok(());
        }
        if starter && !spec.self_approval {
            return Err(Refusal::OwnRun);
        }
        if self.is_only_a_name(spec, who) {
            return Err(Refusal::OnlyAName);
        }
        let asked = starter || self.is_asked(spec, asked, who);
        let allowed = spec.only.is_empty() || who.is_any_of(&spec.only);
        if asked && allowed { Ok(()) } else { Err(Refusal::NotAllowed) }
    }

    fn is_asked(&self, spec: &GateSpec, asked: Vec<&Approver>, who: Answerer<'_>) -> bool {
        if spec.approvers.is_empty() { self.is_at_home(who.person) } else { who.is_any_of(asked) }
    }

    /// Whether different people are wanted and this may be one of them twice: whoever answered in Slack could answer a
    /// second time at a shell, under any name.
    fn is_only_a_name(&self, spec: &GateSpec, who: Answerer<'_>) -> bool {
        let different_people = spec.quorum > 1 || !spec.self_approval;
        let starter = who.person == &self.request.starter;
        different_people
            && matches!(who.person, PersonId::Cli { .. })
            && !who.is_any_of(spec.named())
            && (starter || spec.approvers.is_empty())
    }

    /// Where no approvers are listed: the people of the run's workspace, and whoever can reach the database from a shell.
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
        self.refuse_after_the_end(decision)?;
        match (decision.verdict, &decision.gate) {
            (Verdict::Stop | Verdict::Note, _) => self.authorize_without_gate(decision),
            (Verdict::Rollback, _) => self.authorize_rollback(decision),
            (Verdict::Raise, None) => self.authorize_raise(decision),
            (_, Some(gate)) => self.authorize_for_gate(decision, gate),
            (_, None) if self.may_steer(&decision.by, &decision.groups) => {
                Err(Refusal::NothingAsked)
            }
            (_, None) => Err(Refusal::NotAllowed),
        }
    }

    fn refuse_after_the_end(&self, decision: &Decision) -> Result<(), Refusal> {
        let before = || self.decided_before(decision);
        if self.outcome.is_some() {
            return Err(before().unwrap_or(Refusal::RunEnded));
        }
        let stops_delivery = decision.verdict == Verdict::Stop && self.delivery_may_stop();
        if self.verdict().is_none() || stops_delivery {
            return Ok(());
        }
        // The end is certain, only its event is still to come: the answer that made it certain stays.
        let sealed = || self.sealed_by().map(Decided::was_first);
        Err(before().or_else(sealed).unwrap_or(Refusal::NothingAsked))
    }

    fn authorize_for_gate(&self, decision: &Decision, gate: &GateId) -> Result<(), Refusal> {
        let who = Answerer { person: &decision.by, groups: &decision.groups };
        self.may_answer(gate, who, decision.verdict)?;
        let open = self.gate.as_ref().filter(|open| &open.id == gate);
        match open.zip(self.spec_of(gate)) {
            Some((open, _))
                if open.id.kind == GateKind::Budget && decision.verdict.is_about_work() =>
            {
                Err(Refusal::AsksForMoney)
            }
            Some((open, spec)) if decision.verdict.is_about_time() => {
                authorize_answer(decision, open, spec)
            }
            Some((open, _)) if open.id.kind == GateKind::Recovery => {
                let stage = self.stage(&open.id.stage).ok_or(Refusal::Stale)?;
                self.authorize_recovery(stage, decision)
            }
            Some(_) if decision.verdict.recovers() => Err(Refusal::NothingFailed),
            Some((open, _)) if decision.verdict == Verdict::Raise => {
                self.authorize_amount(decision, open.money.map(|money| money.why))
            }
            Some((open, spec)) if self.approves_own_work(decision, open, spec) => {
                Err(Refusal::OwnWork)
            }
            Some((open, spec)) => authorize_answer(decision, open, spec),
            None => Err(self.decided_before(decision).unwrap_or(Refusal::Stale)),
        }
    }

    /// Whether somebody approves what they wrote by hand, where others have to.
    fn approves_own_work(&self, decision: &Decision, open: &OpenGate, spec: &GateSpec) -> bool {
        let by_hand = self.stage(&open.id.stage).and_then(|stage| stage.done_by_hand(open.attempt));
        let own = by_hand.is_some_and(|(_, by)| by == &decision.by);
        own && decision.verdict == Verdict::Approve && !spec.self_approval
    }

    /// More money for a run that does not ask for it now.
    fn authorize_raise(&self, decision: &Decision) -> Result<(), Refusal> {
        let terms = self.request.money.as_ref().ok_or(Refusal::NoBudget)?;
        let who = Answerer { person: &decision.by, groups: &decision.groups };
        self.may_answer_by(
            &terms.spec,
            who,
            (decision.verdict, terms.spec.approvers.iter().collect()),
        )?;
        self.authorize_amount(decision, None)
    }

    /// `asked` is why more is asked for now.
    fn authorize_amount(
        &self,
        decision: &Decision,
        asked: Option<Shortage>,
    ) -> Result<(), Refusal> {
        let terms = self.request.money.as_ref().ok_or(Refusal::NoBudget)?;
        // A limit that is gone meanwhile is none: whatever is said lets it go on.
        let unlimited = asked == Some(Shortage::Run) && self.budget().is_none();
        let goes_on = unlimited || asked.is_some_and(Shortage::may_be_ignored);
        let is_limited = self.budget().is_some() || asked == Some(Shortage::Stage);
        match decision.raise {
            // Nothing more is an answer only where something is left.
            Some(Raise::NOTHING) if asked.is_none() => Err(Refusal::NothingAsked),
            Some(Raise::NOTHING) if !goes_on => Err(Refusal::AsksForMoney),
            _ if !goes_on && !is_limited => Err(Refusal::NoBudget),
            Some(raise) if terms.lets(raise) => Ok(()),
            _ => Err(Refusal::WantsLimit),
        }
    }

    /// The event that an answer makes: it counts, or it is refused.
    #[must_use]
    pub fn event_for(&self, decision: Decision) -> Happened {
        match self.authorize(&decision) {
            Ok(()) => event_of_authorized(decision),
            Err(why) => {
                Happened::DecisionRefused { request: decision.request, by: decision.by, why }
            }
        }
    }

    /// A stop or a note: it names no gate.
    fn authorize_without_gate(&self, decision: &Decision) -> Result<(), Refusal> {
        let unread = self.notes.iter().filter(|note| note.read_by.is_none()).count();
        let before = || self.notes.iter().find(|note| decision.says_anew(note));
        if !self.may_steer(&decision.by, &decision.groups) {
            Err(Refusal::NotAllowed)
        } else if let Some(note) = before() {
            match note.read_by {
                _ if note.by != decision.by => Err(Refusal::NotAllowed),
                Some(_) => Err(Refusal::NoteRead),
                None => Ok(()),
            }
        } else if decision.verdict == Verdict::Note && unread >= MOST_NOTES {
            Err(Refusal::TooManyNotes)
        } else {
            Ok(())
        }
    }

    fn decided_before(&self, decision: &Decision) -> Option<Refusal> {
        let gate = decision.gate.as_ref()?;
        let closes = |d: &&Decided| d.verdict != Verdict::TakeOver;
        let mut closing = self.decisions.iter().rev().filter(closes);
        let closing = closing.find(|d| d.gate.as_ref() == Some(gate));
        let missed = self.stage(&gate.stage).is_some_and(|stage| {
            stage.missed_deadline
                && stage.last_question().is_some_and(|asked| &asked.gate.id == gate)
        });
        if missed { Some(Refusal::TooLate) } else { closing.map(Decided::was_first) }
    }

    /// The answer that ends the run.
    pub(super) fn sealed_by(&self) -> Option<&Decided> {
        // A stop comes first: it ends also a run that goes on after a rejection.
        let stop = self.decisions.iter().find(|d| d.verdict == Verdict::Stop);
        stop.or_else(|| self.decisions.iter().find(|d| self.is_final_rejection(d)))
    }

    fn is_final_rejection(&self, decided: &Decided) -> bool {
        let spec = decided.gate.as_ref().and_then(|gate| self.spec_of(gate));
        decided.verdict == Verdict::Reject
            && spec.is_none_or(|spec| spec.on_reject != OnReject::Skip)
    }
}

/// The event of an answer that counts.
fn event_of_authorized(decision: Decision) -> Happened {
    let Decision {
        request,
        verdict,
        gate,
        by,
        groups: _,
        via,
        words,
        rework,
        until,
        message,
        raise,
        retry,
        rollback,
    } = decision;
    match (verdict, gate) {
        (Verdict::Note, _) => {
            Happened::Noted { request, by, via, words: words.unwrap_or_default(), message }
        }
        (Verdict::Snooze, Some(gate)) => Happened::Snoozed { request, gate, by },
        (Verdict::Extend, Some(gate)) => {
            let deadline = until.expect("an extension without a deadline is refused");
            Happened::Extended { request, gate, by, via, deadline }
        }
        (_, gate) => Happened::Decided {
            request,
            gate: gate.filter(|_| !verdict.is_about_the_run()),
            verdict,
            by,
            via,
            words,
            rework,
            raise: raise.filter(|_| verdict == Verdict::Raise),
            retry: retry.filter(|_| verdict == Verdict::Retry),
            rollback: rollback.filter(|_| verdict == Verdict::Rollback),
        },
    }
}

/// An answer of somebody who may, to the question that is open.
fn authorize_answer(decision: &Decision, open: &OpenGate, spec: &GateSpec) -> Result<(), Refusal> {
    match decision.verdict {
        Verdict::Approve if open.approvals.contains(&decision.by) => {
            let approvals = u32::try_from(open.approvals.len()).unwrap_or(u32::MAX);
            Err(Refusal::AlreadyApproved { missing: spec.quorum.saturating_sub(approvals) })
        }
        Verdict::Extend if !decision.until.is_some_and(|until| may_extend(open, spec, until)) => {
            Err(Refusal::NoLater { deadline: open.deadline })
        }
        _ => Ok(()),
    }
}

/// Whether a question may stay open until then.
fn may_extend(open: &OpenGate, spec: &GateSpec, until: DateTime<Utc>) -> bool {
    let latest = spec.hours.as_ref().map_or(open.opened_at + LONGEST_WAIT, |hours| {
        hours.after(open.opened_at, LONGEST_WAIT.num_seconds().unsigned_abs())
    });
    until > open.deadline && until <= latest
}

impl Decided {
    fn was_first(&self) -> Refusal {
        Refusal::AlreadyDecided { verdict: self.verdict, by: self.by.clone(), at: self.at }
    }
}

#[cfg(test)]
mod tests;
