//! Retention: which runs are over, what of them is taken over, and which were pruned?

use chrono::{DateTime, Utc};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;

use super::{Result, Store};
use crate::run::RunId;

/// Of Postgres' advisory locks, the one of whoever prunes.
const PRUNE_LOCK: i64 = 0x7369_676e_6f66_6601;

/// A run, as far as it says whether what it left may be thrown away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    pub run: RunId,
    /// None where it is not over.
    pub ended_at: Option<DateTime<Utc>>,
    /// The run whose work it takes over.
    pub again: Option<RunId>,
    /// The batch whose feature it develops: it merges what this one made.
    pub batch: Option<RunId>,
    /// Whether its result was pushed nowhere.
    pub only_copy: bool,
    pub pruned_at: Option<DateTime<Utc>>,
}

/// While it is held, nobody else prunes.
#[derive(Debug)]
#[must_use = "dropped, it is somebody else's turn"]
pub struct PruneTurn(
    #[expect(dead_code, reason = "the lock lives as long as the connection")]
    PoolConnection<Postgres>,
);

impl Store {
    /// All runs.
    pub async fn run_ends(&self) -> Result<Vec<RunEnd>> {
        let rows = sqlx::query!(
            "select r.run_id, r.pruned_at,
                 case when jsonb_array_length(coalesce(r.request->'again'->'kept', '[]')) > 0 then r.request->'again'->>'run' end as again,
                 r.request->'part_of'->>'batch' as batch,
                 exists (select 1 from events e where e.run_id = r.run_id and e.kind = 'ended' and e.body->>'outcome' = 'done')
                     and exists (select 1 from events e where e.run_id = r.run_id and e.kind = 'delivered' and e.body->'pushed' = 'false') as \"only_copy!\",
                 (select max(e.at) from events e where e.run_id = r.run_id and e.kind = 'ended') as ended_at
             from runs r order by r.requested_at"
        )
        .fetch_all(&self.pool)
        .await?;
        let ends = rows.into_iter().filter_map(|it| {
            Some(RunEnd {
                run: it.run_id.parse().ok()?,
                ended_at: it.ended_at,
                again: it.again.and_then(|again| again.parse().ok()),
                batch: it.batch.and_then(|batch| batch.parse().ok()),
                only_copy: it.only_copy,
                pruned_at: it.pruned_at,
            })
        });
        Ok(ends.collect())
    }

    /// When what a run left was thrown away; none where it was not.
    pub async fn pruned_at(&self, run: &RunId) -> Result<Option<DateTime<Utc>>> {
        let asked =
            sqlx::query_scalar!("select pruned_at from runs where run_id = $1", run.as_str());
        Ok(asked.fetch_optional(&self.pool).await?.flatten())
    }

    /// Says that what the run left is thrown away. False where it may not be: it is not over, or another that is not over takes its work over, or merges it.
    pub async fn mark_pruned(&self, run: &RunId, now: DateTime<Utc>) -> Result<bool> {
        let mut change = self.pool.begin().await?;
        // Whoever asks for a run that takes this one over holds the row too; what they did is seen by the next statement.
        sqlx::query!("select run_id from runs where run_id = $1 for no key update", run.as_str())
            .fetch_optional(&mut *change)
            .await?;
        let done = sqlx::query!(
            "update runs set pruned_at = coalesce(pruned_at, $2) where run_id = $1
                 and exists (select 1 from events e where e.run_id = $1 and e.kind = 'ended')
                 and not exists (
                     select 1 from runs o where o.request->'again'->>'run' = $1
                         and jsonb_array_length(coalesce(o.request->'again'->'kept', '[]')) > 0
                         and not exists (select 1 from events e where e.run_id = o.run_id and e.kind = 'ended'))
                 and not exists (
                     select 1 from runs b where b.run_id = runs.request->'part_of'->>'batch'
                         and not exists (select 1 from events e where e.run_id = b.run_id and e.kind = 'ended'))",
            run.as_str(),
            now
        )
        .execute(&mut *change)
        .await?;
        change.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// The turn to prune; none where somebody else has it.
    pub async fn prune_turn(&self) -> Result<Option<PruneTurn>> {
        let mut connection = self.pool.acquire().await?;
        // The lock is the connection's, and ends with it.
        connection.close_on_drop();
        let taken =
            sqlx::query_scalar!("select pg_try_advisory_lock($1) as \"taken!\"", PRUNE_LOCK)
                .fetch_one(&mut *connection)
                .await?;
        Ok(taken.then_some(PruneTurn(connection)))
    }
}
