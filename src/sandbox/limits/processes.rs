//! How many processes has a box, and how much memory do they use?
//! Looked up in /proc, for hosts that give no control group.

use std::collections::BTreeMap;
use std::fs;

/// What the processes of a box use together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Used {
    /// As the kernel counts them against limits.
    pub threads: u64,
    pub memory_bytes: u64,
}

/// As it stands in /proc.
struct Process {
    pid: u32,
    parent: u32,
    threads: u64,
    resident_bytes: u64,
}

/// What the process and all that come of it use; in a box nobody gets out of that tree. Memory that they share is counted once, which
/// takes long, so it is only done where the sum is more than `enough_bytes`.
pub(super) fn used_by(root: u32, enough_bytes: u64) -> Used {
    let all = family(root);
    let threads = all.iter().map(|process| process.threads).sum();
    let sum: u64 = all.iter().map(|process| process.resident_bytes).sum();
    let exact = || all.iter().map(|it| share(it.pid).unwrap_or(it.resident_bytes)).sum();
    let memory_bytes = if sum > enough_bytes { exact() } else { sum };
    Used { threads, memory_bytes }
}

/// All threads there are; 0 where nobody says so. See proc(5): the fourth word is `running/all`.
pub(super) fn threads_of_machine() -> u64 {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let all = load.split_whitespace().nth(3).and_then(|word| word.split_once('/')?.1.parse().ok());
    all.unwrap_or_default()
}

fn family(root: u32) -> Vec<Process> {
    let mut by_parent: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    // All numbers first: a fork bomb is quicker than we, and the list grows at its end while it is read.
    let pids: Vec<u32> = entries.filter_map(|it| it.file_name().to_str()?.parse().ok()).collect();
    for process in pids.into_iter().filter_map(look_up) {
        by_parent.entry(process.parent).or_default().push(process);
    }
    let mut found: Vec<Process> = look_up(root).into_iter().collect();
    let mut next = 0;
    while let Some(process) = found.get(next) {
        found.extend(by_parent.remove(&process.pid).unwrap_or_default());
        next += 1;
    }
    found
}

fn look_up(pid: u32) -> Option<Process> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(Process {
        pid,
        parent: number(&status, "PPid:")?.try_into().ok()?,
        threads: number(&status, "Threads:")?,
        // Who is dead and waits for a parent has none.
        resident_bytes: number(&status, "VmRSS:").unwrap_or_default() << 10,
    })
}

/// Its own memory and its share of what others use too.
fn share(pid: u32) -> Option<u64> {
    let sums = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    Some(number(&sums, "Pss:")? << 10)
}

/// The number behind a word.
fn number(text: &str, word: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(word))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_family_is_counted_with_its_threads_and_memory() {
        let own = used_by(std::process::id(), 0);
        assert!(threads_of_machine() >= own.threads);
        assert!(own.threads >= 2 && own.memory_bytes > 1 << 20, "{own:?}");
        let script = "sleep 9 & sleep 9 & echo started; wait";
        let mut child =
            Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Read::read_exact(&mut child.stdout.take().unwrap(), &mut [0; 8]).unwrap();
        assert_eq!(used_by(child.id(), u64::MAX).threads, 3);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(used_by(child.id(), 0), Used::default());
    }
}
