//! Pipelines by digest: what does the pipeline with this digest say?

use super::{Result, Store};
use crate::run::Digest;

impl Store {
    pub async fn save_pipeline(&self, digest: &Digest, text: &str) -> Result<()> {
        sqlx::query!(
            "insert into pipelines (digest, body) values ($1, $2) on conflict do nothing",
            digest.0,
            text
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    pub async fn pipeline(&self, digest: &Digest) -> Result<Option<String>> {
        let row = sqlx::query!("select body from pipelines where digest = $1", digest.0)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|r| r.body))
    }
}
