//! What happens in the box before its program begins?
//! A hidden subcommand of ours is the first that runs there: it gives up what it does not need, for good, and becomes the program.

mod accounts;
mod forward;
#[cfg(target_os = "linux")]
mod seccomp;

use std::convert::Infallible;
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, setrlimit};

pub(super) use accounts::{Accounts, BOX_USER};
pub use forward::forward;

/// The hidden subcommand: `signoff __box [--user <uid> [--give <socket>]…] [--forward <socket>] -- <program> args…`.
pub(super) const SUBCOMMAND: &str = "__box";
/// The one that forwards: `signoff __forward <socket>`, with a listening socket as its standard input.
const FORWARD: &str = "__forward";

/// Where programs in a box find their proxy: on a loopback that is the box's own.
pub(super) const PROXY: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 3128);

/// Largest file a boxed program may write: a runaway log must not fill the disk.
const LARGEST_FILE_BYTES: u64 = 8 << 30;

/// The first program of a box: ours, and whom it becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Helper {
    pub(super) exe: PathBuf,
    /// None = whoever the worker is.
    pub(super) user: Option<u32>,
    pub(super) accounts: Accounts,
}

/// What is to happen.
#[derive(Clone, Debug)]
pub struct Inside {
    /// Who to become, and to own the work and the HOME; none = who we are.
    pub user: Option<u32>,
    /// Sockets that are its user's to speak to.
    pub give: Vec<PathBuf>,
    /// The way out of the box.
    pub forward: Option<PathBuf>,
    pub command: Vec<OsString>,
}

impl Inside {
    /// Becomes the program; comes back only where that is not possible.
    pub fn become_program(self) -> Result<Infallible> {
        if let Some(user) = self.user {
            accounts::give_away(user, &self.give);
        }
        limit()?;
        confine()?;
        if let Some(socket) = &self.forward {
            self.start_forwarding(socket)?;
        }
        let (program, args) = self.command.split_first().context("a program to become")?;
        Err(self.as_user(program).args(args).exec())
            .with_context(|| format!("starting {}", program.display()))
    }

    /// A process beside the program, which ends with the box.
    fn start_forwarding(&self, socket: &std::path::Path) -> Result<()> {
        let listener = std::net::TcpListener::bind(PROXY).context("listening for the proxy")?;
        let own = std::env::current_exe().context("finding this program")?;
        let mut command = self.as_user(own.as_os_str());
        command.arg(FORWARD).arg(socket).stdin(std::os::fd::OwnedFd::from(listener));
        command.stdout(process::Stdio::null()).stderr(process::Stdio::null());
        command.spawn().context("starting the forwarder")?;
        Ok(())
    }

    /// With its user's rights alone: who leaves root has no capability any more.
    fn as_user(&self, program: &std::ffi::OsStr) -> process::Command {
        let mut command = process::Command::new(program);
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }
}

fn limit() -> Result<()> {
    let most = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
    setrlimit(Resource::Core, most(0)).context("forbidding core dumps")?;
    setrlimit(Resource::Fsize, most(LARGEST_FILE_BYTES)).context("limiting the size of files")
}

/// A keyring of its own, so that none of the worker's is in reach, and a list of what may not be asked of the kernel.
#[cfg(target_os = "linux")]
fn confine() -> Result<()> {
    match keyutils::Keyring::join_anonymous_session() {
        // A kernel without keys has none to protect, and a container may forbid them already.
        Ok(_) => {}
        Err(e) if matches!(e.0, libc::ENOSYS | libc::EPERM) => {}
        Err(e) => anyhow::bail!("joining a keyring of its own: {e}"),
    }
    seccomp::apply().context("forbidding what no program needs of the kernel")
}

#[cfg(not(target_os = "linux"))]
fn confine() -> Result<()> {
    Ok(())
}
