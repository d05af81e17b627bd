//! Worker processes: which live, and how many attempts does each take at once?

use super::{Result, Store};

/// One start of a worker process, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerProcess {
    pub host: String,
    pub process: u32,
    /// Where that number is its own; none where nobody can tell.
    pub pid_namespace: Option<String>,
    /// Drawn when it starts: in containers, hostname and process number of two may be the same.
    pub start: StartId,
    /// Attempts that it takes at once.
    pub slots: u32,
}

/// Which start of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartId(i64);

impl StartId {
    /// Greater than any process number: older programs know workers by those.
    #[must_use]
    pub const fn new(drawn: u64) -> Self {
        let above = 1 << 32;
        #[expect(clippy::cast_possible_wrap, reason = "the highest bit is not in it")]
        let drawn = (drawn >> 1) as i64;
        Self(drawn | above)
    }
}

impl Store {
    /// It lives, and takes so many; it has to say so every few seconds.
    pub async fn see_worker(&self, worker: &WorkerProcess) -> Result<()> {
        sqlx::query!(
            "insert into workers (host, process, slots, pid, pid_namespace) values ($1, $2, $3, $4, $5)
             on conflict (host, process) do update set slots = excluded.slots, seen_at = now(),
                 started_at = case when workers.seen_at < now() - interval '10 seconds' then now() else workers.started_at end",
            worker.host,
            worker.start.0,
            i32::try_from(worker.slots).unwrap_or(i32::MAX),
            i64::from(worker.process),
            worker.pid_namespace
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// It lives no more.
    pub async fn forget_worker(&self, worker: &WorkerProcess) -> Result<()> {
        sqlx::query!(
            "delete from workers where host = $1 and process = $2",
            worker.host,
            worker.start.0
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Those that live, by host.
    pub async fn workers(&self) -> Result<Vec<WorkerProcess>> {
        let rows = sqlx::query!(
            "select host, process, slots, coalesce(pid, process) as \"pid!\", pid_namespace from workers
             where seen_at > now() - interval '10 seconds' order by host, coalesce(pid, process), process"
        )
        .fetch_all(&self.pool)
        .await?;
        let workers = rows.into_iter().map(|row| WorkerProcess {
            host: row.host,
            process: u32::try_from(row.pid).unwrap_or(0),
            pid_namespace: row.pid_namespace,
            start: StartId(row.process),
            slots: u32::try_from(row.slots).unwrap_or(0),
        });
        Ok(workers.collect())
    }
}
