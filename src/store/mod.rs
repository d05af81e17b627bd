//! The database: what do we remember?
//! All SQL is here, one function per question asked of the data.

mod attempt_holders;
mod content;
mod costs;
mod diffs;
mod events;
mod inbox;
mod keys;
mod local_slack;
mod look_back;
mod messages;
mod model_calls;
mod pipelines;
mod progress;
mod retention;
mod runs;
mod schema_age;
mod shown;
mod slot_waits;
mod slots;
mod starts;
mod test_inventory;
mod threads;
mod told_once;
mod workers;

pub use attempt_holders::AttemptToken;
pub use costs::SpentBy;
pub use inbox::{InboxRow, Received};
pub use messages::{Claim, GivenUp, KnownMessage, Posted, Redrawn};
pub use model_calls::{AttemptKey, CallFigures, CallId, CallState, Spend, TokenCounts};
pub use retention::{PruneTurn, RunEnd};
pub use schema_age::SchemaAge;
pub use shown::Shown;
pub use slot_waits::SlotWait;
pub use slots::SlotId;
pub use starts::{AskedRun, Sender};
pub use threads::{Failed, LeasedThread};
pub use workers::{StartId, WorkerProcess};

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, PgPool};
use tokio::time::timeout;

/// A refused connection is retried until this is over; Slack waits 3 s in all.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most connections of one process.
const CONNECTIONS: u32 = 8;
static MIGRATOR: Migrator = sqlx::migrate!();

/// Why the database did not answer a question.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is not there right now; the same question may be answered later.
    #[error("the database does not answer: {}", reason(.0))]
    Away(sqlx::Error),
    /// It does not let us in, or is not there under this name: waiting would change nothing.
    #[error("the database does not let us in: {0}")]
    NotLetIn(String),
    /// It will never keep this, for what is in it.
    #[error("the database refuses what it was to keep: {}", reason(.0))]
    Refused(sqlx::Error),
    /// It answered something that should not be.
    #[error("the database: {}", reason(.0))]
    Wrong(sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("bringing the database's schema up to date")]
    Migrate(#[source] MigrateError),
    /// Another program has changed it.
    #[error(
        "a newer Signoff than this one has changed the database (its migration {0} is not known here): stop this one, and start that version or a later one"
    )]
    Newer(i64),
    /// A row does not read as what it should be.
    #[error("reading a stored {what}")]
    Garbled { what: &'static str, source: serde_json::Error },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_) => Self::Away(error),
            sqlx::Error::Database(ref db)
                if db.code().is_some_and(|c| c.starts_with("57P") || c.starts_with("08")) =>
            {
                Self::Away(error)
            }
            // Sign-in refused; no such database.
            sqlx::Error::Database(ref db)
                if db.code().is_some_and(|c| c.starts_with("28") || c == "3D000") =>
            {
                Self::NotLetIn(db.message().to_owned())
            }
            // Data that no column holds, and documents beyond its limits.
            sqlx::Error::Database(ref db)
                if db.code().is_some_and(|c| c.starts_with("22") || c.starts_with("54")) =>
            {
                Self::Refused(error)
            }
            other => Self::Wrong(other),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(migration) => Self::Newer(migration),
            other => Self::Migrate(other),
        }
    }
}

/// What the database or the network said, without what our libraries wrap around it.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(db) => db.message().to_owned(),
        sqlx::Error::Io(io) => io.to_string(),
        sqlx::Error::PoolTimedOut => "no connection came about in time".to_owned(),
        other => other.to_string(),
    }
}

impl StoreError {
    /// Whether the database was never even asked. A connection that broke in the middle of a change proves nothing.
    #[must_use]
    pub const fn surely_nothing_happened(&self) -> bool {
        matches!(self, Self::Away(sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed))
    }
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
}

impl Store {
    /// Opens the database, waiting at most two seconds for it.
    pub async fn connect(url: &SecretString) -> Result<Self> {
        let options: PgConnectOptions = url.expose_secret().parse()?;
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        match pool.connect_with(options.clone()).await {
            Ok(pool) => Ok(Self { pool }),
            // The pool tries again and again, and forgets why.
            Err(sqlx::Error::PoolTimedOut) => Err(Self::why_not(&options).await.into()),
            Err(e) => Err(e.into()),
        }
    }

    async fn why_not(options: &PgConnectOptions) -> sqlx::Error {
        match timeout(PATIENCE, options.connect()).await {
            Ok(Err(why)) => why,
            _ => sqlx::Error::PoolTimedOut,
        }
    }

    /// Brings the schema up to date. Processes that start together take turns (sqlx holds an advisory lock).
    pub async fn migrate(&self) -> Result<()> {
        Ok(MIGRATOR.run(&self.pool).await?)
    }

    /// Whether it answers.
    pub async fn ping(&self) -> Result<()> {
        sqlx::query!("select 1 as one").fetch_one(&self.pool).await?;
        Ok(())
    }
}

fn read<T: serde::de::DeserializeOwned>(what: &'static str, body: serde_json::Value) -> Result<T> {
    serde_json::from_value(body).map_err(|source| StoreError::Garbled { what, source })
}

fn write<T: serde::Serialize>(what: &'static str, value: &T) -> Result<serde_json::Value> {
    let value = serde_json::to_value(value);
    Ok(content::cleaned(what, &value.map_err(|source| StoreError::Garbled { what, source })?))
}
