//! What the database keeps of the queue: whose place is never lost, whose slot comes back, and who counts as a worker.

use std::slice;

use anyhow::{Context, Result};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use signoff::run::{Queue, SlotLimits, SlotRequest};
use signoff::store::{SlotId, SlotWait, StartId, Store, WorkerProcess};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::world::now;
use crate::world::servers::Servers;

/// A database whose runs and workers the test plays.
struct Line {
    store: Store,
    database: SecretString,
}

impl Line {
    async fn new() -> Result<Self> {
        let servers = Servers::get();
        let database = SecretString::from(servers.fresh_database(&servers.fresh_name()).await?);
        let store = Store::connect(&database).await?;
        store.migrate().await?;
        Ok(Self { store, database })
    }

    /// A run's first attempt asks for a slot, or asks once more.
    async fn asks(&self, run: &str) -> Result<SlotId> {
        self.store.ask_for_slot(&request(run)?).await?.context("it is over, or has its slot")
    }

    /// The same, and Temporal knows that it waits.
    async fn waits(&self, run: &str) -> Result<SlotWait> {
        let wait = SlotWait { slot: self.asks(run).await?, token: run.into() };
        self.store.keep_wait(&wait).await?;
        Ok(wait)
    }

    /// A worker says that it lives, and takes one attempt.
    async fn lives(&self, start: u64) -> Result<()> {
        Ok(self.store.see_worker(&worker(start)).await?)
    }

    /// There is a run to which something can happen.
    async fn begins(&self, run: &str) -> Result<()> {
        self.sql(&format!(
            "insert into runs (run_id, request_key, project, request, requested_at, sent, try_at)
             values ('{run}', '{run}', 'tale', '{{}}', now(), true, now())"
        ))
        .await
    }

    /// What happened to a run, as it is recorded.
    async fn records(&self, run: &str, seq: u64, kind: &str) -> Result<()> {
        let event =
            json!({ "seq": seq, "at": now(), "kind": kind, "stage": "draft", "attempt": 1 });
        Ok(self.store.record(&run.parse()?, &[event]).await?)
    }

    async fn grants(&self) -> Result<u64> {
        Ok(self.store.grant_slots(&SlotLimits::default()).await?)
    }

    async fn queue(&self) -> Result<Queue> {
        Ok(self.store.queue(&SlotLimits::default()).await?)
    }

    /// Those that wait, in the order of their turns.
    async fn waiting(&self) -> Result<Vec<String>> {
        let mut queued: Vec<_> = self.queue().await?.queued().into_iter().collect();
        queued.sort_by_key(|(_, queued)| queued.at.place);
        Ok(queued.into_iter().map(|(run, _)| run.to_string()).collect())
    }

    /// How many wait or hold a slot, whether somebody speaks for them or not.
    async fn open(&self) -> Result<i64> {
        let mut database = PgConnection::connect(self.database.expose_secret()).await?;
        let open = sqlx::query_scalar("select count(*) from slots where released_at is null");
        Ok(open.fetch_one(&mut database).await?)
    }

    /// So much time goes by, in which nobody says anything.
    async fn later(&self, by: &str) -> Result<()> {
        self.sql(&format!(
            "update slots set asked_at = asked_at - interval '{by}', seen_at = seen_at - interval '{by}',
                 granted_at = granted_at - interval '{by}', released_at = released_at - interval '{by}';
             update workers set started_at = started_at - interval '{by}', seen_at = seen_at - interval '{by}'"
        ))
        .await
    }

    /// So much time goes by, and workers live on.
    async fn later_with_workers(&self, by: &str) -> Result<()> {
        self.later(by).await?;
        self.sql("update workers set seen_at = now()").await
    }

    async fn sql(&self, statements: &str) -> Result<()> {
        let mut database = PgConnection::connect(self.database.expose_secret()).await?;
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut database).await?;
        Ok(())
    }
}

fn request(run: &str) -> Result<SlotRequest> {
    Ok(serde_json::from_value(json!({
        "run": run, "stage": "draft", "attempt": 1, "project": "tale", "person": "cli:ana",
    }))?)
}

/// As two containers see themselves that were made alike.
fn worker(start: u64) -> WorkerProcess {
    WorkerProcess {
        host: "worker".to_owned(),
        process: 1,
        pid_namespace: None,
        start: StartId::new(start),
        slots: 1,
    }
}

#[tokio::test]
async fn after_a_weekend_without_workers_everybody_still_has_a_place() -> Result<()> {
    let line = Line::new().await?;
    line.lives(1).await?;
    line.asks("first").await?;
    line.asks("second").await?;
    line.later("3 days").await?;
    line.lives(2).await?;
    line.store.clear_slots().await?;
    assert_eq!(line.waiting().await?, ["first", "second"]);
    // They are taken up again as it happens, and a new one asks meanwhile.
    line.asks("third").await?;
    line.asks("second").await?;
    assert_eq!(line.waiting().await?, ["first", "second", "third"]);
    Ok(())
}

#[tokio::test]
async fn a_place_is_given_up_once_workers_had_long_enough_to_take_it_up() -> Result<()> {
    let line = Line::new().await?;
    line.lives(1).await?;
    line.asks("ended").await?;
    // Workers lived, and Temporal may have been away: nobody asked for anything.
    line.later_with_workers("3 days").await?;
    line.asks("other").await?;
    line.store.clear_slots().await?;
    assert_eq!(line.open().await?, 2);
    line.later_with_workers("2 hours").await?;
    line.store.clear_slots().await?;
    assert_eq!(line.open().await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_slot_is_given_to_nobody_for_whom_nobody_waits() -> Result<()> {
    let line = Line::new().await?;
    line.asks("ended").await?;
    line.asks("second").await?;
    line.later("1 minute").await?;
    line.lives(1).await?;
    line.asks("second").await?;
    assert_eq!(line.grants().await?, 0, "the first may still be taken up");
    line.later_with_workers("30 seconds").await?;
    line.asks("second").await?;
    assert_eq!(line.grants().await?, 1);
    assert_eq!(line.queue().await?.holders()[0].asks.run.as_str(), "second");
    Ok(())
}

#[tokio::test]
async fn a_wait_is_spoken_for_once_a_minute_by_whichever_worker_lives() -> Result<()> {
    let line = Line::new().await?;
    line.lives(1).await?;
    let wait = line.waits("tale").await?;
    assert_eq!(line.store.quiet_waits(9).await?, []);
    line.later_with_workers("2 minutes").await?;
    assert_eq!(line.waiting().await?, ["tale"]);
    assert_eq!(line.store.quiet_waits(9).await?, slice::from_ref(&wait));
    assert_eq!(line.store.quiet_waits(9).await?, [], "another worker has done it");
    assert_eq!((line.store.settled_waits(9).await?, line.grants().await?), (vec![], 1));
    assert_eq!(line.store.settled_waits(9).await?, slice::from_ref(&wait));
    line.store.forget_wait(&wait).await?;
    assert_eq!(line.store.settled_waits(9).await?, []);
    assert!(!line.store.anybody_waits().await?);
    Ok(())
}

#[tokio::test]
async fn a_wait_that_temporal_does_not_know_holds_nobody_up_and_keeps_its_place() -> Result<()> {
    let line = Line::new().await?;
    line.lives(1).await?;
    let lost = line.waits("first").await?;
    line.waits("second").await?;
    line.later_with_workers("2 minutes").await?;
    line.store.lose_wait(&lost).await?;
    assert_eq!(line.waiting().await?, ["second"]);
    line.asks("first").await?;
    assert_eq!(line.waiting().await?, ["first", "second"]);
    Ok(())
}

/// A record that took too long is tried again, and then both may arrive.
#[tokio::test]
async fn a_repeated_record_gives_back_no_slot_that_was_asked_for_since() -> Result<()> {
    let line = Line::new().await?;
    line.begins("tale").await?;
    line.lives(1).await?;
    line.asks("tale").await?;
    assert_eq!(line.grants().await?, 1);
    line.records("tale", 7, "paused").await?;
    assert_eq!(line.open().await?, 0);
    line.asks("tale").await?;
    line.records("tale", 7, "paused").await?;
    assert_eq!((line.open().await?, line.grants().await?), (1, 1));
    line.records("tale", 7, "paused").await?;
    line.records("tale", 8, "resumed").await?;
    assert_eq!(line.queue().await?.holders().len(), 1);
    line.records("tale", 9, "attempt_ended").await?;
    assert_eq!(line.open().await?, 0);
    Ok(())
}

#[tokio::test]
async fn containers_that_were_made_alike_are_as_many_workers_as_there_are() -> Result<()> {
    let line = Line::new().await?;
    for start in [1, 2, 1] {
        line.lives(start).await?;
    }
    assert_eq!((line.store.workers().await?.len(), line.queue().await?.slots()), (2, 2));
    line.store.forget_worker(&worker(1)).await?;
    assert_eq!(line.store.workers().await?, [worker(2)]);
    // One that is started anew in the place of another that was killed counts beside it for ten seconds.
    line.later("10 seconds").await?;
    line.lives(3).await?;
    assert_eq!(line.store.workers().await?, [worker(3)]);
    Ok(())
}
