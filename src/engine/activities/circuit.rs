//! Circuit breakers: what did not work here lately, and when may it be tried again?
//! Nobody can see from outside that a key is taken again: one run tries, after a while that grows with every failure.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::retry_policy::{FIRST_CIRCUIT_BACKOFF, LONGEST_CIRCUIT_BACKOFF};
use crate::run::RunId;

/// What did not work.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum WorkerPart {
    /// The key of the model's provider, for every run.
    Key,
    /// Something that only this run is known to need.
    Of(RunId),
}

/// Those of one worker.
#[derive(Debug, Default)]
pub struct Circuits(Mutex<HashMap<WorkerPart, Circuit>>);

#[derive(Debug)]
struct Circuit {
    why: String,
    since: Instant,
    backoff: Duration,
}

impl Circuits {
    /// It failed: nobody tries it here for a while. Whoever was at it before that was known says nothing new.
    pub(super) fn open(&self, part: WorkerPart, why: String, now: Instant) {
        let mut circuits = self.lock();
        if circuits.get(&part).is_some_and(|circuit| circuit.is_open(now)) {
            return;
        }
        let before = circuits.get(&part).map(|circuit| circuit.backoff * 2);
        let backoff = before.unwrap_or(FIRST_CIRCUIT_BACKOFF).min(LONGEST_CIRCUIT_BACKOFF);
        circuits.insert(part, Circuit { why, since: now, backoff });
    }

    /// It works.
    pub(super) fn close(&self, part: &WorkerPart) {
        self.lock().remove(part);
    }

    /// Why it failed, for as long as it is not to be tried.
    pub(super) fn why(&self, part: &WorkerPart, now: Instant) -> Option<String> {
        let circuits = self.lock();
        let open = circuits.get(part).filter(|circuit| circuit.is_open(now));
        open.map(|circuit| circuit.why.clone())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<WorkerPart, Circuit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Circuit {
    fn is_open(&self, now: Instant) -> bool {
        now.duration_since(self.since) < self.backoff
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_tried_less_and_less_often_until_it_works() {
        let circuits = Circuits::default();
        let start = Instant::now();
        let refused = |at| circuits.open(WorkerPart::Key, "invalid x-api-key".to_owned(), at);
        let is_open = |at| circuits.why(&WorkerPart::Key, at).is_some();
        refused(start);
        refused(start);
        assert_eq!(circuits.why(&WorkerPart::Key, start).as_deref(), Some("invalid x-api-key"));
        let run = "tale-k3f9qdx".parse().expect("an id");
        assert_eq!(circuits.why(&WorkerPart::Of(run), start), None);
        let again = start + FIRST_CIRCUIT_BACKOFF;
        assert!(!is_open(again));
        refused(again);
        assert!(is_open(again + FIRST_CIRCUIT_BACKOFF), "it failed twice");
        circuits.close(&WorkerPart::Key);
        assert!(!is_open(again));
        refused(again);
        assert!(!is_open(again + FIRST_CIRCUIT_BACKOFF), "it is new trouble");
    }
}
