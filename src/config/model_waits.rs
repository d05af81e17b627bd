//! Waiting for a model: how long may a provider's limit hold an attempt up?
//! `[model]` in signoff.toml.

use std::time::Duration;

use crate::run::{Fields, seconds};

/// How long is waited for a provider that takes nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelWaits {
    /// Up to this the agent waits by itself; its own tries last for about three minutes.
    pub short: Duration,
    /// Up to this the attempt stands still; what takes longer fails it.
    pub park: Duration,
}

impl Default for ModelWaits {
    fn default() -> Self {
        Self { short: Duration::from_mins(2), park: Duration::from_hours(6) }
    }
}

impl ModelWaits {
    /// Reads `[model]`.
    pub(super) fn read(fields: &Fields<'_, '_>) -> Self {
        let usual = Self::default();
        let length = |key, usual| {
            seconds(fields, key, 1..=7 * 24 * 3_600).map_or(usual, Duration::from_secs)
        };
        Self { short: length("short_wait", usual.short), park: length("park", usual.park) }
    }
}
