//! Slots: which attempts wait for one, which hold one, and which get one now?
//! A row is there from when an attempt asks until its slot came back, and stays as a memory of how long that took. Times are the database's.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::types::chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

use super::events::Head;
use super::{AttemptKey, Result, Store};
use crate::run::{ProjectName, Queue, QueueEntry, RunId, SlotLimits, SlotRequest, SlotSpans};

/// Whoever gives slots takes this lock of the database: two must not give the same one.
const LOCK: i64 = 0x51_07;
/// Events after which an attempt holds no slot.
const ENDS: [&str; 5] = ["attempt_ended", "reviewed", "paused", "stage_ended", "ended"];

/// Which row of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(pub(super) i64);

impl Store {
    /// Puts an attempt into the queue, where a repeat keeps its place; none where it waits no more: it has its slot, or is over.
    pub async fn ask_for_slot(&self, asks: &SlotRequest) -> Result<Option<SlotId>> {
        let mut change = self.pool.begin().await?;
        let asked = ask(&mut change, asks).await?;
        change.commit().await?;
        Ok(asked)
    }

    /// Gives free slots to whoever is next; how many were given.
    pub async fn grant_slots(&self, limits: &SlotLimits) -> Result<u64> {
        // Mostly there is nothing to give, and that is seen without the lock.
        if self.queue(limits).await?.grants().is_empty() {
            return Ok(0);
        }
        let mut change = self.pool.begin().await?;
        // Somebody else gives them then; one who stands still with the lock must not hold everybody up.
        let is_ours =
            sqlx::query_scalar!("select pg_try_advisory_xact_lock($1) as \"taken!\"", LOCK)
                .fetch_one(&mut *change)
                .await?;
        if !is_ours {
            return Ok(0);
        }
        let mut given = 0;
        for id in &read_queue(&mut change, limits).await?.grants() {
            given += grant(&mut change, *id).await?;
        }
        change.commit().await?;
        Ok(given)
    }

    /// Who holds slots and who waits. How long that takes as a rule is left open.
    pub async fn queue(&self, limits: &SlotLimits) -> Result<Queue> {
        let mut connection = self.pool.acquire().await?;
        read_queue(&mut connection, limits).await
    }

    /// The same, with how long slots were held lately: places and times follow from it.
    pub async fn queue_with_spans(&self, limits: &SlotLimits) -> Result<Queue> {
        let queue = self.queue(limits).await?;
        Ok(Queue { spans: self.slot_spans().await?, ..queue })
    }

    /// Somebody works in these.
    pub async fn see_slots(&self, held: &[AttemptKey]) -> Result<()> {
        let (runs, stages): (Vec<_>, Vec<_>) =
            held.iter().map(|of| (of.run.to_string(), of.stage.to_string())).unzip();
        let attempts: Vec<i32> = held.iter().map(|of| number(of.attempt)).collect();
        sqlx::query!(
            "update slots set seen_at = clock_timestamp() where released_at is null
                 and (run_id, stage, attempt) in (select * from unnest($1::text[], $2::text[], $3::int[]))",
            &runs,
            &stages,
            &attempts
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets what is old, workers too. Rows of workflows that an operator ended are given up: nobody spoke for them for a day, though a
    /// worker has lived for an hour to take them up again, and Temporal gave work out meanwhile. Where all were away, places are kept.
    pub async fn clear_slots(&self) -> Result<()> {
        sqlx::query!(
            "with abandoned as (
                 update slots set released_at = now(), granted_at = null, wait_token = null
                 where released_at is null and seen_at < now() - interval '1 day'
                     and exists (select 1 from workers
                         where workers.seen_at > now() - interval '10 seconds' and workers.started_at < now() - interval '1 hour')
                     and exists (select 1 from slots later
                         where later.asked_at > slots.seen_at + interval '1 hour' and later.asked_at < now() - interval '1 hour'))
             delete from slots where released_at < now() - interval '30 days'"
        )
        .execute(&self.pool)
        .await?;
        sqlx::query!("delete from workers where seen_at < now() - interval '1 day'")
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// How long slots were held lately.
    pub async fn slot_spans(&self) -> Result<SlotSpans> {
        let rows = sqlx::query!(
            "select project, stage, percentile_cont(0.5) within group (order by seconds) as \"seconds!\", count(*) as \"held!\" from (
                 select project, stage, extract(epoch from released_at - granted_at)::float8 as seconds,
                     row_number() over (partition by project, stage order by released_at desc) as newness
                 from slots where granted_at is not null and released_at > now() - interval '14 days') lately
             where newness <= 50 group by project, stage"
        )
        .fetch_all(&self.pool)
        .await?;
        let (mut by_stage, mut sum, mut held) = (BTreeMap::new(), 0.0, 0);
        for row in rows {
            let (Ok(project), Ok(stage)) = (row.project.parse(), row.stage.parse()) else {
                continue;
            };
            by_stage.insert((project, stage), whole(row.seconds));
            #[expect(clippy::cast_precision_loss, reason = "at most fifty of each stage")]
            let times = row.held as f64;
            sum += row.seconds * times;
            held += row.held;
        }
        #[expect(clippy::cast_precision_loss, reason = "at most fifty of each stage")]
        let usual = (held > 0).then(|| whole(sum / held as f64));
        Ok(SlotSpans { by_stage, usual })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds of a few days"
)]
fn whole(seconds: f64) -> u64 {
    seconds.max(0.0).round() as u64
}

fn number(attempt: u32) -> i32 {
    i32::try_from(attempt).unwrap_or(i32::MAX)
}

/// Gives a slot to one that somebody waits for. Whoever nobody speaks for yet keeps the turn: another worker takes its wait over soon, or the
/// row goes out of date.
async fn grant(change: &mut PgConnection, id: i64) -> Result<u64> {
    let done = sqlx::query!(
        "update slots set granted_at = clock_timestamp(), seen_at = clock_timestamp()
         where id = $1 and granted_at is null and released_at is null
             and (seen_at > now() - interval '30 seconds' or (wait_token is not null and seen_at > now() - interval '3 minutes'))",
        id
    )
    .execute(change)
    .await?;
    Ok(done.rows_affected())
}

/// An attempt asks; a repeat finds its row. None where there is nothing to wait for.
pub(super) async fn ask(change: &mut PgConnection, asks: &SlotRequest) -> Result<Option<SlotId>> {
    let row = sqlx::query!(
        "insert into slots (run_id, stage, attempt, project, person, team, begun, next_stages)
         select $1, $2, $3, $4, $5, $6, $7, $8 where not exists (
             select 1 from events where run_id = $1 and (kind = 'ended'
                 or (kind = 'attempt_ended' and body->>'stage' = $2 and (body->>'attempt')::int = $3)))
         on conflict (run_id, stage, attempt) where released_at is null do update set seen_at = clock_timestamp()
         returning id, granted_at is not null as \"granted!\"",
        asks.run.as_str(),
        asks.stage.as_str(),
        number(asks.attempt),
        asks.project.as_str(),
        asks.person.to_string(),
        asks.team.as_deref(),
        asks.begun,
        &asks.next_stages.iter().map(ToString::to_string).collect::<Vec<_>>()
    )
    .fetch_optional(change)
    .await?;
    Ok(row.filter(|row| !row.granted).map(|row| SlotId(row.id)))
}

/// What an event ends gives its slot back.
pub(super) async fn release(
    change: &mut PgConnection,
    run: &RunId,
    head: &Head,
    body: &Value,
) -> Result<()> {
    // A second reader may have waited in the slot of an attempt that is over, and is then called off.
    let goes_back = head.kind == "decided" && !body["rollback"].is_null();
    let is_read = body["review_follows"] == true;
    if !goes_back && (is_read || !ENDS.contains(&head.kind.as_str())) {
        return Ok(());
    }
    let attempt = body["attempt"].as_u64().and_then(|n| i32::try_from(n).ok());
    sqlx::query!(
        "update slots set released_at = clock_timestamp() where run_id = $1 and released_at is null
             and ($2::text is null or stage = $2) and ($3::int is null or attempt = $3)
             and (not $4 or exists (select 1 from events where events.run_id = $1 and kind = 'attempt_ended'
                 and body->>'stage' = slots.stage and (body->>'attempt')::int = slots.attempt))",
        run.as_str(),
        body["stage"].as_str(),
        attempt,
        goes_back
    )
    .execute(change)
    .await?;
    Ok(())
}

async fn read_queue(connection: &mut PgConnection, limits: &SlotLimits) -> Result<Queue> {
    let hosts = sqlx::query!(
        "select coalesce(sum(slots), 0)::int as \"slots!\", now() as \"now!\" from workers where seen_at > now() - interval '10 seconds'"
    )
    .fetch_one(&mut *connection)
    .await?;
    let served = served(&mut *connection).await?;
    Ok(Queue {
        entries: entries(connection).await?,
        limits: limits.clone(),
        on_hosts: u32::try_from(hosts.slots).unwrap_or(0),
        served,
        spans: SlotSpans::default(),
        now: hosts.now,
    })
}

/// When projects of today got a slot last.
async fn served(database: impl PgExecutor<'_>) -> Result<BTreeMap<ProjectName, DateTime<Utc>>> {
    let rows = sqlx::query!(
        "select project, max(granted_at) as \"at!\" from slots
         where granted_at is not null and (released_at is null or released_at > now() - interval '1 day') group by project"
    )
    .fetch_all(database)
    .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.project.parse().ok()?, row.at))).collect())
}

/// Open rows that somebody speaks for; of those that have a slot, also where nobody began yet: the worker's own places may be taken for a
/// while. Until a worker has lived long enough for all of them to be taken up again, all count: where every worker was away, nobody spoke
/// for any.
async fn entries(database: impl PgExecutor<'_>) -> Result<Vec<QueueEntry>> {
    let rows = sqlx::query!(
        "select id, run_id, stage, attempt, project, person, team, begun, next_stages, asked_at, granted_at from slots
         where released_at is null and (seen_at > now() - interval '30 seconds' or granted_at > now() - interval '10 minutes'
             or (wait_token is not null and granted_at is null and seen_at > now() - interval '3 minutes') or not exists (
             select 1 from workers where seen_at > now() - interval '10 seconds' and started_at < now() - interval '20 seconds'))
         order by id"
    )
    .fetch_all(database)
    .await?;
    let entries = rows.into_iter().filter_map(|row| {
        Some(QueueEntry {
            id: row.id,
            asks: SlotRequest {
                run: row.run_id.parse().ok()?,
                stage: row.stage.parse().ok()?,
                attempt: u32::try_from(row.attempt).ok()?,
                project: row.project.parse().ok()?,
                person: row.person.parse().ok()?,
                team: row.team,
                begun: row.begun,
                next_stages: row
                    .next_stages
                    .into_iter()
                    .flatten()
                    .filter_map(|stage| stage.parse().ok())
                    .collect(),
            },
            asked_at: row.asked_at,
            granted_at: row.granted_at,
        })
    });
    Ok(entries.collect())
}
