//! What does the meter add to a model's answer: time to the first byte, work, memory?
//!
//! `cargo bench --bench proxy`, or with another number of questions `cargo bench --bench proxy -- 500`; `--profile dev` uses what
//! `cargo test` built.
//!
//! A model that answers at once, asked directly and through the meter by turns in one run, with a real Postgres as its ledger: alone, and
//! sixteen at once. Then a gigabyte both ways. Asker, meter and model are one process, so the work of the meter is what is more of it.

mod begin;

#[path = "../stories/world/line.rs"]
#[expect(dead_code, reason = "stories cut and heal it")]
mod line;
#[path = "../stories/world/servers.rs"]
#[expect(dead_code, reason = "stories ask more of them")]
mod servers;
#[path = "../stories/world/wait.rs"]
mod wait;

use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::post;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use futures::{StreamExt, stream};
use reqwest::Client;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use signoff::files::SocketFolder;
use signoff::meter::{Meter, MeterDoor, MeterTerms, Upstream};
use signoff::run::{Request, RequestId};
use signoff::store::{AttemptKey, Spend, Store};
use tempfile::TempDir;
use tokio::net::UnixListener;

use begin::{begin, say};
use servers::Servers;

const QUESTIONS: usize = 300;
const AT_ONCE: usize = 16;
/// Added to the time until the first byte, at p99.
const MOST_ADDED: Duration = Duration::from_millis(5);
const GIGABYTE: usize = 1 << 30;
const MEGABYTE: f64 = 1_048_576.0;
/// A stream of that size may let the process grow by so much, in MB.
const MOST_GROWTH: f64 = 64.0;
/// A piece of a long answer.
const PIECE: usize = 16 * 1024;

fn main() -> Result<()> {
    begin(QUESTIONS, async |questions| {
        let folder = TempDir::new()?;
        let socket = folder.path().join("model.sock");
        tokio::spawn(model(&socket)?);
        let door = door(&socket).await?;
        let ways =
            [Way::to(&socket, "nobody")?, Way::to(door.socket(), door.token().expose_secret())?];
        first_bytes(&ways, questions).await?;
        sixteen(&ways).await?;
        long(&ways).await?;
        door.close().await?;
        Ok(())
    })
}

/// How a model is reached.
struct Way {
    client: Client,
    token: String,
}

impl Way {
    fn to(socket: &Path, token: &str) -> Result<Self> {
        let client = Client::builder().unix_socket(socket).no_proxy().build()?;
        Ok(Self { client, token: token.to_owned() })
    }

    /// Asks for an answer of so many bytes; the time until its first one, and until its end.
    async fn asks(&self, bytes: usize) -> Result<(Duration, Duration)> {
        let question = json!({
            "model": "claude-sonnet-4-5", "max_tokens": 64_000, "stream": true,
            "messages": [{ "role": "user", "content": bytes.to_string() }],
        });
        let from = Instant::now();
        let asked = self.client.post("http://model.invalid/v1/messages").json(&question);
        let answer = asked.header("x-api-key", &self.token).send().await?.error_for_status()?;
        let mut pieces = answer.bytes_stream();
        pieces.next().await.context("no answer")??;
        let first = from.elapsed();
        while let Some(piece) = pieces.next().await {
            piece?;
        }
        Ok((first, from.elapsed()))
    }
}

async fn first_bytes([directly, metered]: &[Way; 2], questions: usize) -> Result<()> {
    let mut times = [Vec::new(), Vec::new()];
    for n in 0..questions + 20 {
        for (times, way) in times.iter_mut().zip([directly, metered]) {
            let (first, _) = way.asks(1_000).await?;
            // The first ones open connections.
            if n >= 20 {
                times.push(first);
            }
        }
    }
    let [directly, metered] = times.map(Sorted::of);
    let added = |percent| metered.at(percent).saturating_sub(directly.at(percent));
    say(&format!(
        "{questions} questions, first byte: directly p50 {} p99 {}, metered p50 {} p99 {}, so added p50 {} p99 {} (at most {})",
        ms(directly.at(50)),
        ms(directly.at(99)),
        ms(metered.at(50)),
        ms(metered.at(99)),
        ms(added(50)),
        ms(added(99)),
        ms(MOST_ADDED),
    ));
    ensure!(added(99) < MOST_ADDED, "the meter holds answers back");
    Ok(())
}

async fn sixteen(ways: &[Way; 2]) -> Result<()> {
    for (name, way) in ["directly", "metered"].into_iter().zip(ways) {
        let answers = join_all((0..AT_ONCE).map(|_| way.asks(4 << 20))).await;
        let times: Vec<Duration> =
            answers.into_iter().map(|it| it.map(|(first, _)| first)).collect::<Result<_>>()?;
        let times = Sorted::of(times);
        say(&format!(
            "{AT_ONCE} streams at once, {name}: first byte p50 {} of the last one {}",
            ms(times.at(50)),
            ms(times.at(100))
        ));
    }
    Ok(())
}

async fn long(ways: &[Way; 2]) -> Result<()> {
    let mut work = Vec::new();
    for (name, way) in ["directly", "metered"].into_iter().zip(ways) {
        forget_peak()?;
        let (before, cpu) = (resident("VmRSS:")?, cpu()?);
        let (_, whole) = way.asks(GIGABYTE).await?;
        let (grown, cpu) = (resident("VmHWM:")? - before, self::cpu()?.saturating_sub(cpu));
        work.push(cpu);
        let each = cpu.as_secs_f64() * 1e3 / (1024.0);
        say(&format!(
            "1 GB, {name}: {:.1} s, {each:.2} ms of CPU for each MB, memory grew by {grown:.0} MB",
            whole.as_secs_f64()
        ));
        ensure!(grown < MOST_GROWTH, "memory grows with the answer");
    }
    let ratio = work[1].as_secs_f64() / work[0].as_secs_f64();
    say(&format!("1 GB: metered is {ratio:.2} of the work of direct"));
    Ok(())
}

/// Times from the shortest to the longest.
struct Sorted(Vec<Duration>);

impl Sorted {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self(times)
    }

    fn at(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent / 100).min(self.0.len() - 1)]
    }
}

fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

/// In MB.
fn resident(field: &str) -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(field)).context("no such field")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no figure")?.parse()?;
    Ok(kib * 1024.0 / MEGABYTE)
}

fn forget_peak() -> Result<()> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}

/// Of all threads of this process.
fn cpu() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').context("no name")?.1;
    let ticks = |n: usize| -> Result<u64> {
        Ok(fields.split_whitespace().nth(n).context("no ticks")?.parse()?)
    };
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

/// A model that says as many bytes as it is asked for, at once.
fn model(socket: &Path) -> Result<impl Future<Output = ()> + use<>> {
    let answer = async |body: String| {
        let asked: Value = serde_json::from_str(&body).unwrap_or_default();
        let bytes = asked["messages"][0]["content"].as_str().and_then(|n| n.parse().ok());
        let pieces = bytes.unwrap_or(0usize).div_ceil(PIECE);
        let piece = event(
            "content_block_delta",
            &json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x".repeat(PIECE)}}),
        );
        let usage = json!({"input_tokens": 4, "output_tokens": 1});
        let start = event(
            "message_start",
            &json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [], "usage": usage}}),
        );
        let end = event(
            "message_delta",
            &json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}}),
        );
        let stop = event("message_stop", &json!({"type": "message_stop"}));
        let told = [start].into_iter().chain((0..pieces).map(move |_| piece.clone()));
        let told = stream::iter(told.chain([end, stop]).map(Ok::<_, Infallible>));
        ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(told)).into_response()
    };
    let router = Router::new().route("/v1/messages", post(answer));
    let listener = UnixListener::bind(socket)?;
    Ok(async move {
        // It ends with the bench.
        let _ = axum::serve(listener, router).await;
    })
}

fn event(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}

/// The meter of an attempt of some run.
async fn door(model: &Path) -> Result<MeterDoor> {
    // Another may have been installed; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let servers = Servers::get();
    let store =
        Store::connect(&servers.fresh_database(&servers.fresh_name()).await?.into()).await?;
    store.migrate().await?;
    let request: Request = serde_json::from_value(json!({
        "run": "asked-k3f9qdz", "project": "asked", "brief": "", "starter": "cli:ana", "approvers": [], "rehearsal": false, "channel": null,
        "pipeline": { "name": "asked", "digest": "p1", "agent": { "kind": "script" }, "stages": [] },
    }))?;
    store.ask_for_run(&RequestId("1".to_owned()), &request, now()).await?;
    let sockets = Arc::new(SocketFolder::new()?);
    let meter = Meter::new(Upstream::scripted(model.to_owned())?, store, sockets);
    let of = AttemptKey { run: request.run, stage: "only".parse()?, attempt: 1 };
    Ok(meter.open(of, Spend::default(), MeterTerms::default())?)
}

#[expect(clippy::disallowed_methods, reason = "a run was asked for at some time")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
