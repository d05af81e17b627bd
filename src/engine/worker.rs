//! The worker of Temporal: who carries runs on?
//! One process with a few agent slots; it may die at any moment, and another takes over.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use temporalio_client::Client;
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::{Runtime, Worker as TemporalWorker, WorkerOptions};
use tokio_util::sync::CancellationToken;

use super::activities::{Activities, Bench};
use super::retry_policy::{HEARTBEAT_THROTTLE, SHUTDOWN_GRACE};
use super::workflow::Develop;
use super::{beside_of, records_of, slots_of};

/// Workflow tasks that one worker handles at the same time.
const WORKFLOW_SLOTS: usize = 20;
/// Records that one worker writes at the same time. More of them would only wait for a connection to the database.
const RECORD_SLOTS: usize = 8;
/// Attempts that ask for a slot here at the same time; while they wait, they need nothing of this process.
const SLOT_ASKS: usize = 8;
/// What is done beside attempts at the same time: deliveries, hand-outs, looks at a host.
const BESIDE_SLOTS: usize = 4;

/// A worker that is connected.
pub struct Worker {
    runs: TemporalWorker,
    records: TemporalWorker,
    slots: TemporalWorker,
    beside: TemporalWorker,
    bench: Arc<Bench>,
    temporal: Client,
    draining: CancellationToken,
}

impl Worker {
    /// `max_cached` runs are kept in memory; 0 replays a run's whole history for every step of it.
    pub fn new(client: &Client, task_queue: &str, bench: Bench, max_cached: usize) -> Result<Self> {
        let draining = bench.draining.clone();
        let options = RuntimeOptions::builder().build().map_err(|e| anyhow!(e))?;
        let runtime =
            Runtime::from_current_tokio(options).context("starting Temporal's runtime")?;
        let bench = Arc::new(bench);
        let start = |options| {
            TemporalWorker::new(&runtime, client.clone(), options)
                .map_err(|e| anyhow!("{e}"))
                .context("starting the worker")
        };
        let runs = start(run_options(task_queue, Arc::clone(&bench), max_cached)?)?;
        let records = start(record_options(task_queue, Arc::clone(&bench)))?;
        let slots = start(await_slot_options(task_queue, Arc::clone(&bench)))?;
        let beside = start(beside_options(task_queue, Arc::clone(&bench)))?;
        Ok(Self { runs, records, slots, beside, bench, temporal: client.clone(), draining })
    }

    /// Works until `end`; then shuts down gracefully.
    pub async fn run(mut self, end: CancellationToken) -> Result<()> {
        let all = [&self.runs, &self.records, &self.slots, &self.beside];
        let shutdowns = all.map(TemporalWorker::shutdown_handle);
        let (bench, temporal, ended) =
            (Arc::clone(&self.bench), self.temporal.clone(), end.clone());
        let serving = tokio::spawn(async move { bench.serve_queue(&temporal, ended).await });
        // It ends with this worker. Were it to break alone, this worker would count as dead, and nobody might get a slot.
        let broken = async {
            match serving.await {
                Ok(()) => std::future::pending().await,
                Err(e) => anyhow::Error::new(e).context("serving the queue"),
            }
        };
        let draining = self.draining.clone();
        let drain = async move {
            end.cancelled().await;
            draining.cancel();
            for shutdown in &shutdowns {
                shutdown();
            }
            std::future::pending::<()>().await;
        };
        let all = async {
            tokio::try_join!(
                self.runs.run(),
                self.records.run(),
                self.slots.run(),
                self.beside.run()
            )
        };
        tokio::select! {
            done = all => done.map(drop).map_err(|e| anyhow!("{e}")).context("working for Temporal"),
            () = drain => unreachable!("waits for ever"),
            e = broken => Err(e),
        }
    }
}

/// Workflows and the activities of attempts.
fn run_options(task_queue: &str, bench: Arc<Bench>, max_cached: usize) -> Result<WorkerOptions> {
    let attempts = usize::try_from(bench.slots.at_once()).unwrap_or(1);
    let options = WorkerOptions::new(task_queue)
        .register_activities(Activities { bench })
        .register_workflow::<Develop>()
        .context("registering the workflow")?;
    Ok(options
        .tuner(slots(attempts))
        .max_cached_workflows(max_cached)
        .max_heartbeat_throttle_interval(HEARTBEAT_THROTTLE)
        .default_heartbeat_throttle_interval(HEARTBEAT_THROTTLE)
        .graceful_shutdown_period(SHUTDOWN_GRACE)
        .build())
}

/// The activity `record`, on a task queue of its own.
fn record_options(task_queue: &str, bench: Arc<Bench>) -> WorkerOptions {
    WorkerOptions::new(records_of(task_queue))
        .register_activities(Activities { bench })
        .tuner(slots(RECORD_SLOTS))
        .graceful_shutdown_period(SHUTDOWN_GRACE)
        .build()
}

/// The activity `await_slot`, on a task queue of its own.
fn await_slot_options(task_queue: &str, bench: Arc<Bench>) -> WorkerOptions {
    WorkerOptions::new(slots_of(task_queue))
        .register_activities(Activities { bench })
        .tuner(slots(SLOT_ASKS))
        .graceful_shutdown_period(SHUTDOWN_GRACE)
        .build()
}

/// What is done beside attempts, on a task queue of its own.
fn beside_options(task_queue: &str, bench: Arc<Bench>) -> WorkerOptions {
    WorkerOptions::new(beside_of(task_queue))
        .register_activities(Activities { bench })
        .tuner(slots(BESIDE_SLOTS))
        .max_heartbeat_throttle_interval(HEARTBEAT_THROTTLE)
        .default_heartbeat_throttle_interval(HEARTBEAT_THROTTLE)
        .graceful_shutdown_period(SHUTDOWN_GRACE)
        .build()
}

fn slots(activities: usize) -> TunerHolder {
    let slots = FixedSizeSlotSupplier::new;
    TunerHolder::builder()
        .workflow_task_slot_supplier(slots(WORKFLOW_SLOTS))
        .activity_task_slot_supplier(slots(activities))
        .local_activity_task_slot_supplier(slots(1))
        .nexus_task_slot_supplier(slots(1))
        .build()
}
