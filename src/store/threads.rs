//! Leases of threads: which threads are behind, and whose is each?
//! A thread has one writer at a time: it is leased, and every write of the writer proves its fence.

use chrono::{DateTime, TimeDelta, Utc};

use super::content::plain;
use super::events::{signed, unsigned};
use super::{Result, Store};
use crate::run::{Channel, RunId};

/// Longer than any one call to Slack may take, including the wait for the rate limit. It is renewed before each call, so that a living writer
/// is never overtaken.
const LEASE: TimeDelta = TimeDelta::seconds(15);

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
}

/// How a thread could not be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Failed<'a> {
    pub trouble: &'a str,
    pub at: DateTime<Utc>,
    /// Nobody looks at it before, unless something happens to its run.
    pub again_at: DateTime<Utc>,
}

impl Store {
    /// Leases the threads that are behind or whose time to redraw has come; what happened goes before what time alone changes.
    pub async fn lease_threads(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<LeasedThread>> {
        let rows = sqlx::query!(
            "update threads set lease_until = $2, fence = fence + 1
             where run_id in (
                 select run_id from threads
                 where (drawn_seq < wanted_seq or redraw_at <= $1)
                   and (lease_until is null or lease_until < $1) and (retry_at is null or retry_at <= $1)
                 order by drawn_seq < wanted_seq desc, redraw_at nulls first limit $3 for update skip locked)
             returning run_id, team, channel, root_ts, wanted_seq, drawn_seq < wanted_seq as \"behind!\", failures, failing_since, fence",
            now,
            now + LEASE,
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
            })
        });
        Ok(leased.collect())
    }

    /// Renews the lease, right before Slack is called. False: this writer was fenced off and must stop.
    pub async fn renew_lease(&self, thread: &LeasedThread, now: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query!(
            "update threads set lease_until = $3 where run_id = $1 and fence = $2",
            thread.run.as_str(),
            thread.fence,
            now + LEASE
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
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

    /// The thread agrees with the events up to `drawn_seq`; it is looked at again at `redraw_at`, or at once where a message was deleted
    /// meanwhile. The lease ends.
    pub async fn thread_drawn(
        &self,
        thread: &LeasedThread,
        drawn_seq: u64,
        redraw_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        sqlx::query!(
            "update threads set drawn_seq = greatest(drawn_seq, $3), lease_until = null, retry_at = null,
                 redraw_at = case when exists (select 1 from messages where run_id = $1 and shown = 'deleted') then to_timestamp(0) else $4::timestamptz end,
                 failures = 0, failing_since = null, trouble = null
             where run_id = $1 and fence = $2",
            thread.run.as_str(),
            thread.fence,
            signed(drawn_seq),
            redraw_at
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The thread could not be drawn. The lease ends. What happened to the run meanwhile is looked at without delay.
    pub async fn thread_failed(&self, thread: &LeasedThread, failed: Failed<'_>) -> Result<()> {
        sqlx::query!(
            "update threads set lease_until = null, retry_at = case when wanted_seq > $3 then null else $4::timestamptz end,
                 failures = failures + 1, failing_since = coalesce(failing_since, $5), trouble = $6
             where run_id = $1 and fence = $2",
            thread.run.as_str(),
            thread.fence,
            signed(thread.wanted_seq),
            failed.again_at,
            failed.at,
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
