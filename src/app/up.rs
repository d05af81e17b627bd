//! The command `up`: what does it hand to the local servers?

use std::io::{IsTerminal, stderr, stdout};

use anyhow::{Context, anyhow};
use futures::FutureExt;

use super::{Failure, parts, worker};
use crate::config::{BUILT_IN, Config, NAMESPACE, Projects, UpAddresses};
use crate::local::{self, Console, Machine, PhaseOf, UpFile, UpOptions};

/// Runs everything on this machine until it is ended.
pub async fn up(options: UpOptions, config: Config) -> Result<u8, Failure> {
    if !options.servers_only {
        refuse_what_no_worker_takes(&config)?;
    }
    let phase_of = phase_of(config.clone());
    let machine = machine(config)?;
    let console = Console::new(Box::new(stdout()), stderr().is_terminal());
    local::up(options, machine, console, Some(phase_of))
        .await
        .map_err(|error| Failure { code: local::exit_code(&error), error })
}

/// What a worker would end of, told before anything is started.
fn refuse_what_no_worker_takes(config: &Config) -> Result<(), Failure> {
    if parts::rehearses(config) {
        worker::scenario(config)?;
    }
    if config.artifacts.is_some() {
        parts::artifacts(config).map_err(Failure::missing)?;
    }
    Ok(())
}

fn machine(config: Config) -> anyhow::Result<Machine> {
    Ok(Machine {
        home: config.home,
        cache: config.cache,
        path: Some(config.path.into()),
        exe: std::env::current_exe().context("finding this program")?,
        database_url: config.database_url,
        temporal_address: config.temporal_address,
        temporal_namespace: config.temporal_namespace.unwrap_or_else(|| NAMESPACE.to_owned()),
        temporal_archive: local::official_archive(),
        listen: config.listen,
        public_url: config.public_url,
        slack_configured: config.slack.is_some(),
        has_key: config.anthropic_key.is_some(),
        project: first_project(&config.projects),
        rehearsal: config.rehearsal,
    })
}

/// The first of the user's own projects; without one, the built-in.
fn first_project(projects: &Projects) -> String {
    let own = projects.names().find(|name| name.as_str() != BUILT_IN);
    own.map_or_else(|| BUILT_IN.to_owned(), ToString::to_string)
}

/// How a run stands, for the demo: it plays people, so it asks the database and not the thread it watches.
fn phase_of(config: Config) -> PhaseOf {
    Box::new(move |run| {
        let config = config.clone();
        async move {
            let up = UpFile::read_live(&config.home)?;
            let store = parts::store(&config.with_up(&addresses(&up))).await.ok()?;
            store.run(&run).await.ok()?.map(|run| run.phase())
        }
        .boxed()
    })
}

/// What commands need to know of a running `up`. Its own Temporal, which has a page, knows no TLS, whatever the variables are about.
pub fn addresses(up: &UpFile) -> UpAddresses {
    let temporal = &up.temporal;
    let is_own = up.temporal_ui.is_some();
    UpAddresses {
        database_url: up.database_url.clone(),
        temporal: if is_own { format!("http://{temporal}") } else { temporal.clone() },
        web: up.web.clone(),
    }
}

/// Becomes a program that dies with its parent; comes back only where that is not possible.
pub fn become_child(command: Vec<std::ffi::OsString>) -> Failure {
    match local::child::become_child(command.into_iter()) {
        Ok(never) => match never {},
        Err(error) => Failure::missing(anyhow!(error)),
    }
}
