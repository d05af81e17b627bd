//! All plumbing of the stories: servers, processes, projects, and the verbs of people.
//!
//! A story is told to a [`World`] of its own: `story(async |w| { … })`. Where to look for a verb:
//!
//! | who | where | what |
//! |---|---|---|
//! | a person: `let ana = w.person("ana")` | `person.rs`, `slack/person.rs` | `develops`, `starts` (a run); `says` (also `/develop …`, `@signoff …`), `says_in(&run, …)`, `says_directly`, `edits`, `deletes`, `reacts`, `forwards`, `is_told`, `is_sent_directly`, `direct_messages`, `reads` |
//! | their finger | `slack/person/presses.rs` | `presses("Approve", &run)` (its newest gate; or a message, also one that was saved), `presses_near`, `picks` (menus), `is_asked`, `confirms`, `declines`, `opens_home`, `sees_home`, `presses_at_home`, `picks_at_home` |
//! | their forms | `slack/person/fills.rs` | `rejects(&run, …)`, `asks_for_changes(&run, …)`, `fills_in_a_run`; `sees_form`, `fills`, `chooses`, `sends_the_form`, `is_corrected`, `presses_in_form`, `closes_the_form`, `sees_no_form` |
//! | a run | `run.rs` | `asks` (its newest gate), `asks_again`, `shows`, `card`, `transcript`; as stored: `run`, `becomes`, `gate_is`; as its worker keeps it: `prompt`, `folder`, `git`, `git_in` (a repository of the story), `result` (its files); its `page`, and a `link_in` it |
//! | a message: `run.asks()`, `run.card()`, `w.slack.at(ts)` | `slack/target.rs` | `shows`, `shown`, `offers`, `offers_nothing`, `has_reaction`, `saved` (to press it when it is old) |
//! | the workspace: `w.slack` | `slack/crowd.rs`, `slack/scopes.rs` | `hires`, `deactivates`, `admin_deletes`, `makes_guest`, `adds_to_group`, `removes_from_group`, `grants_scope`, `withholds_scope` |
//! | Slack's bad days | `slack/faults.rs`, `slack/signed.rs`, `slack/views.rs` | `fails` (a method), `refuses_message`, `refuses_in` (a channel), `recovers`, `again`, `again_signed`, `lets_triggers_expire` |
//! | the set-up: `w` | `settings.rs` | `has_policy`, `has_settings`, `has_settings_with`, `has_gate_with`, `has_key`, `has_repository`, `has_no_address`, `has_no_temporal`, `serve_dies_and_comes_back`, `worker_over_a_line`, `bare_worker`, `has_only_a_bare_worker`, `bare_machine_gets` |
//! | `w.serve`, `w.worker` | `process.rs` | `crashes`, `comes_back`, `will_have` (a setting), `says` (in its log) |
//! | `w.database_line`, `w.temporal_line`, `w.worker_over_a_line()` | `line.rs` | `is_cut`, `loses_answers`, `heals` |
//! | between a write and its confirmation: `w.holds_questions()`, `w.holds(…)` | `held.rs` | `is_reached`, `lets_go` |
//! | two workers, one of them killed: `Kill { point, seed }` | `kills/` | `comes_to`; what comes of it is compared with `unkilled` |
//!
//! A verb that waits does so until what it waits for is so, never for a time; in vain, it ends the story with the whole transcript.
//! What real Slack would refuse is refused, and fails the story at its end, unless the story asked for it by a fault.

mod held;
mod holds;
pub mod kills;
mod line;
mod person;
mod process;
mod projects;
mod record;
mod run;
pub mod servers;
mod settings;
pub mod slack;
mod temporal;
pub mod wait;

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use chrono::Utc;
use signoff::engine::{Address, Engine, Seal};
use signoff::run::RunId;
use signoff::store::Store;
use tempfile::TempDir;

use line::Line;
use process::Process;
pub use projects::AGENT;
pub use run::RunOf;
use servers::Servers;
use slack::{APP_TOKEN, BOT_TOKEN, FakeSlack, SIGNING_SECRET};

/// Everything one story has to itself: a database, a task queue, a Slack, `serve` and `worker`.
pub struct World {
    pub slack: FakeSlack,
    pub store: Store,
    pub engine: Engine,
    temporal: Address,
    pub serve: Process,
    pub worker: Process,
    /// `signoff` commands are given here; `signoff.toml` is here too.
    pub folder: TempDir,
    /// From `serve` to Postgres.
    pub database_line: Line,
    /// From `serve` to Temporal.
    pub temporal_line: Line,
    /// Where `serve` listens, `host:port`.
    pub listen: String,
    pub web: String,
}

/// How Slack and we speak.
#[derive(Clone, Copy)]
enum Transport {
    /// It calls us.
    Http,
    /// We call it.
    Socket,
}

/// Tells a story, and then asks what must hold after every one.
pub async fn story(tell: impl AsyncFnOnce(&World) -> Result<()>) {
    is_told_by(Transport::Http, tell).await;
}

/// The same, where nobody can knock at our door.
pub async fn story_by_socket(tell: impl AsyncFnOnce(&World) -> Result<()>) {
    is_told_by(Transport::Socket, tell).await;
}

async fn is_told_by(transport: Transport, tell: impl AsyncFnOnce(&World) -> Result<()>) {
    if let Err(e) = what_came_of(transport, tell).await {
        panic!("{e:#}");
    }
}

/// The same, for who makes a table of what came of many.
pub async fn told<T>(tell: impl AsyncFnOnce(&World) -> Result<T>) -> Result<T> {
    what_came_of(Transport::Http, tell).await
}

async fn what_came_of<T>(
    transport: Transport,
    tell: impl AsyncFnOnce(&World) -> Result<T>,
) -> Result<T> {
    let world = World::new(transport).await.context("the world of the story")?;
    let end = match tell(&world).await {
        Ok(came) => world.finish().await.context("after the story").map(|()| came),
        broken => broken,
    };
    // What is last is what a long log is read from.
    end.map_err(|e| {
        anyhow!("Slack shows:\n{}\n{}\n\n{e:#}", world.slack.transcript(), world.logs())
    })
}

impl World {
    async fn new(transport: Transport) -> Result<Self> {
        let servers = Servers::get();
        let name = servers.fresh_name();
        servers.forget_at_a_power_cut().await?;
        let database = servers.fresh_database(&name).await?;
        let slack = FakeSlack::start().await?;
        let folder = TempDir::new()?;
        projects::write(folder.path())?;
        let listen = servers::free_address()?.to_string();
        let web = format!("http://{listen}");
        let within = |name: &str| folder.path().join(name).display().to_string();
        let env = [
            ("DATABASE_URL", database.as_str()),
            ("TEMPORAL_ADDRESS", &servers.temporal),
            ("SIGNOFF_TASK_QUEUE", &name),
            ("SIGNOFF_HOME", &within("home")),
            ("SIGNOFF_CONFIG", &within("signoff.toml")),
            ("SIGNOFF_LISTEN", &listen),
            ("SLACK_API_URL", slack.api_url().as_str()),
            // Stories do not wait for a real Slack's limits.
            ("SIGNOFF_SLACK_PACE", "60000"),
            ("SLACK_BOT_TOKEN", BOT_TOKEN),
            match transport {
                Transport::Http => ("SLACK_SIGNING_SECRET", SIGNING_SECRET),
                Transport::Socket => ("SLACK_APP_TOKEN", APP_TOKEN),
            },
            ("USER", "tester"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (database_line, database_over_line) = servers.database_line(&database).await?;
        let temporal_line = Line::to(&servers.temporal).await?;
        let serve = Process::new("serve", &env, folder.path());
        serve.will_have("DATABASE_URL", &database_over_line);
        serve.will_have("TEMPORAL_ADDRESS", &temporal_line.address);
        let worker = Process::new("worker", &env, folder.path());
        serve.comes_back()?;
        worker.comes_back()?;
        servers::answers(&format!("{web}/readyz")).await?;
        match transport {
            Transport::Http => slack.delivers_to(format!("{web}/slack").parse()?),
            Transport::Socket => slack.delivers_by_sockets(),
        }
        let temporal = Address { address: Some(servers.temporal.clone()), namespace: None };
        let store = Store::connect(&database.into()).await?;
        let seal = Seal::new(store.clone());
        Ok(Self {
            slack,
            store,
            engine: Engine::new(temporal.clone(), name).sealed_by(seal),
            temporal,
            serve,
            worker,
            folder,
            database_line,
            temporal_line,
            listen,
            web,
        })
    }

    /// Runs `signoff <words>` as a person at a shell would; exit code and standard output.
    pub async fn types(&self, words: &[&str]) -> Result<(i32, String)> {
        self.worker.command(words).run().await
    }

    /// `types`, in a folder of the story.
    pub async fn types_in(&self, folder: &str, words: &[&str]) -> Result<(i32, String)> {
        let (here, config) =
            (self.folder.path().join(folder), self.folder.path().join("signoff.toml"));
        self.worker.command(words).within(&here, &config).run().await
    }

    /// `types`, with other settings on top.
    pub async fn types_with(&self, env: &[(&str, &str)], words: &[&str]) -> Result<(i32, String)> {
        self.worker.command(words).with(env).run().await
    }

    /// Waits until `serve` answers and has all it depends on.
    pub async fn is_up(&self) -> Result<()> {
        servers::answers(&format!("{}/readyz", self.web)).await
    }

    /// What a page of `serve` says.
    pub async fn page(&self, path: &str) -> Result<String> {
        Ok(reqwest::get(format!("{}{path}", self.web)).await?.error_for_status()?.text().await?)
    }

    /// Waits until so many runs were asked for.
    pub async fn until_runs(&self, count: usize) -> Result<()> {
        wait::until(&format!("{count} runs"), async || {
            Ok(self.store.newest_runs(100).await?.len() >= count)
        })
        .await
    }

    /// Waits until a run is in a phase.
    pub async fn until_phase(&self, run: &str, phase: &str) -> Result<()> {
        let id: RunId = run.parse()?;
        let there = async || {
            Ok(self.store.run(&id).await?.is_some_and(|r| serde_json::json!(r.phase()) == phase))
        };
        wait::until(&format!("{run} to be {phase}"), there).await
    }

    /// Waits until a process has these words on its command line.
    pub async fn until_alive(&self, words: &str) -> Result<()> {
        wait::until(&format!("{words} to live"), async || Ok(lives(words))).await
    }

    /// Waits until no process has these words on its command line.
    pub async fn until_dead(&self, words: &str) -> Result<()> {
        wait::until(&format!("{words} to be dead"), async || Ok(!lives(words))).await
    }

    fn logs(&self) -> String {
        let files = std::fs::read_dir(self.folder.path()).into_iter().flatten().flatten();
        let mut logs: Vec<_> = files.map(|file| file.path()).collect();
        logs.retain(|file| file.extension().is_some_and(|it| it == "log"));
        logs.sort();
        let said = |file: &PathBuf| std::fs::read_to_string(file).unwrap_or_default();
        let told = logs.iter().map(|file| format!("{}:\n{}\n", file.display(), said(file)));
        told.collect::<Vec<_>>().concat()
    }

    /// What must hold after every story.
    async fn finish(&self) -> Result<()> {
        let late = self.slack.late_acks();
        anyhow::ensure!(late.is_empty(), "acknowledged too late: {late:?}");
        let missed = self.slack.missed_acks();
        anyhow::ensure!(missed.is_empty(), "never acknowledged, so sent again: {missed:?}");
        let violations = self.slack.violations();
        anyhow::ensure!(violations.is_empty(), "Slack would not have taken: {violations:?}");
        for run in self.store.newest_runs(100).await? {
            holds::is_drawn(self, run.id()).await?;
            holds::agrees_with_its_workflow(self, run.id()).await?;
        }
        record::histories(self).await
    }
}

fn lives(words: &str) -> bool {
    !living(words).is_empty()
}

/// The processes with these words on their command line.
fn living(words: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let has_words = |process: &std::fs::DirEntry| {
        let line = std::fs::read(process.path().join("cmdline"));
        line.is_ok_and(|line| String::from_utf8_lossy(&line).contains(words))
    };
    let found = processes.filter(has_words);
    found.map(|process| process.file_name().to_string_lossy().into_owned()).collect()
}

/// A transcript without what differs from run to run: ids, links, times of day.
pub fn tidied(transcript: &str) -> String {
    let patterns = [
        (r"tale-[a-z0-9]{7}", "tale-ID"),
        (r"https?://\S+", "LINK"),
        (r"/\S+/(runs/|repository)", "FOLDER/$1"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "TIME"),
        (r"\bat [0-9a-f]{7}\b", "at COMMIT"),
        (r"\u{a0}", " "),
        (r"  +\d+s\b", "  0s"),
        (r"\b\d+s\b", "0s"),
        (r" +\n", "\n"),
    ];
    patterns.iter().fold(transcript.to_owned(), |text, (pattern, to)| {
        regex::Regex::new(pattern).expect("a pattern of ours").replace_all(&text, *to).into_owned()
    })
}

/// The time on this machine, for what is drawn by it.
#[expect(clippy::disallowed_methods, reason = "stories live in real time")]
pub fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}
