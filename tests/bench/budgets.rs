//! How far beyond its budget does a run go, and is what it spent still the ledger's when its worker dies?
//!
//! `cargo bench --bench budgets`, or with another number of runs `cargo bench --bench budgets -- 20`; `--profile dev` uses what
//! `cargo test` built.
//!
//! The real agent CLI and a scripted model that charges a little for each of many answers. Every run may spend less than it needs, and
//! stands still with a question. In every fifth the worker is killed while the agent works. No run may be beyond its budget by more than
//! what was put into one of its calls, as the ledger counts it: a call that was cut is counted as if nothing had come out of the cache.

mod begin;
#[path = "../demo/demo.rs"]
#[expect(dead_code, reason = "demos ask more of it")]
mod demo;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use signoff::run::Usd;
use signoff::store::{AttemptKey, Store};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use begin::{begin, say};
use demo::{Demo, ENDED_WITHIN, READY_WITHIN};

const RUNS: usize = 100;
/// One in so many has its worker killed.
const KILLED: usize = 5;
/// Tokens of each answer: input, output, read from the cache, kept in it.
const ANSWERS: [[u64; 4]; 10] = [
    [4, 310, 9_000, 2_100],
    [812, 1_200, 11_000, 900],
    [4, 90, 12_000, 300],
    [2_000, 2_400, 12_300, 5_000],
    [6, 45, 17_300, 120],
    [40, 700, 17_420, 2_800],
    [4, 1_900, 20_220, 640],
    [310, 260, 20_860, 1_000],
    [4, 60, 21_860, 90],
    [4, 820, 21_950, 400],
];
/// Nano-dollars for a token of each.
const PRICES: [u64; 4] = [3_000, 15_000, 300, 3_750];

fn main() -> Result<()> {
    begin(RUNS, async |runs| {
        let folder = TempDir::new()?;
        let scenario = folder.path().join("spending.toml").display().to_string();
        std::fs::write(&scenario, spending())?;
        let up = Demo::starts_with(&[], &[("SIGNOFF_REHEARSAL", &scenario)], &["up"])?;
        up.until(READY_WITHIN, || up.said().contains("Ready.") || up.has_ended())?;
        let store = Store::connect(&up.database()?.into()).await?;
        let mut database = PgConnection::connect(&up.database()?).await?;
        let (mut whole, mut killed) = (Beyond::default(), Beyond::default());
        for n in 0..runs {
            let kind = if is_killed(n) { &mut killed } else { &mut whole };
            kind.add(spends(&up, (&store, &mut database), n).await?);
        }
        say(&whole.told("whole"));
        say(&killed.told("with a killed worker"));
        ensure!(whole.further + killed.further == 0, "a run went further than is promised");
        Ok(())
    })
}

/// How far runs went beyond their budgets.
#[derive(Default)]
struct Beyond {
    runs: usize,
    over: usize,
    most: Usd,
    /// Of the run that may go the furthest.
    bound: Usd,
    /// Than they may.
    further: usize,
}

impl Beyond {
    fn add(&mut self, (beyond, bound): (Usd, Usd)) {
        self.runs += 1;
        self.over += usize::from(beyond > Usd::ZERO);
        self.most = self.most.max(beyond);
        self.bound = self.bound.max(bound);
        self.further += usize::from(beyond > bound);
    }

    fn told(&self, kind: &str) -> String {
        format!(
            "{} budgets {kind}: {} runs went beyond, by ${} at most, {} of them further than they may (at most ${})",
            self.runs,
            self.over,
            self.most.nine_places(),
            self.further,
            self.bound.nine_places()
        )
    }
}

const fn is_killed(n: usize) -> bool {
    n % KILLED == KILLED - 1
}

/// A run with its own budget, up to its question; how far it went beyond, and how far it may.
async fn spends(
    up: &Demo,
    (store, database): (&Store, &mut PgConnection),
    n: usize,
) -> Result<(Usd, Usd)> {
    let whole: u64 = ANSWERS.iter().map(cost).sum();
    // Between 5 % and 95 % of what it needs, each another.
    let share = 5 + (n as u64 * 37) % 91;
    let budget = Usd::from_nanos(i64::try_from(whole * share / 100)?);
    let run = up.develops(&["dear", &format!("budget=${}", budget.nine_places())])?;
    if is_killed(n) {
        let log = up.home().join("runs").join(&run).join("only-1/agent.jsonl");
        let lines = 3 + n % 11;
        up.until(ENDED_WITHIN, || {
            let written = std::fs::read_to_string(&log).unwrap_or_default();
            written.lines().count() >= lines || up.has_event(&run, "gate_opened")
        })?;
        up.kills("worker")?;
    }
    up.until(ENDED_WITHIN, || up.has_event(&run, "gate_opened") || up.has_event(&run, "ended"))?;
    let status: Value = serde_json::from_str(&up.types(&["status", &run, "--json"])?)?;
    let spent: Usd = status["spent_usd"].as_str().context("no figure")?.parse()?;
    let attempt = AttemptKey { run: run.parse()?, stage: "only".parse()?, attempt: 1 };
    let ledger = store.spend_of(&attempt).await?.cost;
    ensure!(
        spent == ledger,
        "{run} is said to have spent {spent:?}, and the ledger says {ledger:?}"
    );
    ensure!(status["phase"] == "waiting", "{status}");
    up.types(&["stop", &run])?;
    Ok((spent.minus(budget), bound(database, &run).await?))
}

/// One scene with all answers.
fn spending() -> String {
    let turns = ANSWERS.iter().enumerate().map(|(n, [input, output, read, kept])| {
        let does = if n + 1 < ANSWERS.len() { "run = [\"true\"]" } else { "text = \"Done.\"" };
        format!(
            "[[scene.turn]]\n{does}\nusage = {{ input = {input}, output = {output}, cache_read = {read}, cache_write = {kept} }}\n"
        )
    });
    let turns: String = turns.collect();
    format!(
        "model = \"claude-sonnet-4-5\"\n[[scene]]\nname = \"spending\"\nprompt = 'dear'\n{turns}"
    )
}

fn cost(answer: &[u64; 4]) -> u64 {
    answer.iter().zip(PRICES).map(|(tokens, price)| tokens * price).sum()
}

/// The dearest input of any call, in nano-dollars.
async fn bound(database: &mut PgConnection, run: &str) -> Result<Usd> {
    let most = sqlx::query_scalar::<_, i64>(
        "select max(input * 3000 + cache_read * 300 + cache_write * 3750 + cache_write_1h * 6000) from model_calls where run_id = $1",
    );
    Ok(Usd::from_nanos(most.bind(run).fetch_one(database).await?))
}
