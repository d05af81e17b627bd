//! The queue as threads show it: who waits for a slot, and whose place on a card is out of date?
//! Read once a second for all threads together. A thread is drawn anew where its place has changed, those far behind once a minute.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::DATABASE_PATIENCE;
use crate::config::LiveProjects;
use crate::run::{QueuePlace, QueuedAttempt, Run, RunId, SlotSpans};
use crate::store::{Store, StoreError};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long slots are held changes slowly.
const SPANS_EVERY: Duration = Duration::from_secs(30);
/// Whoever is nearer sees each step of the queue; edits are few, and those behind have time.
const NEAR: usize = 10;
const FAR_EVERY: Duration = Duration::from_mins(1);

/// The newest look at the queue; cheap to clone.
#[derive(Clone, Default)]
pub struct QueueView(Arc<RwLock<Arc<BTreeMap<RunId, QueuedAttempt>>>>);

impl QueueView {
    /// None where it waits no more, whatever was seen a moment ago.
    pub(super) fn of(&self, run: &Run) -> Option<QueuedAttempt> {
        let queued = self.0.read().unwrap_or_else(PoisonError::into_inner).get(run.id()).cloned();
        queued.filter(|it| run.wants_slot(it))
    }

    fn set(&self, queued: BTreeMap<RunId, QueuedAttempt>) -> Arc<BTreeMap<RunId, QueuedAttempt>> {
        let queued = Arc::new(queued);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&queued);
        queued
    }
}

/// Looks into the queue for all threads.
pub struct QueueWatch {
    pub store: Store,
    pub projects: LiveProjects,
    pub view: QueueView,
}

/// The place that a thread was last drawn anew for.
struct Told {
    place: QueuePlace,
    at: Instant,
}

impl QueueWatch {
    /// Looks until `end`.
    pub async fn run(self, end: CancellationToken) {
        let mut tick = interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told, mut spans) = (HashMap::new(), None);
        loop {
            tokio::select! {
                () = end.cancelled() => return,
                _ = tick.tick() => {}
            }
            match timeout(DATABASE_PATIENCE, self.look(&mut told, &mut spans)).await {
                Ok(Ok(())) => {}
                Ok(Err(e)) => tracing::warn!(error = %e, "could not look into the queue"),
                Err(_) => tracing::warn!("the database did not say in time who waits for a slot"),
            }
        }
    }

    async fn look(
        &self,
        told: &mut HashMap<RunId, Told>,
        spans: &mut Option<(Instant, SlotSpans)>,
    ) -> Result<(), StoreError> {
        let mut queue = self.store.queue(&self.projects.current().queue.slots).await?;
        if queue.waiting() > 0 {
            let known = spans.take().filter(|(at, _)| at.elapsed() < SPANS_EVERY);
            let (at, newest) = match known {
                Some(known) => known,
                None => (Instant::now(), self.store.slot_spans().await?),
            };
            queue.spans = newest.clone();
            *spans = Some((at, newest));
        }
        let queued = self.view.set(queue.queued());
        let changed = out_of_date(told, &queued, Instant::now());
        if !changed.is_empty() {
            self.store.redraw_now(&changed).await?;
        }
        Ok(())
    }
}

/// The runs whose threads should be drawn anew; they count as told.
fn out_of_date(
    told: &mut HashMap<RunId, Told>,
    queued: &BTreeMap<RunId, QueuedAttempt>,
    now: Instant,
) -> Vec<RunId> {
    let gone: Vec<RunId> = told.keys().filter(|run| !queued.contains_key(*run)).cloned().collect();
    told.retain(|run, _| queued.contains_key(run));
    let changed = queued
        .iter()
        .filter(|(run, it)| told.get(*run).is_none_or(|told| is_worth_an_edit(told, &it.at, now)));
    let changed: Vec<RunId> = changed.map(|(run, _)| run.clone()).collect();
    for run in &changed {
        let place = queued[run].at.clone();
        told.insert(run.clone(), Told { place, at: now });
    }
    gone.into_iter().chain(changed).collect()
}

fn is_worth_an_edit(told: &Told, place: &QueuePlace, now: Instant) -> bool {
    let differs = (told.place.place, &told.place.because) != (place.place, &place.because);
    let moved = differs && place.place <= NEAR;
    let minute = |place: &QueuePlace| place.seconds.map(|seconds| seconds / 60);
    let seen = |place: &QueuePlace| (place.place, place.of, place.because.clone(), minute(place));
    let long_ago = now.duration_since(told.at) >= FAR_EVERY;
    moved || (long_ago && seen(&told.place) != seen(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::WaitsBecause;

    fn queued(places: &[(&str, usize)]) -> BTreeMap<RunId, QueuedAttempt> {
        let one = |(run, place): &(&str, usize)| {
            let because = WaitsBecause::Busy { slots: 2 };
            let at = QueuePlace { place: *place, of: 40, because, seconds: Some(60) };
            let stage = "only".parse().expect("a name");
            (run.parse().expect("a name"), QueuedAttempt { stage, attempt: 1, at })
        };
        places.iter().map(one).collect()
    }

    #[test]
    fn who_is_near_sees_each_step_and_who_is_far_one_a_minute() {
        let (mut told, start) = (HashMap::new(), Instant::now());
        let mut changed = |seconds, places: &[_]| -> Vec<String> {
            let now = start + Duration::from_secs(seconds);
            let changed = out_of_date(&mut told, &queued(places), now);
            changed.iter().map(ToString::to_string).collect()
        };
        assert_eq!(changed(0, &[("near", 3), ("far", 30)]), ["far", "near"]);
        assert_eq!(changed(1, &[("near", 3), ("far", 30)]), [""; 0]);
        assert_eq!(changed(2, &[("near", 2), ("far", 29)]), ["near"]);
        assert_eq!(changed(61, &[("near", 2), ("far", 29)]), ["far"]);
        assert_eq!(changed(62, &[("far", 29)]), ["near"]);
    }
}
