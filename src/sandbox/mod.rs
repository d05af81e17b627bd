//! What may it touch?
//! The box that agents and checks run in: a folder to work in, a HOME of its own, the machine's programs, nothing else.
//! Knows nothing of agents, models or stages.

mod advice;
mod boxed;
mod bubblewrap;
mod egress;
mod end;
mod find;
mod inside;
mod install;
mod limits;
mod toolchain;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::run::Sandboxing;

pub use boxed::{Boxed, Confined};
pub use egress::{Egress, Gateway, Opened, WayOut};
pub use end::{end, sweep};
pub use find::{NoBox, on_path};
pub use inside::{Helper, Inside, forward};
pub use install::Tell;
pub use limits::{Exceeded, LimitWatch, Limiter, step_aside};
pub use toolchain::search_path;

/// What a box reaches of the network. It never has the machine's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// A loopback of its own and nothing else: what listens inside can be reached inside.
    Closed,
    /// The same, and through a proxy the hosts that are listed. Without a box it is the machine's network.
    Hosts(WayOut),
}

/// What a box is made with.
#[derive(Clone, Copy, Debug)]
pub struct BoxParts<'a> {
    /// For a bubblewrap of our own, and for the names of the users inside.
    pub cache: &'a Path,
    /// This program, which is the first that runs in a box.
    pub exe: &'a Path,
}

/// What one box shows of the machine. All of it must be there already.
#[derive(Clone, Debug)]
pub struct BoxSpec {
    /// Writable; the current folder; at the same path inside.
    pub work: PathBuf,
    /// Writable; HOME, at `BoxSpec::HOME` inside.
    pub home: PathBuf,
    /// Files and folders to read: on the host, inside.
    pub read_only: Vec<(PathBuf, PathBuf)>,
    /// Unix sockets to connect to: on the host, inside.
    pub sockets: Vec<(PathBuf, PathBuf)>,
    /// Variables besides PATH, HOME, LANG, TERM and TZ; the rest of our own environment stays outside.
    pub env: Vec<(String, String)>,
    pub network: Network,
}

impl BoxSpec {
    /// Where a box sees its HOME.
    pub const HOME: &'static str = "/home/agent";
}

/// How programs are confined on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sandbox {
    Bubblewrap {
        program: PathBuf,
        /// As it says it: `bubblewrap 0.8.0`.
        version: String,
        helper: Helper,
        limiter: Box<Limiter>,
    },
    /// Nothing holds the program back; it only has a clean environment and a process group of its own.
    None,
}

impl Sandbox {
    /// The box by the bubblewrap on PATH, else by the one in the cache; or why none can be built. Nothing is fetched.
    pub async fn find(parts: BoxParts<'_>) -> Result<Self, NoBox> {
        find::find(&search_path(), parts).await
    }

    /// The same, by a bubblewrap that is got into the cache where there is none that runs.
    pub async fn find_or_install(parts: BoxParts<'_>, tell: Tell<'_>) -> Result<Self, NoBox> {
        install::find_or_install(&search_path(), parts, tell).await
    }

    /// The same, with limits of that kind.
    #[must_use]
    pub fn limited_by(self, by: Limiter) -> Self {
        match self {
            Self::Bubblewrap { program, version, helper, .. } => {
                Self::Bubblewrap { program, version, helper, limiter: Box::new(by) }
            }
            Self::None => Self::None,
        }
    }

    /// A command that runs `program` in a box.
    ///
    /// It is killed when dropped, and the box with everything in it dies with the *thread* that spawned it
    /// (`PR_SET_PDEATHSIG` follows threads): spawn it from a runtime's own worker, never from `spawn_blocking` or `block_in_place`.
    /// Standard input is empty unless the caller says otherwise. Its `limits` are to be asked while it runs and when it has ended.
    #[must_use]
    pub fn command(&self, spec: &BoxSpec, program: &Path, args: &[&str]) -> Confined {
        let (mut command, home, limits) = match self {
            Self::Bubblewrap { program: bwrap, version, helper, limiter } => {
                let limits = limiter.watch(spec);
                let processes = limits.processes_of_user(helper.user.is_some());
                let counted = processes.map(|_| helper.counted(&spec.home));
                let helper = counted.as_ref().unwrap_or(helper);
                let mut command = boxed::joining(&limits);
                let memory = bubblewrap::limits_folders(version).then_some(limiter.limits.memory);
                command
                    .arg(bwrap)
                    .args(bubblewrap::arguments(spec, helper, memory))
                    .arg("--")
                    .args(bubblewrap::first_program(spec, helper))
                    .args(inside::limits(&limiter.limits, processes))
                    .arg("--")
                    .arg(program);
                (command, Path::new(BoxSpec::HOME), limits)
            }
            Self::None => {
                let mut command = Command::new(program);
                command.current_dir(&spec.work);
                (command, spec.home.as_path(), LimitWatch::none())
            }
        };
        // Through the environment and not `--setenv`: arguments can be read by every user of the machine.
        command
            .args(args)
            .env_clear()
            .envs(toolchain::environment(matches!(self, Self::None)))
            .env("HOME", home);
        if let Network::Hosts(way) = &spec.network {
            let trust = way.trust.iter();
            let proxies = way.env.iter().filter(|_| !matches!(self, Self::None));
            command.envs(trust.chain(proxies).map(|(name, value)| (name, value)));
        }
        command.envs(spec.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).kill_on_drop(true).process_group(0);
        Confined { command, limits }
    }

    /// Where a program sees a `read_only` path or a socket: at `inside` in the box, where it is without one.
    #[must_use]
    pub fn inside(&self, host: &Path, inside: &Path) -> PathBuf {
        match self {
            Self::Bubblewrap { .. } => inside.to_path_buf(),
            Self::None => host.to_path_buf(),
        }
    }

    /// What people are told about how it was confined.
    #[must_use]
    pub const fn sandboxing(&self) -> Sandboxing {
        match self {
            Self::None => Sandboxing::None,
            Self::Bubblewrap { .. } => Sandboxing::Closed,
        }
    }
}

/// As people are told which one it is.
impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bubblewrap { program, version, .. } => {
                write!(f, "{version} at {}", program.display())
            }
            Self::None => f.write_str("none"),
        }
    }
}

/// How unit tests run programs: in the box, which is got as `up` gets it, or without where none can be built or where only this test's
/// program was built and not ours. What only a box can do is tested in `tests/sandbox.rs`, which says where it could not be.
#[cfg(test)]
pub(crate) async fn for_tests() -> Sandbox {
    static SANDBOX: tokio::sync::OnceCell<Sandbox> = tokio::sync::OnceCell::const_new();
    let find = async || {
        let cache = crate::config::Config::from_process().expect("a configuration").cache;
        let test = std::env::current_exe().expect("a program");
        let exe = test.ancestors().nth(2).expect("a folder").join("signoff");
        let parts = BoxParts { cache: &cache, exe: &exe };
        Sandbox::find_or_install(parts, &|_| {}).await.unwrap_or(Sandbox::None)
    };
    SANDBOX.get_or_init(find).await.clone()
}
