//! What happens in a box around its program?
//! A hidden subcommand of ours is its first process: it gives up what it does not need, for good, starts the program, and reaps what is
//! left by others. Nobody in the box can look into it, and when it ends the kernel has ended everybody else.

mod accounts;
mod forward;
mod helper;
#[cfg(target_os = "linux")]
mod seccomp;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result};
use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, WaitOptions, getrlimit, set_dumpable_behavior,
    setrlimit, wait,
};
#[cfg(target_os = "linux")]
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

use super::limits::Limits;

pub(super) use accounts::{Accounts, BOX_USER};
pub use forward::forward;
pub use helper::Helper;

/// The hidden subcommand: `signoff __box [--user <uid> [--give <socket>]…] [--forward <socket>] [--file <bytes>] [--processes <n>] -- <program> args…`.
pub(super) const SUBCOMMAND: &str = "__box";
/// The one that forwards: `signoff __forward <socket>`, with a listening socket as its standard input.
const FORWARD: &str = "__forward";

/// Where programs in a box find their proxy: on a loopback that is the box's own.
pub(super) const PROXY: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 3128);

/// What is to happen.
#[derive(Clone, Debug)]
pub struct Inside {
    /// Who to become, and to own the work and the HOME; none = who we are.
    pub user: Option<u32>,
    /// Sockets that are its user's to speak to.
    pub give: Vec<PathBuf>,
    /// The way out of the box.
    pub forward: Option<PathBuf>,
    /// The length of its largest file, in bytes.
    pub file: Option<u64>,
    /// How many processes its user may have.
    pub processes: Option<u64>,
    pub command: Vec<OsString>,
}

impl Inside {
    /// Runs the program to its end; its exit code, or 128 and the signal that ended it.
    ///
    /// # Errors
    /// It cannot be confined or started.
    pub fn run(self) -> Result<u8> {
        hide()?;
        if let Some(user) = self.user {
            accounts::give_away(user, &self.give);
        }
        self.limit()?;
        confine()?;
        if let Some(socket) = &self.forward {
            self.start_forwarding(socket)?;
        }
        pass_no_rights_on();
        let (program, args) = self.command.split_first().context("a program to run")?;
        let started = self.as_user(program).args(args).spawn();
        let started = started.with_context(|| format!("starting {}", program.display()))?;
        give_up_rights();
        reap_until_end_of(started.id())
    }

    /// What the kernel holds by itself.
    fn limit(&self) -> Result<()> {
        let limits = [
            (Resource::Core, Some(0)),
            (Resource::Fsize, self.file),
            (Resource::Nproc, self.processes),
        ];
        for (resource, most) in limits.into_iter().filter(|(_, most)| most.is_some()) {
            let most = most.min(getrlimit(resource).maximum.or(most));
            setrlimit(resource, Rlimit { current: most, maximum: most })
                .with_context(|| format!("limiting {resource:?}"))?;
        }
        Ok(())
    }

    /// A process beside the program, which ends with the box.
    fn start_forwarding(&self, socket: &Path) -> Result<()> {
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

/// What the first program is told of the limits.
pub(super) fn limits(limits: &Limits, processes: Option<u64>) -> Vec<String> {
    let words = [("--file", Some(limits.file.0)), ("--processes", processes)];
    let said =
        words.into_iter().filter_map(|(flag, most)| Some([flag.to_owned(), most?.to_string()]));
    said.flatten().collect()
}

/// From everybody in the box, who may be the same user: without that, this process could be led to do anything, and its program be
/// changed. What was open in the worker is nobody's here.
fn hide() -> Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).context("hiding from the box")?;
    close_fds::set_fds_cloexec(3, &[]);
    Ok(())
}

/// What is needed to become another user is this process's alone. (Fewer rights can always be had, so this does not fail.)
#[cfg(target_os = "linux")]
fn pass_no_rights_on() {
    if let Ok(own) = capabilities(None) {
        let _ =
            set_capabilities(None, CapabilitySets { inheritable: CapabilitySet::empty(), ..own });
    }
}

/// Nobody else is to be become.
#[cfg(target_os = "linux")]
fn give_up_rights() {
    let none = CapabilitySet::empty();
    let _ = set_capabilities(
        None,
        CapabilitySets { effective: none, permitted: none, inheritable: none },
    );
}

#[cfg(not(target_os = "linux"))]
const fn pass_no_rights_on() {}

#[cfg(not(target_os = "linux"))]
const fn give_up_rights() {}

/// Whoever lost its parent is this process's child.
fn reap_until_end_of(program: u32) -> Result<u8> {
    let program = i32::try_from(program).ok().and_then(Pid::from_raw);
    loop {
        let ended = wait(WaitOptions::empty()).context("waiting for the program")?;
        let Some((_, status)) = ended.filter(|(pid, _)| Some(*pid) == program) else { continue };
        let code = status.exit_status().or_else(|| Some(128 + status.terminating_signal()?));
        return Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX));
    }
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
