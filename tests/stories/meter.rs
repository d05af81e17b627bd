//! Every call of a model is counted: once, whatever becomes of it, and none is larger than what is left.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use anyhow::{Context, Result};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use signoff::agent::rehearsal::{self, Scenario};
use signoff::files::SocketFolder;
use signoff::meter::{Meter, MeterDoor, MeterTerms, Upstream};
use signoff::run::Usd;
use signoff::store::{AttemptKey, Spend};
use tempfile::TempDir;
use tokio::net::UnixListener;

use crate::world::{World, story};

/// Costs 4 * $3 + 310 * $15 + 9,000 * $0.30 + 2,100 * $3.75 a million: $0.015237.
const MODEL: &str = "
model = 'claude-sonnet-4-5'
chunk_ms = 20
[[scene]]
name = 'short'
prompt = 'short'
turn = [{ text = 'All is well.', usage = { input = 4, output = 310, cache_read = 9000, cache_write = 2100 } }]
[[scene]]
name = 'long'
prompt = 'long'
turn = [{ text = 'LONG', usage = { input = 1000, output = 100000, cache_read = 0, cache_write = 0 } }]
[[scene]]
name = 'busy'
prompt = 'busy'
turn = [{ text = 'Hi', fault = { status = 529, times = 99 } }]
";
const ONE: Usd = Usd::from_nanos(15_237_000);

/// A worker's meter before a scripted model, and a run that it may count for.
struct Metered {
    meter: Meter,
    of: AttemptKey,
    _folder: TempDir,
}

impl Metered {
    async fn of(w: &World) -> Result<Self> {
        let run = w.person("ana").develops("quick").await?;
        run.shows("quick is done").await?;
        let folder = TempDir::new()?;
        let socket = folder.path().join("model.sock");
        let scenario = MODEL.replace("LONG", &"word ".repeat(2_000));
        let scenario =
            Scenario::parse("model.toml", &scenario).map_err(|e| anyhow::anyhow!("{e}"))?;
        tokio::spawn(rehearsal::serve(UnixListener::bind(&socket)?, Arc::new(scenario)));
        let sockets = Arc::clone(sockets());
        let meter = Meter::new(Upstream::scripted(socket)?, w.store.clone(), sockets);
        let of = AttemptKey { run: run.id.clone(), stage: "metered".parse()?, attempt: 1 };
        Ok(Self { meter, of, _folder: folder })
    }

    fn door(&self, allowance: Option<Usd>) -> Result<MeterDoor> {
        Ok(self.meter.open(
            self.of.clone(),
            Spend::default(),
            MeterTerms { allowance, ..MeterTerms::default() },
        )?)
    }
}

/// A process has one.
fn sockets() -> &'static Arc<SocketFolder> {
    static SOCKETS: LazyLock<Arc<SocketFolder>> =
        LazyLock::new(|| Arc::new(SocketFolder::new().expect("a folder")));
    &SOCKETS
}

fn asks(door: &MeterDoor, path: &str, body: &Value) -> Result<RequestBuilder> {
    use secrecy::ExposeSecret;
    let client = Client::builder().unix_socket(Path::new(door.socket())).build()?;
    let request = client.post(format!("http://model.invalid{path}")).body(body.to_string());
    let request = request.header("content-type", "application/json");
    Ok(request.header("x-api-key", door.token().expose_secret()))
}

fn prompt(words: &str, stream: bool) -> Value {
    json!({"model": "claude-sonnet-4-5", "max_tokens": 4096, "stream": stream, "messages": [{"role": "user", "content": words}]})
}

#[tokio::test]
async fn what_a_model_answers_is_in_the_ledger_to_the_nano_dollar() {
    story(async |w| {
        let metered = Metered::of(w).await?;
        let door = metered.door(None)?;
        for stream in [true, false] {
            let answer = asks(&door, "/v1/messages", &prompt("short", stream))?.send().await?;
            assert_eq!(answer.status(), StatusCode::OK);
            assert!(answer.text().await?.contains("All is well."));
        }
        let busy = asks(&door, "/v1/messages", &prompt("busy", true))?.send().await?;
        assert_eq!(busy.status().as_u16(), 529, "what costs nothing counts nothing");
        assert_eq!(door.spend().cost, ONE + ONE);
        let spent = door.close().await?;
        assert_eq!(
            (spent.cost, spent.tokens.output, spent.tokens.cache_write),
            (ONE + ONE, 620, 4200)
        );
        assert_eq!(w.store.spend_of(&metered.of).await?, spent);
        Ok(())
    })
    .await;
}

/// 4 * $3 + 12 * $15 a million.
#[tokio::test]
async fn what_a_script_asks_a_model_is_counted_whatever_it_says_of_it() {
    story(async |w| {
        let run = w.person("ana").develops("asking").await?;
        run.shows("asking is done").await?;
        let attempt = AttemptKey { run: run.id.clone(), stage: "only".parse()?, attempt: 1 };
        assert_eq!(w.store.spend_of(&attempt).await?.cost, Usd::from_nanos(192_000));
        assert_eq!(run.run().await?.spent(), Usd::from_nanos(192_000));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn money_that_is_added_counts_for_the_attempt_at_work() {
    story(async |w| {
        let ana = w.person("ana");
        let run = ana.develops("asking budget=$0.001").await?;
        run.shows("Asked a model").await?;
        ana.says_in(&run, "raise $1").await?;
        run.shows("asking is done").await?;
        assert_eq!(run.run().await?.budget(), Some("1.001".parse()?));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn what_is_spent_is_refused_and_nobody_else_may_ask() {
    story(async |w| {
        let metered = Metered::of(w).await?;
        let door = metered.door(Some(ONE + Usd::from_nanos(9_000_000)))?;
        let first = asks(&door, "/v1/messages", &prompt("short", true))?.send().await?;
        drop(first.text().await?);
        let second = asks(&door, "/v1/messages", &json!({"model": "claude-sonnet-4-5", "max_tokens": 4096, "messages": [{"role": "user", "content": "x".repeat(400_000)}]}))?.send().await?;
        assert_eq!(second.status(), StatusCode::BAD_REQUEST);
        let said = second.text().await?;
        assert!(said.contains("allowance of $0.02 is spent"), "{said}");
        assert!(door.refused().is_some());
        door.allow(None);
        let raised = asks(&door, "/v1/messages", &prompt("short", true))?.send().await?;
        assert_eq!(raised.status(), StatusCode::OK);
        drop(raised.text().await?);
        let batch = asks(&door, "/v1/messages/batches", &json!({}))?.send().await?;
        assert_eq!(batch.status(), StatusCode::NOT_FOUND);
        let client = Client::builder().unix_socket(Path::new(door.socket())).build()?;
        let nobody = client.post("http://model.invalid/v1/messages").header("x-api-key", "guessed").body("{}").send().await?;
        assert_eq!(nobody.status(), StatusCode::FORBIDDEN);
        assert_eq!(door.close().await?.cost, ONE + ONE);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_costs_nothing() {
    story(async |w| {
        let nobody = Upstream::scripted("/nobody.sock".into())?;
        let meter = Meter::new(nobody, w.store.clone(), Arc::clone(sockets()));
        let metered = Metered { meter, ..Metered::of(w).await? };
        let door = metered.door(None)?;
        let answer = asks(&door, "/v1/messages", &prompt("short", true))?.send().await?;
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
        assert_eq!(door.close().await?, Spend::default());
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_cut_counts_at_what_was_told_of_it() {
    story(async |w| {
        let metered = Metered::of(w).await?;
        let door = metered.door(None)?;
        let mut answer = asks(&door, "/v1/messages", &prompt("long", true))?.send().await?;
        let begun = answer.chunk().await?.context("a beginning")?;
        assert!(begun.starts_with(b"event: message_start"));
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(answer);
        let spent = door.close().await?;
        assert_eq!(spent.tokens.input, 1_000);
        let least = Usd::from_nanos(1_000 * 3_000);
        assert!(
            spent.cost > least && spent.cost < Usd::from_nanos(1_000_000_000),
            "{}",
            spent.cost
        );
        assert_eq!(w.store.spend_of(&metered.of).await?, spent);
        Ok(())
    })
    .await;
}
