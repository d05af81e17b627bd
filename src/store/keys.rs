//! Secret keys: which random keys does this installation have?

use super::{Result, Store};

impl Store {
    /// The key of this name; the first process to ask for it gives it its value.
    pub async fn key(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>> {
        sqlx::query!(
            "insert into keys (name, value) values ($1, $2) on conflict do nothing",
            name,
            fresh
        )
        .execute(&self.pool)
        .await?;
        Ok(sqlx::query!("select value from keys where name = $1", name)
            .fetch_one(&self.pool)
            .await?
            .value)
    }
}
