//! Leases of threads: which threads are behind, and whose is each?
//! A thread has one writer at a time: it is leased, and every write of the writer proves its fence. Leases count by the database's clock, for
//! those of two machines may be far apart.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

use super::content::plain;
use super::events::{signed, unsigned};
use super::{Result, Store};
use crate::run::{Channel, RunId};

/// A thread that is this writer's for now.
#[derive(Clone, Debug)]
pub struct LeasedThread {
    pub run: RunId,
    pub channel: Channel,
    pub root_ts: Option<String>,
    pub wanted_seq: u64,
    /// Whether something happened to the run since it was drawn; else only its time to redraw has come.
    pub behind: bool,
    pub failures: i32,
    /// Since when it cannot be drawn.
    pub failing_since: Option<DateTime<Utc>>,
    pub fence: i64,
    /// When it was leased, by the database's clock and by ours.
    leased_at: (DateTime<Utc>, Instant),
}

impl LeasedThread {
    /// The time by the database's clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let (at, ours) = self.leased_at;
        at + TimeDelta::from_std(ours.elapsed()).unwrap_or_default()
    }
}

/// How a thread could not be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    pub trouble: &'a str,
    /// Nobody looks at it before, unless something happens to its run.
    pub again_at: DateTime<Utc>,
}

impl Store {
    /// Leases the threads that are behind or whose time to redraw has come, for a quarter of a minute: longer than any one call to Slack may
    /// take, including the wait for the rate limit. What happened goes before what time alone changes. Where a writer did not end its lease,
    /// its last edit may still be on its way to Slack, so whatever the thread shows is in doubt for a while.
    pub async fn lease_threads(&self, limit: i64) -> Result<Vec<LeasedThread>> {
        let ours = Instant::now();
        let rows = sqlx::query!(
            "with due as (
                 select run_id, lease_until is not null as abandoned from threads
                 where (drawn_seq < wanted_seq or redraw_at <= now())
                   and (lease_until is null or lease_until < now()) and (retry_at is null or retry_at <= now())
                 order by drawn_seq < wanted_seq desc, redraw_at nulls first limit $1 for update skip locked),
             doubted as (
                 update messages set doubtful_until = greatest(doubtful_until, now() + interval '25 seconds')
                 from due where messages.run_id = due.run_id and due.abandoned and messages.ts is not null)
             update threads set lease_until = now() + interval '15 seconds', fence = fence + 1
             from due where threads.run_id = due.run_id
             returning threads.run_id, team, channel, root_ts, wanted_seq, drawn_seq < wanted_seq as \"behind!\", failures, failing_since, fence,
                 now() as \"now!\"",
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        let leased = rows.into_iter().filter_map(|r| {
            Some(LeasedThread {
                run: r.run_id.parse().ok()?,
                channel: Channel { team: r.team, channel: r.channel },
                root_ts: r.root_ts,
                wanted_seq: unsigned(r.wanted_seq),
                behind: r.behind,
                failures: r.failures,
                failing_since: r.failing_since,
                fence: r.fence,
                leased_at: (r.now, ours),
            })
        });
        Ok(leased.collect())
    }

    /// Renews the lease, right before Slack is called and while it is. False: this writer was fenced off and must stop.
    pub async fn renew_lease(&self, thread: &LeasedThread) -> Result<bool> {
        let done = sqlx::query!(
            "update threads set lease_until = now() + interval '15 seconds' where run_id = $1 and fence = $2",
            thread.run.as_str(),
            thread.fence
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Something outside of their events changed what these threads should show.
    pub async fn redraw_now(&self, runs: &[RunId]) -> Result<()> {
        let runs: Vec<String> = runs.iter().map(ToString::to_string).collect();
        sqlx::query!("update threads set redraw_at = now() where run_id = any($1)", &runs)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Where a run's thread is.
    pub async fn thread(&self, run: &RunId) -> Result<Option<(Channel, Option<String>)>> {
        let row = sqlx::query!(
            "select team, channel, root_ts from threads where run_id = $1",
            run.as_str()
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|r| (Channel { team: r.team, channel: r.channel }, r.root_ts)))
    }

    /// The thread agrees with the events up to `drawn_seq`; it is looked at again at `redraw_at`, when a message that was in doubt has settled,
    /// or at once where one was deleted meanwhile, or what is not of its own events changed. The lease ends.
    pub async fn thread_drawn(
        &self,
        thread: &LeasedThread,
        drawn_seq: u64,
        redraw_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        sqlx::query!(
            "update threads set drawn_seq = greatest(drawn_seq, $3), lease_until = null, retry_at = null,
                 redraw_at = case when exists (select 1 from messages where run_id = $1 and shown = 'deleted') then to_timestamp(0)
                     else least($4::timestamptz, case when redraw_at > $5 and redraw_at <= clock_timestamp() then redraw_at end,
                         (select min(doubtful_until) from messages where run_id = $1 and doubtful_until > $5)) end,
                 failures = 0, failing_since = null, trouble = null
             where run_id = $1 and fence = $2",
            thread.run.as_str(),
            thread.fence,
            signed(drawn_seq),
            redraw_at,
            thread.leased_at.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The thread could not be drawn. The lease ends. What happened to the run meanwhile is looked at without delay.
    pub async fn thread_failed(&self, thread: &LeasedThread, failed: Failed<'_>) -> Result<()> {
        sqlx::query!(
            "update threads set lease_until = null, retry_at = case when wanted_seq > $3 then null else $4::timestamptz end,
                 failures = failures + 1, failing_since = coalesce(failing_since, now()), trouble = $5
             where run_id = $1 and fence = $2",
            thread.run.as_str(),
            thread.fence,
            signed(thread.wanted_seq),
            failed.again_at,
            plain(failed.trouble)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Slack has lost the whole thread: all of it is to be posted anew. What was told to people directly stays.
    /// Changes nothing where this writer was fenced off.
    pub async fn forget_thread(&self, thread: &LeasedThread) -> Result<()> {
        let mut change = self.pool.begin().await?;
        let ours = sqlx::query!(
            "update threads set root_ts = null, drawn_seq = -1 where run_id = $1 and fence = $2",
            thread.run.as_str(),
            thread.fence
        )
        .execute(&mut *change)
        .await?;
        if ours.rows_affected() == 1 {
            sqlx::query!(
                "delete from messages where run_id = $1 and channel is null",
                thread.run.as_str()
            )
            .execute(&mut *change)
            .await?;
        }
        Ok(change.commit().await?)
    }
}
