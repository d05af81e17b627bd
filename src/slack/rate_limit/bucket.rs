//! A token bucket: may one more call go now, or when?

use std::time::Duration;

use tokio::time::Instant;

use super::{Priority, Rate};

/// It may go below zero: those are places taken by calls that wait for their turn.
pub(super) struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub(super) fn full(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: rate.burst, at: now }
    }

    fn refill(&mut self, now: Instant) {
        let minutes = now.saturating_duration_since(self.at).as_secs_f64() / 60.0;
        self.tokens = (self.tokens + minutes * self.rate.per_minute).min(self.rate.burst);
        self.at = now;
    }

    pub(super) fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens >= self.rate.burst
    }

    pub(super) fn take(&mut self) {
        self.tokens -= 1.0;
    }

    /// Until there is room for so many others and this one. Clocks leave seven tenths of the burst to others, ticks four, milestones one tenth
    /// to calls.
    pub(super) fn wait(&mut self, (priority, before): (Priority, usize), now: Instant) -> Duration {
        self.refill(now);
        let left_to_others = match priority {
            Priority::Call => 0.0,
            Priority::Milestone => (self.rate.burst * 0.1).floor(),
            Priority::Tick => (self.rate.burst * 0.4).floor(),
            Priority::Clock => (self.rate.burst * 0.7).floor(),
        };
        let before = f64::from(u32::try_from(before).unwrap_or(u32::MAX));
        let missing = 1.0 + before + left_to_others - self.tokens;
        if missing <= 0.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(missing / self.rate.per_minute * 60.0)
        }
    }
}
