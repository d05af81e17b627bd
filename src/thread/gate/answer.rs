//! The outcome of a question: what became of it?
//! Drawn from events alone. A closed card keeps its text, loses its buttons and says who answered what.

use chrono::{DateTime, Utc};

use super::money::raised;
use super::recovery::retried;
use super::{GateView, WORDS};
use crate::run::{
    Attempt, AttemptOutcome, Changes, Decided, GateKind, OnReject, OpenGate, Raise, Rework,
    RolledBack, Run, StagePhase, StageState, Verdict, Via,
};
use crate::slack::{Mrkdwn, one_line};
use crate::thread::batch::{is_asked_in_batch, merged_in_short};
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
    /// There is more money, or it goes on with what there is.
    Raised(&'a Decided),
    /// A stage that has failed is tried again.
    Retried(&'a Decided),
    /// It is left out.
    Skipped(&'a Decided),
    /// Somebody did it by hand.
    HandedIn(&'a Decided),
    /// The run was stopped while it was asked.
    Stopped(&'a Decided),
    /// The run went back to other work while it was asked.
    RolledBack(&'a RolledBack),
    Missed,
    /// The run ended otherwise.
    Dropped,
}

impl<'a> GateOutcome<'a> {
    pub(super) fn find(run: &'a Run, stage: &'a StageState, gate: &OpenGate) -> Self {
        if run.gate.as_ref().is_some_and(|open| open.id == gate.id) {
            return Self::Open;
        }
        Self::closed(run, stage, gate)
    }

    fn closed(run: &'a Run, stage: &'a StageState, gate: &OpenGate) -> Self {
        let last = run.decisions.iter().rev().find(|d| d.gate.as_ref() == Some(&gate.id));
        match last.map(|d| (d.verdict, d)) {
            Some((Verdict::Approve, d)) if has_quorum(stage, gate) => Self::Approved(d),
            Some((Verdict::Changes, d)) => Self::Changes(d),
            Some((Verdict::Reject, d)) => Self::Rejected(d),
            Some((Verdict::Raise, d)) => Self::Raised(d),
            Some((Verdict::Retry, d)) => Self::Retried(d),
            Some((Verdict::Skip, d)) => Self::Skipped(d),
            Some((Verdict::HandIn, d)) => Self::HandedIn(d),
            _ if stage.missed_deadline && was_last(stage, gate) => Self::Missed,
            _ => {
                let stop = || run.decisions.iter().find(|d| d.verdict == Verdict::Stop);
                gone_back(run, gate)
                    .map(Self::RolledBack)
                    .or_else(|| stop().map(Self::Stopped))
                    .unwrap_or(Self::Dropped)
            }
        }
    }
}

/// The rollback that closed it.
fn gone_back<'a>(run: &'a Run, gate: &OpenGate) -> Option<&'a RolledBack> {
    let stage = run.stage(&gate.id.stage)?;
    let closed = stage.closed_questions().find(|asked| asked.gate.id == gate.id)?.closed_at;
    run.rollbacks.iter().find(|rolled| rolled.at == closed)
}

/// Whether nothing was asked after it.
fn was_last(stage: &StageState, gate: &OpenGate) -> bool {
    stage.closed_questions().all(|asked| asked.gate.opened_at <= gate.opened_at)
}

fn has_quorum(stage: &StageState, gate: &OpenGate) -> bool {
    let quorum = stage.stage.gate.as_ref().map_or(1, |spec| spec.quorum);
    gate.approvals.len() >= quorum as usize
}

impl GateView<'_> {
    /// What is asked of whom, or what was answered, in one line; and how many approvals are there.
    pub(super) fn headline(&self) -> Mrkdwn {
        if !self.is_open() {
            return self.outcome();
        }
        if is_asked_in_batch(self.run) {
            let asked =
                Mrkdwn::from(self.asked()) + " People are asked in the thread of its batch.";
            return Mrkdwn::join([asked].into_iter().chain(self.approvals()), "\n");
        }
        let asked =
            Mrkdwn::from(self.asked()) + " " + row(&called_by(self.run, &self.gate.id, self.spec));
        let anybody = anybody_else(self.run, self.spec);
        Mrkdwn::join([asked].into_iter().chain(anybody).chain(self.approvals()), "\n")
    }

    /// What is asked, of nobody in particular.
    pub(in crate::thread) fn asked(&self) -> String {
        format!("*{}*", self.question())
    }

    fn question(&self) -> String {
        let (stage, project) = (self.stage.name(), &self.run.request.project);
        let is_merge = self.run.request.batch.is_some();
        match self.gate.id.kind {
            GateKind::Approve if is_merge => {
                match merged_in_short(self.run, &format!(" of {project}")) {
                    Some(merged) => format!("{merged}. Keep all of it?"),
                    None => format!("Keep {stage} of {project}?"),
                }
            }
            GateKind::Recovery if is_merge && self.gate.by_hand.is_none() => {
                if self.stage.attempts_now().iter().any(|tried| tried.snapshot.is_some()) {
                    format!("{stage} does not fit into {project}. What now?")
                } else {
                    format!("{stage} of {project} is not good. What now?")
                }
            }
            GateKind::Approve => format!("Keep {stage} of {project}?"),
            GateKind::Budget => format!("Spend more on {stage} of {project}?"),
            GateKind::Recovery if self.gate.by_hand.is_some() => {
                format!("{stage} of {project} is done by hand. Is it ready?")
            }
            GateKind::Recovery => format!("{stage} of {project} has failed. What now?"),
        }
    }

    /// What was answered, in one line.
    pub(in crate::thread) fn outcome(&self) -> Mrkdwn {
        let of = format!("*{} of {}* · ", self.stage.name(), self.run.request.project);
        Mrkdwn::from(of) + self.what_became_of_it()
    }

    fn what_became_of_it(&self) -> Mrkdwn {
        let after = |d: &Decided| " ".to_owned() + &figures::after(d.waited_seconds);
        let by = |what: &'static str, d: &Decided| what + mention(&d.by);
        match self.answer {
            GateOutcome::Open => "is asked".into(),
            GateOutcome::Approved(d) => "approved by " + self.approvers() + after(d),
            GateOutcome::Changes(d) => {
                by("asked for changes by ", d) + after(d) + started_over(d.rework)
            }
            GateOutcome::Rejected(d) => by("rejected by ", d) + after(d) + self.goes_on(),
            GateOutcome::Raised(d) => {
                Mrkdwn::from(raised(self.gate, d.raise)) + mention(&d.by) + after(d)
            }
            GateOutcome::Retried(d) => Mrkdwn::from(retried(d)) + mention(&d.by) + after(d),
            GateOutcome::Skipped(d) => {
                by("left out by ", d) + after(d) + "; the run goes on without it"
            }
            GateOutcome::HandedIn(d) => by(handed_in(d), d) + after(d),
            GateOutcome::Stopped(d) => by("not decided: the run was stopped by ", d),
            GateOutcome::RolledBack(it) => {
                "not decided: " + mention(&it.by) + " rolled the run back to " + it.to.to_string()
            }
            GateOutcome::Missed if let Some(by_hand) = &self.gate.by_hand => {
                mention(&by_hand.by)
                    + " took it over and did not hand it in in time, so the run ended"
            }
            GateOutcome::Missed if !self.is_about_work() => {
                "nobody answered in time, so the run ended".into()
            }
            GateOutcome::Missed => "nobody answered in time, so its work was not kept".into(),
            GateOutcome::Dropped => "not decided: the run is over".into(),
        }
    }

    fn goes_on(&self) -> &'static str {
        match self.spec.on_reject {
            OnReject::Skip => "; the run goes on without it",
            OnReject::End => "",
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

    /// The words that came with the answer, and whether later work replaced what the card is about.
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
        let round = self.gate.id.round;
        let after = self.stage.changes.iter().find(|c| c.round == round)?.after;
        let later = GateView::all(self.run)
            .filter(GateView::is_about_work)
            .find(|q| q.stage.name() == self.stage.name() && q.gate.id.round == round + 1);
        Some(match later {
            Some(later) if later.gate.attempt > after => {
                let diff = later.work.since_round.as_ref();
                let what = diff.map(|diff| format!(" changed {} since", figures::diff(diff)));
                let what = what.unwrap_or_else(|| " asks about newer work".to_owned());
                format!("Voided: round {}{what}.", round + 1)
            }
            Some(_) => format!(
                "The changes could not be made: round {} asks about this work again.",
                round + 1
            ),
            None => self.next_round(),
        })
    }

    fn next_round(&self) -> String {
        if self.run.outcome.is_none() && self.stage.phase == StagePhase::Running {
            format!("Void: round {} is being made.", self.gate.id.round + 1)
        } else {
            "No new round was finished.".to_owned()
        }
    }

    /// In a later round: which words asked for it, and whether they could be followed.
    pub(super) fn asked_again(&self) -> Option<Mrkdwn> {
        let before = self.stage.changes.iter().find(|c| c.round + 1 == self.gate.id.round)?;
        let words = Mrkdwn::excerpt(&before.words, WORDS);
        if self.gate.attempt > before.after {
            return words
                .map(|words| "_Made for what " + mention(&before.by) + " asked:_\n" + words);
        }
        let failed = "*The changes that "
            + mention(&before.by)
            + " asked for could not be made*"
            + self.why_not(before)
            + ". This is the work from before.";
        Some(Mrkdwn::join([failed].into_iter().chain(words), "\n"))
    }

    /// `: 3 of 50 tests failed`, of the last attempt at those changes.
    fn why_not(&self, changes: &Changes) -> String {
        let failed = |a: &&Attempt| a.n > changes.after && a.outcome != AttemptOutcome::Good;
        let last = self.stage.attempts.iter().rev().find(failed);
        let why = last.and_then(|a| a.why.as_deref());
        why.map(|why| format!(": {}", one_line(why, WHY))).unwrap_or_default()
    }

    pub(super) fn answered_at(&self) -> Option<DateTime<Utc>> {
        match self.answer {
            GateOutcome::Approved(d)
            | GateOutcome::Changes(d)
            | GateOutcome::Rejected(d)
            | GateOutcome::Raised(d)
            | GateOutcome::Retried(d)
            | GateOutcome::Skipped(d)
            | GateOutcome::HandedIn(d)
            | GateOutcome::Stopped(d) => Some(d.at),
            GateOutcome::RolledBack(it) => Some(it.at),
            GateOutcome::Open | GateOutcome::Missed | GateOutcome::Dropped => None,
        }
    }

    /// The decision without any people, where several rounds may be told apart.
    fn fate(&self) -> String {
        let what = match self.answer {
            GateOutcome::Open => "waits for an answer",
            GateOutcome::Approved(_) => "was approved",
            GateOutcome::Changes(_) => "was sent back for changes",
            GateOutcome::Rejected(_) => "was rejected",
            GateOutcome::Raised(d) if goes_on(d) => "was let go on",
            GateOutcome::Raised(_) => "had more money",
            GateOutcome::Retried(_) => "was tried again",
            GateOutcome::Skipped(_) => "was left out",
            GateOutcome::HandedIn(_) => "was done by hand",
            GateOutcome::Stopped(_) => "was not decided: the run was stopped",
            GateOutcome::RolledBack(_) => "was not decided: the run went back to other work",
            GateOutcome::Missed => "was not decided: nobody answered in time",
            GateOutcome::Dropped => "was not decided",
        };
        match self.stage.rounds {
            0 | 1 => format!("This work {what}."),
            _ => format!("This work {what} in round {}.", self.gate.id.round),
        }
    }

    /// The decision without any people: what a lock screen shows.
    pub(super) fn in_short(&self) -> String {
        let what = match self.answer {
            GateOutcome::Open => return self.question(),
            GateOutcome::Approved(_) => "approved",
            GateOutcome::RolledBack(_) => "rolled back",
            GateOutcome::Changes(_) => "changes asked for",
            GateOutcome::Rejected(_) => "rejected",
            GateOutcome::Raised(d) if goes_on(d) => "goes on",
            GateOutcome::Raised(_) => "has more money",
            GateOutcome::Retried(_) => "is tried again",
            GateOutcome::Skipped(_) => "left out",
            GateOutcome::HandedIn(_) => "done by hand",
            GateOutcome::Stopped(_) => "stopped",
            GateOutcome::Missed | GateOutcome::Dropped => "not decided",
        };
        format!("{} of {}: {what}.", self.stage.name(), self.run.request.project)
    }
}

/// How this work stands, in sentences that name nobody: what became of the questions about it, and whether there is newer work.
#[must_use]
pub fn standing(run: &Run, (stage, attempt): (&StageState, &Attempt)) -> Vec<String> {
    let here = |q: &GateView<'_>| {
        q.stage.name() == stage.name() && q.gate.attempt == attempt.n && q.is_about_work()
    };
    let mut lines: Vec<String> =
        GateView::all(run).filter(here).map(|question| question.fate()).collect();
    let is_newer = |a: &Attempt| a.n > attempt.n && a.outcome == AttemptOutcome::Good;
    if stage.attempts.iter().any(is_newer) {
        lines.push("This stage has newer work, which is not shown here.".to_owned());
    }
    lines
}

/// What an answer did to what it was about: `<stage> approved by …`.
pub(in crate::thread) fn was(decided: &Decided) -> &'static str {
    match decided.verdict {
        Verdict::Raise if goes_on(decided) => "let go on",
        Verdict::Approve => "approved",
        Verdict::Changes => "sent back for changes",
        Verdict::Reject => "rejected",
        Verdict::Stop => "stopped",
        Verdict::Extend => "extended",
        Verdict::Snooze => "snoozed",
        Verdict::Note => "noted",
        Verdict::Raise => "raised",
        Verdict::Retry => "tried again",
        Verdict::Skip => "left out",
        Verdict::Rollback => "left behind",
        Verdict::TakeOver => "taken over by hand",
        Verdict::HandIn => "handed in",
    }
}

/// Whether it adds nothing: the run goes on with what there is.
fn goes_on(decided: &Decided) -> bool {
    decided.raise == Some(Raise::NOTHING)
}

const fn handed_in(decided: &Decided) -> &'static str {
    match decided.via {
        Via::Push => "handed in with a push to the branch of ",
        _ => "handed in by ",
    }
}

const fn started_over(rework: Rework) -> &'static str {
    match rework {
        Rework::Top => "",
        Rework::Base => ", from what the stage started with",
    }
}
