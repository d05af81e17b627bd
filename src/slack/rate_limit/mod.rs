//! Rate limits: may this call go out now, and what does a 429 with its `Retry-After` close?
//! Slack limits each method per workspace, and posts per channel too; ticks make way so that gates and endings always find room.
//! One process's view: several share Slack's allowance, and a 429 teaches each of them. <https://docs.slack.dev/apis/web-api/rate-limits>

mod bucket;
mod limits;
mod turns;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::SlackError;
use bucket::Bucket;
pub use limits::{Rate, RateLimits, SLACKS_PACE};
pub use turns::Turn;
use turns::Turns;

/// How much a request matters. The first two wait a moment for room; the others are dropped, because newer ones will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// A question or an ending: somebody is called, or waits for it.
    Call,
    /// Must be shown, in order, but nobody waits for it.
    Milestone,
    /// Progress; the next one replaces it.
    Tick,
    /// Only time went by. It takes nothing that anything else could need.
    Clock,
}

/// A call of one of Slack's methods that wants to go out.
#[derive(Clone, Copy, Debug)]
pub(super) struct ApiCall<'a> {
    pub method: &'static str,
    pub channel: Option<&'a str>,
    pub priority: Priority,
    /// Of an edit: the message, and what for and since when it waits.
    pub turn: Option<(&'a str, Turn)>,
}

impl<'a> ApiCall<'a> {
    pub(super) const fn new(method: &'static str, priority: Priority) -> Self {
        Self { method, channel: None, priority, turn: None }
    }

    pub(super) const fn to(self, channel: &'a str) -> Self {
        Self { channel: Some(channel), ..self }
    }

    pub(super) const fn of(self, message: &'a str, turn: Turn) -> Self {
        Self { turn: Some((message, turn)), ..self }
    }
}

/// Lets calls out as fast as the limits allow.
pub(super) struct RateLimiter {
    limits: RateLimits,
    state: Mutex<RateState>,
}

#[derive(Default)]
struct RateState {
    methods: HashMap<&'static str, Method>,
    channels: HashMap<String, Bucket>,
    turns: Turns,
}

struct Method {
    bucket: Bucket,
    closed_until: Option<Instant>,
}

/// More than any burst has room for.
const CLOCKS_BEHIND: usize = 1_000_000;
/// Full channels are forgotten beyond this many.
const CHANNELS_REMEMBERED: usize = 1_000;

impl RateLimiter {
    pub(super) fn new(limits: RateLimits) -> Self {
        Self { limits, state: Mutex::default() }
    }

    /// Returns when the call may go; refuses with `RateLimited` where it would have to wait longer than it should.
    pub(super) async fn acquire(&self, call: ApiCall<'_>) -> Result<(), SlackError> {
        match self.reserve(call, Instant::now()) {
            Ok(Duration::ZERO) => Ok(()),
            Ok(wait) => {
                sleep(wait).await;
                Ok(())
            }
            Err(retry_after) => Err(SlackError::RateLimited { method: call.method, retry_after }),
        }
    }

    /// Slack said 429 with this `Retry-After`: it counts for the whole method in this workspace.
    pub(super) fn retry_after(&self, method: &'static str, wait: Duration, now: Instant) {
        let rate = self.limits.of(method);
        let mut state = self.lock();
        let method = state.method(method, rate, now);
        method.closed_until = method.closed_until.max(Some(now + wait));
    }

    /// Takes a place and says how long until its turn, or how long until it is worth asking again.
    fn reserve(&self, call: ApiCall<'_>, now: Instant) -> Result<Duration, Duration> {
        let patience = match call.priority {
            Priority::Call | Priority::Milestone => self.limits.patience,
            Priority::Tick | Priority::Clock => Duration::ZERO,
        };
        let in_channel = call.channel.filter(|_| call.method == "chat.postMessage");
        let (rate, channel_rate) = (self.limits.of(call.method), self.limits.posts_in_a_channel);
        let mut state = self.lock();
        let before = state.before(&call, now);
        let mut wait = state.method(call.method, rate, now).wait((call.priority, before), now);
        if let Some(channel) = in_channel {
            wait =
                wait.max(state.channel(channel, channel_rate, now).wait((call.priority, 0), now));
        }
        if wait > patience {
            return Err(wait);
        }
        if let Some((message, _)) = call.turn {
            state.turns.end(message);
        }
        state.method(call.method, rate, now).bucket.take();
        if let Some(channel) = in_channel {
            state.channel(channel, channel_rate, now).take();
        }
        Ok(wait)
    }

    fn lock(&self) -> MutexGuard<'_, RateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RateState {
    /// How many calls that wait must have room as well before this one goes.
    fn before(&mut self, call: &ApiCall<'_>, now: Instant) -> usize {
        match (call.priority, call.turn) {
            (Priority::Tick, Some((message, turn))) => self.turns.before(message, turn, now),
            // As long as a step waits, no clock goes.
            (Priority::Clock, _) if !self.turns.is_empty(now) => CLOCKS_BEHIND,
            _ => 0,
        }
    }

    fn method(&mut self, method: &'static str, rate: Rate, now: Instant) -> &mut Method {
        let fresh = || Method { bucket: Bucket::full(rate, now), closed_until: None };
        self.methods.entry(method).or_insert_with(fresh)
    }

    fn channel(&mut self, channel: &str, rate: Rate, now: Instant) -> &mut Bucket {
        if self.channels.len() > CHANNELS_REMEMBERED {
            self.channels.retain(|_, bucket| !bucket.is_full(now));
        }
        self.channels.entry(channel.to_owned()).or_insert_with(|| Bucket::full(rate, now))
    }
}

impl Method {
    /// Until it is open and there is room.
    fn wait(&mut self, place: (Priority, usize), now: Instant) -> Duration {
        let closed =
            self.closed_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        closed.max(self.bucket.wait(place, now))
    }
}

#[cfg(test)]
mod tests;
