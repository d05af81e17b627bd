//! In which control group is this process, and what may be made there?
//! As the kernel tells it in /proc. Moves the worker where that is what it takes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::hierarchy::{Hierarchy, gives_both};
use super::{BoxLimits, Limits};

/// What holds boxes.
pub(super) const CONTROLLERS: [&str; 2] = ["memory", "pids"];
/// What moves aside goes here.
const ASIDE: &str = "worker";

/// Where groups may be made that this process can make, best first.
pub(super) fn candidates() -> Vec<Hierarchy> {
    let v2 =
        OwnGroup::v2().into_iter().flat_map(OwnGroup::near).filter(|folder| gives_both(folder));
    let v1 = CONTROLLERS.map(OwnGroup::v1);
    let v1 = if let [Some(memory), Some(pids)] = v1 {
        Some(Hierarchy::V1 { memory: memory.folder, pids: pids.folder })
    } else {
        None
    };
    v2.map(Hierarchy::V2).chain(v1).collect()
}

/// Why there are no candidates.
pub(super) fn why_none() -> String {
    match OwnGroup::v2() {
        Some(own) => format!("{} does not hold the groups in it", own.folder.display()),
        None => "there is no hierarchy of them".to_owned(),
    }
}

/// Makes way for groups of boxes: version 2 allows none beside processes, so a worker that is alone in a group that was given to it,
/// or in a container's, moves itself and what else is there into one below. Nothing moves where groups can be made already.
pub fn step_aside(limits: &BoxLimits) {
    let Some(own) = OwnGroup::v2() else { return };
    // One that holds groups already is of no use to us, or it would have been found.
    let starts_to_hold = |folder: PathBuf| !gives_both(&folder) && enable(&folder).is_ok();
    if Hierarchy::find(&Limits::here(limits)).is_ok() || own.clone().near().any(starts_to_hold) {
        return;
    }
    // Whoever is root can write everywhere; that it was given to us is sure of a container's own root alone.
    let is_ours = own.folder == own.mount || !rustix::process::geteuid().is_root();
    let moved = || move_aside(&own.folder).and_then(|()| enable(&own.folder));
    if is_ours && let Err(error) = moved() {
        tracing::debug!("no control groups: {}: {error}", own.folder.display());
    }
}

fn move_aside(own: &Path) -> io::Result<()> {
    let aside = own.join(ASIDE);
    // Refused before anything moves, where it is not for us.
    let controllers = fs::read_to_string(own.join("cgroup.controllers"))?;
    if !CONTROLLERS.iter().all(|wanted| controllers.split_whitespace().any(|it| it == *wanted)) {
        return Err(io::Error::other(format!(
            "it has only the controllers {}",
            controllers.trim()
        )));
    }
    fs::create_dir_all(&aside)?;
    for pid in fs::read_to_string(own.join("cgroup.procs"))?.lines() {
        // It may have ended.
        let _ = fs::write(aside.join("cgroup.procs"), pid);
    }
    Ok(())
}

/// Lets groups in this folder be held.
pub(super) fn enable(folder: &Path) -> io::Result<()> {
    if gives_both(folder) {
        return Ok(());
    }
    fs::write(
        folder.join("cgroup.subtree_control"),
        CONTROLLERS.map(|it| format!("+{it}")).join(" "),
    )
}

/// The least that the worker itself may use, by its own group and those above.
pub(super) fn memory_limit() -> Option<u64> {
    let groups = OwnGroup::v2().into_iter().chain(OwnGroup::v1("memory"));
    let limits = groups.flat_map(|own| {
        let folders: Vec<_> = own
            .folder
            .ancestors()
            .take_while(|it| it.starts_with(&own.mount))
            .map(Path::to_path_buf)
            .collect();
        folders.into_iter().flat_map(|folder| {
            ["memory.max", "memory.limit_in_bytes"].map(|name| folder.join(name))
        })
    });
    limits.filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok()).min()
}

/// The group that this process is in.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnGroup {
    /// Where its hierarchy begins for us.
    mount: PathBuf,
    folder: PathBuf,
}

impl OwnGroup {
    fn v2() -> Option<Self> {
        Self::read(&Proc::read()?, None)
    }

    fn v1(controller: &str) -> Option<Self> {
        Self::read(&Proc::read()?, Some(controller))
    }

    fn read(proc: &Proc, controller: Option<&str>) -> Option<Self> {
        let path = proc.groups.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            let is_it = controller.map_or(controllers.is_empty(), |wanted| {
                controllers.split(',').any(|it| it == wanted)
            });
            is_it.then_some(path)
        })?;
        let (root, mount) = proc.mounts.lines().find_map(|line| {
            let (place, kind) = line.split_once(" - ")?;
            let place: Vec<&str> = place.split(' ').collect();
            let kind: Vec<&str> = kind.split(' ').collect();
            let is_it = match controller {
                None => kind[0] == "cgroup2",
                Some(wanted) => {
                    kind[0] == "cgroup" && kind.last()?.split(',').any(|it| it == wanted)
                }
            };
            is_it.then_some((*place.get(3)?, PathBuf::from(*place.get(4)?)))
        })?;
        // Without a namespace a container is told the machine's path, and sees its own group as the root.
        let inner = Path::new(path).strip_prefix(root).unwrap_or(Path::new(""));
        let folder = if inner == Path::new("") { mount.clone() } else { mount.join(inner) };
        Some(Self { mount, folder })
    }

    /// In itself, or beside itself.
    fn near(self) -> impl Iterator<Item = PathBuf> {
        let above = self.folder.parent().filter(|above| above.starts_with(&self.mount));
        let above = above.map(Path::to_path_buf);
        std::iter::once(self.folder).chain(above)
    }
}

/// What the kernel tells.
struct Proc {
    groups: String,
    mounts: String,
}

impl Proc {
    fn read() -> Option<Self> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        Some(Self { groups, mounts: fs::read_to_string("/proc/self/mountinfo").ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(groups: &str, mounts: &str, controller: Option<&str>) -> Option<(String, String)> {
        let proc = Proc { groups: groups.to_owned(), mounts: mounts.to_owned() };
        let own = OwnGroup::read(&proc, controller)?;
        Some((own.mount.display().to_string(), own.folder.display().to_string()))
    }

    #[test]
    fn the_own_group_is_found_by_version_2() {
        let mounts = "23 1 0:5 / /proc rw - proc proc rw\n31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
        let own = found("0::/system.slice/signoff.service\n", mounts, None).expect("found");
        assert_eq!(own.1, "/sys/fs/cgroup/system.slice/signoff.service");
        let container = found("0::/\n", mounts, None).expect("found");
        assert_eq!(container.0, container.1);
        assert_eq!(found("0::/\n", mounts, Some("memory")), None);
    }

    #[test]
    fn the_own_group_is_found_by_version_1_in_a_container_too() {
        let mounts = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n39 31 0:36 /docker/1 /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n";
        let groups = "8:pids:/docker/1\n4:memory,x:/a/b\n0::/\n";
        let own = |controller| found(groups, mounts, Some(controller)).expect("found").1;
        assert_eq!(own("memory"), "/sys/fs/cgroup/memory/a/b");
        assert_eq!(own("pids"), "/sys/fs/cgroup/pids");
        assert_eq!(found(groups, mounts, None), None);
    }
}
