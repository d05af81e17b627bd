//! Where can control groups for boxes be made?
//! Beside the worker's own group or in it, by version 2, else by version 1. Whether it can is tried by really making one.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Limits;
use super::group::Group;
use super::own_group::{self, CONTROLLERS};

/// The folder of all boxes of a group; there only while there are some.
const ALL: &str = "signoff";
/// It may go while a box is made in it, with the last of the others.
const TRIES: usize = 3;

/// Folders that groups are made in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hierarchy {
    V2(PathBuf),
    V1 { memory: PathBuf, pids: PathBuf },
}

impl fmt::Display for Hierarchy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V2(_) => "cgroup v2",
            Self::V1 { .. } => "cgroup v1",
        })
    }
}

impl Hierarchy {
    /// The first that works; or why none does.
    pub fn find(limits: &Limits) -> Result<Self, String> {
        let mut why = own_group::why_none();
        for hierarchy in own_group::candidates() {
            hierarchy.remove_leftovers();
            match hierarchy.make(limits) {
                Ok(_) => return Ok(hierarchy),
                Err(error) => why = error.to_string(),
            }
        }
        Err(why)
    }

    /// A group that holds what joins it.
    pub fn make(&self, limits: &Limits) -> io::Result<Group> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let mut made = self.try_make(&name, limits);
        for _ in 1..TRIES {
            made = made.or_else(|_| self.try_make(&name, limits));
        }
        made
    }

    fn try_make(&self, name: &str, limits: &Limits) -> io::Result<Group> {
        for folder in self.folders() {
            let all = folder.join(ALL);
            let doing = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", all.display()));
            fs::create_dir_all(&all).map_err(doing)?;
            if let Self::V2(_) = self {
                // Also, whoever rules the folder above cannot take the controllers away from us then.
                own_group::enable(&all).map_err(doing)?;
            }
            // What is there already is what another process of this number left, with what it had counted.
            let _ = fs::remove_dir(all.join(name));
            fs::create_dir(all.join(name)).map_err(doing)?;
        }
        let within = |folder: &Path| folder.join(ALL).join(name);
        let group = match self {
            Self::V2(folder) => Group::V2(within(folder)),
            Self::V1 { memory, pids } => Group::V1 { memory: within(memory), pids: within(pids) },
        };
        group.limit(limits)?;
        Ok(group)
    }

    fn folders(&self) -> Vec<&Path> {
        match self {
            Self::V2(folder) => vec![folder],
            Self::V1 { memory, pids } => vec![memory, pids],
        }
    }

    /// Groups of workers that were killed: their boxes died with them.
    fn remove_leftovers(&self) {
        for all in self.folders().into_iter().map(|folder| folder.join(ALL)) {
            for entry in fs::read_dir(&all).into_iter().flatten().flatten() {
                let name = entry.file_name();
                let pid = name.to_str().and_then(|name| Some(name.split_once('-')?.0));
                if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                    let _ = fs::remove_dir(entry.path());
                }
            }
            // Where nothing is left in it.
            let _ = fs::remove_dir(&all);
        }
    }
}

/// Whether children of this folder are held by both controllers.
pub(super) fn gives_both(folder: &Path) -> bool {
    let given = fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
    CONTROLLERS.iter().all(|wanted| given.split_whitespace().any(|given| given == *wanted))
}
