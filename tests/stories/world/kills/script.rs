//! The scripts of an attempt: how does one of them wait until it was seen?

use std::fs;
use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;
use tokio::time::{Duration, sleep};

/// Its HOME is no part of the work.
const WAITS: &str =
    "touch $HOME/held; while ! test -e $HOME/go; do sleep 0.05; done; rm -f $HOME/held $HOME/go";
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// These stages, where one kind of script of one stage waits.
pub(super) fn waits(stages: &str, (script, stage): (&str, &str)) -> String {
    stages.replace(&format!("true # {script} of {stage}"), WAITS)
}

/// The HOMEs under this disk of scripts that wait.
pub(super) fn held(disk: &Path) -> Vec<PathBuf> {
    let inside = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect()
    };
    let runs = inside(&disk.join("runs"));
    let attempts = runs.iter().flat_map(|run| inside(run));
    let homes = attempts.flat_map(|attempt| [attempt.join("home"), attempt.join("check-home")]);
    homes.filter(|home| home.join("held").exists()).collect()
}

/// Lets every script go that waits, also those that come; until it is dropped.
pub(super) struct LetsGo(JoinHandle<()>);

impl LetsGo {
    pub fn all(disks: Vec<PathBuf>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                for home in disks.iter().flat_map(|disk| held(disk)) {
                    // It may be gone by now.
                    let _ = fs::write(home.join("go"), "");
                }
                sleep(LOOK_EVERY).await;
            }
        }))
    }
}

impl Drop for LetsGo {
    fn drop(&mut self) {
        self.0.abort();
    }
}
