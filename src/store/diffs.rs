//! Diffs: what did an attempt change, line by line?

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::content::keep_content;
use super::{Result, Store, read, write};
use crate::run::{RunId, StageName};

impl Store {
    /// Keeps what an attempt changed. A repeat replaces it by the same.
    /// What the database refuses for what is in it is kept cut: nobody is to pay for the attempt again.
    pub async fn save_diff<T: Serialize + Sync>(
        &self,
        run: &RunId,
        stage: &StageName,
        attempt: u32,
        patch: &T,
    ) -> Result<()> {
        let keep = |patch| async move { self.insert_diff(run, stage, attempt, patch).await };
        keep_content(&format!("a diff of {run}"), write("diff", patch)?, keep).await
    }

    async fn insert_diff(
        &self,
        run: &RunId,
        stage: &StageName,
        attempt: u32,
        patch: Value,
    ) -> Result<()> {
        sqlx::query!(
            "insert into diffs (run_id, stage, attempt, body) values ($1, $2, $3, $4)
             on conflict (run_id, stage, attempt) do update set body = excluded.body",
            run.as_str(),
            stage.as_str(),
            i32::try_from(attempt).unwrap_or(i32::MAX),
            patch
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What a stage's attempt changed.
    pub async fn diff<T: DeserializeOwned>(
        &self,
        run: &RunId,
        stage: &StageName,
        attempt: u32,
    ) -> Result<Option<T>> {
        let row = sqlx::query!(
            "select body from diffs where run_id = $1 and stage = $2 and attempt = $3",
            run.as_str(),
            stage.as_str(),
            i32::try_from(attempt).unwrap_or(i32::MAX)
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|r| read("diff", r.body)).transpose()
    }
}
