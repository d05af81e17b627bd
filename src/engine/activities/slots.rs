//! The slots of this process: who works in one here, and who is given one next?
//! One task of each worker looks into the queue, gives what is free to whoever is next, and says that this process lives. Waits belong to no
//! process, and the database is the truth: a worker that dies takes no place with it, and delays nobody's turn.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use temporalio_client::Client;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::bench::Bench;
use super::failure::AttemptId;
use super::this_process::{is_dead, this_process};
use crate::run::SlotLimits;
use crate::store::{AttemptKey, StoreError, WorkerProcess};

/// How often it is seen whether somebody waits. What this process itself gives back is seen at once.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Limits that are changed count after this.
const STEADY: Duration = Duration::from_millis(400);
/// How often it is said that this process lives, and those with it that work here.
const SAY_EVERY: Duration = Duration::from_secs(3);
/// What nobody needs is cleared so often.
const CLEAR_EVERY: Duration = Duration::from_hours(6);
/// What takes longer counts as away, the database or Temporal: this process must say in time that it lives, whoever is away.
const STEP_TIMEOUT: Duration = Duration::from_secs(3);

/// Attempts of this process that hold a slot.
pub struct Slots {
    /// With the attempts that it takes at once, as it was started.
    process: WorkerProcess,
    /// By how many: where an attempt is taken over, the old activity may still end here while the new one works.
    held: Mutex<HashMap<AttemptKey, u32>>,
    changed: Notify,
    limits: Mutex<SteadyLimits>,
}

/// Limits that nobody is just writing down: half a file has other ones, or none.
#[derive(Default)]
struct SteadyLimits {
    in_use: Option<SlotLimits>,
    newer: Option<(SlotLimits, Instant)>,
}

/// A slot that is worked in, for as long as this lives.
pub(super) struct HeldSlot<'a> {
    slots: &'a Slots,
    of: AttemptKey,
}

impl Drop for HeldSlot<'_> {
    fn drop(&mut self) {
        let mut held = lock(&self.slots.held);
        if let Some(by) = held.get_mut(&self.of) {
            *by -= 1;
        }
        held.retain(|_, by| *by > 0);
    }
}

impl Slots {
    #[must_use]
    pub fn new(at_once: u32) -> Self {
        Self {
            process: this_process(at_once),
            held: Mutex::default(),
            changed: Notify::new(),
            limits: Mutex::default(),
        }
    }

    pub(in crate::engine) const fn at_once(&self) -> u32 {
        self.process.slots
    }

    /// An agent or checks are at work.
    pub(super) fn hold<'a>(&self, of: impl Into<AttemptId<'a>>) -> HeldSlot<'_> {
        let of = AttemptKey::from(of.into());
        *lock(&self.held).entry(of.clone()).or_default() += 1;
        HeldSlot { slots: self, of }
    }

    /// Somebody may have come, or a slot come back.
    pub(super) fn look_again(&self) {
        self.changed.notify_one();
    }

    /// Those that are worked in here.
    fn held(&self) -> Vec<AttemptKey> {
        lock(&self.held).keys().cloned().collect()
    }
}

impl SteadyLimits {
    /// Those that are in use, once they were read: newer ones when they have stood for a while.
    fn steady(&mut self, read: SlotLimits, now: Instant) -> SlotLimits {
        let Some(in_use) = self.in_use.clone().filter(|in_use| *in_use != read) else {
            self.newer = None;
            return self.in_use.insert(read).clone();
        };
        match &self.newer {
            Some((newer, since)) if *newer == read && now.duration_since(*since) >= STEADY => {
                self.in_use.insert(read).clone()
            }
            Some((newer, _)) if *newer == read => in_use,
            _ => {
                self.newer = Some((read, now));
                in_use
            }
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bench {
    /// Serves the queue until `end`.
    pub(in crate::engine) async fn serve_queue(&self, temporal: &Client, end: CancellationToken) {
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut said, mut cleared) = (None::<Instant>, None::<Instant>);
        while !end.is_cancelled() {
            if said.is_none_or(|at| at.elapsed() >= SAY_EVERY) {
                within_time("say that this worker lives", self.say_what_lives()).await;
                within_time("say who waits on", self.keep_waits(temporal)).await;
                said = Some(Instant::now());
            }
            if cleared.is_none_or(|at| at.elapsed() >= CLEAR_EVERY) {
                within_time("clear the queue", self.store.clear_slots()).await;
                cleared = Some(Instant::now());
            }
            within_time("look into the queue", self.serve_waiting(temporal)).await;
            tokio::select! {
                () = end.cancelled() => {}
                () = self.slots.changed.notified() => {}
                _ = tick.tick() => {}
            }
        }
        let ends = self.store.forget_worker(&self.slots.process);
        within_time("say that this worker ends", ends).await;
    }

    async fn serve_waiting(&self, temporal: &Client) -> Result<(), StoreError> {
        if !self.store.anybody_waits().await? {
            return Ok(());
        }
        let read = self.projects.current().queue.slots.clone();
        let limits = lock(&self.slots.limits).steady(read, Instant::now());
        self.store.grant_slots(&limits).await?;
        self.end_waits(temporal).await
    }

    async fn say_what_lives(&self) -> Result<(), StoreError> {
        let here = &self.slots.process;
        // A limit that was lowered counts at once; for a higher one this process must be started anew.
        let slots = here.slots.min(self.agent_slots());
        self.store.see_worker(&WorkerProcess { slots, ..here.clone() }).await?;
        let held = self.slots.held();
        if !held.is_empty() {
            self.store.see_slots(&held).await?;
        }
        for worker in self.store.workers().await? {
            if is_dead(&worker, here) {
                self.store.forget_worker(&worker).await?;
            }
        }
        Ok(())
    }

    /// Attempts that a worker of this machine should take at once.
    fn agent_slots(&self) -> u32 {
        self.agent_slots.unwrap_or_else(|| self.projects.current().queue.per_host)
    }
}

/// The queue waits for nobody: what fails now is done at the next look.
async fn within_time<T>(what: &str, work: impl Future<Output = Result<T, StoreError>>) {
    match timeout(STEP_TIMEOUT, work).await {
        Ok(Ok(_)) => {}
        Ok(Err(e)) => tracing::warn!(error = %e, "could not {what}"),
        Err(_) => tracing::warn!("could not {what} in time"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_count_once_they_have_stood_for_a_while() {
        let of = |at_once| SlotLimits { at_once, ..SlotLimits::default() };
        let (mut limits, start) = (SteadyLimits::default(), Instant::now());
        let mut at = |ms, read| limits.steady(of(read), start + Duration::from_millis(ms)).at_once;
        assert_eq!(at(0, Some(1)), Some(1));
        // A file that is being written is empty for a moment.
        assert_eq!(at(250, None), Some(1));
        assert_eq!(at(500, Some(2)), Some(1));
        assert_eq!(at(750, Some(2)), Some(1));
        assert_eq!(at(1_000, Some(2)), Some(2));
    }

    #[test]
    fn an_attempt_is_held_until_the_last_that_works_in_it_ends() {
        let (run, stage) =
            ("tale-k3f9qdx".parse().expect("a name"), "draft".parse().expect("a name"));
        let (slots, of) = (Slots::new(2), AttemptId { run: &run, stage: &stage, attempt: 1 });
        let (old, new) = (slots.hold(of), slots.hold(of));
        drop(old);
        assert_eq!(slots.held(), [AttemptKey::from(of)]);
        drop(new);
        assert_eq!(slots.held(), []);
    }
}
