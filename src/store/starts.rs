//! Starts: which runs were asked for, and who sends them on?

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::{Result, Store, read, write};
use crate::run::{Request, RequestId, RunId};

/// Who sends a run's start to Temporal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Whoever asked for it, and nobody else yet.
    Only,
    /// Somebody may have sent it before.
    Another,
}

/// What came of asking for a run.
#[derive(Clone, Debug)]
pub enum AskedRun {
    /// It is remembered, and this is who sends it on.
    Taken(Box<Request>, Sender),
    /// What the run that it takes over left was thrown away then, so it is not remembered.
    Pruned { of: RunId, at: DateTime<Utc> },
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
    ) -> Result<AskedRun> {
        let mut change = self.pool.begin().await?;
        if let Some((of, at)) = pruned_meanwhile(&mut change, key, request).await? {
            return Ok(AskedRun::Pruned { of, at });
        }
        let row = sqlx::query!(
            "insert into runs (run_id, request_key, project, request, requested_at, try_at, sent) values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (request_key) do update set tries = runs.tries + 1
             returning request, tries",
            request.run.as_str(),
            key.0,
            request.project.as_str(),
            write("request", request)?,
            now,
            now + GRACE,
            // Its batch begins it, and nobody else.
            request.part_of.is_some()
        )
        .fetch_one(&mut *change)
        .await?;
        change.commit().await?;
        let sender = if row.tries == 0 { Sender::Only } else { Sender::Another };
        Ok(AskedRun::Taken(Box::new(read("request", row.request)?), sender))
    }

    /// Temporal has the run. Its thread may exist from now on.
    pub async fn run_was_sent(&self, request: &Request) -> Result<()> {
        let mut change = self.pool.begin().await?;
        sqlx::query!("update runs set sent = true where run_id = $1", request.run.as_str())
            .execute(&mut *change)
            .await?;
        // What does a stage of another run is drawn in the thread of that.
        if let Some(channel) = request.channel.as_ref().filter(|_| !request.is_side_run()) {
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
}

/// What it would take over, and when that was pruned. Until the change is over, nobody prunes it; what was asked for before stays asked for.
async fn pruned_meanwhile(
    change: &mut PgConnection,
    key: &RequestId,
    request: &Request,
) -> Result<Option<(RunId, DateTime<Utc>)>> {
    let Some(again) = request.takes_over() else {
        return Ok(None);
    };
    let asked = sqlx::query_scalar!(
        "select pruned_at from runs where run_id = $1 and not exists (select 1 from runs known where known.request_key = $2)
         for share of runs",
        again.run.as_str(),
        key.0
    );
    let at = asked.fetch_optional(change).await?.flatten();
    Ok(at.map(|at| (again.run.clone(), at)))
}
