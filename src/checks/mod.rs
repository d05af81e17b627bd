//! Checks: does it work?
//! The project's own commands decide, run by us in a box; what an agent says about its tests is never asked.

mod cobertura;
mod compare_tests;
mod coverage;
mod junit;
mod lcov;
mod log;
mod red_green;
mod reports;
mod setup;
mod shell;
mod tap;
mod test_names;
mod test_report;
mod verdict;
mod xml;

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::run::{Checked, Stage, TestNames, Trouble};
use crate::sandbox::{BoxSpec, Egress, Gateway, Network, Opened, Sandbox};
use log::Log;
use reports::Reported;
use shell::{CommandEnd, Shell};

pub use compare_tests::compare_tests;
pub use red_green::{TestsTried, compare_red_green, try_tests};
pub use setup::{SetupEnd, SetupFailure, try_setup};

/// What helps where setup wanted to go somewhere else.
const REMEDY: &str = "signoff: where setup needs a host, the stage names it: hosts = [\"example.org\"]. A mirror in your own network also wants private = [\"host:port\"] under [setup] in signoff.toml.\n";

/// What to check, and where.
#[derive(Clone, Copy, Debug)]
pub struct CheckSpec<'a> {
    pub stage: &'a Stage,
    /// Variables that tell the commands of their run.
    pub env: &'a [(String, String)],
    /// A clone of the snapshot that is judged; the commands run in it.
    pub checkout: &'a Path,
    /// HOME of the commands: what setup downloads is there for the checks.
    pub home: &'a Path,
    /// Where their output goes as it comes.
    pub log: &'a Path,
    pub sandbox: &'a Sandbox,
    /// What setup may reach.
    pub egress: &'a Egress,
}

impl CheckSpec<'_> {
    fn make_log_and_home(&self) -> anyhow::Result<Log> {
        let log = Log::create(self.log)
            .with_context(|| format!("making the log {}", self.log.display()))?;
        std::fs::create_dir_all(self.home)
            .with_context(|| format!("making the HOME {}", self.home.display()))?;
        Ok(log)
    }

    fn box_spec(&self, network: Network) -> BoxSpec {
        let own = self.stage.env.clone();
        BoxSpec {
            work: self.checkout.to_path_buf(),
            home: self.home.to_path_buf(),
            read_only: vec![],
            sockets: vec![],
            env: [("CI".to_owned(), "1".to_owned())]
                .into_iter()
                .chain(own)
                .chain(self.env.to_vec())
                .collect(),
            network,
        }
    }
}

/// The verdict on a snapshot, and the tests it was given on.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckResult {
    pub checked: Checked,
    /// None where the checks left no whole report, or one of too many tests.
    pub names: Option<TestNames>,
    /// Test reports as they were, under the names that the attempt's folder has for them.
    pub reports: Vec<(String, Vec<u8>)>,
}

/// Runs the stage's setup (which reaches the hosts it may) and its checks (which reach nothing), and judges them by their exit codes, their reports
/// and its coverage.
/// An error is our fault: a box that does not start, a log that cannot be written.
pub async fn check(spec: CheckSpec<'_>, stop: &CancellationToken) -> anyhow::Result<CheckResult> {
    let begun = Instant::now();
    let mut log = spec.make_log_and_home()?;
    let (verdict, names, reports) =
        match run_setup_and_checks(spec, Which::UntilOneFails, &mut log, stop).await? {
            Ran::OnlySetup(end) => (setup_failed(spec.stage, &end, &log), None, Vec::new()),
            Ran::Checks(end, reported) => {
                let verdict = verdict::judge(spec.stage, &end, &reported, &log);
                (verdict, reported.tests.and_then(|report| report.names), reported.kept)
            }
        };
    let checked = Checked { seconds: begun.elapsed().as_secs(), ..verdict };
    Ok(CheckResult { checked, names, reports })
}

/// How far it came.
enum Ran {
    OnlySetup(CommandEnd),
    Checks(CommandEnd, Box<Reported>),
}

/// Which of a stage's checks are run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    UntilOneFails,
    All,
}

async fn run_setup_and_checks(
    spec: CheckSpec<'_>,
    which: Which,
    log: &mut Log,
    stop: &CancellationToken,
) -> anyhow::Result<Ran> {
    let deadline = Instant::now() + Duration::from_secs(spec.stage.timeout_seconds);
    let shell = Shell { network: &Network::Closed, deadline, stop };
    let SetUp { end: prepared, .. } = set_up(spec, shell, log).await?;
    if prepared != CommandEnd::Good {
        return Ok(Ran::OnlySetup(prepared));
    }
    // A report that is there before the checks is the agent's own work, and proves nothing.
    let before = reports::take_stock(spec.checkout, &spec.stage.reports).await?;
    let end = match which {
        Which::UntilOneFails => run_commands(&spec.stage.checks, spec, shell, log).await?,
        Which::All => red_green::run_all(spec, shell, log).await?,
    };
    let reported = reports::read(spec.checkout, &spec.stage.reports, before).await?;
    Ok(Ran::Checks(end, Box::new(reported)))
}

/// The checks were never reached: that says nothing about the work yet.
fn setup_failed(stage: &Stage, end: &CommandEnd, log: &Log) -> Checked {
    let failure = SetupFailure::of(stage, end, log);
    let trouble = (*end != CommandEnd::Stopped).then_some(Trouble::Setup);
    Checked {
        passed: false,
        why: Some(failure.why),
        feedback: Some(failure.feedback),
        trouble,
        tests: None,
        coverage_percent: None,
        tests_changed: None,
        red_green: None,
        reports: None,
        seconds: 0,
    }
}

/// How the commands of a setup ended.
struct SetUp {
    end: CommandEnd,
    /// A host that it may reach and that did not answer, in words.
    unreachable: Option<String>,
}

impl From<CommandEnd> for SetUp {
    fn from(end: CommandEnd) -> Self {
        Self { end, unreachable: None }
    }
}

/// Setup, with a way out to the hosts it may reach; what it was refused stands behind its own words in the log.
async fn set_up(spec: CheckSpec<'_>, shell: Shell<'_>, log: &mut Log) -> anyhow::Result<SetUp> {
    if spec.stage.setup.is_empty() {
        return Ok(CommandEnd::Good.into());
    }
    let gateway = match spec.egress.open(spec.stage.hosts.as_deref()).await? {
        Opened::Gateway(gateway) => gateway,
        Opened::Refused(why) => {
            log.write(format!("{why}\n").as_bytes())?;
            return Ok(CommandEnd::Refused(why).into());
        }
    };
    let network = Network::Hosts(gateway.way_out());
    let end =
        run_commands(&spec.stage.setup, spec, Shell { network: &network, ..shell }, log).await;
    tell_refusals(&gateway, log)?;
    Ok(SetUp { end: end?, unreachable: gateway.unreachable() })
}

fn tell_refusals(gateway: &Gateway, log: &mut Log) -> anyhow::Result<()> {
    let refused = gateway.refused();
    if !refused.is_empty() {
        log.write(REMEDY.as_bytes())?;
    }
    // Last, for the last line says why a setup failed.
    for why in &refused {
        log.write(format!("signoff: setup was refused: {why}\n").as_bytes())?;
    }
    Ok(())
}

/// One command after the other; the first that fails ends it.
async fn run_commands(
    commands: &[String],
    spec: CheckSpec<'_>,
    shell: Shell<'_>,
    log: &mut Log,
) -> anyhow::Result<CommandEnd> {
    for command in commands {
        let end = run_command(command, spec, shell, log).await?;
        if end != CommandEnd::Good {
            return Ok(end);
        }
    }
    Ok(CommandEnd::Good)
}

async fn run_command(
    command: &str,
    spec: CheckSpec<'_>,
    shell: Shell<'_>,
    log: &mut Log,
) -> anyhow::Result<CommandEnd> {
    log.write(format!("$ {command}\n").as_bytes())?;
    let place = spec.box_spec(shell.network.clone());
    shell.run(spec.sandbox, &place, command, log).await
}

#[cfg(test)]
mod tests;
