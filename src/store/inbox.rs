//! The inbox: which requests came in, and which are still to be acted on?

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde_json::Value;

use super::content::{cleaned, keep_content, plain};
use super::{Result, Store, write};
use crate::run::RequestId;

/// A request that is durable.
#[derive(Clone, Debug)]
pub struct InboxRow {
    pub key: RequestId,
    pub kind: String,
    pub payload: Value,
    pub received_at: DateTime<Utc>,
    pub tries: i32,
    /// It was acted on, and this could not be told yet.
    pub reply: Option<String>,
}

/// Whether a delivery is the first of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    New,
    /// It came before; whoever took it then answers for it.
    Again,
}

/// How long whoever received a request has to act on it before the resender does. Longer than acting can take.
const GRACE: TimeDelta = TimeDelta::seconds(15);
/// How long a request that was acted on is remembered: much longer than anybody sends one again.
const REMEMBERED: TimeDelta = TimeDelta::days(14);

impl Store {
    /// Makes a request durable.
    pub async fn receive(
        &self,
        key: &RequestId,
        kind: &str,
        payload: &Value,
        now: DateTime<Utc>,
    ) -> Result<Received> {
        let keep = |payload| async move { self.insert_request(key, kind, &payload, now).await };
        keep_content("a request", cleaned("a request", payload), keep).await
    }

    async fn insert_request(
        &self,
        key: &RequestId,
        kind: &str,
        payload: &Value,
        now: DateTime<Utc>,
    ) -> Result<Received> {
        let done = sqlx::query!(
            "insert into inbox (key, kind, payload, received_at, try_at) values ($1, $2, $3, $4, $5) on conflict do nothing",
            key.0,
            kind,
            payload,
            now,
            now + GRACE
        )
        .execute(&self.pool)
        .await?;
        Ok(if done.rows_affected() == 1 { Received::New } else { Received::Again })
    }

    /// The request was acted on, and `reply` was the answer.
    pub async fn done(&self, key: &RequestId, reply: Option<&str>) -> Result<()> {
        let reply = reply.map(plain);
        sqlx::query!("update inbox set state = 'done', reply = $2 where key = $1", key.0, reply)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The request was sent on and the answer was lost: it is owed again soon, and less and less soon.
    pub async fn unsure(&self, key: &RequestId, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            "update inbox set state = 'unsure', try_at = $2::timestamptz + interval '5 seconds' * (2 ^ least(tries, 6)) where key = $1",
            key.0,
            now
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The request was acted on, and whoever made it could not be told: that is owed, soon and then less and less soon.
    pub async fn untold(&self, key: &RequestId, reply: &str, now: DateTime<Utc>) -> Result<()> {
        sqlx::query!(
            "update inbox set state = 'unsure', reply = $2, tries = 0, try_at = $3::timestamptz + interval '3 seconds' where key = $1",
            key.0,
            reply,
            now
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Keeps something that was sent on already and whose answer was lost.
    pub async fn owe<T: Serialize + Sync>(
        &self,
        key: &RequestId,
        kind: &'static str,
        payload: &T,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.receive(key, kind, &write(kind, payload)?, now).await?;
        self.unsure(key, now).await
    }

    /// Requests whose process died, or whose answer was lost. They are leased, so that two processes do not take one;
    /// longer each time, so that what can never be done costs little.
    pub async fn owed(&self, now: DateTime<Utc>) -> Result<Vec<InboxRow>> {
        let rows = sqlx::query!(
            "update inbox set try_at = $1::timestamptz + interval '15 seconds' * (2 ^ least(tries, 6)), tries = tries + 1
             where key in (select key from inbox where state <> 'done' and try_at <= $1 order by try_at limit 20 for update skip locked)
             returning key, kind, payload, received_at, tries, reply",
            now
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|r| InboxRow {
                key: RequestId(r.key),
                kind: r.kind,
                payload: r.payload,
                received_at: r.received_at,
                tries: r.tries,
                reply: r.reply,
            })
            .collect())
    }

    /// Forgets what a message said, in all that came of it but this: it says something else now, or was taken back.
    pub async fn forget_said(&self, channel: &str, ts: &str, but: &RequestId) -> Result<()> {
        sqlx::query!(
            r#"update inbox set payload = jsonb_set(payload, array[initcap(kind), 'text'], '""')
               where kind in ('message', 'mention', 'changed') and key <> $3
                   and payload #>> array[initcap(kind), 'channel'] = $1 and payload #>> array[initcap(kind), 'ts'] = $2"#,
            channel,
            ts,
            but.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Throws away requests that were acted on more than 14 days ago, at most 1,000 of them; says how many.
    pub async fn forget_done(&self, now: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query!(
            "delete from inbox where key in (
                 select key from inbox where state = 'done' and received_at < $1 order by received_at limit 1000 for update skip locked)",
            now - REMEMBERED
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}
