//! Does a gate get exactly one answer when two people answer it at the same moment?
//!
//! `cargo bench --bench pairs`, or with fewer runs `cargo bench --bench pairs -- 100`; `--profile dev` uses what `cargo test` built.
//!
//! As many runs as in `parked` wait at their gates, with two replicas of `serve` on one Postgres and one Temporal. For each of them
//! one person approves by a click at one replica while another rejects by a form at the other, both correctly signed.

mod answers;
mod begin;
#[expect(dead_code, reason = "here people answer at the doors, and Temporal is not asked")]
mod many;
#[expect(dead_code, reason = "activities are known by constants, which are for workflows")]
mod played;
mod processes;

#[path = "../stories/world/line.rs"]
#[expect(dead_code, reason = "stories cut and heal it")]
mod line;
#[path = "../stories/world/servers.rs"]
#[expect(dead_code, reason = "stories have lines to them")]
mod servers;
#[path = "../stories/world/wait.rs"]
mod wait;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;

use answers::{Heard, Pair, Tally};
use begin::{begin, say};
use many::Many;
use processes::{Processes, Told};

const USUAL_COUNT: usize = 1_000;
const REPLICAS: usize = 2;
/// Pairs on their way at the same time; twice as many requests.
const AT_ONCE: usize = 16;
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Every run must have been decided by then.
const PATIENCE: Duration = Duration::from_mins(20);
/// So long after the last decision, an answer without a trace counts as lost.
const TRACE_WITHIN: Duration = Duration::from_secs(20);

fn main() -> Result<()> {
    begin(USUAL_COUNT, bench)
}

async fn bench(count: usize) -> Result<()> {
    let processes = Processes::start(REPLICAS).await?;
    let many = Many::new(&processes).await?;
    let busy = many.keeps_both_agents_busy().await?;
    let pretending = played::Worker::start(&processes)?;
    many.park(count).await?;
    many.are_drawn().await?;
    // What is approved is kept by the real worker, whose hands are free again.
    pretending.end()?;
    for run in &busy {
        many.gets_its_sign(run)?;
    }

    let mut database = PgConnection::connect(&processes.database).await?;
    let pairs = Pair::all(&mut database).await?;
    ensure!(pairs.len() == count, "{} of {count} runs ask something that Slack shows", pairs.len());
    say(&format!("{count} runs ask; now two people answer each of them"));
    let http = reqwest::Client::new();
    let began = Instant::now();
    let answering = stream::iter(&pairs)
        .map(|pair| pair.answered_twice(&http, &processes))
        .buffer_unordered(AT_ONCE);
    let heard: Vec<[Heard; 2]> = answering.try_collect().await?;
    let sent = began.elapsed();
    let (tally, took) = judged(&mut database, (&pairs, &processes.told), began).await?;

    say(&format!(
        "answers sent          {:>8} in {:.1} s, the slowest acknowledged after {:.2?}",
        2 * count,
        sent.as_secs_f64(),
        slowest(&heard)
    ));
    say(&format!(
        "not acknowledged      {:>8}",
        heard.iter().flatten().filter(|it| it.status != 200).count()
    ));
    tally.say();
    let pairs_per_second = f64::from(u32::try_from(count)?) / took.as_secs_f64();
    say(&format!(
        "wall time             {:>8.1} s until every run was decided",
        took.as_secs_f64()
    ));
    say(&format!("pairs per second      {pairs_per_second:>8.1}"));
    tally.names_the_lost(&mut database).await?;
    ensure!(tally.is_one_each(), "not every run has exactly one decision");
    Ok(())
}

/// Waits until every run is decided, which is what is timed, and then until it is known of every other answer what became of it; or no longer.
async fn judged(
    database: &mut PgConnection,
    (pairs, told): (&[Pair], &Told),
    began: Instant,
) -> Result<(Tally, Duration)> {
    let mut decided = None;
    loop {
        let tally = Tally::count(database, pairs, told).await?;
        let so_far = began.elapsed();
        if tally.all_decided() {
            decided.get_or_insert(so_far);
        }
        let took = decided.unwrap_or(so_far);
        if tally.is_complete() || took > PATIENCE || so_far > took + TRACE_WITHIN {
            return Ok((tally, took));
        }
        sleep(LOOK_EVERY).await;
    }
}

fn slowest(heard: &[[Heard; 2]]) -> Duration {
    heard.iter().flatten().map(|it| it.took).max().unwrap_or_default()
}
