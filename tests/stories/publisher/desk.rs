//! A run whose events the story tells itself, and publishers that draw it: no worker, no `serve`, and all that Slack is asked in plain view.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use signoff::publisher::{Publisher, QueueView};
use signoff::run::{Channel, Event, GateId, GateKind, Happened, Request, RequestId, RunId};
use signoff::slack::{RateLimits, SlackApi, SlackApiConfig};
use signoff::store::Store;
use signoff::thread::RenderContext;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::world::now;
use crate::world::servers::Servers;
use crate::world::slack::{BOT_TOKEN, FakeSlack, TEAM};
use crate::world::wait;

pub struct Desk {
    pub slack: FakeSlack,
    pub store: Store,
    pub request: Request,
    database: SecretString,
    seq: AtomicU64,
}

/// A publisher at work; it ends with this.
pub struct Drawing(JoinHandle<()>);

impl Drop for Drawing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Desk {
    /// A run in #dev, started by ana, with one stage and its gate; these may answer.
    pub async fn asking(approvers: &[&str]) -> Result<Self> {
        let servers = Servers::get();
        servers.forget_at_a_power_cut().await?;
        let database = SecretString::from(servers.fresh_database(&servers.fresh_name()).await?);
        let store = Store::connect(&database).await?;
        store.migrate().await?;
        let desk = Self {
            slack: FakeSlack::start().await?,
            store,
            request: request("tale-2345678", approvers)?,
            database,
            seq: AtomicU64::new(0),
        };
        let door = TcpListener::bind("127.0.0.1:0").await?;
        desk.slack.delivers_to(format!("http://{}/slack", door.local_addr()?).parse()?);
        tokio::spawn(async move {
            axum::serve(door, Router::new().fallback(async || StatusCode::OK)).await
        });
        desk.asks_for(&desk.request).await?;
        Ok(desk)
    }

    /// A run is asked for, and Temporal has it.
    pub async fn asks_for(&self, request: &Request) -> Result<()> {
        self.store.ask_for_run(&RequestId(request.run.to_string()), request, now()).await?;
        Ok(self.store.run_was_sent(request).await?)
    }

    pub fn run(&self) -> &RunId {
        &self.request.run
    }

    /// To the run of this desk.
    pub async fn happens(&self, what: Happened) -> Result<()> {
        let seq = self.seq.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(self.store.record(self.run(), &[json!(Event { seq, at: now(), what })]).await?)
    }

    /// The same, as it stands in the events.
    pub async fn event(&self, what: Value) -> Result<()> {
        self.happens(serde_json::from_value(what).context("an event")?).await
    }

    /// The run begins, and its work is good.
    pub async fn works(&self) -> Result<()> {
        let snapshot = json!({ "commit": "c1", "tree": "t1" });
        let tokens = json!({ "input": 1, "output": 1, "cache_read": 0, "cache_write": 0 });
        self.event(json!({ "kind": "started", "rules": 1, "request": self.request })).await?;
        self.event(json!({ "kind": "stage_started", "stage": "draft" })).await?;
        self.event(json!({ "kind": "attempt_started", "stage": "draft", "attempt": 1 })).await?;
        self.event(json!({
            "kind": "written", "stage": "draft", "attempt": 1, "agent": null, "sandboxing": "closed", "base": snapshot, "snapshot": snapshot,
            "diff": { "files": 1, "added": 2, "removed": 0, "biggest": [] }, "tokens": tokens, "cost_usd": "0.01", "words": "I wrote it.",
        }))
        .await?;
        self.event(json!({
            "kind": "attempt_ended", "stage": "draft", "attempt": 1, "outcome": "good", "why": null, "feedback": null, "trouble": null,
            "tests": null, "coverage_percent": null, "tokens": tokens, "cost_usd": "0.01", "seconds": 3,
        }))
        .await
    }

    /// Somebody says something in the run's thread that nobody but the story acts on; its `ts`.
    pub async fn is_told(&self, card: &str, words: &str) -> Result<String> {
        Ok(self.slack.person("ana").says_in(card, words).await?.ts)
    }

    /// The gate that the run opens.
    pub fn gate(&self) -> GateId {
        let stage = self.request.pipeline.stages[0].name.clone();
        GateId {
            kind: GateKind::Approve,
            stage,
            round: 1,
            digest: signoff::run::Digest("d1".to_owned()),
        }
    }

    /// Its work is good, and somebody is asked.
    pub async fn asks(&self) -> Result<()> {
        self.works().await?;
        self.happens(Happened::GateOpened {
            gate: self.gate(),
            attempt: 1,
            deadline: now() + TimeDelta::hours(1),
        })
        .await
    }

    /// Somebody answers.
    pub async fn is_decided(&self, by: &str, verdict: &str) -> Result<()> {
        self.event(json!({ "kind": "decided", "request": "r1", "gate": self.gate(), "verdict": verdict, "by": by, "via": "button", "words": null }))
            .await
    }

    /// All is done.
    pub async fn ends(&self) -> Result<()> {
        self.event(json!({ "kind": "stage_ended", "stage": "draft", "outcome": "good", "why": null, "snapshot": null })).await?;
        self.event(json!({ "kind": "ended", "outcome": "done", "why": null })).await
    }

    /// An admin deletes what we said, and `serve` is told.
    pub async fn is_deleted(&self, ts: &str) -> Result<()> {
        let message = self.slack.message(ts).context("it is there")?;
        self.slack.admin_deletes(ts).await?;
        let place = Channel { team: TEAM.to_owned(), channel: message.channel };
        Ok(self.store.message_deleted(&place, ts).await?)
    }

    /// A publisher, as `serve` has one.
    pub async fn draws(&self) -> Result<Drawing> {
        self.draws_at(RateLimits::at_pace(60_000)).await
    }

    /// The same, no faster than this.
    pub async fn draws_at(&self, rate_limits: RateLimits) -> Result<Drawing> {
        self.draws_by(SlackApiConfig { rate_limits, ..self.config() }).await
    }

    /// The same, where each call is given up after so long.
    pub async fn draws_within(&self, timeout: Duration) -> Result<Drawing> {
        let rate_limits = RateLimits::at_pace(60_000);
        self.draws_by(SlackApiConfig { rate_limits, timeout, ..self.config() }).await
    }

    fn config(&self) -> SlackApiConfig {
        SlackApiConfig::new(Some(self.slack.api_url()), SecretString::from(BOT_TOKEN))
    }

    async fn draws_by(&self, config: SlackApiConfig) -> Result<Drawing> {
        let publisher = Publisher {
            store: Store::connect(&self.database).await?,
            slack: SlackApi::new(config),
            render: RenderContext {
                links: None,
                clock_zone: chrono::Offset::fix(&Utc),
                real_slack: false,
                thread: None,
            },
            queue: QueueView::default(),
        };
        Ok(Drawing(tokio::spawn(publisher.run(CancellationToken::new()))))
    }

    /// So many more runs that wait like this one does now, each with a thread that shows another time than it is.
    pub async fn is_one_of(&self, many: u32) -> Result<()> {
        let run = self.run();
        self.sql(&format!(
            "insert into runs select 'many-' || n, 'many-' || n, project, jsonb_set(request, '{{run}}', to_jsonb('many-' || n)), requested_at, sent, tries, try_at
             from runs, generate_series(1, {many}) n where run_id = '{run}';
             insert into events select 'many-' || n, seq, at, kind, body from events, generate_series(1, {many}) n where run_id = '{run}';
             insert into threads (run_id, team, channel, root_ts, wanted_seq, drawn_seq, redraw_at)
             select 'many-' || n, team, channel, root_ts, wanted_seq, drawn_seq, now() from threads, generate_series(1, {many}) n where run_id = '{run}';
             insert into messages (run_id, key, ts, shown, claimed_at)
             select 'many-' || n, key, ts, 'another time', claimed_at from messages, generate_series(1, {many}) n where run_id = '{run}'"
        ))
        .await?;
        self.sql("vacuum analyze").await
    }

    /// How often our messages with this key are in Slack.
    pub fn there_are(&self, key: &str) -> usize {
        let key = format!("{}/{key}", self.run());
        self.slack.peek(|state| state.with_key(&key).len())
    }

    /// Waits until a message of this key shows the words; its `ts`.
    pub async fn shows(&self, key: &str, words: &str) -> Result<String> {
        let key = format!("{}/{key}", self.run());
        self.slack
            .until(&format!("{words:?} in {key}"), |state| {
                state
                    .with_key(&key)
                    .into_iter()
                    .find(|it| state.shown(it).contains(words))
                    .map(|it| it.ts.clone())
            })
            .await
    }

    /// Waits until the publisher sees nothing to do.
    pub async fn is_quiet(&self) -> Result<()> {
        const AT_WORK: &str =
            "threads where drawn_seq < wanted_seq or lease_until is not null or redraw_at <= now()";
        wait::until("the publisher to rest", async || Ok(self.count(AT_WORK).await? == 0)).await
    }

    /// Waits until so many threads were looked at, and are to be looked at again.
    pub async fn all_look_again(&self, many: i64) -> Result<()> {
        let looked = async || Ok(self.count("threads where redraw_at > now()").await? >= many);
        wait::until("the publisher to look at all of them", looked).await
    }

    /// The thread could not be drawn since then.
    pub async fn failed_since(&self, since: DateTime<Utc>) -> Result<()> {
        self.sql(&format!("update threads set failing_since = '{since}', failures = 3")).await
    }

    pub async fn sql(&self, statements: &str) -> Result<()> {
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
            .execute(&mut self.connection().await?)
            .await?;
        Ok(())
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> Result<i64> {
        let row = sqlx::raw_sql(AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&mut self.connection().await?)
            .await?;
        Ok(row.try_get(0)?)
    }

    /// How the database goes about a question, and how many rows it reads.
    pub async fn explain(&self, question: &str) -> Result<String> {
        let rows = sqlx::raw_sql(AssertSqlSafe(format!("explain (analyze, buffers) {question}")))
            .fetch_all(&mut self.connection().await?)
            .await?;
        Ok(rows
            .iter()
            .map(|row| row.try_get::<String, _>(0))
            .collect::<Result<Vec<_>, _>>()?
            .join("\n"))
    }

    async fn connection(&self) -> Result<PgConnection> {
        Ok(PgConnection::connect(self.database.expose_secret()).await?)
    }
}

/// What ana asks for.
pub fn request(run: &str, approvers: &[&str]) -> Result<Request> {
    let stage = json!({
        "name": "draft", "needs": [], "size": "S", "attempts": 1, "timeout_seconds": 60, "setup": [], "checks": ["true"], "reports": {},
        "gate": { "deadline_seconds": 3_600, "approvers": approvers, "escalation": { "after_seconds": 60, "to": ["slack:T01ACME:S0ONCALL"] } },
    });
    let request = json!({
        "run": run, "project": "tale", "brief": "", "starter": format!("slack:{TEAM}:U01ANA"), "approvers": [], "rehearsal": false,
        "channel": { "team": TEAM, "channel": "C01DEV" },
        "pipeline": { "name": "tale", "digest": "p1", "agent": { "kind": "script" }, "stages": [stage] },
    });
    serde_json::from_value(request).context("a request")
}
