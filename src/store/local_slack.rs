//! The local Slack keeps nothing: what is to be done when it is new?
//! Threads of runs that are still open are posted anew. What has ended stays in the database alone.

use super::{Result, Store};

impl Store {
    /// Forgets where the open runs of this workspace were shown, so that they are shown anew; how many there are.
    pub async fn show_open_runs_anew(&self, team: &str) -> Result<u64> {
        let mut change = self.pool.begin().await?;
        let open = sqlx::query_scalar!(
            "update threads set root_ts = null, drawn_seq = -1, redraw_at = null, lease_until = null, fence = fence + 1
             where team = $1 and not exists (select 1 from events e where e.run_id = threads.run_id and e.kind = 'ended')
             returning run_id",
            team
        )
        .fetch_all(&mut *change)
        .await?;
        // What was told to people directly is lost there as well.
        sqlx::query!("delete from messages where run_id = any($1)", &open)
            .execute(&mut *change)
            .await?;
        change.commit().await?;
        Ok(open.len() as u64)
    }
}
