//! Parts that several commands share: what do they need built from the configuration?
//! The store, the services, where links lead, and when the process is to end.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::{DateTime, Offset as _, Utc};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::Failure;
use crate::commands::Services;
use crate::config::{Config, LiveProjects};
use crate::engine::{Address, Engine, Seal};
use crate::files;
use crate::local::web_url;
use crate::store::{Store, StoreError};
use crate::thread::{Links, RenderContext};
use crate::workspace::{Archive, ArtifactStore};

/// How long `serve` and `worker` wait for what they depend on before they give up.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two tries.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// The database, open.
pub async fn store(config: &Config) -> Result<Store, Failure> {
    let Some(url) = &config.database_url else {
        return Err(Failure::missing(anyhow!(
            "no database: set DATABASE_URL, or run `signoff up` here (SIGNOFF_HOME is {})",
            config.home.display()
        )));
    };
    Store::connect(url).await.map_err(|e| {
        let remedy = match e {
            StoreError::NotLetIn(_) => "correct the user, password or name in DATABASE_URL",
            _ => "is it running, and is DATABASE_URL right?",
        };
        Failure::missing(anyhow!(e).context(remedy))
    })
}

/// The database, open and up to date; waited for, because everything starts at once.
pub async fn migrated_store(config: &Config) -> Result<Store, Failure> {
    let store = retry_until_ready(|| async { open(config).await }).await?;
    store.migrate().await.map_err(|e| Failure::missing(anyhow!(e)))?;
    Ok(store)
}

/// Why something that is depended on is not there.
pub enum NotReady {
    /// It may be in a moment: everything starts at once.
    Wait(anyhow::Error),
    /// Only a person can change it.
    GiveUp(anyhow::Error),
}

async fn open(config: &Config) -> Result<Store, NotReady> {
    store(config).await.map_err(|failure| {
        let final_refusal = config.database_url.is_none()
            || failure.error.downcast_ref().is_some_and(|e| matches!(e, StoreError::NotLetIn(_)));
        if final_refusal { NotReady::GiveUp(failure.error) } else { NotReady::Wait(failure.error) }
    })
}

/// Retries until it works, it is of no use, or [`START_TIMEOUT`] is over.
pub async fn retry_until_ready<T, F: Future<Output = Result<T, NotReady>>>(
    attempt: impl Fn() -> F,
) -> Result<T, Failure> {
    let deadline = Instant::now() + START_TIMEOUT;
    let mut warned = false;
    loop {
        match attempt().await {
            Ok(done) => return Ok(done),
            Err(NotReady::GiveUp(e)) => return Err(Failure::missing(e)),
            Err(NotReady::Wait(e)) if Instant::now() > deadline => return Err(Failure::missing(e)),
            Err(NotReady::Wait(e)) if !warned => {
                warn_of_waiting(&e);
                warned = true;
            }
            Err(NotReady::Wait(_)) => {}
        }
        sleep(RETRY_INTERVAL).await;
    }
}

fn warn_of_waiting(error: &anyhow::Error) {
    let limit = START_TIMEOUT.as_secs();
    tracing::warn!(error = %format!("{error:#}"), "waiting up to {limit} s for what we depend on");
}

/// What all workers share; a folder of this machine where nothing else is said.
pub fn artifacts(config: &Config) -> anyhow::Result<ArtifactStore> {
    if let Some(address) = &config.artifacts {
        return ArtifactStore::open(address)
            .context("opening the artifact store (SIGNOFF_ARTIFACTS)");
    }
    let home = config.home.display();
    files::private_folder(&config.home)
        .with_context(|| format!("making {home} private (SIGNOFF_HOME)"))?;
    ArtifactStore::open(&own_artifacts(config).display().to_string())
        .context("opening the artifact store (SIGNOFF_HOME)")
}

/// The same, for who only looks back: where it cannot be opened, this machine's disk is all there is.
pub fn artifacts_to_look_at(config: &Config) -> Option<ArtifactStore> {
    let opened = artifacts(config);
    opened
        .inspect_err(|e| {
            tracing::warn!(error = format!("{e:#}"), "what runs left is read on this disk only");
        })
        .ok()
}

/// The same, for a command at a shell, which makes no folder where there is none.
pub fn artifacts_if_any(config: &Config) -> Option<ArtifactStore> {
    let is_there = config.artifacts.is_some() || own_artifacts(config).is_dir();
    is_there.then(|| artifacts_to_look_at(config)).flatten()
}

pub fn own_artifacts(config: &Config) -> PathBuf {
    config.home.join("artifacts")
}

/// Where Temporal is.
pub fn temporal_address(config: &Config) -> Address {
    Address {
        address: config.temporal_address.clone(),
        namespace: config.temporal_namespace.clone(),
    }
}

/// What the commands of people need.
pub fn services(config: &Config, store: Store, artifacts: Option<ArtifactStore>) -> Services {
    let seal = Seal::new(store.clone());
    Services {
        store,
        engine: Engine::new(temporal_address(config), config.task_queue.clone()).sealed_by(seal),
        projects: LiveProjects::new(config.projects_file.clone(), config.projects.clone()),
        archive: Archive::new(&config.home, artifacts),
        rehearsal: rehearses(config),
    }
}

/// A scenario file wins over a key: who names one wants to rehearse.
pub fn rehearses(config: &Config) -> bool {
    config.rehearsal.is_some() || config.anthropic_key.is_none()
}

/// Where links in Slack lead to, if anywhere. This machine's own address is dead on a phone, so only a stand-in for Slack
/// on this machine has links to it.
pub fn linked_from_slack(config: &Config) -> Option<Url> {
    let stand_in = config.slack.as_ref().is_none_or(|slack| slack.api_url.is_some());
    config
        .public_url
        .clone()
        .or_else(|| (stand_in && config.listen.ip().is_loopback()).then(|| here(config.listen)))
}

/// Where links lead to for who is at this machine.
pub fn linked_from_here(config: &Config) -> Url {
    config
        .public_url
        .clone()
        .or_else(|| config.up_url.clone())
        .unwrap_or_else(|| here(config.listen))
}

fn here(listen: SocketAddr) -> Url {
    web_url(listen, listen.port()).parse().expect("an address with a port makes a web address")
}

/// What signs links; made by whoever asks first.
pub async fn link_key(store: &Store) -> Result<Vec<u8>, Failure> {
    Ok(store.key("links", &rand::random::<[u8; 32]>()).await?)
}

/// Where drawings point to: signed pages below `base`.
pub fn render_context(config: &Config, key: Vec<u8>, base: Option<Url>) -> RenderContext {
    RenderContext {
        links: base.map(|base| Links::new(key, base)),
        clock_zone: Utc.fix(),
        real_slack: config.slack.as_ref().is_some_and(|slack| slack.api_url.is_none()),
        thread: None,
    }
}

/// Ends when somebody asks the process to: Ctrl-C or a termination signal.
pub fn asked_to_end() -> CancellationToken {
    let token = CancellationToken::new();
    let asked = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated() => {}
        }
        asked.cancel();
    });
    token
}

/// Never ends, where signals cannot be received.
async fn terminated() {
    match signal(SignalKind::terminate()) {
        Ok(mut term) => drop(term.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "the program's own clock, read at its doors")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where links lead to from Slack and from this machine.
    fn linked(variables: &[(&str, &str)]) -> (Option<String>, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let slack = [("SLACK_BOT_TOKEN", "xoxb-1"), ("SLACK_APP_TOKEN", "xapp-1")];
        let variables: Vec<_> = slack.iter().chain(variables).collect();
        let get = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let config = Config::read(get, folder.path()).expect("it is good");
        (linked_from_slack(&config).map(String::from), linked_from_here(&config).into())
    }

    #[test]
    fn slack_has_no_links_to_this_machine() {
        let here = "http://127.0.0.1:8480/".to_owned();
        let stand_in = ("SLACK_API_URL", "http://127.0.0.1:7811/api");
        let public = ("SIGNOFF_PUBLIC_URL", "https://signoff.example/x");
        assert_eq!(linked(&[]), (None, here.clone()));
        assert_eq!(linked(&[stand_in]), (Some(here.clone()), here.clone()));
        assert_eq!(linked(&[("SIGNOFF_LISTEN", "0.0.0.0:8480"), stand_in]), (None, here));
        assert_eq!(
            linked(&[public]),
            (
                Some("https://signoff.example/x/".to_owned()),
                "https://signoff.example/x/".to_owned()
            )
        );
    }
}
