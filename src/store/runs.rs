//! Runs: which are there, and what do their events add up to?

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::events::event;
use super::{Result, Store, read};
use crate::run::{Channel, Event, ProjectName, RequestId, Run, RunId};

impl Store {
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

    /// The newest runs, newest first; not those that do a stage of another.
    pub async fn newest_runs(&self, limit: i64) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            "select run_id, request from runs where request->'part_of'->>'is_stage' is null order by requested_at desc limit $1",
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        self.folded(rows.into_iter().map(|r| (r.run_id, r.request)).collect()).await
    }

    /// Runs that are over and were no rehearsals, by this pipeline or by any, newest first; not those that do a stage of another.
    pub async fn ended_runs(&self, pipeline: Option<&str>, limit: i64) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            "select r.run_id, r.request from runs r
             where ($1::text is null or r.request->'pipeline'->>'name' = $1) and r.request->>'rehearsal' = 'false'
                 and r.request->'part_of'->>'is_stage' is null
                 and exists (select 1 from events e where e.run_id = r.run_id and e.kind = 'ended')
             order by r.requested_at desc limit $2",
            pipeline,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        self.folded(rows.into_iter().map(|r| (r.run_id, r.request)).collect()).await
    }

    /// The runs that are part of this one, as they began: of features, or of stages beside others.
    pub async fn children_of(&self, whole: &Run) -> Result<Vec<Run>> {
        if !whole.has_children() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            "select run_id, request from runs where request->'part_of'->>'batch' = $1 order by requested_at",
            whole.id().as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        self.folded(rows.into_iter().map(|r| (r.run_id, r.request)).collect()).await
    }

    /// The batch of a feature that is over; none for other runs.
    pub async fn batch_of_ended(&self, feature: &Run) -> Result<Option<Run>> {
        let of = feature.request.part_of.as_ref().filter(|member| !member.is_stage);
        match of.filter(|_| feature.outcome.is_some()) {
            Some(member) => self.run(&member.batch).await,
            None => Ok(None),
        }
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

    /// The newest run in this channel that is no part of another, as it was at that time: who says "stop" does not mean a run that came later.
    pub async fn newest_run_in(
        &self,
        channel: &Channel,
        at: DateTime<Utc>,
    ) -> Result<Option<RunId>> {
        let row = sqlx::query!(
            "select t.run_id from threads t join runs r using (run_id)
             where t.team = $1 and t.channel = $2 and r.requested_at <= $3 and r.request->'part_of'->>'batch' is null
             order by r.requested_at desc limit 1",
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

    /// The runs of this channel that were asked for by then, are not over and no part of another, newest first.
    pub async fn open_runs_in(
        &self,
        channel: &Channel,
        at: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            "select r.run_id, r.request from threads t join runs r using (run_id)
             where t.team = $1 and t.channel = $2 and r.requested_at <= $3 and r.request->'part_of'->>'batch' is null
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
