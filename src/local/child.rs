//! How does everything we start die with us?
//! A hidden subcommand asks the kernel for a signal at our death and then becomes the program. That follows the *thread*
//! that started it, so `up` starts children only from the thread it is itself driven by.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

/// The hidden subcommand: `signoff __child <our pid> <program> args…`.
pub const SUBCOMMAND: &str = "__child";

/// Becomes the program named in `args` (what follows the subcommand), to die with the process that started us.
/// Returns only where that is not possible.
pub fn become_child(mut args: impl Iterator<Item = OsString>) -> Result<Infallible> {
    let parent = args
        .next()
        .and_then(|pid| pid.to_str()?.parse::<i32>().ok())
        .context("the process id of the parent comes first")?;
    let program = args.next().context("a program to become comes second")?;
    die_with(parent)?;
    Err(process::Command::new(&program).args(args).exec())
        .with_context(|| format!("starting {}", program.display()))
}

#[cfg(target_os = "linux")]
fn die_with(parent: i32) -> Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .context("asking for a signal at the parent's death")?;
    // It may have died before we asked; then nobody would ever tell us.
    if rustix::process::getppid().is_none_or(|pid| pid.as_raw_nonzero().get() != parent) {
        bail!("process {parent}, which started us, is gone");
    }
    Ok(())
}

/// Elsewhere there is no such signal: there a killed `up` leaves its servers behind.
#[cfg(not(target_os = "linux"))]
fn die_with(_parent: i32) -> Result<()> {
    Ok(())
}

/// Starts programs so that they die with this process.
#[derive(Clone, Debug)]
pub struct Spawner {
    exe: PathBuf,
}

impl Spawner {
    /// `exe` knows the subcommand.
    pub fn new(exe: &Path) -> Self {
        Self { exe: exe.to_owned() }
    }

    /// A command for `program`: no input, a process group of its own (a Ctrl-C reaches us alone), dies with us.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.exe);
        command.arg(SUBCOMMAND).arg(process::id().to_string()).arg(program);
        command.stdin(Stdio::null()).process_group(0).kill_on_drop(true);
        command
    }
}

/// Runs a short command to its end; its words are in the error where it fails.
pub async fn run(mut command: Command, what: &str, patience: Duration) -> Result<Output> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = timeout(patience, output_of(&mut command))
        .await
        .with_context(|| format!("{what} took longer than {} s", patience.as_secs()))?
        .with_context(|| format!("starting {what}"))?;
    if !output.status.success() {
        bail!("{what} ended with {}: {}", output.status, last_lines(&output.stderr, 10));
    }
    Ok(output)
}

/// A program that was just written is busy while a process that was forked meanwhile still holds it open.
async fn output_of(command: &mut Command) -> io::Result<Output> {
    loop {
        match command.output().await {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                sleep(Duration::from_millis(20)).await;
            }
            result => return result,
        }
    }
}

/// The last lines of what a program said.
pub fn last_lines(said: &[u8], count: usize) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Whether a process with this id lives.
pub fn lives(pid: u32) -> bool {
    as_pid(pid)
        .is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Sends a signal; a process that is gone is fine.
pub fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = as_pid(pid) {
        // Gone already is what we wanted.
        let _gone = kill_process(pid, signal);
    }
}

/// Kills a process group at once.
pub fn kill_group(leader: u32) {
    if let Some(leader) = as_pid(leader) {
        // Gone already is what we wanted.
        let _gone = kill_process_group(leader, Signal::KILL);
    }
}

/// A process group that ends with this value.
pub struct ProcessGroupGuard(pub u32);

impl Drop for ProcessGroupGuard {
    fn drop(&mut self) {
        kill_group(self.0);
    }
}

fn as_pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// The first program of that name on the path.
pub fn on_path(path: Option<&OsStr>, name: &str) -> Option<PathBuf> {
    std::env::split_paths(path?).map(|folder| folder.join(name)).find(|file| is_program(file))
}

/// Whether this is a file that may be run.
pub fn is_program(file: &Path) -> bool {
    use_bits(file).is_some_and(|mode| mode & 0o111 != 0)
}

fn use_bits(file: &Path) -> Option<u32> {
    let facts = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
    Some(std::os::unix::fs::PermissionsExt::mode(&facts.permissions()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orphan_does_not_become_a_child() {
        let args = ["1", "/bin/true"].map(OsString::from);
        let error = become_child(args.into_iter()).unwrap_err().to_string();
        assert_eq!(error, "process 1, which started us, is gone");
    }

    #[test]
    fn the_end_of_what_was_said_is_kept() {
        assert_eq!(last_lines(b"a\n\nb\nc\n", 2), "b\nc");
    }

    #[test]
    fn we_live_and_nobody_else_has_our_number() {
        assert!(lives(process::id()));
        assert!(!lives(0));
    }
}
