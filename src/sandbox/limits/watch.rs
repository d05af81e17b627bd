//! Does a box use more than it may?
//! Looked at while it runs, and once more when it has ended. Whoever started the box ends it, and says why.

use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::disk::{Room, taken_by};
use super::group::Group;
use super::processes::{threads_of_machine, used_by};
use super::{Exceeded, Limits};

/// How often it is looked at; a program can write a gigabyte meanwhile.
const PACE: Duration = Duration::from_millis(250);
/// How many processes more than it may a box can have until somebody looks.
const SLACK: u64 = 64;
/// How often its folders are walked through, and how many times longer than a walk the rest after it is.
const WALK_PACE: Duration = Duration::from_secs(1);
const REST: u32 = 10;

/// The watch over one box; kept until that has ended.
#[derive(Debug)]
#[must_use]
pub struct LimitWatch(Option<Watched>);

#[derive(Debug)]
struct Watched {
    limits: Limits,
    /// None = memory and processes are looked up by us.
    group: Option<Group>,
    folders: [PathBuf; 2],
    /// The first process, once it has been started.
    pid: Option<u32>,
    /// What was free of the disk before.
    room: Option<Room>,
}

impl LimitWatch {
    /// Over what nothing holds back.
    pub(in crate::sandbox) const fn none() -> Self {
        Self(None)
    }

    pub(super) fn over(limits: Limits, group: Option<Group>, folders: [PathBuf; 2]) -> Self {
        let room = Room::of(&folders[0]);
        Self(Some(Watched { limits, group, folders, pid: None, room }))
    }

    pub(in crate::sandbox) fn started(&mut self, pid: Option<u32>) {
        if let Some(watched) = &mut self.0 {
            watched.pid = pid;
        }
    }

    /// The folders of its control group, by which a box joins it.
    pub(in crate::sandbox) fn groups(&self) -> Vec<PathBuf> {
        let group = self.0.as_ref().and_then(|watched| watched.group.as_ref());
        group.into_iter().flat_map(Group::folders).map(Into::into).collect()
    }

    /// What the kernel counts by user where there is no group, for a fork bomb is quicker than a watch: somewhat more than what is
    /// ended, so that it is seen. A user who is not the box's own has other processes too; all of the machine, at most.
    pub(in crate::sandbox) fn processes_of_user(&self, is_own: bool) -> Option<u64> {
        let watched = self.0.as_ref().filter(|watched| watched.group.is_none())?;
        let most = watched.limits.processes;
        let others = if is_own { 0 } else { threads_of_machine() };
        Some(most + most / 4 + SLACK + others)
    }

    /// Waits until it has used more than it may, for ever if it never does.
    pub async fn exceeded(&self) -> Exceeded {
        let Some(watched) = &self.0 else { return pending().await };
        tokio::select! {
            exceeded = watched.use_exceeds() => exceeded,
            exceeded = watched.folders_exceed() => exceeded,
        }
    }

    /// What the kernel counted until its end: whoever loses one process, or may not start it, often ends before we look.
    #[must_use]
    pub fn exceeded_before_its_end(&self) -> Option<Exceeded> {
        let watched = self.0.as_ref()?;
        watched.group.as_ref()?.exceeded(&watched.limits)
    }
}

impl Watched {
    async fn use_exceeds(&self) -> Exceeded {
        loop {
            sleep(PACE).await;
            let held = match &self.group {
                Some(group) => group.exceeded(&self.limits),
                None => self.looked_up().await,
            };
            if let Some(exceeded) = held.or_else(|| self.fills_the_disk()) {
                return exceeded;
            }
        }
    }

    async fn looked_up(&self) -> Option<Exceeded> {
        let (Limits { memory, processes, .. }, pid) = (self.limits, self.pid?);
        let used = off_thread(move || used_by(pid, memory.0)).await?;
        if used.memory_bytes > memory.0 {
            Some(Exceeded::Memory(memory))
        } else {
            (used.threads > processes).then_some(Exceeded::Processes(processes))
        }
    }

    /// A disk that was full before is not its doing.
    fn fills_the_disk(&self) -> Option<Exceeded> {
        let (before, now) = (self.room?, Room::of(&self.folders[0])?);
        let is_full = now.free < now.reserve && before.free >= before.reserve;
        is_full.then_some(Exceeded::MachineDisk(now.reserve))
    }

    async fn folders_exceed(&self) -> Exceeded {
        let Limits { file, disk, .. } = self.limits;
        let mut rest = WALK_PACE;
        loop {
            sleep(rest).await;
            let (begun, folders) = (Instant::now(), self.folders.clone());
            let taken = off_thread(move || taken_by(&folders)).await.unwrap_or_default();
            if taken.bytes > disk.0 {
                return Exceeded::Disk(disk);
            }
            // The kernel lets no file grow beyond this length.
            if taken.longest_file == file.0 {
                return Exceeded::File(file);
            }
            rest = WALK_PACE.max(begun.elapsed() * REST);
        }
    }
}

/// Off the threads that others wait for.
async fn off_thread<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    #[expect(clippy::disallowed_methods, reason = "no process is started there")]
    let looking = tokio::task::spawn_blocking(look);
    looking.await.ok()
}
