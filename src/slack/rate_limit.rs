//! May this call go out now?
//! Slack limits each method per workspace, and posts per channel too; ticks make way so that gates and endings always find room.
//! One process's view: several share Slack's allowance, and a 429 teaches each of them. <https://docs.slack.dev/apis/web-api/rate-limits>

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::SlackError;

/// How much a request matters. The first two wait a moment for room; a tick is dropped, because a newer one will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// A question or an ending: somebody is called, or waits for it.
    Call,
    /// Must be shown, in order, but nobody holds their breath.
    Milestone,
    /// Progress; the next one replaces it.
    Tick,
}

/// So many calls a minute, and so many at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub per_minute: f64,
    pub burst: f64,
}

/// How fast each kind of call may go.
#[derive(Clone, Debug, PartialEq)]
pub struct Pacing {
    pub posts_in_a_channel: Rate,
    pub posts: Rate,
    pub edits: Rate,
    pub reads: Rate,
    /// Slack's second tier: what should be asked rarely.
    pub rare: Rate,
    pub others: Rate,
    /// The longest a gate or milestone waits inside a call; beyond that the caller is told when to come back.
    pub patience: Duration,
}

impl Pacing {
    /// About four fifths of what Slack allows. The cap on a workspace's posts is unpublished ("several hundred a minute").
    #[must_use]
    pub fn slack() -> Self {
        Self {
            posts_in_a_channel: Rate { per_minute: 60.0, burst: 3.0 },
            posts: Rate { per_minute: 240.0, burst: 10.0 },
            edits: Rate { per_minute: 40.0, burst: 10.0 },
            reads: Rate { per_minute: 40.0, burst: 10.0 },
            rare: Rate { per_minute: 16.0, burst: 5.0 },
            others: Rate { per_minute: 80.0, burst: 10.0 },
            patience: Duration::from_secs(3),
        }
    }

    /// For emulators, which do not mind.
    #[must_use]
    pub fn generous() -> Self {
        let rate = Rate { per_minute: 60_000.0, burst: 1_000.0 };
        Self {
            posts_in_a_channel: rate,
            posts: rate,
            edits: rate,
            reads: rate,
            rare: rate,
            others: rate,
            patience: Duration::from_secs(3),
        }
    }

    fn of(&self, method: &str) -> Rate {
        match method {
            "chat.postMessage" => self.posts,
            "chat.update" => self.edits,
            "conversations.replies"
            | "conversations.history"
            | "conversations.open"
            | "reactions.add"
            | "bots.info" => self.reads,
            "usergroups.users.list" => self.rare,
            _ => self.others,
        }
    }
}

/// A call of one of Slack's methods that wants to go out.
#[derive(Clone, Copy, Debug)]
pub(super) struct ApiCall<'a> {
    pub method: &'static str,
    pub channel: Option<&'a str>,
    pub priority: Priority,
}

pub(super) struct Pacer {
    pacing: Pacing,
    state: Mutex<RateState>,
}

#[derive(Default)]
struct RateState {
    methods: HashMap<&'static str, Method>,
    channels: HashMap<String, Bucket>,
}

struct Method {
    bucket: Bucket,
    closed_until: Option<Instant>,
}

/// Full channels are forgotten beyond this many.
const CHANNELS_REMEMBERED: usize = 1_000;

impl Pacer {
    pub(super) fn new(pacing: Pacing) -> Self {
        Self { pacing, state: Mutex::default() }
    }

    /// Returns when the call may go; refuses with `RateLimited` where it would have to wait longer than it should.
    pub(super) async fn admit(&self, call: ApiCall<'_>) -> Result<(), SlackError> {
        match self.reserve(call, Instant::now()) {
            Ok(Duration::ZERO) => Ok(()),
            Ok(wait) => {
                sleep(wait).await;
                Ok(())
            }
            Err(retry_after) => Err(SlackError::RateLimited { method: call.method, retry_after }),
        }
    }

    /// Slack said 429: it counts for the whole method in this workspace.
    pub(super) fn closed(&self, method: &'static str, retry_after: Duration, now: Instant) {
        let rate = self.pacing.of(method);
        let mut state = self.lock();
        let method = state
            .methods
            .entry(method)
            .or_insert_with(|| Method { bucket: Bucket::full(rate, now), closed_until: None });
        method.closed_until = method.closed_until.max(Some(now + retry_after));
    }

    /// Takes a place and says how long until its turn, or how long until it is worth asking again.
    fn reserve(&self, call: ApiCall<'_>, now: Instant) -> Result<Duration, Duration> {
        let patience =
            if call.priority == Priority::Tick { Duration::ZERO } else { self.pacing.patience };
        let in_channel = call.channel.filter(|_| call.method == "chat.postMessage");
        let mut guard = self.lock();
        let RateState { methods, channels } = &mut *guard;
        let rate = self.pacing.of(call.method);
        let method = methods
            .entry(call.method)
            .or_insert_with(|| Method { bucket: Bucket::full(rate, now), closed_until: None });
        if channels.len() > CHANNELS_REMEMBERED {
            channels.retain(|_, bucket| !bucket.is_full(now));
        }
        let mut channel = in_channel.map(|name| {
            channels
                .entry(name.to_owned())
                .or_insert_with(|| Bucket::full(self.pacing.posts_in_a_channel, now))
        });

        let closed = method
            .closed_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let crowded =
            channel.as_mut().map_or(Duration::ZERO, |bucket| bucket.wait(call.priority, now));
        let wait = closed.max(crowded).max(method.bucket.wait(call.priority, now));
        if wait > patience {
            return Err(wait);
        }
        method.bucket.tokens -= 1.0;
        if let Some(bucket) = channel {
            bucket.tokens -= 1.0;
        }
        Ok(wait)
    }

    fn lock(&self) -> MutexGuard<'_, RateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token bucket. It may go below zero: those are places taken by calls that wait for their turn.
struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: rate.burst, at: now }
    }

    fn refill(&mut self, now: Instant) {
        let minutes = now.saturating_duration_since(self.at).as_secs_f64() / 60.0;
        self.tokens = (self.tokens + minutes * self.rate.per_minute).min(self.rate.burst);
        self.at = now;
    }

    fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.tokens >= self.rate.burst
    }

    /// Ticks leave four tenths of the burst to others, milestones one tenth to gates.
    fn wait(&mut self, priority: Priority, now: Instant) -> Duration {
        self.refill(now);
        let left_to_others = match priority {
            Priority::Call => 0.0,
            Priority::Milestone => (self.rate.burst * 0.1).floor(),
            Priority::Tick => (self.rate.burst * 0.4).floor(),
        };
        let missing = 1.0 + left_to_others - self.tokens;
        if missing <= 0.0 {
            Duration::ZERO
        } else {
            Duration::from_secs_f64(missing / self.rate.per_minute * 60.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(channel: &str, priority: Priority) -> ApiCall<'_> {
        ApiCall { method: "chat.postMessage", channel: Some(channel), priority }
    }

    fn edit(priority: Priority) -> ApiCall<'static> {
        ApiCall { method: "chat.update", channel: Some("C1"), priority }
    }

    fn seconds(result: Result<Duration, Duration>) -> Result<u64, u64> {
        result.map(|wait| wait.as_secs()).map_err(|wait| wait.as_secs())
    }

    #[test]
    fn a_channel_takes_three_posts_at_once_then_one_a_second() {
        let pacer = Pacer::new(Pacing::slack());
        let now = Instant::now();
        let waits: Vec<_> =
            (0..7).map(|_| seconds(pacer.reserve(post("C1", Priority::Milestone), now))).collect();
        assert_eq!(waits, [Ok(0), Ok(0), Ok(0), Ok(1), Ok(2), Ok(3), Err(4)]);
        assert_eq!(
            seconds(pacer.reserve(post("C2", Priority::Milestone), now)),
            Ok(0),
            "another channel is free"
        );
        assert_eq!(
            seconds(pacer.reserve(post("C1", Priority::Milestone), now + Duration::from_secs(6))),
            Ok(0),
            "time makes room"
        );
    }

    #[test]
    fn ticks_are_turned_away_while_gates_still_find_room() {
        let pacer = Pacer::new(Pacing::slack());
        let now = Instant::now();
        let ticks =
            (0..50).take_while(|_| pacer.reserve(edit(Priority::Tick), now).is_ok()).count();
        assert_eq!(ticks, 6);
        assert!(pacer.reserve(edit(Priority::Tick), now).is_err_and(|wait| wait > Duration::ZERO));
        let milestones = (0..50)
            .take_while(|_| pacer.reserve(edit(Priority::Milestone), now) == Ok(Duration::ZERO))
            .count();
        assert_eq!(milestones, 3);
        assert_eq!(
            pacer.reserve(edit(Priority::Call), now).map(|wait| wait < Duration::from_secs(3)),
            Ok(true)
        );
    }

    #[test]
    fn a_minute_of_edits_stays_below_slacks_limit() {
        let pacer = Pacer::new(Pacing::slack());
        let start = Instant::now();
        let edits = (0..600u64)
            .filter(|tenth| {
                pacer
                    .reserve(edit(Priority::Tick), start + Duration::from_millis(tenth * 100))
                    .is_ok()
            })
            .count();
        assert!((40..=50).contains(&edits), "{edits} edits in a minute");
    }

    #[test]
    fn retry_after_closes_the_method_for_everybody() {
        let pacer = Pacer::new(Pacing::slack());
        let now = Instant::now();
        pacer.closed("chat.update", Duration::from_secs(30), now);
        pacer.closed("chat.update", Duration::from_secs(5), now);
        assert_eq!(seconds(pacer.reserve(edit(Priority::Call), now)), Err(30));
        assert_eq!(
            seconds(pacer.reserve(post("C1", Priority::Call), now)),
            Ok(0),
            "another method is open"
        );
        assert_eq!(
            seconds(pacer.reserve(edit(Priority::Call), now + Duration::from_secs(28))),
            Ok(2)
        );
        assert_eq!(
            seconds(pacer.reserve(edit(Priority::Tick), now + Duration::from_secs(31))),
            Ok(0)
        );
    }

    #[test]
    fn channels_do_not_pile_up() {
        let pacer = Pacer::new(Pacing::generous());
        let now = Instant::now();
        for n in 0..3_000u64 {
            let _ =
                pacer.reserve(post(&format!("C{n}"), Priority::Call), now + Duration::from_secs(n));
        }
        assert!(pacer.lock().channels.len() <= CHANNELS_REMEMBERED + 1);
    }
}
