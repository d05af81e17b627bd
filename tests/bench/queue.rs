//! Is the queue fair, does it keep the order that it tells, and is a slot ever idle?
//!
//! `cargo bench --bench queue`, or with agents of other lengths `cargo bench --bench queue -- 5`, in seconds.
//!
//! 50 runs of three projects, 30, 15 and 5, on a worker with 4 slots. Each run has two stages, so that what is begun competes with what
//! is new and all slots are needed to the end: 100 attempts are 25 for each slot. Nothing but the model is left out.

mod begin;
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

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use signoff::engine::{Address, Engine, Seal};
use signoff::run::{PipelineText, Request, RequestId, RunId, SlotLimits};
use signoff::store::Store;
use sqlx::{Connection, PgConnection, Row};
use tokio::time::sleep;

use begin::{begin, say};
use processes::Processes;

const SLOTS: u32 = 4;
const STAGES: u32 = 2;
const PROJECTS: [(&str, u32); 3] = [("crowd", 30), ("some", 15), ("few", 5)];
/// Seconds that each agent works: about a second goes to what an attempt does beside it, and a real agent works for minutes.
const USUAL_LENGTH: usize = 15;
const LEAST_USED: f64 = 0.95;
const LOOK_EVERY: Duration = Duration::from_millis(500);

fn main() -> Result<()> {
    begin(USUAL_LENGTH, bench)
}

/// A place that was told.
struct Told {
    id: i64,
    place: usize,
    seconds: Option<u64>,
    /// Slots that were given until then.
    given: usize,
    at: DateTime<Utc>,
}

async fn bench(length: usize) -> Result<()> {
    let length = u32::try_from(length)?;
    let processes = Processes::start_with(1, ("SIGNOFF_AGENT_SLOTS", &SLOTS.to_string())).await?;
    let store = Store::connect(&processes.database.clone().into()).await?;
    let at = Address { address: Some(processes.temporal.clone()), namespace: None };
    let engine = Engine::new(at, processes.queue.clone()).sealed_by(Seal::new(store.clone()));
    let mut database = PgConnection::connect(&processes.database).await?;

    let began = Instant::now();
    let mut runs = Vec::new();
    for (project, count) in PROJECTS {
        for _ in 0..count {
            runs.push(starts((&store, &engine), project, length).await?);
        }
    }
    say(&format!("{} runs started within {:.1} s", runs.len(), began.elapsed().as_secs_f64()));
    let told = watch(&store, &mut database, runs.len()).await?;

    let wall = wall(&mut database).await?;
    tell_order(&mut database).await?;
    tell_places(&mut database, &told).await?;
    tell_history(&engine, &runs).await?;
    tell_use(&mut database, wall, length).await?;
    let work = f64::from(length * STAGES) * f64::from(u32::try_from(runs.len())?);
    let bound = (work / f64::from(SLOTS)).max(f64::from(length * STAGES));
    let used = bound / wall;
    say(&format!(
        "agents of {length} s: {work:.0} s of work on {SLOTS} slots are {bound:.1} s at least, and took {wall:.1} s: {used:.3}"
    ));
    ensure!(used >= LEAST_USED, "slots were idle: {used:.3}, and at least {LEAST_USED} is right");
    Ok(())
}

async fn starts((store, engine): (&Store, &Engine), project: &str, length: u32) -> Result<RunId> {
    let stage = |name: &str, needs: &str| {
        format!(
            "[[stage]]\nname = \"{name}\"\n{needs}timeout = \"5m\"\nchecks = [\"true\"]\nprompt = \"Write.\"\n"
        )
    };
    let stages = stage("one", "") + &stage("two", "needs = [\"one\"]\n");
    let agent = format!("agent = \"script\"\ncommand = \"sleep {length}; date >> line.txt\"\n");
    let text = format!("name = \"{project}\"\n{agent}{stages}");
    let text = PipelineText::parse("the bench's pipeline", &text).map_err(|e| anyhow!("{e}"))?;
    let run = RunId::mint(&project.parse()?, rand::random());
    let request: Request = serde_json::from_value(json!({
        "run": run, "project": project, "pipeline": text.pipeline, "brief": "", "starter": "slack:T01ACME:U01ANA", "approvers": [],
        "channel": { "team": "T01ACME", "channel": format!("C{project}").to_uppercase() }, "rehearsal": false, "queued": true,
    }))?;
    store.save_pipeline(&request.pipeline.digest, &text.text).await?;
    store.ask_for_run(&RequestId(run.to_string()), &request, now()).await?;
    // Sent twice, it counts once.
    while engine.start(&request).await.is_err() {}
    store.run_was_sent(&request).await?;
    Ok(run)
}

/// Until all have ended: the places that were told once all had asked.
async fn watch(store: &Store, database: &mut PgConnection, runs: usize) -> Result<Vec<Told>> {
    let mut told = Vec::new();
    let mut most = 0;
    loop {
        let queue = store.queue_with_spans(&SlotLimits::default()).await?;
        most = most.max(queue.holders().len());
        let given =
            count(database, "select count(*) from slots where granted_at is not null").await?;
        let asked = count(database, "select count(distinct run_id) from slots").await?;
        if asked == runs {
            let at = queue.now;
            let places = queue.places().into_iter();
            told.extend(places.map(|(id, it)| Told {
                id,
                place: it.place,
                seconds: it.seconds,
                given,
                at,
            }));
        }
        if count(database, "select count(*) from events where kind = 'ended'").await? == runs {
            ensure!(most <= SLOTS as usize, "{most} were at work at once");
            return Ok(told);
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn count(database: &mut PgConnection, query: &str) -> Result<usize> {
    let n: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(database).await?;
    Ok(usize::try_from(n)?)
}

/// Seconds from the first slot to the end of the last attempt.
async fn wall(database: &mut PgConnection) -> Result<f64> {
    let query = "select extract(epoch from max(released_at) - min(asked_at))::float8 from slots";
    sqlx::query_scalar(query).fetch_one(database).await.context("no attempts")
}

/// Whose turns came when.
async fn tell_order(database: &mut PgConnection) -> Result<()> {
    let rows = sqlx::query("select project, stage from slots order by granted_at")
        .fetch_all(database)
        .await?;
    let turns: Vec<(String, String)> =
        rows.iter().map(|row| (row.get("project"), row.get("stage"))).collect();
    let line: String = turns.iter().map(|(project, _)| &project[..1]).collect();
    say(&format!("turns by project: {line}"));
    for (project, count) in PROJECTS {
        let at = turns.iter().enumerate().filter(|(_, (of, _))| of == project).map(|(n, _)| n + 1);
        let at: Vec<usize> = at.collect();
        let first = at.iter().filter(|n| **n <= 4 * SLOTS as usize).count();
        say(&format!(
            "{project:<6} {count:>3} runs: {first} of the first {} turns, its last is turn {}",
            4 * SLOTS,
            at.last().copied().unwrap_or_default()
        ));
    }
    Ok(())
}

/// What was told of those that wait, against what came.
async fn tell_places(database: &mut PgConnection, told: &[Told]) -> Result<()> {
    let rows = sqlx::query("select id, granted_at from slots order by granted_at")
        .fetch_all(database)
        .await?;
    let came: BTreeMap<i64, (usize, DateTime<Utc>)> = rows
        .iter()
        .enumerate()
        .map(|(n, row)| (row.get("id"), (n + 1, row.get("granted_at"))))
        .collect();
    // Second stages ask later and may go first: only among those that waited then is a place a promise.
    let (mut right, mut by_one, mut off) = (0, 0, Vec::new());
    let mut by_look: BTreeMap<(DateTime<Utc>, usize), Vec<&Told>> = BTreeMap::new();
    for it in told {
        by_look.entry((it.at, it.given)).or_default().push(it);
    }
    for waited in by_look.values_mut() {
        waited.sort_by_key(|it| came.get(&it.id).map(|(turn, _)| *turn));
        for (turn, it) in waited.iter().enumerate() {
            let wrong = it.place.abs_diff(turn + 1);
            right += usize::from(wrong == 0);
            by_one += usize::from(wrong == 1);
            if let (Some(seconds), Some((_, at))) = (it.seconds, came.get(&it.id)) {
                let real = (*at - it.at).num_milliseconds();
                off.push((i64::try_from(seconds)? * 1_000 - real).abs());
            }
        }
    }
    off.sort_unstable();
    let all = told.len().max(1);
    say(&format!(
        "places told: {all}, of these {right} came so ({} %), {by_one} one earlier or later; times told: {}, in the middle {:.1} s off",
        right * 100 / all,
        off.len(),
        Duration::from_millis(u64::try_from(off.get(off.len() / 2).copied().unwrap_or(0))?)
            .as_secs_f64()
    ));
    Ok(())
}

/// What the slots' time went to: agents, what an attempt does beside its agent, and nothing.
async fn tell_use(database: &mut PgConnection, wall: f64, length: u32) -> Result<()> {
    let query = "select sum(held)::float8 as held, percentile_cont(0.5) within group (order by held)::float8 as usual,
             max(held)::float8 as longest, extract(epoch from max(released_at) - max(granted_at))::float8 as last
         from (select *, extract(epoch from released_at - granted_at) as held from slots) them";
    let row = sqlx::query(query).fetch_one(database).await?;
    let (held, usual): (f64, f64) = (row.get("held"), row.get("usual"));
    let (longest, last): (f64, f64) = (row.get("longest"), row.get("last"));
    say(&format!(
        "slots were held {:.1} % of the time; an attempt held one for {usual:.2} s in the middle, {:.2} s beside its agent, {longest:.2} s at most; the last was given {last:.1} s before the end",
        held * 100.0 / (wall * f64::from(SLOTS)),
        usual - f64::from(length)
    ));
    Ok(())
}

async fn tell_history(engine: &Engine, runs: &[RunId]) -> Result<()> {
    let mut lengths = Vec::new();
    for run in runs {
        let history: Value = serde_json::from_slice(&engine.history(run).await?)?;
        lengths.push(history["events"].as_array().map_or(0, Vec::len));
    }
    lengths.sort_unstable();
    let (least, most) = (lengths.first().context("no runs")?, lengths.last().context("no runs")?);
    say(&format!("history events of a run: {least} to {most}, however long it waited"));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a bench lives in real time")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
