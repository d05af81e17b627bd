//! Publishes runs: does Slack show what the database says?
//! The only writer of run threads; safe to call twice, at any time, from any process.

mod chart;
mod direct;
mod draw;
mod groups;
mod look;
mod lost;
mod queue;
mod react;
mod retry;
mod upsert;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::slack::SlackApi;
use crate::store::{Failed, LeasedThread, Store};
use crate::thread::RenderContext;

use draw::Drawn;
pub use queue::{QueueView, QueueWatch};
use retry::{Abort, pause};

/// How often the database is asked for threads that are behind.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a waiting run is left alone after Slack had no room for an edit of its clock.
const SHED_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// Threads drawn at once by one process.
const AT_ONCE: usize = 8;
/// How often the lease of a thread that is being drawn is renewed: several times in each.
const RENEW_EVERY: Duration = Duration::from_secs(4);
/// A database that takes longer counts as away.
const DATABASE_PATIENCE: Duration = Duration::from_secs(5);
/// Longer than drawing a thread takes where everything answers, however slowly.
const DRAWING_PATIENCE: Duration = Duration::from_mins(2);

/// Draws threads.
#[derive(Clone)]
pub struct Publisher {
    pub store: Store,
    pub slack: SlackApi,
    pub render: RenderContext,
    /// Who waits for a slot.
    pub queue: QueueView,
}

impl Publisher {
    /// Draws until `end`.
    pub async fn run(self, end: CancellationToken) {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        // A task for each thread: a slow one holds up no other, and one that breaks is drawn again when its lease has ended.
        let mut drawing = JoinSet::new();
        loop {
            tokio::select! {
                () = end.cancelled() => break,
                Some(drawn) = drawing.join_next() => complain(drawn),
                _ = tick.tick(), if drawing.len() < AT_ONCE => self.pass(&mut drawing).await,
            }
        }
        while let Some(drawn) = drawing.join_next().await {
            complain(drawn);
        }
    }

    /// Takes up threads that are behind.
    async fn pass(&self, drawing: &mut JoinSet<()>) {
        let room = i64::try_from(AT_ONCE - drawing.len()).unwrap_or(0);
        match timeout(DATABASE_PATIENCE, self.store.lease_threads(room)).await {
            Ok(Ok(threads)) => {
                for thread in threads {
                    let publisher = self.clone();
                    let span = tracing::info_span!("draw", run.id = %thread.run);
                    drawing.spawn(
                        async move { publisher.draw_patiently(&thread).await }.instrument(span),
                    );
                }
            }
            Ok(Err(e)) => tracing::warn!(error = %e, "could not ask which threads are behind"),
            Err(_) => tracing::warn!("the database did not say in time which threads are behind"),
        }
    }

    async fn draw_patiently(&self, thread: &LeasedThread) {
        let drawing = async {
            tokio::select! {
                () = self.draw(thread) => {}
                () = self.keep_lease(thread) => {}
            }
        };
        if timeout(DRAWING_PATIENCE, drawing).await.is_err() {
            tracing::error!("could not draw the thread of {} in time", thread.run);
            let again_at = thread.now() + pause(thread.failures);
            self.retry_later(thread, "it took too long", again_at).await;
        }
    }

    /// Renews the lease for as long as the thread is drawn, however slow Slack is. Ends where another writer has the thread.
    async fn keep_lease(&self, thread: &LeasedThread) {
        loop {
            sleep(RENEW_EVERY).await;
            match self.store.renew_lease(thread).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(e) => {
                    tracing::warn!(run.id = %thread.run, error = %e, "could not renew the lease of a thread");
                }
            }
        }
    }

    async fn draw(&self, thread: &LeasedThread) {
        let run = &thread.run;
        match self.look(thread).await {
            Ok(Drawn::UpToDate { seq, again }) => {
                if let Err(e) = self.store.thread_drawn(thread, seq, again).await {
                    // The lease ends by itself, and then the thread is looked at again.
                    tracing::warn!(run.id = %run, error = %e, "could not keep that the thread of {run} was drawn");
                }
            }
            Ok(Drawn::Waiting { until }) => {
                self.retry_later(thread, "waiting for Slack", until).await;
            }
            Ok(Drawn::Refused { error, again }) => {
                tracing::error!(run.id = %run, error = %error, "could not draw the thread of {run}");
                let paused = thread.now() + pause(thread.failures);
                let again_at = again.map_or(paused, |again| again.min(paused));
                self.retry_later(thread, &error.to_string(), again_at).await;
            }
            Err(Abort::FencedOff) => {}
            Err(Abort::Store(e)) => {
                tracing::warn!(run.id = %run, error = %e, "the database failed while the thread of {run} was drawn");
            }
        }
    }

    async fn retry_later(&self, thread: &LeasedThread, trouble: &str, again_at: DateTime<Utc>) {
        let failed = Failed { trouble, again_at };
        if let Err(e) = self.store.thread_failed(thread, failed).await {
            tracing::warn!(run.id = %thread.run, error = %e, "could not keep how the thread of {} was drawn", thread.run);
        }
    }
}

fn complain(drawn: Result<(), JoinError>) {
    if let Err(e) = drawn {
        tracing::error!(error = %e, "drawing a thread broke");
    }
}
