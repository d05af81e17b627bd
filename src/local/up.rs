//! What happens between `signoff up` and Ctrl-C?
//! Prepare, start, say where everything is, keep it alive, end it. Children start on the thread that polls this: block on it
//! from the main thread, never spawn it.

mod questions;
mod start;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use futures::FutureExt;
use futures::future::OptionFuture;
use secrecy::ExposeSecret;
use tokio::select;
use url::Url;

use super::banner::Banner;
use super::child::Spawner;
use super::console::Console;
use super::demo::{self, PhaseOf};
use super::local_slack::{self, Enclosure, LocalSlack};
use super::machine::{Machine, UpError, UpOptions, missing};
use super::ports::Ports;
use super::postgres::Postgres;

use super::ready::listens;
use super::stop::StopSignals;
use super::supervisor::{ServerStatuses, Supervisor};
use super::temporal::Temporal;
use super::up_file::{HomeLock, Mode, Pids, UpFile};
use super::{claude_cli, temporal_cli};
use crate::files::SocketFolder;
use crate::sandbox::{BoxParts, NoBox, Sandbox};

/// A server that was started should be there by then, even on a machine that has other things to do.
const READY_WITHIN: Duration = Duration::from_mins(2);

/// Runs until it is asked to end, or until the demo's run has; returns the exit code.
/// `phase_of` lets the demo ask how its run stands; without it the demo reads the thread.
pub async fn up(
    options: UpOptions,
    machine: Machine,
    console: Console,
    phase_of: Option<PhaseOf>,
) -> Result<u8> {
    let mut stop = StopSignals::listen(options.until_eof)?;
    refuse_early(options, &machine)?;
    let claim = HomeLock::take(&machine.home)?;
    fs::create_dir_all(&machine.cache)
        .with_context(|| format!("creating {}", machine.cache.display()))?;
    let machine = Machine {
        home: claim.home.clone(),
        cache: machine.cache.canonicalize().context("opening the cache")?,
        ..machine
    };
    let (supervisor, arriving) = Supervisor::new(Spawner::new(&machine.exe), &console);
    let up = Up { options, machine: &machine, console: &console, supervisor: &supervisor };
    let work = async {
        let outcome = select! {
            outcome = up.live(phase_of) => outcome,
            () = stop.asked() => Ok(0),
        };
        UpFile::remove(&machine.home);
        if outcome.is_ok() {
            console.say("Ending.");
        }
        select! {
            () = supervisor.end_all() => {}
            () = async { stop.asked().await; supervisor.hurry(); std::future::pending().await } => {}
        }
        outcome
    };
    select! {
        outcome = work => outcome,
        () = supervisor.keep_all(arriving) => unreachable!("it never ends by itself"),
    }
}

/// What can be told before anything is started.
fn refuse_early(options: UpOptions, machine: &Machine) -> Result<()> {
    if options.demo && options.servers_only {
        return Err(UpError::Refused(
            "--demo needs more than servers: leave out --servers-only".to_owned(),
        )
        .into());
    }
    if options.demo && machine.slack_configured {
        return Err(UpError::Refused(
            "--demo plays the people, which only the local Slack allows: unset SLACK_BOT_TOKEN"
                .to_owned(),
        )
        .into());
    }
    let local_slack = !options.servers_only && !machine.slack_configured;
    if local_slack && is_real(machine) && !options.local_slack {
        return Err(UpError::Refused(
            "ANTHROPIC_API_KEY is set and no Slack is: on the local Slack, whoever can use this machine types without a password, and spends your money. Add --local-slack where that is well, set a Slack app up (signoff slack manifest), or unset the key to rehearse.".to_owned(),
        )
        .into());
    }
    if options.socket && machine.slack_configured {
        return Err(
            UpError::Refused("--socket is about the local Slack; with SLACK_APP_TOKEN set, the real one speaks by Socket Mode".to_owned()).into()
        );
    }
    Ok(())
}

/// What `up` has at hand.
struct Up<'a> {
    options: UpOptions,
    machine: &'a Machine,
    console: &'a Console,
    supervisor: &'a Supervisor<'a>,
}

/// What is ours to start; the rest is somebody else's.
struct Prepared {
    postgres: Option<Postgres>,
    temporal: Option<Temporal>,
    slack: Option<LocalSlack>,
    sandbox: Result<Sandbox, NoBox>,
    ports: Ports,
    sockets: SocketFolder,
}

impl Up<'_> {
    async fn live(&self, phase_of: Option<PhaseOf>) -> Result<u8> {
        let prepared = Box::pin(self.prepare()).await?;
        let sandbox = prepared.sandbox.clone();
        let (file, slack, _kept) = self.start(prepared).await?;
        self.write(&file)?;
        let no_sandbox = self.options.no_sandbox;
        let waiting = questions::waiting(&file).await;
        Banner { file: &file, machine: self.machine, sandbox: &sandbox, no_sandbox, waiting }
            .tell(self.console);
        let stays_true = self.keep_file_true(&file);
        let Some(slack) = slack.filter(|_| self.options.demo) else { return stays_true.await };
        let url = slack.url();
        select! {
            code = demo::play(&url, self.console, phase_of) => code,
            code = stays_true => code,
        }
    }

    /// Finds, fetches, builds: all at the same time.
    async fn prepare(&self) -> Result<Prepared> {
        self.others_answer().await?;
        let (machine, console, whole) = (self.machine, self.console, !self.options.servers_only);
        let tell = |line| console.say(line);
        // Also for a worker of somebody's own, and for a Postgres that must not be root.
        let for_box = BoxParts { cache: &machine.cache, exe: &machine.exe };
        let sandbox = Sandbox::find_or_install(for_box, &tell).shared();
        let postgres = OptionFuture::from(
            machine
                .database_url
                .is_none()
                .then(|| Postgres::prepare(machine, &machine.home, console, sandbox.clone())),
        );
        let temporal = OptionFuture::from(
            machine
                .temporal_address
                .is_none()
                .then(|| temporal_cli::find_or_install(machine, console)),
        );
        let slack = OptionFuture::from(
            (whole && !machine.slack_configured).then(|| local_slack::program(machine, console)),
        );
        let claude =
            OptionFuture::from(whole.then(|| claude_cli::find_or_install(machine, console)));
        let ours =
            async { tokio::try_join!(if_wanted(postgres), if_wanted(temporal), if_wanted(slack)) };
        let (ours, claude, sandbox) = tokio::join!(ours, claude, sandbox);
        let (postgres, temporal, slack) = ours?;
        if let Some(Err(error)) = claude {
            console.say(format_args!(
                "There is no Claude Code ({error:#}); stages that want it will fail."
            ));
        }
        let mut ports = Ports::default();
        let temporal = temporal.map(|program| Temporal::new(program, &mut ports)).transpose()?;
        let slack = slack.map(|program| self.local_slack(program, &mut ports)).transpose()?;
        let sockets = SocketFolder::new().context("making a folder for sockets")?;
        let slack = slack.map(|slack| self.enclosed(slack, &sandbox, &sockets));
        Ok(Prepared { postgres, temporal, slack, sandbox, ports, sockets })
    }

    fn local_slack(&self, program: PathBuf, ports: &mut Ports) -> Result<LocalSlack> {
        let port = ports.take(super::ports::LOOPBACK, local_slack::PORT)?;
        let slack = LocalSlack::new(program, port);
        Ok(if self.options.socket { slack.by_sockets() } else { slack })
    }

    /// It listens on all addresses, which must not be those of this machine where that can be had.
    fn enclosed(
        &self,
        slack: LocalSlack,
        sandbox: &Result<Sandbox, NoBox>,
        sockets: &SocketFolder,
    ) -> LocalSlack {
        let Ok(Sandbox::Bubblewrap { program, .. }) = sandbox else { return slack };
        slack.enclosed(Enclosure {
            bwrap: program.clone(),
            exe: self.machine.exe.clone(),
            inward: sockets.path.join("slack.sock"),
            outward: sockets.path.join("web.sock"),
        })
    }

    /// What somebody else runs should answer, or nothing of ours makes sense.
    async fn others_answer(&self) -> Result<()> {
        let database =
            self.machine.database_url.as_ref().and_then(|url| Url::parse(url.expose_secret()).ok());
        let database = database
            .and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port().unwrap_or(5432))));
        let temporal = self.machine.temporal_address.as_deref().map(host_and_port);
        for (name, address) in [("DATABASE_URL", database), ("TEMPORAL_ADDRESS", temporal)] {
            if let Some(address) = address
                && !listens(&address).await
            {
                return Err(missing(format!(
                    "Nothing answers at {address}, which is in {name}. Start it, or unset {name} and signoff up starts its own."
                )));
            }
        }
        Ok(())
    }

    /// A server that was started again has a new process. Where one never comes to live, nothing is kept up for long.
    async fn keep_file_true(&self, file: &UpFile) -> Result<u8> {
        let mut watch = self.supervisor.watch();
        let mut slack = watch.borrow().get("slack").and_then(|one| one.pid);
        while watch.changed().await.is_ok() {
            self.supervisor.refuse_hopeless()?;
            self.write(file)?;
            let now = watch.borrow_and_update().get("slack").and_then(|one| one.pid);
            if now.is_some() && now != slack {
                slack = now;
                questions::show_anew(file).await;
            }
        }
        Ok(0)
    }

    fn write(&self, file: &UpFile) -> Result<()> {
        let pids = pids(&self.supervisor.watch().borrow());
        UpFile { pids, ..file.clone() }.write(&self.machine.home)
    }
}

fn mode(options: UpOptions, machine: &Machine) -> Mode {
    match (options.servers_only, is_real(machine)) {
        (true, _) => Mode::Servers,
        (false, true) => Mode::Real,
        (false, false) => Mode::Rehearsal,
    }
}

/// A scenario wins over a key.
fn is_real(machine: &Machine) -> bool {
    machine.has_key && machine.rehearsal.is_none()
}

fn pids(standings: &ServerStatuses) -> Pids {
    let of = |name| standings.get(name).and_then(|one| one.pid);
    Pids {
        serve: of("serve"),
        worker: of("worker"),
        postgres: of("postgres"),
        temporal: of("temporal"),
        slack: of("slack"),
    }
}

/// `https://host:port` → `host:port`.
fn host_and_port(address: &str) -> String {
    address.split_once("://").map_or(address, |(_, rest)| rest).trim_end_matches('/').to_owned()
}

/// Nothing was wanted, or it is there, or it failed.
async fn if_wanted<T>(found: OptionFuture<impl Future<Output = Result<T>>>) -> Result<Option<T>> {
    found.await.transpose()
}

#[cfg(test)]
pub(super) mod tests;
