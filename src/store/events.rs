//! The event log: what happened to a run?

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::content::{cleaned, keep_content};
use super::{Result, Store, StoreError, read, slots};
use crate::run::{Event, RunId, SlotRequest};

/// Kinds after which a run asks something, or asks nothing any more.
const TURNS: [&str; 4] = ["gate_opened", "attempt_started", "stage_ended", "ended"];

/// What every event has.
#[derive(Deserialize)]
pub(super) struct Head {
    seq: u64,
    at: DateTime<Utc>,
    pub(super) kind: String,
}

impl Store {
    /// Keeps events as they were written, kinds of later versions included, and says in the same transaction whether the run asks something,
    /// and that the thread is behind: however often it failed, it is looked at at once. A repeat changes no event, and no slot.
    /// What the database refuses for what is in it costs that, and never the run: its events are then kept one by one.
    pub async fn record(&self, run: &RunId, events: &[Value]) -> Result<()> {
        self.record_and_ask(run, events, None).await
    }

    /// The same. What an event ends gives its slot back; `asks` is the attempt that asks for one next.
    pub async fn record_and_ask(
        &self,
        run: &RunId,
        events: &[Value],
        asks: Option<&SlotRequest>,
    ) -> Result<()> {
        let events: Vec<Value> = events.iter().map(|event| cleaned("an event", event)).collect();
        match self.record_as_it_is(run, &events, asks).await {
            Err(StoreError::Refused(_)) => {
                for event in events {
                    let keep =
                        |event| async move { self.record_as_it_is(run, &[event], None).await };
                    keep_content(&format!("an event of {run}"), event, keep).await?;
                }
                Ok(())
            }
            done => done,
        }
    }

    async fn record_as_it_is(
        &self,
        run: &RunId,
        events: &[Value],
        asks: Option<&SlotRequest>,
    ) -> Result<()> {
        let head = |body| {
            Head::deserialize(body).map_err(|source| StoreError::Garbled { what: "event", source })
        };
        let heads: Vec<Head> = events.iter().map(head).collect::<Result<_>>()?;
        let Some(newest) = heads.iter().map(|head| head.seq).max() else { return Ok(()) };
        let mut change = self.pool.begin().await?;
        let mut any_new = false;
        for (head, body) in heads.iter().zip(events) {
            let is_new = insert_event(&mut change, run, head, body).await?;
            forget_what_was_said_before(&mut change, run, head, body).await?;
            // A repeat may come late, and must take away nothing that was asked for since.
            if is_new {
                slots::release(&mut change, run, head, body).await?;
            }
            any_new |= is_new;
        }
        if let Some(asks) = asks.filter(|_| any_new) {
            slots::ask(&mut change, asks).await?;
        }
        if heads.iter().any(|head| TURNS.contains(&head.kind.as_str())) {
            update_asked_at(&mut change, run).await?;
            redraw_parts(&mut change, run, &stages_of(&heads, events)).await?;
        }
        sqlx::query!("update threads set wanted_seq = greatest(wanted_seq, $2), retry_at = null where run_id = $1", run.as_str(), signed(newest))
            .execute(&mut *change)
            .await?;
        redraw_whole(&mut change, run).await?;
        Ok(change.commit().await?)
    }

    /// How a run began, as it was written.
    pub async fn first_event(&self, run: &RunId) -> Result<Option<Value>> {
        let first = sqlx::query_scalar!(
            "select body from events where run_id = $1 and seq = 1",
            run.as_str()
        );
        Ok(first.fetch_optional(&self.pool).await?)
    }

    /// The number of its newest event; none before the first.
    pub async fn newest_event(&self, run: &RunId) -> Result<Option<i64>> {
        let newest =
            sqlx::query_scalar!("select max(seq) from events where run_id = $1", run.as_str());
        Ok(newest.fetch_one(&self.pool).await?)
    }

    /// A run's events, in order.
    pub async fn events(&self, run: &RunId) -> Result<Vec<Event>> {
        self.raw_events(run).await?.iter().map(event).collect()
    }

    /// A run's events as they were written, kinds of later versions included.
    pub async fn raw_events(&self, run: &RunId) -> Result<Vec<Value>> {
        let rows =
            sqlx::query!("select body from events where run_id = $1 order by seq", run.as_str())
                .fetch_all(&self.pool)
                .await?;
        Ok(rows.into_iter().map(|row| row.body).collect())
    }
}

/// Whether it is new: a repeat changes nothing.
async fn insert_event(
    change: &mut PgConnection,
    run: &RunId,
    Head { seq, at, kind }: &Head,
    body: &Value,
) -> Result<bool> {
    let done = sqlx::query!(
        "insert into events (run_id, seq, at, kind, body) values ($1, $2, $3, $4, $5) on conflict (run_id, seq) do nothing",
        run.as_str(),
        signed(*seq),
        at,
        kind,
        body
    )
    .execute(change)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// A note is what its message says now. What it said before may have been a secret, and no attempt has read it.
async fn forget_what_was_said_before(
    change: &mut PgConnection,
    run: &RunId,
    head: &Head,
    body: &Value,
) -> Result<()> {
    let (true, Some(message)) = (head.kind == "noted", body["message"].as_str()) else {
        return Ok(());
    };
    sqlx::query!(
        r#"update events set body = jsonb_set(body, '{words}', '""')
           where run_id = $1 and kind = 'noted' and seq < $2 and body->>'message' = $3"#,
        run.as_str(),
        signed(head.seq),
        message
    )
    .execute(change)
    .await?;
    Ok(())
}

/// The thread of the run that this one is part of shows it too, even where that run is over and learns nothing any more.
async fn redraw_whole(change: &mut PgConnection, run: &RunId) -> Result<()> {
    sqlx::query!(
        "update threads set redraw_at = clock_timestamp()
         where run_id = (select request->'part_of'->>'batch' from runs where run_id = $1)",
        run.as_str()
    )
    .execute(change)
    .await?;
    Ok(())
}

/// The stages that these events are about; none where the end of the run is among them, which is about all.
fn stages_of(heads: &[Head], events: &[Value]) -> Vec<String> {
    if heads.iter().any(|head| head.kind == "ended") {
        return Vec::new();
    }
    let stage =
        |body: &Value| body["stage"].as_str().or(body["gate"]["stage"].as_str()).map(str::to_owned);
    events.iter().filter_map(stage).collect()
}

/// What a run asks about one of its parts, which is called like the stage, stands on the card of that one, too. No stage means all of them.
async fn redraw_parts(change: &mut PgConnection, run: &RunId, stages: &[String]) -> Result<()> {
    sqlx::query!(
        "update threads set redraw_at = clock_timestamp()
         where run_id in (select run_id from runs where request->'part_of'->>'batch' = $1
             and (cardinality($2::text[]) = 0 or request->'part_of'->>'slug' = any($2)))",
        run.as_str(),
        stages
    )
    .execute(change)
    .await?;
    Ok(())
}

async fn update_asked_at(change: &mut PgConnection, run: &RunId) -> Result<()> {
    sqlx::query!(
        "update runs set asked_at = (
                     select case when e.kind = 'gate_opened' then e.at end from events e
                     where e.run_id = runs.run_id and e.kind = any($2) order by e.seq desc limit 1
                 ) where run_id = $1",
        run.as_str(),
        &TURNS.map(ToOwned::to_owned)
    )
    .execute(change)
    .await?;
    Ok(())
}

/// An event of a known kind may hold something that only a later version knows: then it is read as an unknown kind.
pub(super) fn event(body: &Value) -> Result<Event> {
    if let Ok(event) = Event::deserialize(body) {
        return Ok(event);
    }
    let named = json!({ "seq": body["seq"], "at": body["at"], "kind": "unknown" });
    read("event", named)
}

pub(super) fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// What a row's bigint means as a sequence number.
pub(super) fn unsigned(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Happened;

    #[test]
    fn what_a_later_version_wrote_is_read_as_unknown() {
        for later in [
            json!({"seq": 7, "at": "2026-11-22T10:00:00Z", "kind": "forked", "into": "x"}),
            json!({"seq": 7, "at": "2026-11-22T10:00:00Z", "kind": "ended", "outcome": "handed_over", "why": null}),
        ] {
            let read = event(&later).expect("read");
            assert_eq!((read.seq, read.what), (7, Happened::Unknown));
        }
        assert!(event(&json!({"kind": "ended"})).is_err());
    }
}
