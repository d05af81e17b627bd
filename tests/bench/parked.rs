//! What do runs cost that wait for people?
//!
//! `cargo bench --bench parked`, or with fewer runs `cargo bench --bench parked -- 200`; `--profile dev` uses what `cargo test` built.
//!
//! A real Postgres and a real Temporal, `serve` and `worker` as processes of their own, and a Slack that takes whatever it is
//! told. Every run is started as a door starts it; the real worker carries all of their workflows to their gates and records
//! their events, the real `serve` draws their threads. Only the agents of the many are played, by a worker of the bench's own
//! that takes no workflows: the real worker's agents are busy with two runs that last as long as the bench.

mod begin;
mod many;
#[expect(dead_code, reason = "activities are known by constants, which are for workflows")]
mod played;
#[expect(dead_code, reason = "nothing knocks at the doors here")]
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

use anyhow::{Context, Result, ensure};

use begin::{begin, say};
use many::Many;
use processes::Processes;

/// What all of them may cost, in MB.
const MOST_GROWTH_MB: f64 = 100.0;
const USUAL_COUNT: usize = 10_000;
/// Caches fill and allocators settle.
const SETTLING: Duration = Duration::from_secs(5);

fn main() -> Result<()> {
    begin(USUAL_COUNT, bench)
}

async fn bench(count: usize) -> Result<()> {
    let processes = Processes::start(1).await?;
    let many = Many::new(&processes).await?;
    let busy = many.keeps_both_agents_busy().await?;
    tokio::time::sleep(SETTLING).await;
    let before = processes.memory()?;
    let began = Instant::now();
    let pretending = played::Worker::start(&processes)?;
    let parked = many.park(count).await?;
    let took = began.elapsed();
    many.are_drawn().await?;
    tokio::time::sleep(SETTLING).await;
    let after = processes.memory()?;
    pretending.end()?;
    let open = many.open_in_temporal().await?;

    let growth = after.serve - before.serve + after.worker - before.worker;
    say(&format!(
        "{count} runs wait at their gates, parked in {:.0} s; Temporal has {open} open runs that wait",
        took.as_secs_f64()
    ));
    say("process      before       after      growth");
    for (name, before, after) in
        [("serve", before.serve, after.serve), ("worker", before.worker, after.worker)]
    {
        say(&format!("{name:<8} {before:>7.1} MB  {after:>7.1} MB  {:>7.1} MB", after - before));
    }
    say(&format!(
        "together                         {growth:>7.1} MB, {:.1} kB a run",
        growth * 1024.0 / f64::from(u32::try_from(count)?)
    ));

    many.gets_its_sign(&busy[0])?;
    let taken = many.approves(&busy[0]).await?;
    let delivering = many.is_over(&busy[0]).await?;
    say(&format!(
        "approving one that a real agent worked on: taken after {taken:.2?}, done {delivering:.2?} later"
    ));
    // Its work was only pretended, so there is nothing to deliver.
    let taken = many.approves(parked.first().context("nothing is parked")?).await?;
    say(&format!("approving the one that waits longest: taken after {taken:.2?}"));
    let last = processes.memory()?;
    say(&format!("at the end: serve {:.1} MB, worker {:.1} MB", last.serve, last.worker));
    ensure!(growth < MOST_GROWTH_MB, "they grew by {growth:.1} MB, and may by {MOST_GROWTH_MB} MB");
    Ok(())
}
