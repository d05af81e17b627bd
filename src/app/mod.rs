//! The wiring: how do the rooms become a program?
//! Nothing but wiring: configuration in, running parts out. Hands rooms what they may not import.

mod clean_up;
mod cli;
mod doctor;
mod parts;
mod replay;
mod retention;
mod serve;
mod slack_manifest;
mod talk;
mod up;
mod worker;

pub use cli::Cli;

use std::convert::Infallible;
use std::io::{self, Write};
use std::path::Path;

use anyhow::anyhow;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::config::Config;
use crate::store::StoreError;
use crate::{local, sandbox, telemetry};
use cli::{CliCommand, LookCommand};

/// Exit codes, as the README lists them.
pub mod exit {
    pub const OK: u8 = 0;
    pub const OUR_FAULT: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const REFUSED: u8 = 3;
    pub const NOT_WELL: u8 = 4;
    pub const MISSING: u8 = 5;
}

/// Why a command could not do its work.
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    pub error: anyhow::Error,
}

impl Failure {
    fn missing(error: impl Into<anyhow::Error>) -> Self {
        Self { code: exit::MISSING, error: error.into() }
    }

    fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self { code: exit::USAGE, error: error.into() }
    }

    /// For programs, which read standard output: why nothing else stands there.
    #[must_use]
    pub fn document(&self) -> Value {
        let outcome = match self.code {
            exit::USAGE => "usage",
            exit::REFUSED => "refused",
            exit::MISSING => "away",
            _ => "failed",
        };
        json!({ "outcome": outcome, "text": format!("{:#}", self.error) })
    }

    /// Whether the reader of our output closed it, as `head` does.
    fn is_no_reader(&self) -> bool {
        self.error
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { code: exit::OUR_FAULT, error }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let not_there = matches!(error, StoreError::Away(_) | StoreError::NotLetIn(_));
        let code = if not_there { exit::MISSING } else { exit::OUR_FAULT };
        Self { code, error: error.into() }
    }
}

/// Does what was asked for, printing to `out`.
pub fn run(cli: Cli, out: &mut dyn Write) -> Result<u8, Failure> {
    let other = match cli.verb {
        CliCommand::Child(child) => return Err(up::become_child(child.command)),
        CliCommand::Box(args) => return args.inside().run().map_err(Failure::missing),
        CliCommand::Forward { socket } => return Err(missing_program(sandbox::forward(&socket))),
        CliCommand::Absent(absent) => return Err(Failure::usage(anyhow!(absent.instead()))),
        CliCommand::Bridge(bridge) => return Ok(single_thread()?.block_on(bridge.run())?),
        other => other,
    };
    let cli = Cli { verb: other, ..cli };
    if let CliCommand::Slack { verb } = &cli.verb {
        // Before the configuration is read: what is printed helps to write it.
        return slack_manifest::slack_manifest(verb, cli.json, out);
    }
    let config = start(&cli)?;
    let runtime = runtime_for(&cli.verb)
        .map_err(|e| Failure::from(anyhow!(e).context("starting the runtime")))?;
    let code = runtime.block_on(verb(cli, config, out));
    // A blocked read of standard input must not hold the process.
    runtime.shutdown_background();
    code.or_else(|failure| if failure.is_no_reader() { Ok(exit::OK) } else { Err(failure) })
}

/// Why a program did not become another one.
fn missing_program(became: anyhow::Result<Infallible>) -> Failure {
    match became {
        Ok(never) => match never {},
        Err(error) => Failure::missing(error),
    }
}

/// Starts the log, then reads the configuration.
fn start(cli: &Cli) -> Result<Config, Failure> {
    telemetry::start(cli.log_filter(), cli.log_format())
        .map_err(|e| Failure::usage(anyhow!("SIGNOFF_LOG: {e}")))?;
    let wrong = |problems| Failure::usage(anyhow!("{problems}"));
    let config = Config::from_process().map_err(wrong)?;
    match &config.unread {
        Some(_) if cli.verb.needs_projects() => config.with_projects().map_err(wrong),
        Some(problems) if !matches!(cli.verb, CliCommand::Doctor) => {
            tracing::warn!("going on without projects: {problems}");
            Ok(config)
        }
        _ => Ok(config),
    }
}

fn single_thread() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| Failure::from(anyhow!(e).context("starting the runtime")))
}

/// What `up` starts dies with the thread that started it: there one thread does everything.
fn runtime_for(command: &CliCommand) -> io::Result<Runtime> {
    match command {
        CliCommand::Serve | CliCommand::Worker { .. } => {
            Builder::new_multi_thread().enable_all().build()
        }
        _ => Builder::new_current_thread().enable_all().build(),
    }
}

async fn verb(cli: Cli, config: Config, out: &mut dyn Write) -> Result<u8, Failure> {
    let json = cli.json;
    match cli.verb {
        CliCommand::Up(options) => up::up(options.options(), config).await,
        CliCommand::Serve => serve::serve(config.found()).await,
        CliCommand::Worker { no_sandbox, max_cached_runs } => {
            worker::worker(config.found(), no_sandbox, max_cached_runs).await
        }
        CliCommand::Doctor => Box::pin(doctor::doctor(config.found(), json, out)).await,
        CliCommand::Look(LookCommand::Replay { of }) if replay::is_file(&of) => {
            replay::replay_file(Path::new(&of), json, out).await
        }
        talk => talk::talk(talk, config.found(), json, out).await,
    }
}

impl Config {
    /// With the servers of a living `signoff up` where the environment names none.
    fn found(self) -> Self {
        match local::UpFile::read_live(&self.home) {
            Some(up) => self.with_up(&up::addresses(&up)),
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn who_has_seen_enough_is_no_failure() {
        let broken = |kind| {
            Failure::from(
                Err::<(), _>(io::Error::from(kind)).context("printing").expect_err("broken"),
            )
        };
        assert!(broken(io::ErrorKind::BrokenPipe).is_no_reader());
        assert!(!broken(io::ErrorKind::StorageFull).is_no_reader());
    }
}
