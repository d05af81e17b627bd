//! Which runs are there, and what do their events add up to?

use chrono::{DateTime, Utc};

use super::{Result, Store, read, write};
use crate::run::{Event, Request, RequestId, Run, RunId};

impl Store {
    /// Remembers that a run was asked for. A repeat with the same key changes nothing and answers the first run.
    pub async fn ask_for_run(&self, key: &RequestId, request: &Request, now: DateTime<Utc>) -> Result<Request> {
        sqlx::query!(
            "insert into runs (run_id, request_key, project, request, requested_at) values ($1, $2, $3, $4, $5) on conflict (request_key) do nothing",
            request.run.as_str(),
            key.0,
            request.project.as_str(),
            write("request", request)?,
            now
        )
        .execute(&self.pool)
        .await?;
        let row = sqlx::query!("select request from runs where request_key = $1", key.0).fetch_one(&self.pool).await?;
        read("request", row.request)
    }

    /// Temporal has the run. Its thread may exist from now on.
    pub async fn run_was_sent(&self, request: &Request) -> Result<()> {
        let mut change = self.pool.begin().await?;
        sqlx::query!("update runs set sent = true where run_id = $1", request.run.as_str()).execute(&mut *change).await?;
        if let Some(place) = &request.channel {
            sqlx::query!(
                "insert into threads (run_id, team, channel) values ($1, $2, $3) on conflict do nothing",
                request.run.as_str(),
                place.team,
                place.channel
            )
            .execute(&mut *change)
            .await?;
        }
        Ok(change.commit().await?)
    }

    /// The run surely never reached Temporal: it was never there.
    pub async fn forget_run(&self, run: &RunId) -> Result<()> {
        sqlx::query!("delete from runs where run_id = $1 and not sent and not exists (select 1 from events where events.run_id = $1)", run.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub async fn run(&self, run: &RunId) -> Result<Option<Run>> {
        let Some(row) = sqlx::query!("select request from runs where run_id = $1", run.as_str()).fetch_optional(&self.pool).await? else {
            return Ok(None);
        };
        let events = self.events(run).await?;
        Ok(Some(Run::fold(read("request", row.request)?, &events)))
    }

    /// Runs whose start was never confirmed, asked for before `before`.
    pub async fn unsent_runs(&self, before: DateTime<Utc>) -> Result<Vec<RunId>> {
        let rows = sqlx::query!("select run_id from runs where not sent and requested_at < $1 order by requested_at limit 20", before)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().filter_map(|r| r.run_id.parse().ok()).collect())
    }

    /// The newest runs, newest first.
    pub async fn newest_runs(&self, limit: i64) -> Result<Vec<Run>> {
        let rows = sqlx::query!("select run_id, request from runs order by requested_at desc limit $1", limit).fetch_all(&self.pool).await?;
        let ids: Vec<String> = rows.iter().map(|r| r.run_id.clone()).collect();
        let events = sqlx::query!("select run_id, body from events where run_id = any($1) order by run_id, seq", &ids).fetch_all(&self.pool).await?;
        let mut by_run = std::collections::HashMap::<String, Vec<Event>>::new();
        for row in events {
            by_run.entry(row.run_id).or_default().push(read("event", row.body)?);
        }
        rows.into_iter().map(|row| Ok(Run::fold(read("request", row.request)?, by_run.get(&row.run_id).into_iter().flatten()))).collect()
    }

    /// The run whose thread this is.
    pub async fn run_of_thread(&self, channel: &str, root_ts: &str) -> Result<Option<RunId>> {
        let row = sqlx::query!("select run_id from threads where channel = $1 and root_ts = $2", channel, root_ts).fetch_optional(&self.pool).await?;
        Ok(row.and_then(|r| r.run_id.parse().ok()))
    }

    /// The newest run whose thread is in this channel.
    pub async fn newest_run_in(&self, channel: &str) -> Result<Option<RunId>> {
        let row = sqlx::query!(
            "select t.run_id from threads t join runs r using (run_id) where t.channel = $1 order by r.requested_at desc limit 1",
            channel
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.and_then(|r| r.run_id.parse().ok()))
    }
}
