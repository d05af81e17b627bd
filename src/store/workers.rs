//! Worker processes: which live, and how many attempts does each take at once?

use chrono::{DateTime, Utc};

use super::{Result, Store};

/// A worker process, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerProcess {
    pub host: String,
    pub process: u32,
    /// Attempts that it takes at once.
    pub slots: u32,
    pub started_at: DateTime<Utc>,
}

impl Store {
    /// It lives, and takes so many; it has to say so every few seconds.
    pub async fn see_worker(&self, host: &str, process: u32, slots: u32) -> Result<()> {
        sqlx::query!(
            "insert into workers (host, process, slots) values ($1, $2, $3)
             on conflict (host, process) do update set slots = excluded.slots, seen_at = now(),
                 started_at = case when workers.seen_at < now() - interval '10 seconds' then now() else workers.started_at end",
            host,
            i64::from(process),
            i32::try_from(slots).unwrap_or(i32::MAX)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// It lives no more.
    pub async fn forget_worker(&self, host: &str, process: u32) -> Result<()> {
        sqlx::query!(
            "delete from workers where host = $1 and process = $2",
            host,
            i64::from(process)
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Those that live, by host.
    pub async fn workers(&self) -> Result<Vec<WorkerProcess>> {
        let rows = sqlx::query!(
            "select host, process, slots, started_at from workers where seen_at > now() - interval '10 seconds' order by host, process"
        )
        .fetch_all(&self.pool)
        .await?;
        let workers = rows.into_iter().map(|row| WorkerProcess {
            host: row.host,
            process: u32::try_from(row.process).unwrap_or(0),
            slots: u32::try_from(row.slots).unwrap_or(0),
            started_at: row.started_at,
        });
        Ok(workers.collect())
    }
}
