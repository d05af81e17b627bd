//! The test inventory: which tests ran in an attempt?

use std::collections::BTreeSet;

use super::content::plain;
use super::{Result, Store};
use crate::run::{RunId, StageName, TestNames};

impl Store {
    /// Keeps the tests of an attempt by name. A repeat replaces them: it judged the same snapshot.
    pub async fn save_test_names(
        &self,
        run: &RunId,
        stage: &StageName,
        attempt: u32,
        names: &TestNames,
    ) -> Result<()> {
        let list =
            |names: &BTreeSet<String>| names.iter().map(|name| plain(name)).collect::<Vec<_>>();
        sqlx::query!(
            "insert into test_names (run_id, stage, attempt, ran, skipped) values ($1, $2, $3, $4, $5)
             on conflict (run_id, stage, attempt) do update set ran = excluded.ran, skipped = excluded.skipped",
            run.as_str(),
            stage.as_str(),
            i32::try_from(attempt).unwrap_or(i32::MAX),
            &list(&names.ran),
            &list(&names.skipped)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The tests of an attempt by name; none where they are not known.
    pub async fn test_names(
        &self,
        run: &RunId,
        stage: &StageName,
        attempt: u32,
    ) -> Result<Option<TestNames>> {
        let attempt = i32::try_from(attempt).unwrap_or(i32::MAX);
        let asked = sqlx::query!(
            "select ran, skipped from test_names where run_id = $1 and stage = $2 and attempt = $3",
            run.as_str(),
            stage.as_str(),
            attempt
        );
        let row = asked.fetch_optional(&self.pool).await?;
        Ok(row.map(|r| TestNames {
            ran: r.ran.into_iter().collect(),
            skipped: r.skipped.into_iter().collect(),
        }))
    }
}
