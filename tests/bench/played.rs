//! Agents and checks that take no time: a worker that takes activities and no workflows.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use sha2::{Digest, Sha256};
use signoff::engine::{Address, CheckInput, WriteInput, connect};
use signoff::run::{
    AgentEnd, Checked, Diff, FileDiff, Sandboxing, Snapshot, Tests, Tokens, Usd, Work, Written,
};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder};
use temporalio_sdk::{Runtime, Worker as TemporalWorker, WorkerOptions};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::processes::Processes;

/// How many pretend at once.
const SLOTS: usize = 50;
/// How long each takes.
const WORK: Duration = Duration::from_millis(5);

pub struct Played;

#[activities]
impl Played {
    #[activity(name = "write")]
    pub async fn write(
        self: Arc<Self>,
        _: ActivityContext,
        input: WriteInput,
    ) -> Result<Written, ActivityError> {
        sleep(WORK).await;
        let (base, snapshot) =
            (named(&format!("{} base", input.run)), named(&format!("{} work", input.run)));
        let file = FileDiff { path: "line.txt".to_owned(), added: 1, removed: 0 };
        let diff = Diff { files: 1, added: 1, removed: 0, biggest: vec![file], flags: Vec::new() };
        Ok(Written {
            pause: None,
            end: AgentEnd::Finished,
            agent: None,
            sandboxing: Sandboxing::Closed,
            work: Some(Work {
                base,
                snapshot,
                diff,
                since_round: None,
                since_approved: None,
                branch: None,
            }),
            tokens: Tokens { input: 2_000, output: 300, cache_read: 40, cache_write: 0 },
            cost_usd: Usd::from_nanos(43_750_000),
            seconds: 1,
            words: Some("I wrote a line.".to_owned()),
            feedback: None,
            parts: Vec::new(),
            conflicts: Vec::new(),
            start: None,
            workplace: None,
        })
    }

    #[activity(name = "check")]
    pub async fn check(
        self: Arc<Self>,
        _: ActivityContext,
        _: CheckInput,
    ) -> Result<Checked, ActivityError> {
        sleep(WORK).await;
        let tests = Some(Tests { passed: 1, failed: 0, skipped: 0 });
        Ok(Checked {
            passed: true,
            why: None,
            feedback: None,
            tests,
            coverage_percent: None,
            tests_changed: None,
            red_green: None,
            reports: None,
            trouble: None,
            seconds: 1,
        })
    }
}

/// A snapshot that nobody took.
fn named(what: &str) -> Snapshot {
    let mut commit = hex::encode(Sha256::digest(what));
    commit.truncate(40);
    Snapshot { tree: commit.clone(), commit }
}

/// On a thread of its own: a Temporal worker cannot change threads.
pub struct Worker {
    end: oneshot::Sender<()>,
    thread: JoinHandle<Result<()>>,
}

impl Worker {
    pub fn start(processes: &Processes) -> Result<Self> {
        let (end, ended) = oneshot::channel();
        let (at, queue) = (
            Address { address: Some(processes.temporal.clone()), namespace: None },
            processes.queue.clone(),
        );
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let thread = thread::Builder::new()
            .name("played".to_owned())
            .spawn(move || runtime.block_on(works(at, queue, ended)))?;
        Ok(Self { end, thread })
    }

    pub fn end(self) -> Result<()> {
        // It may have ended by itself, and then says why.
        let _ = self.end.send(());
        self.thread.join().map_err(|_| anyhow!("the played worker broke"))?
    }
}

async fn works(at: Address, queue: String, ended: oneshot::Receiver<()>) -> Result<()> {
    let client = connect(&at, "signoff-bench").await?;
    let runtime =
        Runtime::from_current_tokio(RuntimeOptions::builder().build().map_err(|e| anyhow!(e))?)?;
    let slots = FixedSizeSlotSupplier::new;
    let tuner = TunerHolder::builder()
        .workflow_task_slot_supplier(slots(1))
        .activity_task_slot_supplier(slots(SLOTS))
        .local_activity_task_slot_supplier(slots(1))
        .nexus_task_slot_supplier(slots(1))
        .build();
    let options = WorkerOptions::new(queue).register_activities(Played).tuner(tuner).build();
    let mut worker = TemporalWorker::new(&runtime, client, options).map_err(|e| anyhow!("{e}"))?;
    let shutdown = worker.shutdown_handle();
    let stop = async {
        let _ = ended.await;
        shutdown();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        done = worker.run() => done.map_err(|e| anyhow!("{e}")).context("pretending"),
        () = stop => Ok(()),
    }
}
