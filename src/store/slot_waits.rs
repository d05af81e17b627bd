//! Waits for slots: which does Temporal know, which are over, and of which must somebody say that they go on?
//! They belong to no process: whichever worker lives speaks for all of them.

use super::{Result, SlotId, Store};

/// A wait for a slot, as Temporal knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotWait {
    pub slot: SlotId,
    pub token: Vec<u8>,
}

struct WaitRow {
    id: i64,
    token: Vec<u8>,
}

impl From<WaitRow> for SlotWait {
    fn from(WaitRow { id, token }: WaitRow) -> Self {
        Self { slot: SlotId(id), token }
    }
}

impl Store {
    /// From now on every worker may end it.
    pub async fn keep_wait(&self, SlotWait { slot, token }: &SlotWait) -> Result<()> {
        sqlx::query!(
            "update slots set wait_token = $2, seen_at = clock_timestamp() where id = $1",
            slot.0,
            token
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Whether anybody waits whom a look at the queue could help.
    pub async fn anybody_waits(&self) -> Result<bool> {
        let waits = sqlx::query_scalar!(
            "select (exists (select 1 from slots where released_at is null and granted_at is null)
                 or exists (select 1 from slots where wait_token is not null)) as \"waits!\""
        );
        Ok(waits.fetch_one(&self.pool).await?)
    }

    /// Some that are over: they got their slots, or were called off.
    pub async fn settled_waits(&self, at_most: u32) -> Result<Vec<SlotWait>> {
        let rows = sqlx::query_as!(
            WaitRow,
            "select id, wait_token as \"token!\" from slots
             where wait_token is not null and (granted_at is not null or released_at is not null) order by granted_at limit $1",
            i64::from(at_most)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(SlotWait::from).collect())
    }

    /// Some of which nobody has said for a minute that they go on; to whoever reads it, the others leave that.
    pub async fn quiet_waits(&self, at_most: u32) -> Result<Vec<SlotWait>> {
        let rows = sqlx::query_as!(
            WaitRow,
            "update slots set seen_at = clock_timestamp() where id in (
                 select id from slots where wait_token is not null and granted_at is null and released_at is null
                     and seen_at < clock_timestamp() - interval '1 minute'
                 order by seen_at limit $1 for update skip locked)
             returning id, wait_token as \"token!\"",
            i64::from(at_most)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(SlotWait::from).collect())
    }

    /// It is over in Temporal too.
    pub async fn forget_wait(&self, SlotWait { slot, token }: &SlotWait) -> Result<()> {
        sqlx::query!(
            "update slots set wait_token = null where id = $1 and wait_token = $2",
            slot.0,
            token
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Temporal does not know it: an operator ended its run, or it is tried again and asks soon. Until then nobody waits here.
    pub async fn lose_wait(&self, SlotWait { slot, token }: &SlotWait) -> Result<()> {
        sqlx::query!(
            "update slots set wait_token = null, seen_at = clock_timestamp() - interval '1 minute'
             where id = $1 and wait_token = $2 and granted_at is null",
            slot.0,
            token
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
