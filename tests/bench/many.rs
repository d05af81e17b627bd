//! Runs: started as a door starts them, waited for, approved.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use signoff::engine::{Address, Engine, EngineError, Seal, connect};
use signoff::run::{
    Channel, Decision, PersonId, PipelineText, Request, RequestId, Run, RunId, Verdict, Via,
};
use signoff::store::Store;
use sqlx::{Connection, PgConnection};
use temporalio_client::{Client, WorkflowCountOptions};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::processes::Processes;

/// The many: one stage, and a question that stays open for a week.
const LINE: &str = r#"
name = "line"
agent = "script"
command = "echo a line > line.txt"
[[stage]]
name = "only"
timeout = "1h"
checks = ["true"]
prompt = "Write a line."
[stage.gate]
deadline = "168h"
"#;

/// The two: they work until they get a sign.
const BUSY: &str = r#"
name = "busy"
agent = "script"
command = "while ! test -e go; do sleep 0.2; done; echo done > done.txt"
[[stage]]
name = "wait"
timeout = "1h"
checks = ["test -s done.txt"]
prompt = "Wait."
[stage.gate]
deadline = "168h"
"#;

/// On their way at the same time: more would only queue up in Temporal's own database.
const AT_ONCE: usize = 48;
const CHANNELS: usize = 50;
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// So many looks are told once.
const TELL_EVERY: usize = 20;
/// All of it must have happened by then.
const PATIENCE: Duration = Duration::from_hours(1);

pub struct Many<'a> {
    processes: &'a Processes,
    store: Store,
    engine: Engine,
    temporal: Client,
}

impl<'a> Many<'a> {
    pub async fn new(processes: &'a Processes) -> Result<Self> {
        let at = Address { address: Some(processes.temporal.clone()), namespace: None };
        let store = Store::connect(&processes.database.clone().into()).await?;
        let temporal = connect(&at, "signoff-bench").await?;
        let seal = Seal::new(store.clone());
        let engine = Engine::new(at, processes.queue.clone()).sealed_by(seal);
        Ok(Self { processes, store, engine, temporal })
    }

    /// Two runs whose agents work until they get a sign.
    pub async fn keeps_both_agents_busy(&self) -> Result<Vec<RunId>> {
        let runs = [self.starts(BUSY, 0).await?, self.starts(BUSY, 1).await?].to_vec();
        self.until("both agents to work", async || {
            Ok(runs.iter().all(|run| self.clone_of(run).is_dir()))
        })
        .await?;
        Ok(runs)
    }

    pub fn gets_its_sign(&self, run: &RunId) -> Result<()> {
        Ok(fs::write(self.clone_of(run).join("go"), "")?)
    }

    fn clone_of(&self, run: &RunId) -> std::path::PathBuf {
        self.processes.folder.path().join("home/runs").join(run.as_str()).join("wait-1/work")
    }

    /// So many runs, each waiting for a person; in the order of their starts.
    pub async fn park(&self, count: usize) -> Result<Vec<RunId>> {
        let room = Semaphore::new(AT_ONCE);
        let start = async |n| {
            room.acquire().await?.forget();
            self.starts(LINE, n).await
        };
        let starting = stream::iter(0..count).map(start).buffered(AT_ONCE).try_collect();
        let (runs, ()) = tokio::try_join!(starting, self.all_wait(count, &room))?;
        Ok(runs)
    }

    async fn starts(&self, pipeline: &str, n: usize) -> Result<RunId> {
        let text =
            PipelineText::parse("the bench's pipeline", pipeline).map_err(|e| anyhow!("{e}"))?;
        let project = text.pipeline.name.parse()?;
        let request = Request {
            money: None,
            estimate: None,
            again: None,
            push_attempts: false,
            waits_for_workers: false,
            batch: None,
            part_of: None,
            notes: Vec::new(),
            beyond_months: false,
            fix: None,
            queued: false,
            run: RunId::mint(&project, rand::random()),
            project,
            pipeline: text.pipeline,
            brief: "a line".to_owned(),
            budget_usd: None,
            starter: ana(),
            approvers: Vec::new(),
            channel: Some(Channel {
                team: "T01ACME".to_owned(),
                channel: format!("C{:05}", n % CHANNELS),
            }),
            repository: None,
            start_branch: None,
            rehearsal: false,
        };
        self.store.save_pipeline(&request.pipeline.digest, &text.text).await?;
        self.store.ask_for_run(&RequestId(request.run.to_string()), &request, now()).await?;
        until_confirmed(async || self.engine.start(&request).await)
            .await
            .with_context(|| format!("starting run {n}"))?;
        self.store.run_was_sent(&request).await?;
        Ok(request.run)
    }

    /// Waits until all of them do, and lets others start as they do.
    async fn all_wait(&self, count: usize, room: &Semaphore) -> Result<()> {
        let known = AtomicUsize::new(0);
        self.until_none("runs to wait", async |database| {
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from events where body->>'kind' = 'gate_opened'",
            )
            .fetch_one(database)
            .await?;
            let waiting = usize::try_from(waiting)?;
            room.add_permits(waiting - known.swap(waiting, Ordering::Relaxed));
            Ok(count.saturating_sub(waiting))
        })
        .await
    }

    /// Waits until Slack shows all of them.
    pub async fn are_drawn(&self) -> Result<()> {
        self.until_none("threads to be drawn", async |database| {
            let behind: i64 =
                sqlx::query_scalar("select count(*) from threads where drawn_seq < wanted_seq")
                    .fetch_one(database)
                    .await?;
            Ok(usize::try_from(behind)?)
        })
        .await
    }

    async fn until_none(
        &self,
        what: &str,
        left: impl AsyncFn(&mut PgConnection) -> Result<usize>,
    ) -> Result<()> {
        let (mut database, began) =
            (PgConnection::connect(&self.processes.database).await?, Instant::now());
        for look in 0.. {
            let left = left(&mut database).await?;
            if left == 0 {
                break;
            }
            ensure!(began.elapsed() < PATIENCE, "waited in vain for {left} {what}");
            sleep(LOOK_EVERY).await;
            if look % TELL_EVERY > 0 {
                continue;
            }
            let memory = self.processes.memory()?;
            crate::begin::say(&format!(
                "{:>5.0} s: {left} {what}; serve {:.1} MB, worker {:.1} MB",
                began.elapsed().as_secs_f64(),
                memory.serve,
                memory.worker
            ));
        }
        Ok(())
    }

    /// What Temporal itself counts; it counts a little late.
    pub async fn open_in_temporal(&self) -> Result<i64> {
        let query = format!(
            "TaskQueue = '{}' AND ExecutionStatus = 'Running' AND SignoffPhase = 'waiting'",
            self.processes.queue
        );
        Ok(i64::try_from(
            self.temporal.count_workflows(query, WorkflowCountOptions::default()).await?.count(),
        )?)
    }

    /// Approves a run: how long until the answer is in its events.
    pub async fn approves(&self, run: &RunId) -> Result<Duration> {
        self.until("it to ask", async || Ok(self.run(run).await?.gate.is_some())).await?;
        let gate = self.run(run).await?.gate.map(|open| open.id);
        let request = RequestId(format!("approval of {run}"));
        let decision = Decision {
            gate,
            ..Decision::new(request.clone(), Verdict::Approve, ana(), Via::Button)
        };
        let began = Instant::now();
        until_confirmed(async || self.engine.decide(run, &decision).await).await?;
        self.until("the answer to be taken", async || {
            Ok(self.run(run).await?.answer_to(&request).is_some())
        })
        .await?;
        Ok(began.elapsed())
    }

    /// How long until a run has ended.
    pub async fn is_over(&self, run: &RunId) -> Result<Duration> {
        let began = Instant::now();
        self.until("it to end", async || Ok(self.run(run).await?.outcome.is_some())).await?;
        Ok(began.elapsed())
    }

    async fn run(&self, run: &RunId) -> Result<Run> {
        self.store.run(run).await?.context("the run is not stored")
    }

    async fn until(&self, what: &str, so: impl AsyncFn() -> Result<bool>) -> Result<()> {
        let waiting = async {
            while !so().await? {
                sleep(Duration::from_millis(10)).await;
            }
            anyhow::Ok(())
        };
        timeout(Duration::from_mins(2), waiting)
            .await
            .with_context(|| format!("waited in vain for {what}"))?
    }
}

/// Sent twice, it counts once; a busy machine does not always confirm in time.
async fn until_confirmed(
    send: impl AsyncFn() -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    loop {
        match send().await {
            Err(EngineError::Unsure(_) | EngineError::NotSent(_)) => {}
            answer => return answer,
        }
    }
}

fn ana() -> PersonId {
    PersonId::Slack { team: "T01ACME".to_owned(), user: "U01ANA".to_owned() }
}

#[expect(clippy::disallowed_methods, reason = "a bench lives in real time")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
