//! Progress: how far is the current attempt?

use super::{Result, Store, read, write};
use crate::run::{Progress, RunId};

impl Store {
    /// The newest progress wins. The thread of a run that is under way is redrawn by the clock, so nobody is woken.
    pub async fn save_progress(&self, run: &RunId, progress: &Progress) -> Result<()> {
        sqlx::query!(
            "insert into progress (run_id, body, at) values ($1, $2, $3)
             on conflict (run_id) do update set body = excluded.body, at = excluded.at where progress.at <= excluded.at",
            run.as_str(),
            write("progress", progress)?,
            progress.at
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    pub async fn progress(&self, run: &RunId) -> Result<Option<Progress>> {
        let row = sqlx::query!("select body from progress where run_id = $1", run.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|r| read("progress", r.body)).transpose()
    }

    /// That of each of these runs which has any.
    pub async fn progress_of(
        &self,
        runs: impl Iterator<Item = &RunId>,
    ) -> Result<Vec<(RunId, Progress)>> {
        let runs: Vec<String> = runs.map(ToString::to_string).collect();
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            "select run_id, body from progress where run_id = any($1) order by run_id",
            &runs[..]
        )
        .fetch_all(&self.pool)
        .await?;
        let known = rows.into_iter().filter_map(|r| Some((r.run_id.parse().ok()?, r.body)));
        known.map(|(run, body)| Ok((run, read("progress", body)?))).collect()
    }
}
