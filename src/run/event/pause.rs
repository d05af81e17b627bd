//! Pauses: for what does an attempt stand still?

use std::ops::Not;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::run::{Breaker, MonthSpent, Usd};

/// What an attempt waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Pause {
    /// Its money is spent: for a person.
    Money {
        /// What it could spend in all when it had to stop; none where a worker of an older version did not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        allowance: Option<Usd>,
    },
    /// A month's budget is spent: for a person.
    Month { month: MonthSpent },
    /// It seems to get nowhere: for a person.
    Breaker { breaker: Breaker },
    /// For the model's provider, who takes nothing more until then.
    ModelLimit { until: DateTime<Utc> },
    /// For a worker that can do it: no one that tried could, and the operator can mend that.
    Worker {
        step: WorkStep,
        why: String,
        /// Whether a stop counts though the run has gone well and only its delivery waits: older programs refused it.
        #[serde(default, skip_serializing_if = "Not::not")]
        may_stop: bool,
    },
}

/// What of an attempt a worker could not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkStep {
    /// Let an agent write.
    Write,
    /// Let the checks judge.
    Check,
    /// Put the result where people can fetch it.
    Deliver,
}

impl Pause {
    /// Whether a person says if it goes on spending.
    #[must_use]
    pub const fn is_for_a_person(&self) -> bool {
        !matches!(self, Self::ModelLimit { .. } | Self::Worker { .. })
    }
}
