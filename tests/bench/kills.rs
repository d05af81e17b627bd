//! Does a run come out the same, wherever its worker is killed?
//!
//! `cargo bench --bench kills`, or with fewer seeds and points `cargo bench --bench kills -- 1 "agent done, no snapshot"`; `--profile dev`
//! uses what `cargo test` built.
//!
//! Two workers with separate disks and a store. At each point of `stories/world/kills/point.rs` the one that has the run is killed with
//! each seed, and what comes of it is compared with a run whose worker lived: the tree that is pushed, what it cost, its messages, its
//! attempts.

mod begin;
#[path = "../stories/world/mod.rs"]
#[expect(dead_code, unused_imports, reason = "stories ask more of it, and tests of its own")]
mod world;

use anyhow::{Result, ensure};
use futures::{StreamExt, stream};

use begin::{begin, say};
use world::kills::{Came, HEAD, Kill, Point, unkilled};

const SEEDS: usize = 3;
/// Most of a kill is waiting until it is noticed.
const AT_ONCE: usize = 3;

fn main() -> Result<()> {
    begin(SEEDS, bench)
}

async fn bench(seeds: usize) -> Result<()> {
    // Another may have been installed; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let lived = unkilled().await?;
    say(&format!(
        "not killed: ${} in {:.1} s, {} messages\n",
        lived.spent.nine_places(),
        lived.seconds,
        lived.messages.len()
    ));
    say(HEAD);
    let seeds = 1..=u64::try_from(seeds)?;
    let of_point = |point| seeds.clone().map(move |seed| Kill { point, seed });
    let kills = stream::iter(points().into_iter().flat_map(of_point));
    let all = kills.map(async |kill| (kill, kill.comes_to().await)).buffered(AT_ONCE);
    let all: Vec<bool> = all.map(|(kill, came)| is_same(kill, came, &lived)).collect().await;
    let broken = all.iter().filter(|same| !**same).count();
    say(&format!("\n{} kills, {broken} of them broke a promise", all.len()));
    ensure!(broken == 0, "not every run came out the same");
    Ok(())
}

/// Those that were asked for; else all.
fn points() -> Vec<Point> {
    let asked: Vec<Point> = std::env::args().filter_map(|word| Point::named(&word)).collect();
    if asked.is_empty() { Point::ALL.to_vec() } else { asked }
}

/// Says it, and whether all is the same.
fn is_same(kill: Kill, came: Result<Came>, lived: &Came) -> bool {
    match came {
        Ok(came) => {
            say(&kill.row(&came, lived));
            if !came.is_like(lived) {
                note(&format!(
                    "{}\nnot killed: {lived:#?}\nkilled: {came:#?}",
                    kill.row(&came, lived)
                ));
            }
            came.is_like(lived)
        }
        Err(why) => {
            say(&kill.row_without_an_end());
            note(&format!("{}\n{why}", kill.row_without_an_end()));
            false
        }
    }
}

/// What is too long for a table.
#[expect(clippy::print_stderr, reason = "a bench is read at a shell")]
fn note(words: &str) {
    eprintln!("{words}");
}
