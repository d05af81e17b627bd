//! The holders of attempts: which worker may keep what it made of an attempt?
//! The one that took it last. One that was thought dead and comes back holds it no more.

use super::model_calls::attempt;
use super::{AttemptKey, Result, Store};

/// Says that its holder took the attempt, and how many had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptToken(i64);

impl Store {
    /// Takes an attempt from whoever had it.
    pub async fn take_attempt(&self, of: &AttemptKey) -> Result<AttemptToken> {
        let taken = sqlx::query_scalar!(
            "insert into attempt_holders (run_id, stage, attempt, token) values ($1, $2, $3, 1)
             on conflict (run_id, stage, attempt) do update set token = attempt_holders.token + 1
             returning token",
            of.run.as_str(),
            of.stage.as_str(),
            attempt(of)
        );
        Ok(AttemptToken(taken.fetch_one(&self.pool).await?))
    }

    /// Whether nobody took it since.
    pub async fn holds_attempt(&self, of: &AttemptKey, token: AttemptToken) -> Result<bool> {
        let newest = sqlx::query_scalar!(
            "select token from attempt_holders where run_id = $1 and stage = $2 and attempt = $3",
            of.run.as_str(),
            of.stage.as_str(),
            attempt(of)
        );
        Ok(newest.fetch_optional(&self.pool).await? == Some(token.0))
    }
}
