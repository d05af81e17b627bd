//! Health of Socket Mode: does Slack reach us?

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Without a connection for longer than this, somebody has to look.
const SILENCE: Duration = Duration::from_mins(1);

/// How the connections stand. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct SocketHealth(Arc<Mutex<HealthState>>);

#[derive(Debug, Default)]
struct HealthState {
    connections: usize,
    last_hello: Option<Instant>,
    /// When the last connection was lost.
    alone_since: Option<Instant>,
    refused: bool,
}

impl SocketHealth {
    /// Connections that Slack said hello on and that are not lost.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.state().connections
    }

    /// Time since Slack last said hello; none if it never did.
    #[must_use]
    pub fn hello_age(&self) -> Option<Duration> {
        self.state().last_hello.map(|at| at.elapsed())
    }

    /// Whether requests arrive: Slack said hello, and a connection is there or was a minute ago.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.state().is_well(Instant::now())
    }

    pub(super) fn hello(&self) {
        self.state().hello(Instant::now());
    }

    pub(super) fn lost(&self) {
        self.state().lost(Instant::now());
    }

    /// Slack wants no connection of ours. True where that is news.
    pub(super) fn refused(&self) -> bool {
        !std::mem::replace(&mut self.state().refused, true)
    }

    fn state(&self) -> MutexGuard<'_, HealthState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HealthState {
    fn hello(&mut self, now: Instant) {
        *self = Self {
            connections: self.connections + 1,
            last_hello: Some(now),
            alone_since: None,
            refused: false,
        };
    }

    fn lost(&mut self, now: Instant) {
        self.connections -= 1;
        self.alone_since = (self.connections == 0).then_some(now);
    }

    fn is_well(&self, now: Instant) -> bool {
        self.connections > 0 || self.alone_since.is_some_and(|at| now.duration_since(at) <= SILENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_alone_is_too_long() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut state = HealthState::default();
        assert!(!state.is_well(start), "nobody has said hello yet");
        state.hello(start);
        state.hello(at(1));
        state.lost(at(1_000));
        assert!(state.is_well(at(9_000)), "a connection may be old");
        state.lost(at(9_000));
        assert!(state.is_well(at(9_060)));
        assert!(!state.is_well(at(9_061)));
        state.hello(at(9_070));
        assert!(state.is_well(at(99_000)));
    }

    #[test]
    fn being_refused_is_news_once() {
        let health = SocketHealth::default();
        assert_eq!((health.refused(), health.refused()), (true, false));
        health.hello();
        assert!(health.refused());
    }
}
