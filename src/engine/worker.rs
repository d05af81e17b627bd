//! Who carries runs on?
//! One process with a few agent slots; it may die at any moment, and another takes over.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use temporalio_client::Client;
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::{Runtime, Worker as TemporalWorker, WorkerOptions};
use tokio_util::sync::CancellationToken;

use super::activities::Activities;
use super::develop::Develop;
use crate::agent::ModelAccess;
use crate::sandbox::Sandbox;
use crate::store::Store;

/// Parallel agents of one worker; the SDK's default of 100 would take the machine down.
pub const AGENT_SLOTS: usize = 2;
/// After a request to end, agents get this long before they are interrupted; their runs go on elsewhere.
const GRACE: Duration = Duration::from_secs(3);
/// A cancelled activity learns of it with a heartbeat's answer: this bounds how long a stop takes.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(1);

/// What a worker works with.
pub struct Bench {
    pub store: Store,
    /// `$SIGNOFF_HOME/runs`.
    pub runs: PathBuf,
    pub sandbox: Sandbox,
    /// The operator said that a real model may run without a box.
    pub no_sandbox: bool,
    /// A real model or a scripted one; which of them decides what runs this worker takes.
    pub model: ModelAccess,
    /// The model a pipeline gets that names none: the scenario's, in a rehearsal. The CLI's prices follow the model it asks for.
    pub usual_model: Option<String>,
    /// The Claude Code program, where there is one.
    pub claude: Option<PathBuf>,
    /// The worker is ending: what is interrupted now goes on elsewhere.
    pub draining: CancellationToken,
}

/// A worker that is connected.
pub struct Worker {
    worker: TemporalWorker,
    draining: CancellationToken,
}

impl Worker {
    /// `max_cached` runs are kept in memory; 0 replays a run's whole history for every step of it.
    pub fn new(client: Client, task_queue: &str, bench: Bench, max_cached: usize) -> Result<Self> {
        let draining = bench.draining.clone();
        let options = RuntimeOptions::builder().build().map_err(|e| anyhow!(e))?;
        let runtime = Runtime::from_current_tokio(options).context("starting Temporal's runtime")?;
        let slots = FixedSizeSlotSupplier::new;
        let options = WorkerOptions::new(task_queue)
            .register_activities(Activities { bench: Arc::new(bench) })
            .register_workflow::<Develop>()
            .context("registering the workflow")?
            .tuner(
                TunerHolder::builder()
                    .workflow_task_slot_supplier(slots(20))
                    .activity_task_slot_supplier(slots(AGENT_SLOTS))
                    .local_activity_task_slot_supplier(slots(20))
                    .nexus_task_slot_supplier(slots(1))
                    .build(),
            )
            .max_cached_workflows(max_cached)
            .max_heartbeat_throttle_interval(HEARTBEAT_EVERY)
            .default_heartbeat_throttle_interval(HEARTBEAT_EVERY)
            .graceful_shutdown_period(GRACE)
            .build();
        let worker = TemporalWorker::new(&runtime, client, options).map_err(|e| anyhow!("{e}")).context("starting the worker")?;
        Ok(Self { worker, draining })
    }

    /// Works until `end`; then lets go of its runs in good order.
    pub async fn run(mut self, end: CancellationToken) -> Result<()> {
        let shutdown = self.worker.shutdown_handle();
        let draining = self.draining.clone();
        let watch = async move {
            end.cancelled().await;
            draining.cancel();
            shutdown();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            done = self.worker.run() => done.map_err(|e| anyhow!("{e}")).context("working for Temporal"),
            () = watch => unreachable!("waits for ever"),
        }
    }
}
