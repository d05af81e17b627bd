//! At which points of a run is its worker killed, and how is each known from outside?

use super::hold::Hold;

/// A moment in the life of a run, in the order in which it goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    BeforeTheImport,
    Importing,
    SettingUp,
    ModelAnswered,
    Writing,
    AgentDone,
    NotInTheStore,
    DiffNotKept,
    WorkNotTold,
    WorkNotRecorded,
    Checking,
    VerdictNotTold,
    WhileAGateWaits,
    BetweenStages,
    BeforeThePush,
    AfterThePush,
}

impl Point {
    pub const ALL: [Self; 16] = [
        Self::BeforeTheImport,
        Self::Importing,
        Self::SettingUp,
        Self::ModelAnswered,
        Self::Writing,
        Self::AgentDone,
        Self::NotInTheStore,
        Self::DiffNotKept,
        Self::WorkNotTold,
        Self::WorkNotRecorded,
        Self::Checking,
        Self::VerdictNotTold,
        Self::WhileAGateWaits,
        Self::BetweenStages,
        Self::BeforeThePush,
        Self::AfterThePush,
    ];

    /// The one that the table calls so.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|point| point.name() == name)
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::BeforeTheImport => "attempt taken, nothing imported",
            Self::Importing => "repository fetched, run not begun",
            Self::SettingUp => "while it is set up",
            Self::ModelAnswered => "model answered, not counted",
            Self::Writing => "agent in the middle of writing",
            Self::AgentDone => "agent done, no snapshot",
            Self::NotInTheStore => "snapshot here, not in the store",
            Self::DiffNotKept => "snapshot in the store, no diff",
            Self::WorkNotTold => "attempt pushed, not told",
            Self::WorkNotRecorded => "work told, not recorded",
            Self::Checking => "while it is checked",
            Self::VerdictNotTold => "checks done, not told",
            Self::WhileAGateWaits => "while a gate waits",
            Self::BetweenStages => "between stages, disk wiped",
            Self::BeforeThePush => "before the result is pushed",
            Self::AfterThePush => "result pushed, not told",
        }
    }

    pub(super) const fn number(self) -> u64 {
        self as u64
    }

    /// Whether each stage comes to it.
    pub(super) const fn is_in_any_stage(self) -> bool {
        !matches!(
            self,
            Self::BeforeTheImport
                | Self::Importing
                | Self::WhileAGateWaits
                | Self::BetweenStages
                | Self::BeforeThePush
                | Self::AfterThePush
        )
    }

    pub(super) const fn is_at_the_end(self) -> bool {
        matches!(self, Self::BeforeThePush | Self::AfterThePush)
    }

    /// How a worker is kept there until it was killed.
    pub(super) const fn hold(self) -> Hold {
        match self {
            Self::BeforeTheImport => Hold::Write("insert on attempt_holders", "true"),
            Self::Importing => Hold::GitAfter("*--upload-pack=*"),
            Self::SettingUp => Hold::Script("setup"),
            Self::ModelAnswered => Hold::Write("update on model_calls", "new.state = 'closed'"),
            Self::Writing => Hold::Script("agent"),
            Self::AgentDone => Hold::GitBefore("*write-tree*"),
            Self::NotInTheStore => Hold::GitBefore("*bundle*create*"),
            Self::DiffNotKept => Hold::Write("insert on diffs", "true"),
            Self::WorkNotTold => Hold::GitAfter("*:refs/heads/*-1"),
            Self::WorkNotRecorded => Hold::Write("insert on events", "new.kind = 'written'"),
            Self::Checking => Hold::Script("checks"),
            Self::VerdictNotTold => Hold::Write("insert on test_names", "true"),
            Self::WhileAGateWaits | Self::BetweenStages => Hold::Gate,
            Self::BeforeThePush => Hold::GitBefore("*:refs/heads/*/result"),
            Self::AfterThePush => Hold::GitAfter("*:refs/heads/*/result"),
        }
    }
}
