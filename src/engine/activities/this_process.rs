//! This worker process: what is it known by, and which of its neighbours has died?

use std::fs;
use std::path::Path;

use super::attempt_folder::host;
use crate::store::{StartId, WorkerProcess};

/// What this process is known by, from its start to its end.
pub(super) fn this_process(slots: u32) -> WorkerProcess {
    WorkerProcess {
        host: host().unwrap_or_else(|| "unknown".to_owned()),
        process: std::process::id(),
        pid_namespace: pid_namespace(),
        start: StartId::new(rand::random()),
        slots,
    }
}

/// A process number means nothing on another machine, after another boot, or in another container.
fn pid_namespace() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

/// Whether it is surely dead, as far as `here` can tell: of a worker of another place nobody here knows.
pub(super) fn is_dead(worker: &WorkerProcess, here: &WorkerProcess) -> bool {
    let is_near = here.pid_namespace.is_some() && worker.pid_namespace == here.pid_namespace;
    is_near && !lives(worker.process)
}

fn lives(process: u32) -> bool {
    fs::exists(Path::new("/proc").join(process.to_string())).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_died_in_the_same_place_is_known_to_be_dead() {
        let here = this_process(2);
        // No process has this number: the kernel's greatest is far below.
        let dead = WorkerProcess { process: u32::MAX, ..this_process(2) };
        let elsewhere = Some("another boot pid:[1]".to_owned());
        assert!(is_dead(&dead, &here) && !is_dead(&this_process(2), &here));
        assert!(!is_dead(&WorkerProcess { pid_namespace: elsewhere, ..dead.clone() }, &here));
        assert!(!is_dead(&WorkerProcess { pid_namespace: None, ..dead }, &here));
    }

    #[test]
    fn each_start_is_known_by_a_number_of_its_own() {
        assert_ne!(this_process(2).start, this_process(2).start);
    }
}
