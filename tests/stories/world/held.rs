//! What if something happens between a write and its confirmation?
//! The database holds a write back until the story lets it go.

use anyhow::Result;
use sqlx::{Connection, PgConnection};

use super::{World, wait};

const HOLD: &str = "
    create function hold() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(1); return new; end $$;
    create trigger hold before insert on events for each row when (new.kind = 'gate_opened') execute function hold();
    select pg_advisory_lock(1)";
const WAITING: &str = "
    select count(*) from pg_locks join pg_database d on d.oid = pg_locks.database
    where locktype = 'advisory' and not granted and d.datname = current_database()";

/// A question that is asked, and not written down yet.
pub struct Held {
    address: String,
    lock: PgConnection,
}

impl World {
    /// From now on no question is written down before it is let go.
    pub async fn holds_questions(&self) -> Result<Held> {
        let address = self.worker.setting("DATABASE_URL");
        let mut lock = PgConnection::connect(&address).await?;
        sqlx::raw_sql(HOLD).execute(&mut lock).await?;
        Ok(Held { address, lock })
    }
}

impl Held {
    /// Waits until one is to be written.
    pub async fn is_reached(&self) -> Result<()> {
        let waits = async || {
            let mut database = PgConnection::connect(&self.address).await?;
            Ok(sqlx::query_scalar::<_, i64>(WAITING).fetch_one(&mut database).await? > 0)
        };
        wait::until("a question to be written", waits).await
    }

    /// Lets it be written, and all that come.
    pub async fn lets_go(self) -> Result<()> {
        Ok(self.lock.close().await?)
    }
}
