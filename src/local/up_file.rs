//! Where does a running `up` say where everything is?
//! `$SIGNOFF_HOME/up.json`: there while all is ready, readable by its owner alone. After a crash it is stale: its process is dead.

use std::fs::{self, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::child::lives;
use super::machine::UpError;
use crate::files::{self, FileLock};

const NAME: &str = "up.json";

/// What is behind the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A scripted model.
    Rehearsal,
    /// A key is configured.
    Real,
    /// Servers only: nobody works.
    Servers,
}

/// Process ids; none where not running, or not ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pids {
    pub serve: Option<u32>,
    pub worker: Option<u32>,
    pub postgres: Option<u32>,
    pub temporal: Option<u32>,
    pub slack: Option<u32>,
}

/// A running `up`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpFile {
    pub pid: u32,
    pub pids: Pids,
    /// `http://…` of the web door.
    pub web: Option<String>,
    /// `http://…` of the local Slack; its API is at `/api`, the people's controls at `/_control`.
    pub slack: Option<String>,
    /// The local Slack's page, for a browser.
    pub slack_page: Option<String>,
    /// `host:port`; of a server that is not ours, as it was written in `TEMPORAL_ADDRESS`.
    pub temporal: String,
    pub temporal_ui: Option<String>,
    /// With its password.
    pub database_url: String,
    pub mode: Mode,
}

impl UpFile {
    /// The `up` that runs on this home; none where there is none, or it is dead.
    pub fn read_live(home: &Path) -> Option<Self> {
        let text = fs::read_to_string(home.join(NAME)).ok()?;
        let file: Self = serde_json::from_str(&text).ok()?;
        lives(file.pid).then_some(file)
    }

    /// Replaces what is there, at one stroke.
    pub(super) fn write(&self, home: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self).context("writing up.json")?;
        files::write_private(&home.join(NAME), text).context("writing up.json")
    }

    /// Nothing is ready any more.
    pub(super) fn remove(home: &Path) {
        // Not there is what we wanted.
        let _gone = fs::remove_file(home.join(NAME));
    }
}

/// This home is ours. The kernel lets go of it however we end.
pub(super) struct HomeLock {
    _lock: FileLock,
    pub home: PathBuf,
}

impl HomeLock {
    /// Refused where another `up` lives on this home.
    pub fn take(home: &Path) -> Result<Self> {
        files::private_folder(home).with_context(|| format!("creating {}", home.display()))?;
        let home = home.canonicalize().with_context(|| format!("opening {}", home.display()))?;
        let path = home.join("up.lock");
        let lock = match FileLock::try_take(&path) {
            Ok(lock) => lock,
            Err(TryLockError::WouldBlock) => return Err(already_up(&home)),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {}", path.display()));
            }
        };
        // What a crash left behind is about somebody who is dead.
        UpFile::remove(&home);
        Ok(Self { _lock: lock, home })
    }
}

fn already_up(home: &Path) -> anyhow::Error {
    let who = UpFile::read_live(home)
        .map_or_else(|| "it is starting".to_owned(), |up| format!("process {}", up.pid));
    let home = home.display();
    UpError::Refused(format!("signoff up already runs in {home} ({who}). End it there with Ctrl-C, or give this one a SIGNOFF_HOME of its own."))
        .into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(pid: u32) -> UpFile {
        UpFile {
            pid,
            pids: Pids { postgres: Some(2), ..Pids::default() },
            web: None,
            slack: None,
            slack_page: None,
            temporal: "127.0.0.1:7233".to_owned(),
            temporal_ui: None,
            database_url: "postgres://…".to_owned(),
            mode: Mode::Servers,
        }
    }

    #[test]
    fn only_the_owner_reads_it_and_a_dead_one_is_nobody() -> Result<()> {
        let home = tempfile::tempdir()?;
        file(std::process::id()).write(home.path())?;
        assert_eq!(UpFile::read_live(home.path()).map(|up| up.pid), Some(std::process::id()));
        assert_eq!(fs::metadata(home.path().join(NAME))?.permissions().mode() & 0o777, 0o600);
        file(0).write(home.path())?;
        assert_eq!(UpFile::read_live(home.path()), None);
        Ok(())
    }

    #[test]
    fn its_words_are_a_door() -> Result<()> {
        insta::assert_snapshot!(serde_json::to_string(&file(1))?, @r#"{"pid":1,"pids":{"serve":null,"worker":null,"postgres":2,"temporal":null,"slack":null},"web":null,"slack":null,"slack_page":null,"temporal":"127.0.0.1:7233","temporal_ui":null,"database_url":"postgres://…","mode":"servers"}"#);
        Ok(())
    }

    #[test]
    fn a_second_up_is_refused_while_the_first_lives() -> Result<()> {
        let home = tempfile::tempdir()?;
        let first = HomeLock::take(home.path())?;
        assert_eq!(fs::metadata(home.path())?.permissions().mode() & 0o777, 0o700);
        let refused =
            HomeLock::take(home.path()).err().map(|error| crate::local::exit_code(&error));
        assert_eq!(refused, Some(3));
        drop(first);
        assert!(HomeLock::take(home.path()).is_ok());
        Ok(())
    }
}
