//! Messages: which does a run have in Slack?
//! The intent to post is stored before the post is made, so that after a crash it is known which posts may have happened.
//! All times are by the database's clock: those of the machines that draw differ.

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
    /// Until when nobody knows what Slack shows of it, whatever `shown` says. It is looked up, or sent once more, then.
    pub doubtful_until: Option<DateTime<Utc>>,
    /// When it was last posted or edited.
    pub shown_at: Option<DateTime<Utc>>,
    /// Digest of the progress that it shows, without its clock.
    pub step: Option<String>,
}

/// A message that is about to be posted.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    pub key: &'a str,
    /// None: the channel of the thread.
    pub channel: Option<&'a str>,
}

/// A message that Slack has.
#[derive(Clone, Copy, Debug)]
pub struct Posted<'a> {
    pub key: &'a str,
    pub ts: &'a str,
    pub shown: &'a Shown,
    pub doubtful_until: Option<DateTime<Utc>>,
    pub step: Option<&'a str>,
    /// Whether the thread hangs from it.
    pub is_root: bool,
}

/// A message of which Slack shows another version now.
#[derive(Clone, Copy, Debug)]
pub struct Redrawn<'a> {
    pub key: &'a str,
    pub shown: &'a Shown,
    pub doubtful_until: Option<DateTime<Utc>>,
    pub step: Option<&'a str>,
}

/// A message, or something else that should be in Slack, that Slack will not have.
#[derive(Clone, Copy, Debug)]
pub struct GivenUp<'a> {
    pub key: &'a str,
    /// What Slack was to show.
    pub shown: &'a Shown,
    pub why: &'a str,
    /// When it is worth another try; none: a long while.
    pub again_at: Option<DateTime<Utc>>,
}

impl Store {
    /// The messages a run has or may have.
    pub async fn messages(&self, run: &RunId) -> Result<Vec<KnownMessage>> {
        let rows = sqlx::query!(
            "select key, channel, ts, shown, claimed_at, given_up, doubtful_until, shown_at, step from messages where run_id = $1",
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
            doubtful_until: r.doubtful_until,
            shown_at: r.shown_at,
            step: r.step,
        });
        Ok(known.collect())
    }

    /// Says that a message is about to be posted. False: this writer was fenced off and must stop.
    pub async fn claim_message(&self, thread: &LeasedThread, claim: Claim<'_>) -> Result<bool> {
        let done = sqlx::query!(
            "insert into messages (run_id, key, channel, claimed_at)
             select run_id, $3, $4, now() from threads where run_id = $1 and fence = $2
             on conflict (run_id, key) do update
                 set channel = excluded.channel, claimed_at = excluded.claimed_at, given_up = null, doubtful_until = null
             where messages.ts is null",
            thread.run.as_str(),
            thread.fence,
            claim.key,
            claim.channel
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
            "insert into messages (run_id, key, shown, given_up, claimed_at, doubtful_until)
             select run_id, $3, $4, $5, now(), $6 from threads where run_id = $1 and fence = $2
             on conflict (run_id, key) do update
                 set shown = excluded.shown, given_up = excluded.given_up, claimed_at = excluded.claimed_at,
                     doubtful_until = excluded.doubtful_until
             where messages.ts is null",
            thread.run.as_str(),
            thread.fence,
            it.key,
            it.shown.to_string(),
            plain(it.why),
            it.again_at
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

    /// Slack has the message. True whoever holds the thread now; where two writers posted it, the first one counts, as for the thread's root.
    pub async fn message_posted(&self, run: &RunId, posted: Posted<'_>) -> Result<()> {
        let mut change = self.pool.begin().await?;
        sqlx::query!(
            "update messages set ts = $3, shown = $4, doubtful_until = $5, step = $6, shown_at = now()
             where run_id = $1 and key = $2 and (ts is null or ts = $3)",
            run.as_str(),
            posted.key,
            posted.ts,
            posted.shown.to_string(),
            posted.doubtful_until,
            posted.step
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
    pub async fn message_deleted(&self, channel: &Channel, ts: &str) -> Result<()> {
        sqlx::query!(
            "with gone as (
                 update messages set shown = 'deleted' from threads
                 where messages.ts = $3 and threads.run_id = messages.run_id and threads.team = $1
                   and coalesce(messages.channel, threads.channel) = $2
                 returning messages.run_id)
             update threads set redraw_at = least(redraw_at, now()) from gone where threads.run_id = gone.run_id",
            channel.team,
            channel.channel,
            ts
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
    pub async fn message_edited(&self, run: &RunId, redrawn: Redrawn<'_>) -> Result<()> {
        sqlx::query!(
            "update messages set shown = $3, doubtful_until = $4, step = $5, shown_at = now() where run_id = $1 and key = $2",
            run.as_str(),
            redrawn.key,
            redrawn.shown.to_string(),
            redrawn.doubtful_until,
            redrawn.step
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Nobody knows what became of a post or an edit until then. True whoever holds the thread now.
    pub async fn doubt_message(&self, run: &RunId, key: &str, until: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            "update messages set doubtful_until = greatest(doubtful_until, $3) where run_id = $1 and key = $2",
            run.as_str(),
            key,
            until
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
