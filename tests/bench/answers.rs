//! Answers as Slack sends them, and what became of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use signoff::run::{GateId, GateKind};
use signoff::thread::{ActionId, GateValue, REJECT_FORM};
use sqlx::PgConnection;

use crate::many::now;
use crate::processes::{Processes, SIGNING_SECRET, Told};

const TEAM: &str = "T01ACME";
const APPROVES: &str = "U02BEN";
const REJECTS: &str = "U03CLEO";

/// All runs whose question Slack shows, with the card and the thread it is in.
const ASKING: &str = "
    select r.run_id, e.body->'gate', t.channel, m.ts, t.root_ts
    from runs r
    join events e on e.run_id = r.run_id and e.kind = 'gate_opened'
    join threads t on t.run_id = r.run_id
    join messages m on m.run_id = r.run_id and m.key like 'gate:%' and m.channel is null
    where r.project = 'line' and m.ts is not null and t.root_ts is not null
    order by r.requested_at, r.run_id";
const JUDGED: &str = "select run_id, kind, body->>'verdict', body->>'request' from events where kind in ('decided', 'decision_refused')";
/// What was not passed on has a reply.
const TOLD_AT_THE_DOOR: &str = "select key from inbox where state = 'done' and reply is not null";

/// What everybody is told whose answer could not be kept.
const TRY_AGAIN: &str = "try again";

const HAPPENED: &str = "select seq || ' ' || kind || ' ' || to_char(at, 'SS.MS') from events where run_id = $1 order by seq";
const FEW: usize = 5;

/// A run that two people answer.
pub struct Pair {
    n: usize,
    gate: GateValue,
    channel: String,
    card: String,
    root: String,
}

/// What a door answered.
pub struct Heard {
    pub status: u16,
    pub took: Duration,
}

impl Pair {
    pub async fn all(database: &mut PgConnection) -> Result<Vec<Self>> {
        let rows: Vec<(String, Value, String, String, String)> =
            sqlx::query_as(ASKING).fetch_all(database).await?;
        let pair = |(n, (run, gate, channel, card, root)): (
            usize,
            (String, Value, String, String, String),
        )| {
            let GateId { stage, round, digest, .. } = serde_json::from_value(gate)?;
            let run = run.parse().ok().context("no run's id")?;
            Ok(Self {
                n,
                gate: GateValue { kind: GateKind::Approve, run, stage, round, digest },
                channel,
                card,
                root,
            })
        };
        rows.into_iter().enumerate().map(pair).collect()
    }

    /// Approve at one door and Reject at another, at the same moment; the doors take turns.
    pub async fn answered_twice(
        &self,
        http: &reqwest::Client,
        processes: &Processes,
    ) -> Result<[Heard; 2]> {
        let door = |n: usize| processes.doors[n % processes.doors.len()].as_str();
        let respond = format!("{}/{}", processes.respond, self.trigger("click"));
        let (approve, reject) = (self.click(&respond), self.form());
        let ((approved, _), (rejected, wrong)) = tokio::try_join!(
            send(http, door(self.n), &approve),
            send(http, door(self.n + 1), &reject)
        )?;
        if !wrong.is_empty() {
            processes
                .told
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(self.trigger("form"), wrong);
        }
        Ok([approved, rejected])
    }

    fn click(&self, respond: &str) -> Value {
        json!({
            "type": "block_actions", "token": "legacy", "api_app_id": "A01", "trigger_id": self.trigger("click"), "user": person(APPROVES),
            "team": { "id": TEAM, "domain": "acme" }, "enterprise": null, "is_enterprise_install": false,
            "container": { "type": "message", "message_ts": self.card, "channel_id": self.channel, "thread_ts": self.root, "is_ephemeral": false },
            "channel": { "id": self.channel, "name": "general" }, "state": { "values": {} }, "response_url": respond,
            "message": { "type": "message", "ts": self.card, "thread_ts": self.root, "user": "U0BOT", "bot_id": "B0BOT", "text": "Keep it?" },
            "actions": [{ "type": "button", "action_id": ActionId::Approve.as_str(), "block_id": "b", "value": self.gate.json(), "action_ts": self.card }],
        })
    }

    fn form(&self) -> Value {
        let why =
            json!({ "words": { "words": { "type": "plain_text_input", "value": "not this" } } });
        json!({
            "type": "view_submission", "token": "legacy", "api_app_id": "A01", "trigger_id": self.trigger("form"), "user": person(REJECTS),
            "team": { "id": TEAM, "domain": "acme" }, "enterprise": null, "is_enterprise_install": false, "response_urls": [],
            "view": {
                "id": self.view(), "type": "modal", "callback_id": REJECT_FORM, "hash": "1.a", "private_metadata": self.gate.json(),
                "state": { "values": why },
            },
        })
    }

    fn view(&self) -> String {
        format!("V{:05}", self.n)
    }

    fn trigger(&self, of: &str) -> String {
        format!("{}.{of}", self.n)
    }

    /// The keys that the answers carry, and what they are told by.
    fn answers(&self) -> [(String, String); 2] {
        let (click, form) = (self.trigger("click"), self.trigger("form"));
        [(format!("click:{click}"), click), (format!("submission:{}:{form}", self.view()), form)]
    }
}

fn person(user: &str) -> Value {
    json!({ "id": user, "username": user, "name": user, "team_id": TEAM })
}

/// What a door answers, with its words.
async fn send(http: &reqwest::Client, door: &str, payload: &Value) -> Result<(Heard, String)> {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payload", &payload.to_string())
        .finish();
    let timestamp = now().timestamp().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING_SECRET.as_bytes())?;
    mac.update(format!("v0:{timestamp}:{body}").as_bytes());
    let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
    let request = http.post(door).header("content-type", "application/x-www-form-urlencoded");
    let request = request
        .header("x-slack-request-timestamp", timestamp)
        .header("x-slack-signature", signature);
    let began = Instant::now();
    let answer = request.body(body).send().await.context("a door does not answer")?;
    let status = answer.status().as_u16();
    let words = answer.text().await?;
    Ok((Heard { status, took: began.elapsed() }, words))
}

/// How many of what.
#[derive(Default)]
pub struct Tally {
    pairs: usize,
    approved: usize,
    rejected: usize,
    two_decisions: usize,
    no_decision: usize,
    refused_by_run: usize,
    refused_at_door: usize,
    /// Told that they were not recorded, or perhaps not, and to try again.
    turned_away: usize,
    /// Keys of answers, and their runs: passed on, and neither taken nor refused.
    lost: Vec<(String, String)>,
}

impl Tally {
    pub async fn count(database: &mut PgConnection, pairs: &[Pair], told: &Told) -> Result<Self> {
        let judged: Vec<(String, String, Option<String>, String)> =
            sqlx::query_as(JUDGED).fetch_all(&mut *database).await?;
        let refused: BTreeSet<String> =
            sqlx::query_scalar(TOLD_AT_THE_DOOR).fetch_all(database).await?.into_iter().collect();
        let turned_away = |by: &str| {
            told.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get(by)
                .is_some_and(|words| words.contains(TRY_AGAIN))
        };
        let mut decisions: BTreeMap<&str, usize> = BTreeMap::new();
        let mut answers: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        for (run, kind, verdict, request) in &judged {
            let verdict = verdict.as_deref().filter(|_| kind == "decided");
            answers.insert(request, verdict);
            *decisions.entry(run).or_default() += usize::from(kind == "decided");
        }
        let mut tally = Self { pairs: pairs.len(), ..Self::default() };
        for pair in pairs {
            match decisions.get(pair.gate.run.as_str()) {
                None | Some(0) => tally.no_decision += 1,
                Some(1) => {}
                Some(_) => tally.two_decisions += 1,
            }
            for (key, told_by) in pair.answers() {
                let counter = match answers.get(key.as_str()) {
                    Some(Some("approve")) => &mut tally.approved,
                    Some(Some(_)) => &mut tally.rejected,
                    Some(None) => &mut tally.refused_by_run,
                    None if refused.contains(&key) => &mut tally.refused_at_door,
                    None if turned_away(&told_by) => &mut tally.turned_away,
                    None => {
                        tally.lost.push((key, pair.gate.run.to_string()));
                        continue;
                    }
                };
                *counter += 1;
            }
        }
        Ok(tally)
    }

    /// Whether every answer was judged. Whether a refusal also reached its person in time is not measured.
    pub const fn is_complete(&self) -> bool {
        self.lost.is_empty()
    }

    pub const fn all_decided(&self) -> bool {
        self.no_decision == 0
    }

    /// Whether every run has one decision.
    pub const fn is_one_each(&self) -> bool {
        self.two_decisions == 0
            && self.no_decision == 0
            && self.approved + self.rejected == self.pairs
    }

    pub fn say(&self) {
        let rows = [
            ("pairs", self.pairs),
            ("approved", self.approved),
            ("rejected", self.rejected),
            ("runs with two", self.two_decisions),
            ("runs with none", self.no_decision),
            ("losers: by the run", self.refused_by_run),
            ("losers: at the door", self.refused_at_door),
            ("told to try again", self.turned_away),
            ("losers: no trace", self.lost.len()),
        ];
        for (what, count) in rows {
            crate::begin::say(&format!("{what:<21} {count:>8}"));
        }
    }

    /// What happened to the runs whose second answer nobody took or refused; the first few.
    pub async fn names_the_lost(&self, database: &mut PgConnection) -> Result<()> {
        for (key, run) in self.lost.iter().take(FEW) {
            let kinds: Vec<String> =
                sqlx::query_scalar(HAPPENED).bind(run).fetch_all(&mut *database).await?;
            let state: Option<String> =
                sqlx::query_scalar("select state from inbox where key = $1")
                    .bind(key)
                    .fetch_optional(&mut *database)
                    .await?;
            crate::begin::say(&format!(
                "{key} ({}) of {run}: {}",
                state.as_deref().unwrap_or("not received"),
                kinds.join(", ")
            ));
        }
        Ok(())
    }
}
