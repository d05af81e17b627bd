//! The folder of an attempt: where is it worked on?
//! A folder that one process has to itself; what it keeps there, a successor on this host finds.

use std::fs::{self, TryLockError};
use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, anyhow};

use super::failure::AttemptId;
use crate::files::{self, FileLock};
use crate::run::{Snapshot, Workplace, Written};
use crate::workspace::RunFolder;

/// The folder of one attempt, and the right to be in it.
pub(super) struct AttemptFolder {
    pub(super) folder: PathBuf,
    _held: FileLock,
}

impl AttemptFolder {
    /// A folder within it, for somebody else who looks at the same attempt.
    pub(super) fn take_within(runs: &Path, of: AttemptId<'_>, name: &str) -> Result<Self> {
        Self::take_folder(folder_of(runs, of).join(name), of)
    }

    /// Only one process has a folder. Its box dies with it, so a free folder means a dead box.
    pub(super) fn take(runs: &Path, of: AttemptId<'_>) -> Result<Self> {
        Self::take_folder(folder_of(runs, of), of)
    }

    fn take_folder(
        folder: PathBuf,
        AttemptId { run, stage, attempt }: AttemptId<'_>,
    ) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        match FileLock::try_take(&folder.join("lock")) {
            Ok(held) => Ok(Self { folder, _held: held }),
            Err(TryLockError::WouldBlock) => {
                Err(anyhow!("another worker still works on {run} {stage} attempt {attempt}"))
            }
            Err(TryLockError::Error(e)) => Err(e).context("taking the attempt's lock"),
        }
    }

    /// Where an operator finds it.
    pub(super) fn workplace(&self) -> Workplace {
        let folder = absolute(&self.folder).unwrap_or_else(|_| self.folder.clone());
        Workplace { host: host(), folder: folder.display().to_string(), prompt_bytes: None }
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The agent's clone and HOME are of no more use; logs and prompt stay for people.
    pub(super) async fn clear(&self) {
        remove_folders(&[self.at("work"), self.at("work.index"), self.at("home")]).await;
    }

    /// What a worker wrote and saved before it died, and could not report: the agent is not paid twice for it.
    pub(super) fn written(&self, base: Option<&Snapshot>) -> Option<Written> {
        let written: Written =
            serde_json::from_slice(&fs::read(self.at("written.json")).ok()?).ok()?;
        written
            .work
            .as_ref()
            .is_some_and(|work| base.is_none_or(|base| *base == work.base))
            .then_some(written)
    }

    /// At one stroke, so that a death in between leaves nothing half written.
    pub(super) fn save_written(&self, written: &Written) -> Result<()> {
        let text = serde_json::to_vec(written).context("saving what was written")?;
        files::write(&self.at("written.json"), text).context("saving what was written")
    }
}

fn folder_of(runs: &Path, of: AttemptId<'_>) -> PathBuf {
    RunFolder::of(runs, of.run).attempt(of.stage, of.attempt)
}

/// What this machine calls itself.
pub(super) fn host() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Removes folders that are of no more use; what cannot be removed is only litter.
pub(super) async fn remove_folders(folders: &[PathBuf]) {
    for folder in folders {
        if let Err(e) = files::remove(folder).await {
            tracing::warn!(error = %e, "could not remove {}", folder.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{AgentEnd, Diff, Sandboxing, Work};

    fn snapshot(commit: &str) -> Snapshot {
        Snapshot { commit: commit.to_owned(), tree: "t".to_owned() }
    }

    fn take(runs: &Path) -> Result<AttemptFolder> {
        let (run, stage) = ("tale-k3f9qdx".parse()?, "draft".parse()?);
        AttemptFolder::take(runs, AttemptId { run: &run, stage: &stage, attempt: 1 })
    }

    #[test]
    fn one_process_has_a_folder() {
        let runs = tempfile::tempdir().expect("a folder");
        let held = take(runs.path()).expect("a free folder");
        assert!(take(runs.path()).is_err_and(|e| {
            e.to_string().contains("another worker still works on tale-k3f9qdx draft attempt 1")
        }));
        let place = held.workplace();
        assert!(place.folder.starts_with('/') && place.folder.ends_with("draft-1"), "{place:?}");
        drop(held);
        assert!(take(runs.path()).is_ok());
    }

    #[test]
    fn work_that_was_kept_is_found_by_a_successor_and_only_on_its_base() {
        let runs = tempfile::tempdir().expect("a folder");
        let folder = take(runs.path()).expect("a free folder");
        let work = Work {
            base: snapshot("a"),
            snapshot: snapshot("b"),
            diff: Diff::default(),
            since_round: None,
            since_approved: None,
            branch: None,
        };
        let unkept = Written::unkept(AgentEnd::Finished, Sandboxing::Closed);
        let written = Written { work: Some(work), ..unkept };
        assert_eq!(folder.written(None), None);
        folder.save_written(&written).expect("kept");
        assert_eq!(folder.written(Some(&snapshot("a"))), Some(written));
        assert_eq!(folder.written(Some(&snapshot("x"))), None);
    }
}
