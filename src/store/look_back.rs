//! Looking back: which runs had attempts that failed, and which of them were done again?

use chrono::{DateTime, Utc};

use super::{Result, Store};
use crate::run::{Run, RunId};

impl Store {
    /// The runs of which an attempt has failed since then, the newest first.
    pub async fn runs_that_failed_since(
        &self,
        since: DateTime<Utc>,
        limit: i64,
    ) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            "select r.run_id, r.request from runs r
             where exists (
                 select 1 from events e
                 where e.run_id = r.run_id and e.kind = 'attempt_ended' and e.at >= $1 and e.body->>'outcome' in ('bad', 'lost'))
             order by r.requested_at desc limit $2",
            since,
            limit
        )
        .fetch_all(&self.pool)
        .await?;
        self.folded(rows.into_iter().map(|r| (r.run_id, r.request)).collect()).await
    }

    /// The runs that do this one once more, the newest first.
    pub async fn runs_that_do_again(&self, run: &RunId) -> Result<Vec<Run>> {
        let mut runs = self.runs_that_begin_with(run).await?;
        runs.retain(|run| run.request.does_again().is_some());
        Ok(runs)
    }

    /// The runs that begin with what this one left, the newest first: those too that do a stage of it beside others.
    pub async fn runs_that_begin_with(&self, run: &RunId) -> Result<Vec<Run>> {
        let rows = sqlx::query!(
            "select run_id, request from runs where request->'again'->>'run' = $1 order by requested_at desc",
            run.as_str()
        )
        .fetch_all(&self.pool)
        .await?;
        self.folded(rows.into_iter().map(|r| (r.run_id, r.request)).collect()).await
    }
}
