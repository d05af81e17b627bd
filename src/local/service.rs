//! What is one server that `up` keeps alive?

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Context, Result};
use rustix::process::Signal;
use tokio::process::Child;

use super::child::{Spawner, last_lines};
use super::ready::Ready;

/// Who ends when: what uses a server ends before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopOrder {
    /// `serve`, `worker`, Slack.
    First,
    /// Temporal.
    Second,
    /// Postgres.
    Last,
}

/// One server.
pub struct Service {
    pub name: &'static str,
    pub program: PathBuf,
    pub args: Vec<OsString>,
    /// On top of ours, or alone where `bare`.
    pub env: Vec<(&'static str, OsString)>,
    /// Of ours, what would lead it astray.
    pub unset: Vec<&'static str>,
    /// Ours is not for it: it has our secrets, and variables that would change what it does.
    pub bare: bool,
    pub log: PathBuf,
    pub ready: Ready,
    /// Where the program runs inside another, its own id is on the first line here.
    pub pid_file: Option<PathBuf>,
    /// What asks it to end.
    pub stop: Signal,
    pub turn: StopOrder,
}

impl Service {
    /// Starts it once.
    pub fn start(&self, spawner: &Spawner) -> Result<Child> {
        let log = self.open_log()?;
        self.pid_file.iter().for_each(|file| forget_the_dead(file));
        let mut command = spawner.command(&self.program);
        if self.bare {
            command.env_clear();
        }
        for name in &self.unset {
            command.env_remove(name);
        }
        command.args(&self.args).envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdout(log.try_clone().context("sharing the log")?).stderr(log);
        command.spawn().with_context(|| format!("starting {}", self.name))
    }

    fn open_log(&self) -> Result<File> {
        let folder = self.log.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .with_context(|| format!("opening {}", self.log.display()))
    }

    /// The id of the program itself.
    pub fn pid(&self, child: &Child) -> Option<u32> {
        let written = self.pid_file.as_ref().and_then(|file| fs::read_to_string(file).ok());
        written.and_then(|text| text.lines().next()?.trim().parse().ok()).or_else(|| child.id())
    }

    /// The end of its log, for an error.
    pub fn last_words(log: &Path) -> String {
        fs::read(log).map(|said| last_lines(&said, 8)).unwrap_or_default()
    }
}

/// Killed, a server leaves its pid file, and the next one believes it for as long as nobody has reaped the dead process; in a
/// container without an init that is for ever. Where no living process works in the folder, the file is about nobody.
fn forget_the_dead(pid_file: &Path) {
    if cfg!(target_os = "linux")
        && pid_file.parent().is_some_and(|folder| !anybody_works_in(folder))
    {
        // Not there is what we wanted.
        let _gone = fs::remove_file(pid_file);
    }
}

fn anybody_works_in(folder: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    processes
        .filter_map(|process| fs::read_link(process.path().join("cwd")).ok())
        .any(|cwd| cwd == folder)
}

/// How a program ended, as the rest of a sentence.
pub fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        // What runs inside another is told of as a shell would.
        (Some(code @ 129..=192), _) => format!("was killed by signal {}", code - 128),
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_is_forgotten_only_when_nobody_works_there() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let folder = folder.path().canonicalize()?;
        let file = folder.join("postmaster.pid");
        fs::write(&file, "1")?;
        let mut somebody =
            std::process::Command::new("sleep").arg("100").current_dir(&folder).spawn()?;
        forget_the_dead(&file);
        assert!(file.exists());
        somebody.kill()?;
        somebody.wait()?;
        forget_the_dead(&file);
        assert!(!file.exists());
        Ok(())
    }
}
