//! What does `up` know of the machine it runs on, and what may go wrong there?
//! Plain values; config.rs reads them from the environment.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

/// The flags of `signoff up`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub struct UpOptions {
    /// Play the people as well, and end with the run.
    pub demo: bool,
    /// Postgres and Temporal only.
    pub servers_only: bool,
    /// End when standard input does.
    pub until_eof: bool,
    /// Handed on to the worker.
    pub no_sandbox: bool,
    /// The local Slack may be used with a key.
    pub local_slack: bool,
    /// The local Slack speaks by Socket Mode.
    pub socket: bool,
}

/// The machine, as far as `up` cares.
pub struct Machine {
    /// `$SIGNOFF_HOME`: data, logs and `up.json`.
    pub home: PathBuf,
    /// `$SIGNOFF_CACHE`: programs that were fetched or built.
    pub cache: PathBuf,
    /// `PATH`.
    pub path: Option<OsString>,
    /// This program, to be started as `serve` and `worker`.
    pub exe: PathBuf,
    /// Where set, no Postgres is started.
    pub database_url: Option<SecretString>,
    /// Where set, no Temporal is started.
    pub temporal_address: Option<String>,
    /// Created in our Temporal; `default` exists always.
    pub temporal_namespace: String,
    /// Where the archive with Temporal's program is; see `official_archive`.
    pub temporal_archive: Url,
    /// Preferred address of the web door; a free port where it is taken.
    pub listen: SocketAddr,
    /// Where set, links use it.
    pub public_url: Option<Url>,
    /// A bot token and a way to hear are configured: the real Slack.
    pub slack_configured: bool,
    /// A key to the model is configured.
    pub has_key: bool,
    /// A project to begin with: the user's own, where there is one.
    pub project: String,
    /// A scenario to rehearse; wins over the key.
    pub rehearsal: Option<PathBuf>,
}

/// What only a person can put right. Downcast from the error of `up`.
#[derive(Debug)]
pub enum UpError {
    /// Something we depend on is missing or does not answer.
    Missing(String),
    /// We will not do that.
    Refused(String),
}

impl fmt::Display for UpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Missing(why) | Self::Refused(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for UpError {}

/// The exit code an error of this room asks for: 5 missing, 3 refused, 1 our fault.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<UpError>() {
        Some(UpError::Missing(_)) => 5,
        Some(UpError::Refused(_)) => 3,
        None => 1,
    }
}

/// A `UpError::Missing` as an error.
pub(super) fn missing(why: impl Into<String>) -> anyhow::Error {
    UpError::Missing(why.into()).into()
}
