//! Runs: which are there, and what do their events add up to?

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::events::event;
use super::{Result, Store, read, write};
use crate::run::{Channel, Event, ProjectName, Request, RequestId, Run, RunId};

/// Who sends a run's start to Temporal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Whoever asked for it, and nobody else yet.
    Only,
    /// Somebody may have sent it before.
    Another,
}

/// How long whoever asked for a run has to send it on before the resender does.
const GRACE: TimeDelta = TimeDelta::seconds(15);

impl Store {
    /// Remembers that a run was asked for. A repeat with the same key answers the first run.
    pub async fn ask_for_run(
        &self,
        key: &RequestId,
        request: &Request,
        now: DateTime<Utc>,
    ) -> Result<(Request, Sender)> {
        let row = sqlx::query!(
            "insert into runs (run_id, request_key, project, request, requested_at, try_at) values ($1, $2, $3, $4, $5, $6)
             on conflict (request_key) do update set tries = runs.tries + 1
             returning request, tries",
            request.run.as_str(),
            key.0,
            request.project.as_str(),
            write("request", request)?,
            now,
            now + GRACE
        )
        .fetch_one(&self.pool)
        .await?;
        Ok((
            read("request", row.request)?,
            if row.tries == 0 { Sender::Only } else { Sender::Another },
        ))
    }

    /// Temporal has the run. Its thread may exist from now on.
    pub async fn run_was_sent(&self, request: &Request) -> Result<()> {
        let mut change = self.pool.begin().await?;
        sqlx::query!("update runs set sent = true where run_id = $1", request.run.as_str())
            .execute(&mut *change)
            .await?;
        if let Some(channel) = &request.channel {
            sqlx::query!(
                "insert into threads (run_id, team, channel) values ($1, $2, $3) on conflict do nothing",
                request.run.as_str(),
                channel.team,
                channel.channel
            )
            .execute(&mut *change)
            .await?;
        }
        Ok(change.commit().await?)
    }

    /// The only sender's send surely never reached Temporal: the run was never there. False where somebody else sends it meanwhile.
    pub async fn forget_run(&self, run: &RunId) -> Result<bool> {
        let done = sqlx::query!(
            "delete from runs where run_id = $1 and not sent and tries = 0 and not exists (select 1 from events where events.run_id = $1)",
            run.as_str()
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    pub async fn run(&self, run: &RunId) -> Result<Option<Run>> {
        let Some(row) = sqlx::query!("select request from runs where run_id = $1", run.as_str())
            .fetch_optional(&self.pool)
            .await?
        else {
            return Ok(None);
        };
        let events = self.events(run).await?;
        Ok(Some(Run::fold(read("request", row.request)?, &events)))
    }

    /// Runs whose start was never confirmed. Taken one by one, and less and less often.
    pub async fn unsent_runs(&self, now: DateTime<Utc>) -> Result<Vec<RunId>> {
        let rows = sqlx::query!(
            "update runs set try_at = $1::timestamptz + interval '15 seconds' * (2 ^ least(tries, 4)), tries = tries + 1
             where run_id in (select run_id from runs where not sent and try_at <= $1 order by try_at limit 20 for update skip locked)
             returning run_id",
            now
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().filter_map(|r| r.run_id.parse().ok()).collect())
    }

    /// The newest runs, newest first.
    pub async fn newest_runs(&self, limit: i64) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            "select run_id, request from runs order by requested_at desc limit $1",
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        self.folded(rows.into_iter().map(|r| (r.run_id, r.request)).collect()).await
    }

    /// Runs that are over and were no rehearsals, by this pipeline or by any, newest first.
    pub async fn ended_runs(&self, pipeline: Option<&str>, limit: i64) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            "select r.run_id, r.request from runs r
             where ($1::text is null or r.request->'pipeline'->>'name' = $1) and r.request->>'rehearsal' = 'false'
                 and exists (select 1 from events e where e.run_id = r.run_id and e.kind = 'ended')
             order by r.requested_at desc limit $2",
            pipeline,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        self.folded(rows.into_iter().map(|r| (r.run_id, r.request)).collect()).await
    }

    /// Runs that ask something, those first that have asked longest; of one workspace with those of none, or all.
    pub async fn waiting_runs(&self, team: Option<&str>, limit: i64) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            "select r.run_id, r.request from runs r left join threads t using (run_id)
             where r.asked_at is not null and ($1::text is null or t.team is null or t.team = $1) order by r.asked_at limit $2",
            team,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        let mut runs =
            self.folded(rows.into_iter().map(|r| (r.run_id, r.request)).collect()).await?;
        runs.retain(|run| run.gate.is_some());
        Ok(runs)
    }

    /// Runs that no worker can go on with, the oldest first; of one workspace with those of none, or all.
    pub async fn runs_without_worker(&self, team: Option<&str>, limit: i64) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            "select r.run_id, r.request from runs r left join threads t using (run_id)
             where r.run_id in (select e.run_id from events e where e.kind = 'paused' and e.body->'pause'->>'for' = 'worker')
                 and not exists (select 1 from events e where e.run_id = r.run_id and e.kind = 'ended')
                 and ($1::text is null or t.team is null or t.team = $1)
             order by r.requested_at limit $2",
            team,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        let mut runs =
            self.folded(rows.into_iter().map(|r| (r.run_id, r.request)).collect()).await?;
        runs.retain(|run| run.waits_for_worker().is_some());
        Ok(runs)
    }

    pub(super) async fn folded(&self, rows: Vec<(String, Value)>) -> Result<Vec<Run>> {
        let ids: Vec<String> = rows.iter().map(|(id, _)| id.clone()).collect();
        let events = sqlx::query!(
            "select run_id, body from events where run_id = any($1) order by run_id, seq",
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        let mut by_run = std::collections::HashMap::<String, Vec<Event>>::new();
        for row in events {
            by_run.entry(row.run_id).or_default().push(event(&row.body)?);
        }
        let runs = rows.into_iter().filter_map(|(id, request)| {
            // One run that only a later version can read must not hide all others.
            let request = read("request", request)
                .inspect_err(|e| tracing::warn!(run.id = %id, error = %e, "{id} is left out"))
                .ok()?;
            Some(Run::fold(request, by_run.get(&id).into_iter().flatten()))
        });
        Ok(runs.collect())
    }

    /// The run whose thread this is. A channel has one name in all workspaces of an organisation.
    pub async fn run_of_thread(&self, channel: &Channel, root_ts: &str) -> Result<Option<RunId>> {
        let row = sqlx::query!(
            "select run_id from threads where channel = $2 and root_ts = $3 order by team = $1 desc limit 1",
            channel.team,
            channel.channel,
            root_ts
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.and_then(|r| r.run_id.parse().ok()))
    }

    /// The channels that runs are in.
    pub async fn thread_channels(&self) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!("select distinct channel from threads")
            .fetch_all(&self.pool)
            .await?)
    }

    /// The run that a message of ours in a direct conversation is about.
    pub async fn run_of_message(&self, channel: &str, ts: &str) -> Result<Option<RunId>> {
        let row =
            sqlx::query!("select run_id from messages where channel = $1 and ts = $2", channel, ts)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.and_then(|r| r.run_id.parse().ok()))
    }

    /// The newest run in this channel, as it was at that time: who says "stop" does not mean a run that came later.
    pub async fn newest_run_in(
        &self,
        channel: &Channel,
        at: DateTime<Utc>,
    ) -> Result<Option<RunId>> {
        let row = sqlx::query!(
            "select t.run_id from threads t join runs r using (run_id)
             where t.team = $1 and t.channel = $2 and r.requested_at <= $3 order by r.requested_at desc limit 1",
            channel.team,
            channel.channel,
            at
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.and_then(|r| r.run_id.parse().ok()))
    }

    /// The run that has judged this request.
    pub async fn run_that_judged(&self, request: &RequestId) -> Result<Option<RunId>> {
        let row = sqlx::query!(
            "select run_id from events
             where jsonb_typeof(body->'request') = 'string' and left(body->>'request', 200) = left($1, 200) and body->>'request' = $1
             limit 1",
            request.0
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.and_then(|r| r.run_id.parse().ok()))
    }

    /// Whether a question was closed, or a run ended, since then.
    pub async fn anything_closed_since(&self, at: DateTime<Utc>) -> Result<bool> {
        let closed = sqlx::query_scalar!(
            "select exists (select 1 from events where at > $1 and kind in ('decided', 'deadline_passed', 'ended')) as \"closed!\"",
            at
        );
        Ok(closed.fetch_one(&self.pool).await?)
    }

    /// The runs of this channel that were asked for by then and are not over, newest first.
    pub async fn open_runs_in(
        &self,
        channel: &Channel,
        at: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            "select r.run_id, r.request from threads t join runs r using (run_id)
             where t.team = $1 and t.channel = $2 and r.requested_at <= $3
                 and not exists (select 1 from events e where e.run_id = r.run_id and e.kind = 'ended')
             order by r.requested_at desc limit $4",
            channel.team,
            channel.channel,
            at,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        self.folded(rows.into_iter().map(|r| (r.run_id, r.request)).collect()).await
    }

    /// The runs of this project that were asked for by then and are not over, newest first.
    pub async fn open_runs_of(
        &self,
        project: &ProjectName,
        at: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            "select r.run_id, r.request from runs r
             where r.project = $1 and r.requested_at <= $2
                 and not exists (select 1 from events e where e.run_id = r.run_id and e.kind = 'ended')
             order by r.requested_at desc limit $3",
            project.as_str(),
            at,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        self.folded(rows.into_iter().map(|r| (r.run_id, r.request)).collect()).await
    }
}
