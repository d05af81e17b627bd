//! `action_id`s: which button was pressed?
//! They stand in messages that Slack keeps for years, so none of them may ever change.

use crate::run::{Raise, Usd};

/// One of our buttons. The value of the first six is a [`GateValue`](super::GateValue).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionId {
    Approve,
    /// Opens a form, as `Reject` and `Extend` do.
    Changes,
    Reject,
    Extend,
    /// Opens the diff as a modal, where no browser can reach us.
    Diff,
    Snooze,
    /// Ends the run. The value is a [`RunValue`](super::RunValue).
    Stop,
    /// A dollar more. The value is a [`GateValue`](super::GateValue).
    RaiseNothing,
    RaiseOne,
    RaiseFive,
    RaiseNoLimit,
    /// Another try of a stage that has failed. The value is a [`GateValue`](super::GateValue).
    Retry,
    /// Opens a form.
    RetryNote,
    RetryLonger,
    RetrySmaller,
    /// The value names the model, too.
    RetryModel,
    Skip,
    /// Somebody does a failed stage by hand, and is done with it.
    TakeOver,
    HandIn,
    /// Opens a form. The value names the run.
    Rollback,
    /// Opens the form that does a run once more. The value names the run.
    Again,
    /// Turns the page of an open diff. The value is the page to show, from 0.
    DiffPage,
    /// Opens a web page by itself: the click needs an acknowledgement and nothing else.
    DiffLink,
}

impl ActionId {
    const ALL: [Self; 23] = [
        Self::Approve,
        Self::Changes,
        Self::Reject,
        Self::Extend,
        Self::Diff,
        Self::Snooze,
        Self::Stop,
        Self::RaiseNothing,
        Self::RaiseOne,
        Self::RaiseFive,
        Self::RaiseNoLimit,
        Self::Retry,
        Self::RetryNote,
        Self::RetryLonger,
        Self::RetrySmaller,
        Self::RetryModel,
        Self::Skip,
        Self::TakeOver,
        Self::HandIn,
        Self::Rollback,
        Self::Again,
        Self::DiffPage,
        Self::DiffLink,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "gate.approve",
            Self::Changes => "gate.changes",
            Self::Reject => "gate.reject",
            Self::Extend => "gate.extend",
            Self::Diff => "gate.diff",
            Self::Snooze => "gate.snooze",
            Self::Stop => "run.stop",
            Self::RaiseNothing => "money.raise_0",
            Self::RaiseOne => "money.raise_1",
            Self::RaiseFive => "money.raise_5",
            Self::RaiseNoLimit => "money.no_limit",
            Self::Retry => "recovery.retry",
            Self::RetryNote => "recovery.note",
            Self::RetryLonger => "recovery.longer",
            Self::RetrySmaller => "recovery.smaller",
            Self::RetryModel => "recovery.model",
            Self::Skip => "recovery.skip",
            Self::TakeOver => "recovery.take_over",
            Self::HandIn => "recovery.hand_in",
            Self::Rollback => "run.rollback",
            Self::Again => "run.again",
            Self::DiffPage => "diff.page",
            Self::DiffLink => "gate.diff_link",
        }
    }

    /// None for a button that is not ours. A number behind it tells it from others like it.
    #[must_use]
    pub fn parse(action_id: &str) -> Option<Self> {
        let action_id = action_id.split_once(':').map_or(action_id, |(id, _)| id);
        Self::ALL.into_iter().find(|known| known.as_str() == action_id)
    }

    /// How much more money a press gives.
    #[must_use]
    pub const fn raise(self) -> Option<Raise> {
        match self {
            Self::RaiseNothing => Some(Raise::NOTHING),
            Self::RaiseOne => Some(Raise::By(Usd::from_nanos(1_000_000_000))),
            Self::RaiseFive => Some(Raise::By(Usd::from_nanos(5_000_000_000))),
            Self::RaiseNoLimit => Some(Raise::NoLimit),
            _ => None,
        }
    }

    /// Whether a press lets a stage be tried again.
    #[must_use]
    pub const fn retries(self) -> bool {
        matches!(
            self,
            Self::Retry
                | Self::RetryNote
                | Self::RetryLonger
                | Self::RetrySmaller
                | Self::RetryModel
        )
    }

    /// Whether a press answers a question: what only looks at it, gives it time or ends the run does not.
    #[must_use]
    pub const fn answers(self) -> bool {
        let decides = matches!(
            self,
            Self::Approve
                | Self::Changes
                | Self::Reject
                | Self::Skip
                | Self::TakeOver
                | Self::HandIn
        );
        decides || self.raise().is_some() || self.retries()
    }

    /// What says the same, before and behind the run that may be named: `raise` and ` $5`. None where no word does, or another button's.
    pub(super) const fn word(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Approve => ("approve", ""),
            Self::Changes => ("changes", ": …"),
            Self::Reject => ("reject", ": …"),
            Self::RaiseNothing => ("raise", " nothing"),
            Self::RaiseFive => ("raise", " $5"),
            Self::RaiseNoLimit => ("raise", " no limit"),
            Self::Retry => ("retry", ""),
            Self::RetryNote => ("retry", ": …"),
            Self::Skip => ("skip", ""),
            Self::TakeOver => ("takeover", ""),
            Self::HandIn => ("done", ""),
            Self::Stop => ("stop", ""),
            _ => return None,
        })
    }

    /// Whether a press asks anything of us.
    #[must_use]
    pub fn asks(self) -> bool {
        self != Self::DiffLink
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_button_is_known_by_its_id() {
        let read = |id: ActionId| ActionId::parse(id.as_str()) == Some(id);
        assert!(ActionId::ALL.into_iter().all(read));
        assert_eq!(ActionId::parse("gate.fork"), None);
        assert_eq!(ActionId::parse("gate.approve:2"), Some(ActionId::Approve));
    }
}
