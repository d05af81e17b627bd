//! What became of a question?
//! Drawn from events alone. A closed card keeps its text, loses its buttons and says who answered what.

use chrono::{DateTime, Utc};

use super::{Question, WORDS};
use crate::run::{AttemptOutcome, Decided, OnReject, OpenGate, Rework, Run, StagePhase, StageState, Verdict};
use crate::thread::figures;
use crate::thread::people::{called_by, mention, row};
use crate::thread::text::{inline, quote};

/// Longest reason in a line.
const WHY: usize = 160;

/// What became of a question.
#[derive(Clone, Copy)]
pub(in crate::thread) enum Answer<'a> {
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

impl<'a> Answer<'a> {
    pub(super) fn find(run: &'a Run, stage: &'a StageState, gate: &OpenGate) -> Self {
        if run.gate.as_ref().is_some_and(|open| open.id == gate.id) {
            return Self::Open;
        }
        let quorum = stage.stage.gate.as_ref().map_or(1, |spec| spec.quorum);
        let last = run.decisions.iter().rev().find(|d| d.gate.as_ref() == Some(&gate.id));
        match last.map(|d| (d.verdict, d)) {
            Some((Verdict::Approve, d)) if gate.approvals.len() >= quorum as usize => Self::Approved(d),
            Some((Verdict::Changes, d)) => Self::Changes(d),
            Some((Verdict::Reject, d)) => Self::Rejected(d),
            _ if stage.missed_deadline && stage.rounds == gate.id.round => Self::Missed,
            _ => run.decisions.iter().find(|d| d.verdict == Verdict::Stop).map_or(Self::Dropped, Self::Stopped),
        }
    }
}

impl Question<'_> {
    /// What is asked of whom, or what was answered, in one line; and how many approvals are there.
    pub(super) fn headline(&self) -> String {
        match self.answer {
            Answer::Open => {
                let asked =
                    format!("*Keep {} of {}?* {}", self.stage.name(), self.run.request.project, row(&called_by(self.run, &self.gate.id, self.spec)));
                self.approvals().map_or_else(|| asked.clone(), |approvals| format!("{asked}\n{approvals}"))
            }
            _ => self.outcome(),
        }
    }

    /// What was answered, in one line.
    pub(in crate::thread) fn outcome(&self) -> String {
        let what = match self.answer {
            Answer::Open => "is asked".to_owned(),
            Answer::Approved(d) => format!("approved by {} {}", self.approvers(), figures::after(d.waited_seconds)),
            Answer::Changes(d) => format!("asked for changes by {} {}{}", mention(&d.by), figures::after(d.waited_seconds), started_over(d.rework)),
            Answer::Rejected(d) => {
                let on = if self.spec.on_reject == OnReject::Skip { "; the run goes on without it" } else { "" };
                format!("rejected by {} {}{on}", mention(&d.by), figures::after(d.waited_seconds))
            }
            Answer::Stopped(d) => format!("not decided: the run was stopped by {}", mention(&d.by)),
            Answer::Missed => "nobody answered in time, so its work was not kept".to_owned(),
            Answer::Dropped => "not decided: the run is over".to_owned(),
        };
        format!("*{} of {}* · {what}", self.stage.name(), self.run.request.project)
    }

    /// `1 of 2 approvals: @ben`; none where one is enough.
    pub(in crate::thread) fn approvals(&self) -> Option<String> {
        let (given, wanted) = (&self.gate.approvals, self.spec.quorum);
        let names: Vec<String> = given.iter().map(mention).collect();
        match (wanted, given.is_empty()) {
            (0 | 1, _) => None,
            (_, true) => Some(format!("It takes {wanted} approvals.")),
            (_, false) => Some(format!("{} of {wanted} approvals: {}", given.len(), names.join(" "))),
        }
    }

    fn approvers(&self) -> String {
        let names: Vec<String> = self.gate.approvals.iter().map(mention).collect();
        figures::in_words(&names)
    }

    /// The words that came with the answer, and what the card is worth since.
    pub(super) fn answered(&self) -> Option<String> {
        let decided = self.run.decisions.iter().filter(|d| d.gate.as_ref() == Some(&self.gate.id) || self.is_stopped_by(d));
        let quotes = decided.filter_map(|d| quote(d.words.as_deref()?, WORDS));
        let lines: Vec<String> = quotes.chain(self.voided()).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn is_stopped_by(&self, decided: &Decided) -> bool {
        matches!(self.answer, Answer::Stopped(stop) if std::ptr::eq(stop, decided))
    }

    /// What became of the changes that were asked for here.
    fn voided(&self) -> Option<String> {
        let Answer::Changes(_) = self.answer else { return None };
        let next = self.gate.id.round + 1;
        let after = self.stage.changes.iter().find(|c| c.round == self.gate.id.round)?.after;
        Some(match Question::all(self.run).find(|q| q.stage.name() == self.stage.name() && q.gate.id.round == next) {
            Some(later) if later.gate.attempt > after => {
                let changed = later.work.since_round.as_ref().map(|diff| format!(" changed {} since", figures::diff(diff)));
                format!("Voided: round {next}{}.", changed.unwrap_or_else(|| " asks about newer work".to_owned()))
            }
            Some(_) => format!("The changes could not be made: round {next} asks about this work again."),
            None if self.run.outcome.is_none() && self.stage.phase == StagePhase::Running => format!("Void: round {next} is being made."),
            None => "No new round was finished.".to_owned(),
        })
    }

    /// In a later round: which words asked for it, and whether they could be followed.
    pub(super) fn asked_again(&self) -> Option<String> {
        let before = self.stage.changes.iter().find(|c| c.round + 1 == self.gate.id.round)?;
        let who = mention(&before.by);
        let said = quote(&before.words, WORDS).map(|words| format!("\n{words}")).unwrap_or_default();
        if self.gate.attempt > before.after {
            return (!said.is_empty()).then(|| format!("_Made for what {who} asked:_{said}"));
        }
        let tried = self.stage.attempts.iter().rev().find(|a| a.n > before.after && a.outcome != AttemptOutcome::Good);
        let why = tried.and_then(|a| a.why.as_deref()).map(|why| format!(": {}", inline(why, WHY))).unwrap_or_default();
        Some(format!("*The changes that {who} asked for could not be made*{why}. This is the work from before.{said}"))
    }

    pub(super) fn answered_at(&self) -> Option<DateTime<Utc>> {
        match self.answer {
            Answer::Approved(d) | Answer::Changes(d) | Answer::Rejected(d) | Answer::Stopped(d) => Some(d.at),
            Answer::Open | Answer::Missed | Answer::Dropped => None,
        }
    }

    /// The decision without any people: what a lock screen shows.
    pub(super) fn in_short(&self) -> String {
        let what = match self.answer {
            Answer::Open => return format!("Keep {} of {}?", self.stage.name(), self.run.request.project),
            Answer::Approved(_) => "approved",
            Answer::Changes(_) => "changes asked for",
            Answer::Rejected(_) => "rejected",
            Answer::Stopped(_) => "stopped",
            Answer::Missed | Answer::Dropped => "not decided",
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
