//! What if something happens between a write and its confirmation?
//! The database holds a write back until the story lets it go.

use anyhow::Result;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{World, wait};

/// So that whoever comes to the write waits: they share what we have for ourselves.
const HOLD: &str = "
    create function hold() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(1); return new; end $$;
    create trigger hold before WRITE for each row when (WHICH) execute function hold();
    select pg_advisory_lock(1)";
const WAITING: &str = "
    select a.application_name from pg_locks l join pg_stat_activity a using (pid)
    where l.locktype = 'advisory' and not l.granted and a.datname = current_database()";
/// They are alone in having a name.
const LOST: &str = "
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = $1";

/// What is to be written, and is not yet.
pub struct Held {
    address: String,
    lock: PgConnection,
}

impl World {
    /// From now on no question is written down before it is let go.
    pub async fn holds_questions(&self) -> Result<Held> {
        self.holds("insert on events", "new.kind = 'gate_opened'").await
    }

    /// The same of another write: `insert on events`, of the rows for which this is so.
    pub async fn holds(&self, write: &str, which: &str) -> Result<Held> {
        let mut address = url::Url::parse(&self.worker.setting("DATABASE_URL"))?;
        // We are not the worker, whose name may be in it.
        address.set_query(None);
        let address = address.to_string();
        let mut lock = PgConnection::connect(&address).await?;
        let hold = HOLD.replace("WRITE", write).replace("WHICH", which);
        sqlx::raw_sql(AssertSqlSafe(hold)).execute(&mut lock).await?;
        Ok(Held { address, lock })
    }
}

impl Held {
    /// Waits until one is to be written.
    pub async fn is_reached(&self) -> Result<()> {
        wait::until("a write to be held", async || Ok(!self.waiting().await?.is_empty())).await
    }

    /// Who waits to write, by the name that their address of the database gives them.
    pub async fn waiting(&self) -> Result<Vec<String>> {
        let mut database = PgConnection::connect(&self.address).await?;
        Ok(sqlx::query_scalar(WAITING).fetch_all(&mut database).await?)
    }

    /// What somebody was about to write is lost with them.
    pub async fn is_lost_of(&self, name: &str) -> Result<()> {
        let mut database = PgConnection::connect(&self.address).await?;
        sqlx::query(LOST).bind(name).execute(&mut database).await?;
        Ok(())
    }

    /// Lets it be written, and all that come.
    pub async fn lets_go(self) -> Result<()> {
        Ok(self.lock.close().await?)
    }
}
