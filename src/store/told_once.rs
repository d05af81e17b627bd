//! Once-only notices: what was somebody told, and is not told again?

use super::{Result, Store};
use crate::run::{PersonId, RequestId, RunId};

impl Store {
    /// Whether this person is to be told that about this run now: the first time, and again for the same request.
    pub async fn tell_first(
        &self,
        (run, person): (&RunId, &PersonId),
        what: &str,
        request: &RequestId,
    ) -> Result<bool> {
        let done = sqlx::query!(
            "insert into told_once (run_id, person, what, request_key) values ($1, $2, $3, $4)
             on conflict (run_id, person, what) do update set request_key = excluded.request_key where told_once.request_key = excluded.request_key",
            run.as_str(),
            person.to_string(),
            what,
            request.0
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
