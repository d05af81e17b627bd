//! Which bubblewrap confines here?
//! The machine's own on PATH, else the one in the cache. Whether it can is tried by really building a box.

use std::env::consts::ARCH;
use std::env::temp_dir;
use std::ffi::OsStr;
use std::fmt;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::advice::advice;
use super::inside::{Accounts, BOX_USER, Helper};
use super::{BoxParts, BoxSpec, Limiter, Network, Sandbox};
use crate::config::BoxLimits;
use crate::files::Staging;

/// It answers within milliseconds as a rule.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no box on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoBox {
    /// There is no bubblewrap that runs; one can be installed.
    Missing(String),
    /// There is, and the kernel refuses what it needs; another one is refused the same.
    Forbidden(String),
}

impl fmt::Display for NoBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Missing(why) | Self::Forbidden(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for NoBox {}

/// What came of trying a bubblewrap.
pub(super) enum Trial {
    Builds(Sandbox),
    /// It runs, and may not do what it wants to.
    Refused(String),
    /// It does not run here, or is too old to know what we ask for.
    Broken(String),
}

/// The first that builds a box.
pub(super) async fn find(path: &OsStr, parts: BoxParts<'_>) -> Result<Sandbox, NoBox> {
    let mut refused = None;
    let cached = Some(cached(parts.cache)).filter(|file| is_program(file));
    for program in on_path(path, "bwrap").into_iter().chain(cached) {
        match try_out(&program, parts).await {
            Trial::Builds(sandbox) => return Ok(sandbox),
            Trial::Refused(why) => refused = refused.or(Some(why)),
            Trial::Broken(why) => tracing::debug!("{} is passed over: {why}", program.display()),
        }
    }
    Err(refused.map_or_else(
        || {
            NoBox::Missing(format!(
                "bubblewrap is not installed; {}, or let `signoff up` get one into its cache",
                advice()
            ))
        },
        NoBox::Forbidden,
    ))
}

/// Asks it for its version, and runs `true` in a box.
pub(super) async fn try_out(program: &Path, parts: BoxParts<'_>) -> Trial {
    let version = match said(Command::new(program).arg("--version"), PATIENCE).await {
        Ok(version) => version.trim().to_owned(),
        Err(why) => return Trial::Broken(format!("{why:#}")),
    };
    // Another user where we are root; where that cannot be (a container that has only root), root without its rights.
    let others = rustix::process::geteuid().is_root().then_some(Some(BOX_USER));
    let mut why = String::new();
    for user in others.into_iter().chain([None]) {
        match build(program, &version, parts, user).await {
            Ok(sandbox) => return Trial::Builds(sandbox),
            Err(error) => why = format!("{error:#}"),
        }
    }
    if why.contains("Unknown option") {
        return Trial::Broken(why);
    }
    let why = why.trim_start_matches("bwrap: ").trim_end_matches('.');
    Trial::Refused(format!("bubblewrap cannot build a box here: {why}"))
}

async fn build(
    program: &Path,
    version: &str,
    parts: BoxParts<'_>,
    user: Option<u32>,
) -> anyhow::Result<Sandbox> {
    let accounts = Accounts::write(parts.cache, user)?;
    let helper = Helper { exe: parts.exe.to_owned(), user, accounts };
    let (program, version) = (program.to_owned(), version.to_owned());
    let limiter = Box::new(Limiter::watching(&BoxLimits::default(), "none was looked for"));
    let sandbox = Sandbox::Bubblewrap { program, version, helper, limiter };
    let place = temp_dir().join(format!("signoff-trial-{:08x}", rand::random::<u32>()));
    let folder = Staging::folder(&place, Duration::ZERO).context("making a folder to try it in")?;
    let spec = BoxSpec {
        work: folder.path().to_owned(),
        home: folder.path().to_owned(),
        read_only: vec![],
        sockets: vec![],
        env: vec![],
        network: Network::Closed,
    };
    said(&mut sandbox.command(&spec, Path::new("true"), &[]).command, PATIENCE).await?;
    Ok(sandbox)
}

/// Runs a command to its end; what it said on standard output. What it complained about is the error.
pub(super) async fn said(command: &mut Command, patience: Duration) -> anyhow::Result<String> {
    command.kill_on_drop(true);
    let output = timeout(patience, output_of(command))
        .await
        .with_context(|| format!("it took longer than {} s", patience.as_secs()))?
        .context("it does not start")?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let last = complaint.lines().rfind(|line| !line.trim().is_empty());
        bail!("{}", last.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A program that was just written is busy while a process that was forked meanwhile still holds it open.
async fn output_of(command: &mut Command) -> std::io::Result<Output> {
    loop {
        match command.output().await {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                sleep(Duration::from_millis(20)).await;
            }
            result => return result,
        }
    }
}

/// The first program of that name.
#[must_use]
pub fn on_path(path: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_program(file))
}

pub(super) fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Where the one in the cache is. Home folders are shared by machines of different kinds.
pub(super) fn cached(cache: &Path) -> PathBuf {
    home(cache).join("bwrap")
}

pub(super) fn home(cache: &Path) -> PathBuf {
    cache.join("bubblewrap").join(ARCH)
}
