//! Shortages: for want of what does a run ask before it spends on?
//! Of money in its own budget, in a stage's, in a month's; or of a sign that what it spends is worth it.

use serde::{Deserialize, Serialize};

use super::Usd;

/// Why a run asks before it spends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortage {
    /// Its budget is spent.
    #[default]
    Run,
    /// Its stage will probably cost this, which is more than is left.
    Ahead(Usd),
    /// What its stage may spend is spent.
    Stage,
    /// What somebody may spend in a month is spent.
    Month(MonthSpent),
    /// It spends and seems to get nowhere.
    Breaker(Breaker),
}

impl Shortage {
    /// Whether it can be answered without more money: nothing is spent up yet that this run was given.
    #[must_use]
    pub const fn may_be_ignored(self) -> bool {
        !matches!(self, Self::Run | Self::Stage)
    }
}

/// A budget of a calendar month, in UTC, and what is spent of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthSpent {
    pub of: MonthOf,
    pub spent: Usd,
    pub budget: Usd,
}

/// Whose month it is: each as the run's request names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MonthOf {
    Project,
    /// Who started the run.
    Person,
    Channel,
}

/// A sign that an agent spends and gets nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// So many steps changed no file.
    NothingChanged { steps: u32 },
    /// This was spent within a minute.
    TooFast { in_a_minute: Usd },
}
