//! Does the meter count what the agent CLI counts of itself, to the nano-dollar?
//! The real CLI asks a scripted model through the meter, in every way that costs differently. Where the two differ, the difference is
//! said to be what it is, and nothing else.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use secrecy::ExposeSecret;
use serde_json::Value;
use signoff::agent::rehearsal::{self, Scenario};
use signoff::config::Config;
use signoff::files::SocketFolder;
use signoff::local;
use signoff::meter::{Meter, MeterDoor, MeterTerms, Upstream};
use signoff::run::{RunId, Usd};
use signoff::store::{AttemptKey, Spend, Store};
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::demo::{Demo, READY_WITHIN};

/// Input $3, output $15, read from the cache $0.30, kept for 5 minutes $3.75, kept for an hour $6 a million.
const MODEL: &str = r#"
model = "claude-sonnet-4-5"
chunk_ms = 5
[[scene]]
name = "plain"
prompt = 'corpus: plain'
turn = [{ run = ["true"], usage = { input = 1234, output = 321 } }, { text = "Done.", usage = { input = 1500, output = 7 } }]
[[scene]]
name = "cached"
prompt = 'corpus: cached'
turn = [{ text = "Done.", usage = { input = 4, output = 310, cache_read = 91237 } }]
[[scene]]
name = "five-minutes"
prompt = 'corpus: five-minutes'
turn = [{ text = "Done.", usage = { input = 4, output = 310, cache_read = 9000, cache_write = 2101 } }]
[[scene]]
name = "an-hour"
prompt = 'corpus: an-hour'
turn = [{ text = "Done.", usage = { input = 4, output = 310, cache_read = 9000, cache_write_1h = 2101 } }]
[[scene]]
name = "both-writes"
prompt = 'corpus: both-writes'
turn = [{ text = "Done.", usage = { input = 4, output = 310, cache_read = 9000, cache_write = 777, cache_write_1h = 2101 } }]
[[scene]]
name = "helper"
prompt = 'corpus: a helper'
turn = [{ run = ["true"], usage = { input = 77, output = 55, cache_write = 900 } }, { text = "Helped.", usage = { input = 78, output = 5, cache_read = 900 } }]
[[scene]]
name = "sub-agents"
prompt = 'corpus: sub-agents'
turn = [{ delegate = ["corpus: a helper", "corpus: a helper"], usage = { input = 10, output = 60, cache_write = 5000 } }, { text = "Done.", usage = { input = 12, output = 6, cache_read = 5000 } }]
[[scene]]
name = "retried"
prompt = 'corpus: retried'
turn = [{ run = ["true"], usage = { input = 9, output = 40 } }, { text = "Done.", usage = { input = 10, output = 4 }, fault = { status = 529, times = 2 } }]
[[scene]]
name = "cut"
prompt = 'corpus: cut'
turn = [{ text = "WORDS", usage = { input = 1000, output = 900 }, fault = { cut = true, times = 1 } }]
[[scene]]
name = "resumed"
prompt = 'corpus: resumed'
turn = [{ run = ["true"], usage = { input = 1234, output = 321 } }, { text = "Done.", usage = { input = 1500, output = 7, cache_write = 300 } }]
[[scene]]
name = "resumed, again"
prompt = 'corpus: go on'
turn = [{ text = "Done again.", usage = { input = 5, output = 70, cache_read = 1800 } }]
[[scene]]
name = "killed"
prompt = 'corpus: killed'
turn = [{ run = ["true"], usage = { input = 1234, output = 321 } }, { text = "WORDS", usage = { input = 2000, output = 900 } }]
"#;

#[test]
fn the_meter_counts_what_the_cli_counts() -> Result<()> {
    let up = Demo::starts_with(&[], &[], &["up"])?;
    up.until(READY_WITHIN, || up.said().contains("Ready.") || up.has_ended())?;
    let run = up.develops(&["dear", "budget=$0.05"])?.parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let corpus = Corpus::new(&up, run).await?;
        say(&format!("{:<14} {:>14} {:>14}  difference", "", "meter", "CLI"));
        for case in
            ["plain", "cached", "five-minutes", "an-hour", "both-writes", "sub-agents", "retried"]
        {
            corpus.agrees(case).await?;
        }
        corpus.a_resumed_session_agrees().await?;
        corpus.a_cut_stream_is_an_estimate_of_both().await?;
        corpus.a_killed_agent_is_counted_by_the_meter_alone().await
    })
}

struct Corpus {
    meter: Meter,
    store: Store,
    run: RunId,
    claude: PathBuf,
    folder: TempDir,
}

impl Corpus {
    async fn new(up: &Demo, run: RunId) -> Result<Self> {
        let folder = TempDir::new()?;
        let socket = folder.path().join("model.sock");
        let scenario = MODEL.replace("WORDS", &"word ".repeat(720));
        let scenario = Scenario::parse("corpus.toml", &scenario)?;
        tokio::spawn(rehearsal::serve(UnixListener::bind(&socket)?, Arc::new(scenario)));
        let store = Store::connect(&up.database()?.into()).await?;
        let sockets = Arc::new(SocketFolder::new()?);
        let upstream = Upstream::scripted(socket)?;
        let meter = Meter::new(upstream, store.clone(), sockets);
        Ok(Self { meter, store, run, claude: claude()?, folder })
    }

    fn key(&self, case: &str) -> Result<AttemptKey> {
        Ok(AttemptKey { run: self.run.clone(), stage: case.parse()?, attempt: 1 })
    }

    fn door(&self, case: &str) -> Result<MeterDoor> {
        Ok(self.meter.open(self.key(case)?, Spend::default(), MeterTerms::default())?)
    }

    /// The CLI at work on a case, outside of any box; what it writes goes to the corpus' own folder.
    fn works(&self, door: &MeterDoor, prompt: &str, session: &[&str]) -> Result<Child> {
        let mut cli = Command::new(&self.claude);
        cli.args(["-p", prompt, "--output-format", "stream-json", "--verbose"])
            .args(["--setting-sources", "", "--strict-mcp-config"])
            .args(["--permission-mode", "bypassPermissions", "--model", "claude-sonnet-4-5"])
            .args(session)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("ANTHROPIC_UNIX_SOCKET", door.socket())
            .env("ANTHROPIC_BASE_URL", "http://localhost:9")
            .env("ANTHROPIC_API_KEY", door.token().expose_secret())
            .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
            .env("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1")
            .env("DISABLE_AUTOUPDATER", "1")
            .env("IS_SANDBOX", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Ok(cli.spawn()?)
    }

    /// What the CLI says that it cost, and what the meter says.
    async fn costs(&self, case: &str, prompt: &str, session: &[&str]) -> Result<(Usd, Usd)> {
        let door = self.door(case)?;
        let cli = self.works(&door, prompt, session)?;
        let output = timeout(Duration::from_mins(3), cli.wait_with_output()).await??;
        let said = said_cost(&output)?;
        Ok((said, door.close().await?.cost))
    }

    async fn agrees(&self, case: &str) -> Result<()> {
        let (said, counted) = self.costs(case, &format!("corpus: {case}"), &[]).await?;
        show(case, counted, said, "");
        ensure!(counted == said && counted > Usd::ZERO, "{case}: {counted:?}, and not {said:?}");
        Ok(())
    }

    /// After a resume the CLI goes on from its former total.
    async fn a_resumed_session_agrees(&self) -> Result<()> {
        let id = "7a55b0b5-0a3c-4a43-9c3b-1d0e5f1c2a11";
        let first = self.costs("resumed", "corpus: resumed", &["--session-id", id]).await?;
        let second = self.costs("resumed-2", "corpus: go on", &["--resume", id]).await?;
        show("resumed", first.1 + second.1, second.0, "(of both processes)");
        ensure!(first.0 == first.1, "{first:?}");
        ensure!(second.0 == first.1 + second.1, "{second:?} after {first:?}");
        Ok(())
    }

    /// What was told of the answer that broke off counts with both, and what was not told is an estimate of each.
    async fn a_cut_stream_is_an_estimate_of_both(&self) -> Result<()> {
        let (said, counted) = self.costs("cut", "corpus: cut", &[]).await?;
        let whole = Usd::from_nanos(1_000 * 3_000 + 900 * 15_000);
        show(
            "cut",
            counted,
            said,
            &format!("{} of it is the answer that came whole", whole.nanos()),
        );
        let input = Usd::from_nanos(1_000 * 3_000);
        ensure!(counted > whole + input && counted < whole + whole, "{counted:?}");
        ensure!(said >= whole, "{said:?}");
        Ok(())
    }

    /// It says nothing any more; what it was told counts.
    async fn a_killed_agent_is_counted_by_the_meter_alone(&self) -> Result<()> {
        let door = self.door("killed")?;
        let mut cli = self.works(&door, "corpus: killed", &[])?;
        let first = Usd::from_nanos(1_234 * 3_000 + 321 * 15_000);
        let second = Usd::from_nanos(2_000 * 3_000);
        timeout(Duration::from_mins(1), async {
            while door.spend().cost <= first + second {
                sleep(Duration::from_millis(5)).await;
            }
        })
        .await?;
        cli.kill().await?;
        let counted = door.close().await?.cost;
        show("killed", counted, Usd::ZERO, "killed in its second answer: it says nothing");
        ensure!(counted > first + second, "{counted:?}");
        ensure!(counted < first + second + Usd::from_nanos(900 * 15_000), "{counted:?}");
        let again = self.store.spend_of(&self.key("killed")?).await?.cost;
        ensure!(again == counted, "{again:?}");
        Ok(())
    }
}

fn show(case: &str, counted: Usd, said: Usd, why: &str) {
    let (counted, said) = (counted.nanos(), said.nanos());
    say(&format!("{case:<14} {counted:>14} {said:>14}  {} {why}", counted - said));
}

#[expect(clippy::print_stdout, reason = "a table to be read with `--nocapture`")]
fn say(line: &str) {
    println!("{line}");
}

/// The newest result's total, in nano-dollars.
fn said_cost(output: &Output) -> Result<Usd> {
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let result = lines.find(|line| line["type"] == "result");
    let total = result.as_ref().and_then(|line| line["total_cost_usd"].as_f64());
    let total = total.with_context(|| format!("no result: {text}{output:?}"))?;
    #[expect(clippy::cast_possible_truncation, reason = "cents, to nine digits")]
    Ok(Usd::from_nanos((total * 1e9).round() as i64))
}

/// What `up` found, or fetched.
fn claude() -> Result<PathBuf> {
    let config = Config::from_process()?;
    local::claude_cli::find(Some(config.path.as_ref()), &config.cache).context("no claude")
}
