//! Retention: when does a worker throw away by itself what old runs left?
//! Soon after its start and then once a day, by `[retention]`: what is in the artifact store, and what is on its own disk. One worker at a
//! time; the others go on with their own disks after it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::commands::{PruneError, PruneLimits, PruneOutcome, Pruner};
use crate::config::{ByteSize, LiveProjects, Retention};
use crate::store::Store;
use crate::workspace::Archive;

/// A worker that only passes by throws nothing away.
const AFTER_START: Duration = Duration::from_mins(2);
const INTERVAL: Duration = Duration::from_hours(24);
/// Where another worker is at it, or something does not answer.
const RETRY_INTERVAL: Duration = Duration::from_mins(15);

/// What a worker keeps within its limits.
pub struct DailyPrune {
    pub store: Store,
    pub archive: Archive,
    pub projects: LiveProjects,
    pub clock: fn() -> DateTime<Utc>,
}

/// What is kept, as of now.
pub fn limits(retention: Retention, now: DateTime<Utc>) -> PruneLimits {
    PruneLimits {
        ended_before: retention.days.map(|days| now - TimeDelta::days(days.into())),
        bytes: retention.bytes.map(|bytes| bytes.0),
        only_copies: false,
    }
}

impl DailyPrune {
    /// Until `end`.
    pub async fn run(self, end: CancellationToken) {
        let mut pause = AFTER_START;
        loop {
            tokio::select! {
                () = end.cancelled() => break,
                () = sleep(pause) => {}
            }
            // What is broken off is finished the next time.
            let Some(done) = end.run_until_cancelled(self.prune()).await else { break };
            pause = match done {
                Ok(true) => INTERVAL,
                Ok(false) => RETRY_INTERVAL,
                Err(error) => {
                    tracing::warn!(%error, "could not throw away what old runs left");
                    RETRY_INTERVAL
                }
            };
        }
    }

    /// False where another one is at it.
    async fn prune(&self) -> Result<bool, PruneError> {
        let now = (self.clock)();
        let pruner = Pruner { store: &self.store, archive: &self.archive };
        let retention = self.projects.current().retention;
        let PruneOutcome::Pruned(report) = pruner.prune(limits(retention, now), now).await? else {
            return Ok(false);
        };
        if !report.gone.is_empty() {
            let (runs, bytes) = (report.gone.len(), ByteSize(report.bytes()));
            tracing::info!("threw away what {runs} old runs left: {bytes}");
        }
        Ok(true)
    }
}
