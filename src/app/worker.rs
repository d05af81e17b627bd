//! The command `worker`: what is it made of?
//! A connection to Temporal, a box for agents, and a model: a real one, or a scripted one that this process plays.

use std::fs;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use futures::TryFutureExt;
use secrecy::ExposeSecret;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::parts::NotReady;
use super::retention::DailyPrune;
use super::{Failure, exit, parts};
use crate::agent::rehearsal::{self, Scenario};
use crate::config::{Config, LiveProjects, built_in_pipelines};
use crate::engine::{self, Bench, Circuits, Seal, Slots, Worker};
use crate::files::{self, SocketFolder};
use crate::local;
use crate::meter::{Meter, Upstream};
use crate::run::prove_refusals;
use crate::sandbox::{BoxParts, Egress, Limiter, Sandbox, step_aside};
use crate::store::Store;
use crate::workspace::{Archive, ArtifactStore, GitVersion};

const BUILT_IN_SCENARIO: &str = include_str!("../../deploy/rehearsal/llm-wrapper.toml");

/// Takes runs from the task queue until asked to end.
pub async fn worker(
    config: Config,
    no_sandbox: bool,
    max_cached_runs: usize,
) -> Result<u8, Failure> {
    prove_refusals()
        .context("this program does not refuse who may not decide, so it does not start")?;
    let end = parts::asked_to_end();
    let home = config.home.display();
    files::private_folder(&config.home).with_context(|| format!("making {home} private"))?;
    let store = parts::migrated_store(&config).await?;
    let at = parts::temporal_address(&config);
    let connect = || engine::connect(&at, "signoff-worker").map_err(NotReady::Wait);
    let client = parts::retry_until_ready(connect).await?;
    let projects = LiveProjects::new(config.projects_file.clone(), config.projects.clone());
    let setup = projects.clone();
    let Metered { meter, usual_model } = metered(&config, &store)?;
    let (path, cache) = (config.path.clone(), config.cache.clone());
    let artifacts = parts::artifacts(&config)?;
    let daily_prune = daily_prune(&config, &store, &artifacts, &projects);
    let bench = Bench {
        seal: Seal::new(store.clone()),
        store,
        runs: config.home.join("runs"),
        artifacts,
        sandbox: sandbox(&config).await?,
        egress: Egress::new(move || setup.current().setup.clone()),
        no_sandbox,
        projects,
        built_in: built_in_pipelines(),
        meter,
        usual_model,
        find_claude: Box::new(move || local::claude_cli::find(Some(path.as_ref()), &cache)),
        circuits: Circuits::default(),
        agent_slots: config.agent_slots,
        slots: Slots::new(config.agent_slots.unwrap_or(config.projects.queue.per_host)),
        draining: CancellationToken::new(),
    };
    tell(&config.task_queue, &bench).await;
    let working = Worker::new(&client, &config.task_queue, bench, max_cached_runs)?;
    tokio::spawn(daily_prune.run(end.clone()));
    working.run(end).await?;
    tracing::info!("worker ends, as it was asked to");
    Ok(exit::OK)
}

fn daily_prune(
    config: &Config,
    store: &Store,
    artifacts: &ArtifactStore,
    projects: &LiveProjects,
) -> DailyPrune {
    DailyPrune {
        store: store.clone(),
        archive: Archive::new(&config.home, Some(artifacts.clone())),
        projects: projects.clone(),
        clock: parts::now,
    }
}

async fn tell(task_queue: &str, bench: &Bench) {
    let (box_kind, model) = (confinement(&bench.sandbox), kind_of(&bench.meter));
    tracing::info!("worker takes runs from {task_queue} · {box_kind} · {model}");
    for lack in bench.lacks() {
        tracing::warn!("this worker hands back runs that want more than it has: {lack}");
    }
    if let Some(version) = GitVersion::find().await
        && let Some(lack) = version.lack()
    {
        tracing::warn!("{version} is too old: {lack}");
    }
}

/// The box if one can be built here; else none, and operators read why.
async fn sandbox(config: &Config) -> anyhow::Result<Sandbox> {
    let exe = std::env::current_exe().context("finding this program")?;
    let sandbox = match Sandbox::find(BoxParts { cache: &config.cache, exe: &exe }).await {
        Ok(sandbox) => sandbox,
        Err(why) => {
            tracing::warn!(error = %why, "no box on this machine");
            return Ok(Sandbox::None);
        }
    };
    let limits = &config.projects.limits;
    step_aside(limits);
    let limiter = Limiter::find(limits);
    tracing::info!("limits: {limiter}");
    Ok(sandbox.limited_by(limiter))
}

/// The way to the model, and which one is asked for where nobody names one.
struct Metered {
    meter: Meter,
    usual_model: Option<String>,
}

fn metered(config: &Config, store: &Store) -> Result<Metered, Failure> {
    let sockets = Arc::new(SocketFolder::new().context("making a folder for sockets")?);
    let ModelSource { upstream, usual_model } = model_source(config, &sockets)?;
    Ok(Metered { meter: Meter::new(upstream, store.clone(), sockets), usual_model })
}

/// Where agents get their model from.
struct ModelSource {
    upstream: Upstream,
    usual_model: Option<String>,
}

fn model_source(config: &Config, sockets: &SocketFolder) -> Result<ModelSource, Failure> {
    match (&config.anthropic_key, &config.rehearsal) {
        (Some(key), None) => {
            let upstream = Upstream::real(key.expose_secret().into());
            let upstream = upstream.context("preparing the way to the model")?;
            Ok(ModelSource { upstream, usual_model: None })
        }
        _ => rehearse(scenario(config)?, sockets),
    }
}

/// Plays a scripted model on a socket of this process.
fn rehearse(scenario: Scenario, sockets: &SocketFolder) -> Result<ModelSource, Failure> {
    let usual_model = Some(scenario.model.clone());
    let socket = sockets.path.join("model.sock");
    let listener = UnixListener::bind(&socket)
        .with_context(|| format!("listening at {}", socket.display()))?;
    tokio::spawn(rehearsal::serve(listener, Arc::new(scenario)));
    let upstream = Upstream::scripted(socket).context("preparing the way to the rehearsal")?;
    Ok(ModelSource { upstream, usual_model })
}

/// What this process plays, where it has no real model.
pub fn scenario(config: &Config) -> Result<Scenario, Failure> {
    let (name, text) = match &config.rehearsal {
        Some(file) => {
            let name = file.display().to_string();
            let text = fs::read_to_string(file).with_context(|| format!("reading {name}"))?;
            (name, text)
        }
        None => ("deploy/rehearsal/llm-wrapper.toml".to_owned(), BUILT_IN_SCENARIO.to_owned()),
    };
    Scenario::parse(&name, &text).map_err(|e| Failure::usage(anyhow!("{e}")))
}

fn confinement(sandbox: &Sandbox) -> &'static str {
    match sandbox {
        Sandbox::Bubblewrap { .. } => "in the box",
        Sandbox::None => "no sandbox",
    }
}

const fn kind_of(meter: &Meter) -> &'static str {
    if meter.is_real() { "a real model" } else { "rehearsal: a scripted model" }
}
