//! How does it end?
//! Politely first, then surely, and only when nothing of it is left: a resumed agent must find its clone untouched.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;
use tokio::time::{sleep, timeout};

/// How long a program may take to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// How long the kernel may take to clear a killed box; milliseconds as a rule.
const CLEARING: Duration = Duration::from_secs(2);

/// Ends a command of [`super::Sandbox::command`] and everything it started.
///
/// In a box the first signal ends all of it at once, whatever the programs inside did to escape (setsid, nohup, double forks).
/// Without a box only its process group is ended: what moved to a session of its own lives on.
pub async fn end(child: &mut Child) {
    let Some(pid) = child.id() else { return };
    let inner = children(pid);
    signal(pid, Signal::TERM);
    let polite = timeout(GRACE, child.wait()).await;
    signal(pid, Signal::KILL);
    if polite.is_err() {
        let _ = child.wait().await;
    }
    let _ = timeout(CLEARING, cleared(&inner)).await;
}

/// Kills what a command that ended by itself left in its process group; `pid` is what [`Child::id`] said while it ran.
/// Only needed without a box, harmless with one.
pub fn sweep(pid: u32) {
    signal(pid, Signal::KILL);
}

fn signal(group: u32, signal: Signal) {
    let group = i32::try_from(group).ok().and_then(Pid::from_raw);
    // A group that is gone already is what we want.
    let _ = group.map(|group| kill_process_group(group, signal));
}

/// The first process of the box: when it is gone, the kernel has killed all others in it.
fn children(pid: u32) -> Vec<String> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().map(str::to_owned).collect()
}

async fn cleared(pids: &[String]) {
    while pids.iter().any(|pid| lives(pid)) {
        sleep(Duration::from_millis(5)).await;
    }
}

/// A zombie is dead; whoever adopted it will notice.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z') && !rest.starts_with('X'))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::sandbox::{BoxSpec, Network, Sandbox};

    use super::*;

    #[tokio::test]
    async fn without_a_box_the_group_is_ended() {
        let root = tempfile::tempdir().unwrap();
        let (work, home) = (root.path().join("work"), root.path().join("home"));
        fs::create_dir(&work).unwrap();
        fs::create_dir(&home).unwrap();
        let spec = BoxSpec {
            work: work.clone(),
            home: home.clone(),
            read_only: vec![],
            sockets: vec![],
            env: vec![],
            network: Network::Closed,
        };
        let script = "echo $HOME > home; sh -c 'trap \"\" TERM; while :; do echo x >> beat; sleep 0.02; done' & sleep 60";
        let mut child =
            Sandbox::None.command(&spec, Path::new("sh"), &["-c", script]).spawn().unwrap().child;
        while !work.join("beat").exists() {
            sleep(Duration::from_millis(10)).await;
        }
        end(&mut child).await;
        let size = || fs::metadata(work.join("beat")).unwrap().len();
        let before = size();
        sleep(Duration::from_millis(150)).await;
        assert_eq!(before, size());
        let seen = fs::read_to_string(work.join("home")).unwrap();
        assert_eq!(seen.trim(), home.display().to_string());
    }
}
