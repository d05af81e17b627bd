//! The play of one run: it begins, its worker is killed where it should be, and it goes on to its end.

use std::time::Instant;

use anyhow::{Result, ensure};
use signoff::run::{Outcome, Run, Usd};
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;

use super::hold::{Hold, Set};
use super::pair::Pair;
use super::relay::{self, RELAY};
use super::script::LetsGo;
use super::{Afterwards, Came, Kill, PATIENCE};
use crate::world::{RunOf, World, wait};

const LEDGER: &str =
    "select coalesce(sum(cost_nanos), 0)::bigint from model_calls where run_id = $1";

/// When in a run somebody is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Before it asks.
    First,
    /// While it asks.
    Between,
    /// After it was answered.
    Second,
}

impl Kill {
    fn part(self) -> Part {
        match self.point.hold() {
            Hold::Gate => Part::Between,
            _ if self.stage() == "two" || self.point.is_at_the_end() => Part::Second,
            _ => Part::First,
        }
    }
}

pub(super) struct Play<'w> {
    pub world: &'w World,
    pub kill: Option<Kill>,
}

impl Play<'_> {
    pub async fn is_played(&self) -> Result<Came> {
        let world = self.world;
        relay::begin(world, self.waits())?;
        let pair = Pair::start(world).await?;
        let began = Instant::now();
        let ana = world.person("ana");
        let set = self.set(Part::First, &pair).await?;
        let run = ana.develops(RELAY).await?;
        let in_first = strike(set, &pair).await?;
        let everybody = LetsGo::all(pair.disks());
        until(&run, "asked", |run| run.gate.is_some()).await?;
        let at_the_gate = self.strike_at_the_gate((&pair, &run)).await?;
        drop(everybody);
        let set = self.set(Part::Second, &pair).await?;
        ana.presses("Approve", &run).await?;
        let in_second = strike(set, &pair).await?;
        let _everybody = LetsGo::all(pair.disks());
        until(&run, "over", |run| run.outcome.is_some()).await?;
        let seconds = began.elapsed().as_secs_f64();
        let killed = in_first.or(at_the_gate).or(in_second);
        if killed == Some("first") {
            // Whoever is asked after the story what it knows of the run.
            let _is_dead_already = world.worker.crashes().await;
            world.worker.comes_back()?;
        }
        self.came(&run, (killed, seconds)).await
    }

    fn waits(&self) -> Option<(&'static str, &'static str)> {
        let kill = self.kill?;
        let Hold::Script(script) = kill.point.hold() else { return None };
        Some((script, kill.stage()))
    }

    async fn set(&self, part: Part, pair: &Pair<'_>) -> Result<Option<(Kill, Set)>> {
        let Some(kill) = self.kill.filter(|kill| kill.part() == part) else { return Ok(None) };
        Ok(Some((kill, kill.point.hold().set(self.world, pair).await?)))
    }

    /// Kills whoever had worked before it asked.
    async fn strike_at_the_gate(
        &self,
        (pair, run): (&Pair<'_>, &RunOf<'_>),
    ) -> Result<Option<&'static str>> {
        let kill = self.kill.filter(|kill| kill.part() == Part::Between);
        let Some(kill) = kill else { return Ok(None) };
        let name = pair.with_attempt(run.id.as_str(), "one-1")?;
        sleep(kill.delay()).await;
        pair.worker(name).crashes().await?;
        afterwards(kill, (pair, name)).await?;
        Ok(Some(name))
    }

    async fn came(
        &self,
        run: &RunOf<'_>,
        (killed, seconds): (Option<&'static str>, f64),
    ) -> Result<Came> {
        let over = run.run().await?;
        ensure!(over.outcome == Some(Outcome::Done), "it ended otherwise: {:?}", over.outcome);
        run.shows("*relay is done.*").await?;
        let branch = format!("{}^{{tree}}", over.request.branch());
        let tree = run.git_in(RELAY, &["rev-parse", &branch]).await?.trim().to_owned();
        let mut database =
            PgConnection::connect(&self.world.worker.setting("DATABASE_URL")).await?;
        let ledger = sqlx::query_scalar(LEDGER).bind(run.id.as_str());
        Ok(Came {
            tree,
            messages: self.messages(run),
            attempts: over.stages.iter().map(|stage| stage.attempts.len()).collect(),
            spent: over.spent(),
            ledger: Usd::from_nanos(ledger.fetch_one(&mut database).await?),
            pays_once: self.kill.is_some_and(Kill::pays_once),
            killed,
            seconds,
        })
    }

    fn messages(&self, run: &RunOf<'_>) -> Vec<String> {
        let of = format!("{}/", run.id);
        let mut keys: Vec<String> = self.world.slack.peek(|state| {
            let keys = state.messages.iter().filter_map(|message| message.key());
            keys.filter_map(|key| key.strip_prefix(&of)).map(str::to_owned).collect()
        });
        keys.sort();
        keys
    }
}

async fn until(run: &RunOf<'_>, what: &str, so: impl Fn(&Run) -> bool) -> Result<()> {
    // A busy machine may leave one look unanswered.
    let there = async || Ok(run.run().await.is_ok_and(|run| so(&run)));
    wait::until_within(PATIENCE, &format!("{} to be {what}", run.id), there).await
}

/// Kills whoever is held; their name.
async fn strike(set: Option<(Kill, Set)>, pair: &Pair<'_>) -> Result<Option<&'static str>> {
    let Some((kill, set)) = set else { return Ok(None) };
    let name = set.keeps(pair).await?;
    sleep(kill.delay()).await;
    pair.worker(name).crashes().await?;
    let lost = kill.afterwards() != Afterwards::ComesBack;
    set.lets_go(pair, (name, lost)).await?;
    afterwards(kill, (pair, name)).await?;
    Ok(Some(name))
}

async fn afterwards(kill: Kill, (pair, name): (&Pair<'_>, &str)) -> Result<()> {
    match kill.afterwards() {
        Afterwards::StaysAway => Ok(()),
        Afterwards::ComesBack => pair.worker(name).comes_back(),
        Afterwards::ComesBackEmpty => {
            pair.is_wiped(name).await?;
            pair.worker(name).comes_back()
        }
    }
}
