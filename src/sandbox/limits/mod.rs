//! How much may a box use?
//! Memory and processes are held by a control group where the host gives one, else memory is watched and processes are counted by user;
//! disk is watched; the kernel holds the size of a file. What goes beyond is ended with words, and nothing else on the machine notices.

mod disk;
mod exceeded;
mod group;
mod hierarchy;
mod own_group;
mod processes;
mod watch;

use std::fmt;
use std::fs;

use crate::config::{BoxLimits, ByteSize};
use exceeded::Grouped;
use hierarchy::Hierarchy;

pub use exceeded::Exceeded;
pub use own_group::step_aside;
pub use watch::LimitWatch;

/// How boxes are limited on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limiter {
    pub(super) limits: Limits,
    by: By,
}

/// What one box may use on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    pub memory: ByteSize,
    pub processes: u64,
    pub file: ByteSize,
    pub disk: ByteSize,
}

/// What holds memory and processes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum By {
    /// The kernel.
    Groups(Hierarchy),
    /// The worker, who looks now and then; the kernel only keeps a fork bomb from being quicker.
    Watching {
        /// Why there are no groups.
        why: String,
    },
}

impl Limiter {
    /// By the control groups that can really be made here, else by watching.
    #[must_use]
    pub fn find(limits: &BoxLimits) -> Self {
        let limits = Limits::here(limits);
        let by = Hierarchy::find(&limits).map_or_else(|why| By::Watching { why }, By::Groups);
        Self { limits, by }
    }

    /// Without control groups, because of `why`.
    #[must_use]
    pub fn watching(limits: &BoxLimits, why: &str) -> Self {
        Self { limits: Limits::here(limits), by: By::Watching { why: why.to_owned() } }
    }

    /// Whether the kernel itself holds both.
    #[must_use]
    pub const fn is_exact(&self) -> bool {
        matches!(self.by, By::Groups(_))
    }

    /// A watch over a box that is about to start.
    pub(super) fn watch(&self, spec: &super::BoxSpec) -> LimitWatch {
        let group = match &self.by {
            By::Groups(hierarchy) => hierarchy
                .make(&self.limits)
                .inspect_err(|e| tracing::warn!(error = %e, "no control group could be made: a box is only watched"))
                .ok(),
            By::Watching { .. } => None,
        };
        LimitWatch::over(self.limits, group, [spec.work.clone(), spec.home.clone()])
    }
}

/// As people are told how it is done.
impl fmt::Display for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Limits { memory, processes, file, disk } = self.limits;
        match &self.by {
            By::Groups(hierarchy) => write!(f, "memory and processes by {hierarchy}")?,
            By::Watching { why } => {
                let how = "processes by rlimits, memory by watching";
                write!(f, "{how} (this host gives no cgroup: {why})")?;
            }
        }
        let processes = Grouped(processes);
        write!(f, "; a box has {memory}, {processes} processes, files of {file}, {disk} of disk")
    }
}

impl Limits {
    fn here(limits: &BoxLimits) -> Self {
        let BoxLimits { memory, processes, file, disk } = *limits;
        Self { memory: memory.unwrap_or_else(usual_memory), processes, file, disk }
    }
}

/// Three quarters of what there is, for the worker and its servers live here too.
fn usual_memory() -> ByteSize {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|total| total.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let machine = kib.map_or(u64::MAX, |kib| kib << 10);
    let most = own_group::memory_limit().map_or(machine, |own| own.min(machine));
    BoxLimits::MEMORY.min(ByteSize(most / 4 * 3))
}
