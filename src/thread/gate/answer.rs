//! The outcome of a question: what became of it?
//! Drawn from events alone. A closed card keeps its text, loses its buttons and says who answered what.

use chrono::{DateTime, Utc};

use super::{GateView, WORDS};
use crate::run::{
    AttemptOutcome, Decided, OnReject, OpenGate, Rework, Run, StagePhase, StageState, Verdict,
};
use crate::slack::{Mrkdwn, one_line};
use crate::thread::figures;
use crate::thread::people::{anybody_else, called_by, listed, mention, row};

/// Longest reason in a line.
const WHY: usize = 160;

/// What became of a question.
#[derive(Clone, Copy)]
pub(in crate::thread) enum GateOutcome<'a> {
    Open,
    /// By all whose approval it wanted; this is the last.
    Approved(&'a Decided),
    Changes(&'a Decided),
    Rejected(&'a Decided),
    /// The run was stopped while it was asked.
    Stopped(&'a Decided),
    Missed,
    /// The run ended otherwise.
    Dropped,
}

impl<'a> GateOutcome<'a> {
    pub(super) fn find(run: &'a Run, stage: &'a StageState, gate: &OpenGate) -> Self {
        if run.gate.as_ref().is_some_and(|open| open.id == gate.id) {
            return Self::Open;
        }
        let quorum = stage.stage.gate.as_ref().map_or(1, |spec| spec.quorum);
        let last = run.decisions.iter().rev().find(|d| d.gate.as_ref() == Some(&gate.id));
        match last.map(|d| (d.verdict, d)) {
            Some((Verdict::Approve, d)) if gate.approvals.len() >= quorum as usize => {
                Self::Approved(d)
            }
            Some((Verdict::Changes, d)) => Self::Changes(d),
            Some((Verdict::Reject, d)) => Self::Rejected(d),
            _ if stage.missed_deadline && stage.rounds == gate.id.round => Self::Missed,
            _ => run
                .decisions
                .iter()
                .find(|d| d.verdict == Verdict::Stop)
                .map_or(Self::Dropped, Self::Stopped),
        }
    }
}

impl GateView<'_> {
    /// What is asked of whom, or what was answered, in one line; and how many approvals are there.
    pub(super) fn headline(&self) -> Mrkdwn {
        if !self.is_open() {
            return self.outcome();
        }
        let asked =
            Mrkdwn::from(self.asked()) + " " + row(&called_by(self.run, &self.gate.id, self.spec));
        let anybody = anybody_else(self.run, self.spec);
        Mrkdwn::join([asked].into_iter().chain(anybody).chain(self.approvals()), "\n")
    }

    /// What is asked, of nobody in particular.
    pub(in crate::thread) fn asked(&self) -> String {
        format!("*Keep {} of {}?*", self.stage.name(), self.run.request.project)
    }

    /// What was answered, in one line.
    pub(in crate::thread) fn outcome(&self) -> Mrkdwn {
        let after = |d: &Decided| figures::after(d.waited_seconds);
        let what =
            Mrkdwn::from(format!("*{} of {}* · ", self.stage.name(), self.run.request.project));
        match self.answer {
            GateOutcome::Open => what + "is asked",
            GateOutcome::Approved(d) => what + "approved by " + self.approvers() + " " + after(d),
            GateOutcome::Changes(d) => {
                what + "asked for changes by "
                    + mention(&d.by)
                    + " "
                    + after(d)
                    + started_over(d.rework)
            }
            GateOutcome::Rejected(d) => {
                let on = if self.spec.on_reject == OnReject::Skip {
                    "; the run goes on without it"
                } else {
                    ""
                };
                what + "rejected by " + mention(&d.by) + " " + after(d) + on
            }
            GateOutcome::Stopped(d) => {
                what + "not decided: the run was stopped by " + mention(&d.by)
            }
            GateOutcome::Missed => what + "nobody answered in time, so its work was not kept",
            GateOutcome::Dropped => what + "not decided: the run is over",
        }
    }

    /// `1 of 2 approvals: @ben`; none where one is enough.
    pub(in crate::thread) fn approvals(&self) -> Option<Mrkdwn> {
        let (given, wanted) = (&self.gate.approvals, self.spec.quorum);
        match (wanted, given.len()) {
            (0 | 1, _) => None,
            (_, 0) => Some(format!("It takes {wanted} approvals.").into()),
            (_, n) => Some(
                Mrkdwn::from(format!("{n} of {wanted} approvals: "))
                    + Mrkdwn::join(given.iter().map(mention), " "),
            ),
        }
    }

    fn approvers(&self) -> Mrkdwn {
        listed(self.gate.approvals.iter().map(mention).collect(), " and ")
    }

    /// The words that came with the answer, and what the card is worth since.
    pub(super) fn answered(&self) -> Option<Mrkdwn> {
        let decided = self
            .run
            .decisions
            .iter()
            .filter(|d| d.gate.as_ref() == Some(&self.gate.id) || self.is_stopped_by(d));
        let quotes = decided.filter_map(|d| Mrkdwn::excerpt(d.words.as_deref()?, WORDS));
        Mrkdwn::join(quotes.chain(self.voided().map(Mrkdwn::from)), "\n").non_empty()
    }

    fn is_stopped_by(&self, decided: &Decided) -> bool {
        matches!(self.answer, GateOutcome::Stopped(stop) if std::ptr::eq(stop, decided))
    }

    /// What became of the changes that were asked for here.
    fn voided(&self) -> Option<String> {
        let GateOutcome::Changes(_) = self.answer else { return None };
        let next = self.gate.id.round + 1;
        let after = self.stage.changes.iter().find(|c| c.round == self.gate.id.round)?.after;
        Some(
            match GateView::all(self.run)
                .find(|q| q.stage.name() == self.stage.name() && q.gate.id.round == next)
            {
                Some(later) if later.gate.attempt > after => {
                    let changed = later
                        .work
                        .since_round
                        .as_ref()
                        .map(|diff| format!(" changed {} since", figures::diff(diff)));
                    format!(
                        "Voided: round {next}{}.",
                        changed.unwrap_or_else(|| " asks about newer work".to_owned())
                    )
                }
                Some(_) => format!(
                    "The changes could not be made: round {next} asks about this work again."
                ),
                None if self.run.outcome.is_none() && self.stage.phase == StagePhase::Running => {
                    format!("Void: round {next} is being made.")
                }
                None => "No new round was finished.".to_owned(),
            },
        )
    }

    /// In a later round: which words asked for it, and whether they could be followed.
    pub(super) fn asked_again(&self) -> Option<Mrkdwn> {
        let before = self.stage.changes.iter().find(|c| c.round + 1 == self.gate.id.round)?;
        let who = mention(&before.by);
        let said = Mrkdwn::excerpt(&before.words, WORDS);
        if self.gate.attempt > before.after {
            return said.map(|said| "_Made for what " + who + " asked:_\n" + said);
        }
        let tried = self
            .stage
            .attempts
            .iter()
            .rev()
            .find(|a| a.n > before.after && a.outcome != AttemptOutcome::Good);
        let why = tried
            .and_then(|a| a.why.as_deref())
            .map(|why| format!(": {}", one_line(why, WHY)))
            .unwrap_or_default();
        let failed = "*The changes that "
            + who
            + " asked for could not be made*"
            + why
            + ". This is the work from before.";
        Some(Mrkdwn::join([failed].into_iter().chain(said), "\n"))
    }

    pub(super) fn answered_at(&self) -> Option<DateTime<Utc>> {
        match self.answer {
            GateOutcome::Approved(d)
            | GateOutcome::Changes(d)
            | GateOutcome::Rejected(d)
            | GateOutcome::Stopped(d) => Some(d.at),
            GateOutcome::Open | GateOutcome::Missed | GateOutcome::Dropped => None,
        }
    }

    /// The decision without any people: what a lock screen shows.
    pub(super) fn in_short(&self) -> String {
        let what = match self.answer {
            GateOutcome::Open => {
                return format!("Keep {} of {}?", self.stage.name(), self.run.request.project);
            }
            GateOutcome::Approved(_) => "approved",
            GateOutcome::Changes(_) => "changes asked for",
            GateOutcome::Rejected(_) => "rejected",
            GateOutcome::Stopped(_) => "stopped",
            GateOutcome::Missed | GateOutcome::Dropped => "not decided",
        };
        format!("{} of {}: {what}.", self.stage.name(), self.run.request.project)
    }
}

/// What an answer did to what it was about: `<stage> approved by …`.
pub(in crate::thread) const fn was(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approved",
        Verdict::Changes => "sent back for changes",
        Verdict::Reject => "rejected",
        Verdict::Stop => "stopped",
        Verdict::Extend => "extended",
        Verdict::Snooze => "snoozed",
        Verdict::Note => "noted",
    }
}

const fn started_over(rework: Rework) -> &'static str {
    match rework {
        Rework::Top => "",
        Rework::Base => ", from what the stage started with",
    }
}
