//! Messages: which does a run have in Slack?
//! The intent to post is stored before the post is made, so that after a crash it is known which posts may have happened.

use chrono::{DateTime, Utc};

use super::content::plain;
use super::{LeasedThread, Result, Shown, Store};
use crate::run::{Channel, RunId};

/// A message that exists, whose post was begun, or that was given up.
#[derive(Clone, Debug)]
pub struct KnownMessage {
    pub key: String,
    /// Where it is; none in the channel of its thread.
    pub channel: Option<String>,
    /// None while it is unknown whether the post went through, and where it was given up.
    pub ts: Option<String>,
    pub shown: Shown,
    pub claimed_at: DateTime<Utc>,
    /// Why Slack will not have it: it surely does not exist.
    pub given_up: Option<String>,
}

/// A message that is about to be posted.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    pub key: &'a str,
    /// None: the channel of the thread.
    pub channel: Option<&'a str>,
    pub at: DateTime<Utc>,
}

/// A message that Slack has.
#[derive(Clone, Copy, Debug)]
pub struct Posted<'a> {
    pub key: &'a str,
    pub ts: &'a str,
    pub shown: &'a Shown,
    /// Whether the thread hangs from it.
    pub is_root: bool,
}

/// A message, or something else that should be in Slack, that Slack will not have.
#[derive(Clone, Copy, Debug)]
pub struct GivenUp<'a> {
    pub key: &'a str,
    /// What Slack was to show.
    pub shown: &'a Shown,
    pub why: &'a str,
    pub at: DateTime<Utc>,
}

impl Store {
    /// The messages a run has or may have.
    pub async fn messages(&self, run: &RunId) -> Result<Vec<KnownMessage>> {
        let rows = sqlx::query!(
            "select key, channel, ts, shown, claimed_at, given_up from messages where run_id = $1",
            run.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        let known = rows.into_iter().map(|r| KnownMessage {
            key: r.key,
            channel: r.channel,
            ts: r.ts,
            shown: r.shown.as_deref().map_or(Shown::Unknown, Shown::parse),
            claimed_at: r.claimed_at,
            given_up: r.given_up,
        });
        Ok(known.collect())
    }

    /// Says that a message is about to be posted. False: this writer was fenced off and must stop.
    pub async fn claim_message(&self, thread: &LeasedThread, claim: Claim<'_>) -> Result<bool> {
        let done = sqlx::query!(
            "insert into messages (run_id, key, channel, claimed_at)
             select run_id, $3, $4, $5 from threads where run_id = $1 and fence = $2
             on conflict (run_id, key) do update set channel = excluded.channel, claimed_at = excluded.claimed_at, given_up = null
             where messages.ts is null",
            thread.run.as_str(),
            thread.fence,
            claim.key,
            claim.channel,
            claim.at
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// The post surely did not happen: nobody needs to look for it. Changes nothing where this writer was fenced off, for then the claim
    /// may be another's.
    pub async fn unclaim_message(&self, thread: &LeasedThread, key: &str) -> Result<()> {
        sqlx::query!(
            "delete from messages using threads
             where messages.run_id = $1 and messages.key = $3 and messages.ts is null and threads.run_id = $1 and threads.fence = $2",
            thread.run.as_str(),
            thread.fence,
            key
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Slack will not have it, so that it need not be tried again soon. Changes nothing where this writer was fenced off.
    pub async fn give_up_message(&self, thread: &LeasedThread, it: GivenUp<'_>) -> Result<()> {
        sqlx::query!(
            "insert into messages (run_id, key, shown, given_up, claimed_at)
             select run_id, $3, $4, $5, $6 from threads where run_id = $1 and fence = $2
             on conflict (run_id, key) do update set shown = excluded.shown, given_up = excluded.given_up, claimed_at = excluded.claimed_at
             where messages.ts is null",
            thread.run.as_str(),
            thread.fence,
            it.key,
            it.shown.to_string(),
            plain(it.why),
            it.at
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Slack has lost a message that is to be posted anew. Changes nothing where this writer was fenced off.
    pub async fn forget_message(&self, thread: &LeasedThread, key: &str) -> Result<()> {
        sqlx::query!(
            "delete from messages using threads where messages.run_id = $1 and messages.key = $3 and threads.run_id = $1 and threads.fence = $2",
            thread.run.as_str(),
            thread.fence,
            key
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Slack has the message. True whoever holds the thread now.
    pub async fn message_posted(&self, run: &RunId, posted: Posted<'_>) -> Result<()> {
        let mut change = self.pool.begin().await?;
        sqlx::query!(
            "update messages set ts = $3, shown = $4 where run_id = $1 and key = $2",
            run.as_str(),
            posted.key,
            posted.ts,
            posted.shown.to_string()
        )
        .execute(&mut *change)
        .await?;
        if posted.is_root {
            sqlx::query!(
                "update threads set root_ts = $2 where run_id = $1 and root_ts is null",
                run.as_str(),
                posted.ts
            )
            .execute(&mut *change)
            .await?;
        }
        Ok(change.commit().await?)
    }

    /// Somebody deleted what stood there: if it was a message of a run, its thread is looked at now, and it is found to be gone.
    pub async fn message_deleted(
        &self,
        channel: &Channel,
        ts: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        sqlx::query!(
            "with gone as (
                 update messages set shown = 'deleted' from threads
                 where messages.ts = $3 and threads.run_id = messages.run_id and threads.team = $1
                   and coalesce(messages.channel, threads.channel) = $2
                 returning messages.run_id)
             update threads set redraw_at = least(redraw_at, $4) from gone where threads.run_id = gone.run_id",
            channel.team,
            channel.channel,
            ts,
            now
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A look at the thread begins. What the messages show that were deleted until now counts as unknown, so that drawing one finds out that it
    /// is gone. Those that are deleted from now on are seen by `thread_drawn`.
    pub async fn see_deletions(&self, run: &RunId) -> Result<()> {
        sqlx::query!(
            "update messages set shown = '' where run_id = $1 and shown = 'deleted'",
            run.as_str()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Slack shows this version of the message now. True whoever holds the thread now.
    pub async fn message_edited(&self, run: &RunId, key: &str, shown: &Shown) -> Result<()> {
        sqlx::query!(
            "update messages set shown = $3 where run_id = $1 and key = $2",
            run.as_str(),
            key,
            shown.to_string()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
