//! The class of a failure: what kind of failure was it, by what our own code saw of it?

use serde::Serialize;

use crate::run::{Attempt, AttemptOutcome, Trouble};

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The work was judged, and is not good.
    Checks,
    /// It could not be merged by itself.
    Conflict,
    /// It was not done in time.
    TimeOut,
    /// The agent gave no sign of life any more, or did the same over and over.
    Stall,
    /// The agent crashed or answered nonsense.
    Agent,
    /// The model's provider was busy.
    ModelBusy,
    /// The money ran out.
    Budget,
    /// Model, configuration or setup are wrong.
    Setup,
    /// The model's provider lets nobody in.
    SignIn,
    /// The agent's program does not work.
    Program,
    /// What had to pass passed already.
    NothingToFix,
    /// The worker died, and nobody could take over.
    Lost,
    /// A person stopped it.
    Interrupted,
    /// A kind of a later version.
    Unknown,
}

impl FailureClass {
    /// None where it did not fail, or is not over.
    #[must_use]
    pub fn of(attempt: &Attempt) -> Option<Self> {
        Some(match (attempt.outcome, attempt.trouble) {
            (AttemptOutcome::Running | AttemptOutcome::Good, _) => return None,
            (AttemptOutcome::Lost, _) => Self::Lost,
            (AttemptOutcome::Stopped, _) => Self::Interrupted,
            (AttemptOutcome::Bad, None) if !attempt.conflicts.is_empty() => Self::Conflict,
            (AttemptOutcome::Bad, None) => Self::Checks,
            (AttemptOutcome::Bad, Some(trouble)) => Self::of_trouble(trouble),
        })
    }

    const fn of_trouble(trouble: Trouble) -> Self {
        match trouble {
            Trouble::ModelBusy => Self::ModelBusy,
            Trouble::Agent => Self::Agent,
            Trouble::Program => Self::Program,
            Trouble::Budget => Self::Budget,
            Trouble::Setup => Self::Setup,
            Trouble::SignIn => Self::SignIn,
            Trouble::TimeOut => Self::TimeOut,
            Trouble::Stall => Self::Stall,
            Trouble::NothingToFix => Self::NothingToFix,
            Trouble::Unknown => Self::Unknown,
        }
    }

    /// Whether something went wrong; a person who stops a run wants just that.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::Interrupted)
    }

    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checks => "checks",
            Self::Conflict => "conflict",
            Self::TimeOut => "time_out",
            Self::Stall => "stall",
            Self::Agent => "agent",
            Self::ModelBusy => "model_busy",
            Self::Program => "program",
            Self::Budget => "budget",
            Self::Setup => "setup",
            Self::SignIn => "sign_in",
            Self::NothingToFix => "nothing_to_fix",
            Self::Lost => "lost",
            Self::Interrupted => "interrupted",
            Self::Unknown => "unknown",
        }
    }
}
