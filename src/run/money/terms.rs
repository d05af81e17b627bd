//! The terms of money: who may raise a run's budget, and by how much?

use serde::{Deserialize, Serialize};

use super::Usd;
use crate::run::GateSpec;

/// How a run asks before it spends on. Settled when it starts; none in runs of older versions, which end then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyTerms {
    pub spec: GateSpec,
    /// Whether the budget may be taken away altogether.
    pub no_limit: bool,
    /// Whether it is also asked before a stage that will probably not fit.
    #[serde(default)]
    pub ahead: bool,
}

/// How much more a run may spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Raise {
    By(Usd),
    NoLimit,
}

impl MoneyTerms {
    /// A weekend, and a day on each side of it: waiting costs nothing.
    pub const DEADLINE_SECONDS: u64 = 4 * 24 * 60 * 60;
}

impl Raise {
    /// No more money: it goes on with what there is.
    pub const NOTHING: Self = Self::By(Usd::ZERO);

    /// The least there is: for asking whether somebody may raise at all.
    pub const LEAST: Self = Self::By(Usd::from_nanos(1));

    /// The budget after it.
    #[must_use]
    pub fn applied_to(self, budget: Option<Usd>) -> Option<Usd> {
        match self {
            Self::By(more) => budget.map(|budget| budget + more),
            Self::NoLimit => None,
        }
    }
}
