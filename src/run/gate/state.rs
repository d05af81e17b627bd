//! The state of a gate: what was asked of people, and what did they say?
//! Plain data: what events make of it is in `rules/fold`, what follows from it in `rules/next`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::run::{ByHand, GateId, PersonId, Rework, Shortage, StageName, Usd, Via};

/// A question that is being asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenGate {
    pub id: GateId,
    /// The attempt whose work is asked about.
    pub attempt: u32,
    pub opened_at: DateTime<Utc>,
    pub deadline: DateTime<Utc>,
    /// Who approved so far: a quorum may want more.
    pub approvals: Vec<PersonId>,
    pub reminders: Vec<Reminded>,
    /// When others were asked as well.
    pub escalated_at: Option<DateTime<Utc>>,
    /// When its deadline passed, where it goes on waiting.
    pub overdue_since: Option<DateTime<Utc>>,
    pub extensions: Vec<Extension>,
    /// Who wants no more reminders.
    pub snoozed: Vec<Snooze>,
    /// Of a question about money: how it stood then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub money: Option<AskedAmount>,
    /// Of a question about a failed stage: who does it by hand meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ByHand>,
    /// Why somebody who wanted to could not do it by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_handed_out: Option<String>,
}

/// What is spent of what, when more is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedAmount {
    pub spent: Usd,
    /// None where there is no limit, and it asks for another reason.
    pub budget: Option<Usd>,
    /// Whether the attempt that waits has done anything yet.
    pub begun: bool,
    #[serde(default)]
    pub why: Shortage,
}

/// Which reminder of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reminder {
    /// Half of the time is over.
    Half,
    /// Ten minutes are left.
    Soon,
}

/// A reminder that was due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminded {
    pub reminder: Reminder,
    pub at: DateTime<Utc>,
}

/// More time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    pub by: PersonId,
    pub deadline: DateTime<Utc>,
    pub at: DateTime<Utc>,
}

/// No more reminders for this person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snooze {
    pub by: PersonId,
    pub at: DateTime<Utc>,
}

/// A question that is closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    pub gate: OpenGate,
    pub closed_at: DateTime<Utc>,
}

/// Changes that a person asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// The round whose work they are about.
    pub round: u32,
    /// The attempt whose work they are about.
    pub attempt: u32,
    pub by: PersonId,
    /// Empty where nothing was said.
    pub words: String,
    pub rework: Rework,
    /// The newest attempt of the stage at that time: the new round's come after it.
    pub after: u32,
    pub at: DateTime<Utc>,
}

/// Words for the next attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub by: PersonId,
    pub via: Via,
    pub words: String,
    /// The message that says it, by its Slack timestamp.
    pub message: Option<String>,
    pub at: DateTime<Utc>,
    /// The first attempt that read it.
    pub read_by: Option<(StageName, u32)>,
}

/// What a person said, as an attempt reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    pub kind: RemarkKind,
    pub by: PersonId,
    pub words: String,
}

/// Why it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemarkKind {
    /// As an answer to a gate: the work that was asked about is to be changed.
    Changes,
    /// As an answer to a gate: the stage is to be done anew.
    Anew,
    /// In the thread, beside any gate.
    Note,
}

impl OpenGate {
    pub(in crate::run) const fn new(
        id: GateId,
        attempt: u32,
        opened_at: DateTime<Utc>,
        deadline: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            attempt,
            opened_at,
            deadline,
            approvals: Vec::new(),
            reminders: Vec::new(),
            escalated_at: None,
            overdue_since: None,
            extensions: Vec::new(),
            snoozed: Vec::new(),
            money: None,
            by_hand: None,
            not_handed_out: None,
        }
    }

    /// When the time that is running now began: when it was asked, or last extended.
    #[must_use]
    pub fn since(&self) -> DateTime<Utc> {
        self.extensions.last().map_or(self.opened_at, |e| e.at)
    }
}
