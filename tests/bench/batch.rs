//! What does a batch of many features cost Temporal and Slack?
//!
//! `cargo bench --bench batch`, or with fewer features `cargo bench --bench batch -- 5`; `--profile dev` uses what `cargo test` built.
//!
//! One batch, developed by script agents in the box with real servers, merged, and approved. Printed are the sizes of the histories, what
//! Slack was asked in its busiest minute, and how long all of it took.

mod begin;
#[path = "../stories/world/mod.rs"]
#[expect(dead_code, unused_imports, reason = "stories ask more of it, and tests of its own")]
mod world;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use signoff::run::{Run, RunId, Verdict};
use signoff::slack::SLACKS_PACE;
use tokio::time::{Instant, sleep};

use begin::{begin, say};
use world::{World, told};

const FEATURES: usize = 20;
const UNTIL_IT_LISTENS: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_mins(15);
/// What Slack lets an app do in a minute: tier 3 edits, and one post a second in each channel.
const MOST_EDITS: usize = SLACKS_PACE as usize;
const MOST_POSTS: usize = 60;

fn main() -> Result<()> {
    begin(FEATURES, bench)
}

async fn bench(features: usize) -> Result<()> {
    // Another may have been installed; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    told(async |w| batch(w, features).await).await
}

async fn batch(w: &World, features: usize) -> Result<()> {
    // Stories have a Slack without such limits.
    w.serve.will_have("SIGNOFF_SLACK_PACE", &SLACKS_PACE.to_string());
    w.serve.crashes().await?;
    w.serve.comes_back()?;
    sleep(UNTIL_IT_LISTENS).await;
    let began = Instant::now();
    let asked: Vec<String> = (1..=features).map(|n| format!("\"Bed {n}\"")).collect();
    w.person("ana").says(&format!("/develop features garden {}", asked.join(" "))).await?;
    let batch = becomes(w, "asked together", |run| run.gate.is_some()).await?;
    let merged = began.elapsed();
    w.types(&["approve", batch.id().as_str()]).await?;
    let batch = becomes(w, "over", |run| run.outcome.is_some()).await?;
    ensure!(batch.decisions.iter().any(|it| it.verdict == Verdict::Approve), "not approved");
    let developed = batch.developed_at.zip(batch.started_at).context("not developed")?;
    let developed = (developed.0 - developed.1).to_std()?;
    let ended = batch.features.values().map(|feature| feature.seconds).sum::<u64>();
    say(&format!(
        "{features} features developed in {:.0} s, one after another {ended} s; merged and checked in {:.0} s more",
        developed.as_secs_f64(),
        (merged.saturating_sub(developed)).as_secs_f64()
    ));
    histories(w, &batch).await?;
    slack(w)
}

/// The newest run that is a batch, once it is so.
async fn becomes(w: &World, what: &str, so: impl Fn(&Run) -> bool) -> Result<Run> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let runs = w.store.newest_runs(200).await?;
        let batch = runs.into_iter().find(|run| run.request.batch.is_some());
        if let Some(batch) = batch.filter(|run| so(run)) {
            return Ok(batch);
        }
        sleep(LOOK_EVERY).await;
    }
    anyhow::bail!("the batch was not {what} in time")
}

async fn histories(w: &World, batch: &Run) -> Result<()> {
    let (events, bytes) = history(w, batch.id()).await?;
    say(&format!("history of the batch: {events} events, {} KB", bytes / 1_000));
    let mut children = Vec::new();
    for feature in batch.request.batch.iter().flat_map(|it| &it.features) {
        children.push(history(w, &feature.run).await?);
    }
    let most = children.iter().max().context("no feature")?;
    say(&format!("history of a feature: at most {} events, {} KB", most.0, most.1 / 1_000));
    Ok(())
}

async fn history(w: &World, run: &RunId) -> Result<(usize, usize)> {
    let history = w.engine.history(run).await?;
    let read: Value = serde_json::from_slice(&history)?;
    let events = read["events"].as_array().map_or(0, Vec::len);
    Ok((events, history.len()))
}

/// What Slack was asked in the busiest minute, by method.
fn slack(w: &World) -> Result<()> {
    for (method, most) in [("chat.update", MOST_EDITS), ("chat.postMessage", MOST_POSTS)] {
        let calls = w.slack.calls(method);
        let busiest = calls.iter().map(|first| {
            let within = |at: Instant| at >= first.at && at - first.at < Duration::from_mins(1);
            calls.iter().filter(|call| within(call.at)).count()
        });
        let busiest = busiest.max().unwrap_or(0);
        say(&format!(
            "{method}: {} in all, {busiest} in the busiest minute of {most}",
            calls.len()
        ));
        ensure!(busiest <= most, "that is more than Slack takes");
    }
    Ok(())
}
