//! The control group of one box: how does it hold, and what did it count?
//! Made before its box and removed after it.

use std::fs;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::{Exceeded, Limits};

/// How often, and how many times, removal is tried again: who was killed a moment ago is still on the way out.
const PAUSE: Duration = Duration::from_millis(50);
const TRIES: usize = 60;

/// Its folders.
#[derive(Debug)]
pub(super) enum Group {
    V2(PathBuf),
    V1 { memory: PathBuf, pids: PathBuf },
}

impl Group {
    pub fn limit(&self, limits: &Limits) -> io::Result<()> {
        let (memory, processes) = (limits.memory.0, limits.processes);
        match self {
            Self::V2(folder) => {
                set(folder, "memory.max", memory)?;
                set(folder, "pids.max", processes)?;
                // Not every kernel has these. What swaps is slow before it is ended; what loses one process is ended as a whole.
                let _ = set(folder, "memory.swap.max", 0);
                let _ = set(folder, "memory.oom.group", 1);
            }
            Self::V1 { memory: folder, pids } => {
                set(folder, "memory.limit_in_bytes", memory)?;
                set(pids, "pids.max", processes)?;
                let _ = set(folder, "memory.swappiness", 0);
            }
        }
        Ok(())
    }

    /// What its counters say happened so far.
    pub fn exceeded(&self, limits: &Limits) -> Option<Exceeded> {
        let (killed, was_own, refused) = match self {
            Self::V2(folder) => (
                count(folder, "memory.events", "oom_kill"),
                count(folder, "memory.events", "oom"),
                count(folder, "pids.events", "max"),
            ),
            Self::V1 { memory, pids } => (
                count(memory, "memory.oom_control", "oom_kill"),
                count(memory, "memory.failcnt", ""),
                count(pids, "pids.events", "max"),
            ),
        };
        match (killed, was_own, refused) {
            (0, _, 0) => None,
            (0, _, _) => Some(Exceeded::Processes(limits.processes)),
            (_, 0, _) => Some(Exceeded::MachineMemory),
            _ => Some(Exceeded::Memory(limits.memory)),
        }
    }

    pub fn folders(&self) -> Vec<&Path> {
        match self {
            Self::V2(folder) => vec![folder],
            Self::V1 { memory, pids } => vec![memory, pids],
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let folders: Vec<PathBuf> = self.folders().into_iter().map(Path::to_path_buf).collect();
        if removed(&folders) {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            mem::drop(runtime.spawn(async move {
                for _ in 0..TRIES {
                    sleep(PAUSE).await;
                    if removed(&folders) {
                        return;
                    }
                }
            }));
        }
    }
}

/// Whether the groups are gone. The last one takes the folder of all with it.
fn removed(folders: &[PathBuf]) -> bool {
    for folder in folders {
        let _ = fs::remove_dir(folder);
        let _ = folder.parent().map(fs::remove_dir);
    }
    folders.iter().all(|folder| !folder.exists())
}

fn set(folder: &Path, name: &str, value: u64) -> io::Result<()> {
    let file = folder.join(name);
    fs::write(&file, value.to_string())
        .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", file.display())))
}

/// The number behind the word, or the only one where there is no word; 0 where the kernel does not count it.
fn count(folder: &Path, name: &str, word: &str) -> u64 {
    let text = fs::read_to_string(folder.join(name)).unwrap_or_default();
    let number = text.lines().find_map(|line| {
        let (key, number) = line.rsplit_once(' ').unwrap_or(("", line));
        (key == word).then(|| number.parse().ok()).flatten()
    });
    number.unwrap_or_default()
}
