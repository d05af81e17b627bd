//! Which threads are behind, and which messages do they have?
//! A thread has one writer at a time: it is leased, and every write of the writer proves its fence.

use chrono::{DateTime, TimeDelta, Utc};

use super::events::{signed, unsigned};
use super::{Result, Store};
use crate::run::{Channel, RunId};

/// Longer than any one call to Slack may take, its turn waited for, and renewed before each: a writer that lives is never overtaken.
const LEASE: TimeDelta = TimeDelta::seconds(15);

/// A thread that is this writer's for now.
#[derive(Clone, Debug)]
pub struct LeasedThread {
    pub run: RunId,
    pub place: Channel,
    pub root_ts: Option<String>,
    pub wanted_seq: u64,
    pub failures: i32,
    pub fence: i64,
}

/// A message that exists, or whose post was begun.
#[derive(Clone, Debug)]
pub struct KnownMessage {
    pub key: String,
    /// None while it is unknown whether the post went through.
    pub ts: Option<String>,
    pub shown: Option<String>,
    pub claimed_at: DateTime<Utc>,
}

impl Store {
    /// Leases the threads that are behind or whose time to redraw has come.
    pub async fn lease_threads(&self, now: DateTime<Utc>, limit: i64) -> Result<Vec<LeasedThread>> {
        let rows = sqlx::query!(
            "update threads set lease_until = $2, fence = fence + 1
             where run_id in (
                 select run_id from threads
                 where (drawn_seq < wanted_seq or redraw_at <= $1) and (lease_until is null or lease_until < $1)
                 order by redraw_at nulls first limit $3 for update skip locked)
             returning run_id, team, channel, root_ts, wanted_seq, failures, fence",
            now,
            now + LEASE,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        let leased = rows.into_iter().filter_map(|r| {
            Some(LeasedThread {
                run: r.run_id.parse().ok()?,
                place: Channel { team: r.team, channel: r.channel },
                root_ts: r.root_ts,
                wanted_seq: unsigned(r.wanted_seq),
                failures: r.failures,
                fence: r.fence,
            })
        });
        Ok(leased.collect())
    }

    /// Renews the lease, right before Slack is called. False: this writer was fenced off and must stop.
    pub async fn renew_lease(&self, thread: &LeasedThread, now: DateTime<Utc>) -> Result<bool> {
        let done =
            sqlx::query!("update threads set lease_until = $3 where run_id = $1 and fence = $2", thread.run.as_str(), thread.fence, now + LEASE)
                .execute(&self.pool)
                .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Where a run's thread is.
    pub async fn thread(&self, run: &RunId) -> Result<Option<(Channel, Option<String>)>> {
        let row = sqlx::query!("select team, channel, root_ts from threads where run_id = $1", run.as_str()).fetch_optional(&self.pool).await?;
        Ok(row.map(|r| (Channel { team: r.team, channel: r.channel }, r.root_ts)))
    }

    /// The thread agrees with the events up to `drawn_seq`; it is looked at again at `redraw_at`. The lease ends.
    pub async fn thread_drawn(&self, thread: &LeasedThread, drawn_seq: u64, redraw_at: Option<DateTime<Utc>>) -> Result<()> {
        sqlx::query!(
            "update threads set drawn_seq = greatest(drawn_seq, $3), redraw_at = $4, lease_until = null, failures = 0, trouble = null
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

    /// The thread could not be drawn; nobody looks at it before `again_at`.
    pub async fn thread_failed(&self, thread: &LeasedThread, trouble: &str, again_at: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            "update threads set lease_until = $3, failures = failures + 1, trouble = $4 where run_id = $1 and fence = $2",
            thread.run.as_str(),
            thread.fence,
            again_at,
            trouble
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The messages a thread has or may have.
    pub async fn messages(&self, run: &RunId) -> Result<Vec<KnownMessage>> {
        let rows = sqlx::query!("select key, ts, shown, claimed_at from messages where run_id = $1", run.as_str()).fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|r| KnownMessage { key: r.key, ts: r.ts, shown: r.shown, claimed_at: r.claimed_at }).collect())
    }

    /// Says that a message is about to be posted. False: this writer was fenced off and must stop.
    pub async fn claim_message(&self, thread: &LeasedThread, key: &str, now: DateTime<Utc>) -> Result<bool> {
        let done = sqlx::query!(
            "insert into messages (run_id, key, claimed_at)
             select run_id, $3, $4 from threads where run_id = $1 and fence = $2
             on conflict (run_id, key) do update set claimed_at = excluded.claimed_at where messages.ts is null",
            thread.run.as_str(),
            thread.fence,
            key,
            now
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The post surely did not happen: nobody needs to look for it.
    pub async fn unclaim_message(&self, run: &RunId, key: &str) -> Result<()> {
        sqlx::query!("delete from messages where run_id = $1 and key = $2 and ts is null", run.as_str(), key).execute(&self.pool).await?;
        Ok(())
    }

    /// Slack has lost a message that is to be posted anew.
    pub async fn forget_message(&self, thread: &LeasedThread, key: &str) -> Result<()> {
        sqlx::query!("delete from messages where run_id = $1 and key = $2", thread.run.as_str(), key).execute(&self.pool).await?;
        Ok(())
    }

    /// Slack has lost the whole thread: all of it is to be posted anew. Changes nothing where this writer was fenced off.
    pub async fn forget_thread(&self, thread: &LeasedThread) -> Result<()> {
        let mut change = self.pool.begin().await?;
        let ours =
            sqlx::query!("update threads set root_ts = null, drawn_seq = -1 where run_id = $1 and fence = $2", thread.run.as_str(), thread.fence)
                .execute(&mut *change)
                .await?;
        if ours.rows_affected() == 1 {
            sqlx::query!("delete from messages where run_id = $1", thread.run.as_str()).execute(&mut *change).await?;
        }
        Ok(change.commit().await?)
    }

    /// Slack has the message; the run card's is also the thread's root.
    pub async fn message_posted(&self, thread: &LeasedThread, key: &str, ts: &str, shown: &str) -> Result<()> {
        let mut change = self.pool.begin().await?;
        sqlx::query!("update messages set ts = $3, shown = $4 where run_id = $1 and key = $2", thread.run.as_str(), key, ts, shown)
            .execute(&mut *change)
            .await?;
        if thread.root_ts.is_none() {
            sqlx::query!("update threads set root_ts = $2 where run_id = $1 and root_ts is null", thread.run.as_str(), ts)
                .execute(&mut *change)
                .await?;
        }
        Ok(change.commit().await?)
    }

    /// Slack shows this version of the message now.
    pub async fn message_edited(&self, run: &RunId, key: &str, shown: &str) -> Result<()> {
        sqlx::query!("update messages set shown = $3 where run_id = $1 and key = $2", run.as_str(), key, shown).execute(&self.pool).await?;
        Ok(())
    }
}
