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
}
