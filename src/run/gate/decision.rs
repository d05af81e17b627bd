//! Decisions and refusals: what can a person answer, and why may it not count?
//! Authorized at the door and again by the workflow, by the same rule: `Run::authorize`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::run::{
    GateId, GroupId, Note, PersonId, Raise, RequestId, Retry, RollbackTo, StageName, foreign_text,
};

/// A person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Approve,
    /// Another round of the stage, with the words as feedback.
    Changes,
    Reject,
    /// Ends the run, whatever it does; names no gate.
    Stop,
    /// More time to answer.
    Extend,
    /// No more reminders for this person.
    Snooze,
    /// Words for the next attempt; names no gate.
    Note,
    /// More money; outside of a question about money it names no gate.
    Raise,
    /// Another try of a stage that has failed.
    Retry,
    /// The run goes on without a stage that has failed.
    Skip,
    /// The run goes back to work that it had; names no gate.
    Rollback,
    /// A person does the stage that has failed; the question stays open meanwhile.
    TakeOver,
    /// What that person wrote is there.
    HandIn,
}

impl Verdict {
    /// Whether it needs no question, and is for any run that is not over.
    #[must_use]
    pub const fn is_about_the_run(self) -> bool {
        matches!(self, Self::Stop | Self::Rollback)
    }

    /// Whether it answers no question.
    #[must_use]
    pub const fn needs_no_gate(self) -> bool {
        self.is_about_the_run() || matches!(self, Self::Note)
    }
}

/// Where the changes that were asked for start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rework {
    /// On top of the work that was asked about.
    #[default]
    Top,
    /// From what the stage started with.
    Base,
}

/// The way an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    Button,
    Thread,
    Command,
    Cli,
    Home,
    /// A push to the branch that was handed out.
    Push,
}

/// What the workflow's signal carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub request: RequestId,
    pub verdict: Verdict,
    /// The gate it answers; none for a stop.
    pub gate: Option<GateId>,
    pub by: PersonId,
    /// The user groups that the door saw this person in, of those the run names.
    #[serde(default)]
    pub groups: Vec<GroupId>,
    pub via: Via,
    pub words: Option<String>,
    /// Of asked-for changes.
    #[serde(default)]
    pub rework: Rework,
    /// Of an extension: the new deadline.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
    /// Of a note: the message that says it, by its Slack timestamp.
    #[serde(default)]
    pub message: Option<String>,
    /// Of a raise: how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raise: Option<Raise>,
    /// Of another try: in what it is different.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// Of a rollback: to which work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackTo>,
}

impl Decision {
    /// An answer with nothing more to it, to no gate yet.
    #[must_use]
    pub const fn new(request: RequestId, verdict: Verdict, by: PersonId, via: Via) -> Self {
        Self {
            request,
            verdict,
            gate: None,
            by,
            groups: Vec::new(),
            via,
            words: None,
            rework: Rework::Top,
            until: None,
            message: None,
            raise: None,
            retry: None,
            rollback: None,
        }
    }

    /// The same in words that can be kept and read. Doors do that already; a signal may have come by none of them.
    #[must_use]
    pub fn cleaned(mut self) -> Self {
        let is_fine = |words: &str| {
            words.chars().count() <= Self::WORDS && words == foreign_text::printable(words)
        };
        self.words = self.words.map(|words| {
            if is_fine(&words) { words } else { foreign_text::prose(&words, Self::WORDS) }
        });
        self
    }

    /// Whether it says anew what the message of this note said.
    #[must_use]
    pub fn says_anew(&self, note: &Note) -> bool {
        self.verdict == Verdict::Note && self.message.is_some() && self.message == note.message
    }

    /// Most characters of words that come with an answer: they travel in history and into a prompt.
    pub const WORDS: usize = 3_000;
}

/// Why an answer was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// Somebody was first.
    AlreadyDecided { verdict: Verdict, by: PersonId, at: DateTime<Utc> },
    /// The work changed since that question was asked.
    Stale,
    /// The deadline passed.
    TooLate,
    /// Nothing is being asked.
    NothingAsked,
    /// Not among those who may.
    NotAllowed,
    /// Whoever started this run may not approve it.
    OwnRun,
    /// Whoever did this work by hand may not approve it.
    OwnWork,
    /// The policy wants approvers, and none are listed.
    NobodyMay,
    /// Somebody at a shell is only a name, and here different people are wanted and nobody is listed.
    OnlyAName,
    /// This person approved already; so many other people are missing.
    AlreadyApproved { missing: u32 },
    /// The deadline is as late already, or the new one is later than a deadline may be.
    NoLater { deadline: DateTime<Utc> },
    /// More notes wait for the next attempt than it could read.
    TooManyNotes,
    /// An attempt has read that note: it can be neither changed nor taken back.
    NoteRead,
    /// The question is whether it spends on: the budget is raised, it is let go on, or the run is stopped.
    AsksForMoney,
    /// The question is what becomes of a stage that has failed.
    AsksHowToGoOn,
    /// No stage has failed that could be tried again or left out.
    NothingFailed,
    /// Another stage builds on the one that somebody would leave out.
    Needed { by: StageName },
    /// Without that stage nothing is left of the run.
    NothingLeft,
    /// The run has no such work to go back to.
    NoSuchSnapshot,
    /// The run has no code yet that somebody could begin with.
    NothingToTakeOver,
    /// Nobody took the stage over, or its branch is not there yet.
    NotTakenOver,
    /// The pipeline does not offer this model.
    NoSuchModel { model: String },
    /// The run has no budget that could be raised.
    NoBudget,
    /// The policy wants every run to have a limit.
    WantsLimit,
    /// The run is over.
    RunEnded,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_came_by_no_door_of_ours_are_cleaned_too() {
        let by = PersonId::Cli { user: "ana".to_owned() };
        let said = |words: &str| {
            let request = RequestId("r".to_owned());
            let decision = Decision {
                words: Some(words.to_owned()),
                ..Decision::new(request, Verdict::Stop, by.clone(), Via::Cli)
            };
            decision.cleaned().words.expect("words")
        };
        assert_eq!(said(" as\n\ttyped "), " as\n\ttyped ");
        assert_eq!(said("a NUL \u{0} and a turn \u{202e}"), "a NUL  and a turn");
        assert_eq!(said(&"x".repeat(2_000_000)).chars().count(), Decision::WORDS);
    }
}
