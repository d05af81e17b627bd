//! A program in a box: what starts it, and what is kept of it while it runs?

use std::io;

use tokio::process::{Child, Command};

use super::LimitWatch;

/// Joins the control groups that are named before `--`, and becomes what is named behind it. Where the machine runs out of memory, a box
/// goes before the worker and its servers.
const JOIN: &str = r#"{ echo 500 > /proc/self/oom_score_adj; } 2>/dev/null
while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; done
shift; exec "$@""#;

/// What [`super::Sandbox::command`] makes.
#[derive(Debug)]
pub struct Confined {
    pub command: Command,
    pub limits: LimitWatch,
}

/// A program that was started.
#[derive(Debug)]
pub struct Boxed {
    // Goes first: what it joined can only be removed without it.
    pub child: Child,
    pub limits: LimitWatch,
}

impl Confined {
    /// Starts it.
    pub fn spawn(mut self) -> io::Result<Boxed> {
        let child = self.command.spawn()?;
        self.limits.started(child.id());
        Ok(Boxed { child, limits: self.limits })
    }
}

/// The beginning of a command line, before that of bubblewrap.
pub(super) fn joining(limits: &LimitWatch) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", JOIN, "sh"]).args(limits.groups()).arg("--");
    command
}
