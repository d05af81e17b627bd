//! Exponential back-off with jitter: how long to wait before the next attempt to reconnect?

use std::time::Duration;

/// Ever longer, and never the same for two that lost their connections in one moment.
pub(super) struct Backoff {
    shortest: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new((shortest, longest): (Duration, Duration)) -> Self {
        Self { shortest, longest, next: shortest }
    }

    pub(super) fn reset(&mut self) {
        self.next = self.shortest;
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = self.next.mul_f64(rand::random_range(0.5..=1.0));
        self.next = (self.next * 2).min(self.longest);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_begin_anew() {
        let mut backoff = Backoff::new((Duration::from_secs(1), Duration::from_secs(30)));
        for most in [1, 2, 4, 8, 16, 30, 30] {
            let pause = backoff.next();
            assert!(
                pause <= Duration::from_secs(most) && pause >= Duration::from_secs(most) / 2,
                "{pause:?}"
            );
        }
        backoff.reset();
        assert!(backoff.next() <= Duration::from_secs(1));
    }
}
