//! How old is what threads show, where many runs are live and Slack takes fifty edits a minute?
//!
//! `cargo bench --bench pace`, or with one number of runs `cargo bench --bench pace -- 50`; `--profile dev` uses what `cargo test` built.
//!
//! A real Postgres, the real publisher at Slack's own pace, and a Slack that notes what is edited. Every run's agent gets on each second, so
//! every thread always has something new to show. The staleness of a run is the longest time between two edits of its ledger; its fair share
//! is `runs × 60 s / edits a minute`.

mod begin;

#[path = "../stories/world/line.rs"]
#[expect(dead_code, reason = "stories cut and heal it")]
mod line;
#[path = "../stories/world/servers.rs"]
#[expect(dead_code, reason = "stories ask more of them")]
mod servers;
#[path = "../stories/world/wait.rs"]
mod wait;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::extract::Path;
use axum::{Json, Router, routing};
use chrono::{DateTime, Offset as _, Utc};
use serde_json::{Value, json};
use signoff::publisher::{Publisher, QueueView};
use signoff::run::{Event, Happened, Progress, Request, RequestId, RunId, Tokens, Usd};
use signoff::slack::{SLACKS_PACE, SlackApi, SlackApiConfig};
use signoff::store::Store;
use signoff::thread::RenderContext;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use begin::{begin, say};
use servers::Servers;

const USUAL_COUNTS: [usize; 2] = [6, 50];
/// Most of its share that a run may be unshown.
const MOST: f64 = 1.2;
/// So many shares are watched, after as many as it takes until all take turns.
const WATCHED: u32 = 3;
const WARMING: u32 = 2;

/// What Slack was told: the keys of messages, and when each was edited.
#[derive(Default)]
struct Told {
    keys: HashMap<String, String>,
    edits: Vec<(String, Instant)>,
}

type Slack = Arc<Mutex<Told>>;

fn main() -> Result<()> {
    begin(0, async |count| {
        let counts = if count == 0 { USUAL_COUNTS.to_vec() } else { vec![count] };
        for runs in counts {
            bench(runs).await?;
        }
        Ok(())
    })
}

async fn bench(runs: usize) -> Result<()> {
    let share =
        Duration::from_secs_f64(f64::from(u32::try_from(runs)?) * 60.0 / f64::from(SLACKS_PACE));
    let servers = Servers::get();
    let database = servers.fresh_database(&servers.fresh_name()).await?.into();
    let store = Store::connect(&database).await?;
    store.migrate().await?;
    let slack = Slack::default();
    let publisher = publisher(store.clone(), a_slack_that_notes(Arc::clone(&slack)).await?);
    let mut live = Vec::new();
    for n in 0..runs {
        live.push(starts(&store, n).await?);
    }
    let end = CancellationToken::new();
    let drawing = tokio::spawn(publisher.run(end.clone()));
    let began = Instant::now();
    let (from, until) = (began + share * WARMING, began + share * (WARMING + WATCHED));
    for second in 0_u64.. {
        if Instant::now() > until {
            break;
        }
        for run in &live {
            gets_on(&store, run, second).await?;
        }
        sleep(Duration::from_secs(1)).await;
    }
    end.cancel();
    drawing.await?;
    let told = slack.lock().unwrap_or_else(PoisonError::into_inner);
    report(&told, &live, (from, until), share)
}

fn report(told: &Told, live: &[RunId], watched: (Instant, Instant), share: Duration) -> Result<()> {
    let (from, until) = watched;
    let edits = told.edits.iter().filter(|(_, at)| (from..until).contains(at));
    let minutes = (until - from).as_secs_f64() / 60.0;
    let cards = edits.clone().filter(|(key, _)| key.ends_with("/card")).count();
    let all = edits.count();
    let mut worst: Vec<Duration> = live.iter().map(|run| longest_gap(told, run, watched)).collect();
    worst.sort();
    let (median, most) = (worst[worst.len() / 2], *worst.last().context("no runs")?);
    let ratio = most.as_secs_f64() / share.as_secs_f64();
    say(&format!(
        "{} runs: unshown {:.1} s at most, {:.1} s in the middle; their share is {:.1} s, so {ratio:.2} of it (at most {MOST}); {:.0} edits a minute, {cards} of {all} moved only a clock",
        live.len(),
        most.as_secs_f64(),
        median.as_secs_f64(),
        share.as_secs_f64(),
        f64::from(u32::try_from(all)?) / minutes,
    ));
    ensure!(ratio <= MOST, "threads are older than their share of edits allows");
    Ok(())
}

fn longest_gap(told: &Told, run: &RunId, (from, until): (Instant, Instant)) -> Duration {
    let key = format!("{run}/ledger");
    let edits =
        told.edits.iter().filter(|(edited, at)| *edited == key && (from..until).contains(at));
    let times: Vec<Instant> =
        [from].into_iter().chain(edits.map(|(_, at)| *at)).chain([until]).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

fn publisher(store: Store, api_url: url::Url) -> Publisher {
    // Another may have been installed; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock_zone = Utc.fix();
    Publisher {
        store,
        slack: SlackApi::new(SlackApiConfig::new(Some(api_url), "xoxb-of-nobody".into())),
        render: RenderContext { links: None, clock_zone, real_slack: false, thread: None },
        queue: QueueView::default(),
    }
}

/// A run whose only attempt is at work.
async fn starts(store: &Store, n: usize) -> Result<RunId> {
    let stage = json!({ "name": "draft", "needs": [], "size": "S", "attempts": 1, "timeout_seconds": 3_600, "setup": [], "checks": ["true"], "reports": {}, "gate": null });
    let request = json!({
        "run": format!("live-{n:07}"), "project": "live", "brief": "", "starter": "slack:T01ACME:U01ANA", "approvers": [], "rehearsal": false,
        "channel": { "team": "T01ACME", "channel": format!("C{n:03}") },
        "pipeline": { "name": "live", "digest": "p1", "agent": { "kind": "script" }, "stages": [stage] },
    });
    let request: Request = serde_json::from_value(request).context("a request")?;
    store.ask_for_run(&RequestId(request.run.to_string()), &request, now()).await?;
    store.run_was_sent(&request).await?;
    let happened = [
        json!({ "kind": "started", "rules": 1, "request": request }),
        json!({ "kind": "stage_started", "stage": "draft" }),
        json!({ "kind": "attempt_started", "stage": "draft", "attempt": 1 }),
    ];
    for (seq, what) in (1..).zip(happened) {
        let what: Happened = serde_json::from_value(what).context("an event")?;
        store.record(&request.run, &[json!(Event { seq, at: now(), what })]).await?;
    }
    Ok(request.run)
}

async fn gets_on(store: &Store, run: &RunId, second: u64) -> Result<()> {
    let tokens = Tokens { output: second * 100, ..Tokens::default() };
    let step = format!("Write src/part-{second}.js");
    let stage = "draft".parse()?;
    let progress = Progress { stage, attempt: 1, tokens, cost_usd: Usd::ZERO, step, at: now() };
    Ok(store.save_progress(run, &progress).await?)
}

async fn a_slack_that_notes(slack: Slack) -> Result<url::Url> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let api = format!("http://{}/api", listener.local_addr()?).parse()?;
    let answer = async move |Path(method): Path<String>, body: Option<Json<Value>>| {
        let body = body.map(|Json(body)| body).unwrap_or_default();
        Json(answer(&mut slack.lock().unwrap_or_else(PoisonError::into_inner), &method, &body))
    };
    let router = Router::new().route("/api/{method}", routing::post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(api)
}

fn answer(told: &mut Told, method: &str, body: &Value) -> Value {
    let text = |pointer: &str| {
        body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    match method {
        "chat.postMessage" => {
            let ts = format!("1700000000.{:06}", told.keys.len());
            told.keys.insert(ts.clone(), text("/metadata/event_payload/key"));
            json!({ "ok": true, "channel": "C0", "ts": ts })
        }
        "chat.update" => {
            let key = told.keys.get(&text("/ts")).cloned().unwrap_or_default();
            told.edits.push((key, Instant::now()));
            json!({ "ok": true })
        }
        _ => {
            json!({ "ok": true, "url": "https://acme.example/", "team_id": "T01ACME", "user_id": "U0BOT", "bot_id": "B0BOT" })
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench lives in real time")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
