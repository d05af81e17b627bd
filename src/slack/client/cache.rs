//! Caches answers: what did Slack say a moment ago?
//! Answers only, never failures: what could not be asked is asked again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Beyond this many the cache is emptied: asking again costs less than keeping track of the oldest.
const MOST: usize = 5_000;

/// Answers by what was asked, each for a while.
pub(super) struct Cache<T> {
    ttl: Duration,
    answers: Mutex<HashMap<String, (Instant, T)>>,
}

impl<T: Clone> Cache<T> {
    pub(super) fn with_ttl(ttl: Duration) -> Self {
        Self { ttl, answers: Mutex::default() }
    }

    pub(super) fn get(&self, asked: &str, now: Instant) -> Option<T> {
        self.lock()
            .get(asked)
            .filter(|(since, _)| now.duration_since(*since) < self.ttl)
            .map(|(_, answer)| answer.clone())
    }

    /// `asked_at`: an answer is as old as its question.
    pub(super) fn insert(&self, asked: &str, answer: T, asked_at: Instant) {
        let mut answers = self.lock();
        if answers.len() >= MOST {
            answers.clear();
        }
        answers.insert(asked.to_owned(), (asked_at, answer));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Instant, T)>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_for_a_while() {
        let cache = Cache::with_ttl(Duration::from_mins(5));
        let asked = Instant::now();
        cache.insert("S1", vec!["U1"], asked);
        assert_eq!(cache.get("S1", asked + Duration::from_secs(299)), Some(vec!["U1"]));
        assert_eq!(cache.get("S1", asked + Duration::from_mins(5)), None);
        assert_eq!(cache.get("S2", asked), None);
    }

    #[test]
    fn answers_do_not_pile_up() {
        let cache = Cache::with_ttl(Duration::from_mins(5));
        let now = Instant::now();
        for n in 0..12_000 {
            cache.insert(&format!("U{n}"), n, now);
        }
        assert!(cache.lock().len() <= MOST);
        assert_eq!(cache.get("U11999", now), Some(11_999));
    }
}
