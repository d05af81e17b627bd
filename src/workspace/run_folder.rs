//! The folder of a run: what is on this machine of its code and of its attempts?
//! Looks, and changes nothing. Whoever shows an agent's logs or a run's code comes here, so that what keeps them elsewhere can stand behind it.

use std::path::{Path, PathBuf};

use super::attempt_files::AttemptFiles;
use super::{Patch, Result, Shadow};
use crate::run::{RunId, Snapshot, StageName};

/// More text than anybody reads; what is longer is read where the repository is.
const PATCH_BYTES: usize = 64 << 20;

/// What is here of a run, if anything.
#[derive(Clone, Debug)]
pub struct RunFolder {
    folder: PathBuf,
}

impl RunFolder {
    /// Below the folder of all runs.
    #[must_use]
    pub fn of(runs: &Path, run: &RunId) -> Self {
        Self { folder: runs.join(run.as_str()) }
    }

    /// Its own path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// What was kept of an attempt besides its work.
    #[must_use]
    pub fn attempt(&self, stage: &StageName, n: u32) -> AttemptFiles {
        AttemptFiles::at(self.folder.join(format!("{stage}-{n}")))
    }

    /// What changed from one snapshot of the run to another.
    ///
    /// # Errors
    /// `Elsewhere` where its repository is on another machine, `NoCommit` where a snapshot is not in it.
    pub async fn patch(&self, from: &Snapshot, to: &Snapshot) -> Result<Patch> {
        patch_in(&Shadow::to_look_at(&self.git_dir())?, from, to).await
    }

    /// What is different in a snapshot of another run.
    ///
    /// # Errors
    /// The same, of either.
    pub async fn patch_to(&self, from: &Snapshot, other: (&Self, &Snapshot)) -> Result<Patch> {
        let (beside, to) = other;
        let both =
            Shadow::to_look_at(&self.git_dir())?.with(&Shadow::to_look_at(&beside.git_dir())?);
        patch_in(&both, from, to).await
    }

    /// How git is asked for the same, on a machine that has both.
    #[must_use]
    pub fn diff_command(&self, from: &Snapshot, other: (&Self, &Snapshot)) -> String {
        let (beside, to) = other;
        let shadow = |folder: &Self| {
            let run = folder.folder.file_name().unwrap_or_default().to_string_lossy();
            format!("$SIGNOFF_HOME/runs/{run}/shadow.git")
        };
        format!(
            "GIT_ALTERNATE_OBJECT_DIRECTORIES={}/objects git --git-dir {} diff {} {}",
            shadow(beside),
            shadow(self),
            from.commit,
            to.commit
        )
    }

    /// Where its shadow repository is, or would be.
    #[must_use]
    pub fn git_dir(&self) -> PathBuf {
        self.folder.join("shadow.git")
    }

    /// Its shadow repository, where that is on this machine.
    #[must_use]
    pub fn repository(&self) -> Option<PathBuf> {
        Some(self.git_dir()).filter(|repository| repository.is_dir())
    }
}

async fn patch_in(shadow: &Shadow, from: &Snapshot, to: &Snapshot) -> Result<Patch> {
    for snapshot in [from, to] {
        shadow.tree_of(&snapshot.commit).await?;
    }
    shadow.patch(from, to, PATCH_BYTES).await
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::workspace::WorkspaceError;

    /// A run whose repository has a file with these words.
    async fn run(runs: &Path, name: &str, words: &str) -> (RunFolder, Snapshot, Snapshot) {
        let folder = RunFolder::of(runs, &name.parse().expect("an id"));
        let shadow = Shadow::open(&folder.git_dir()).await.expect("a repository");
        let base = shadow.import(None, None).await.expect("a beginning");
        let clone = runs.join(format!("{name}-clone"));
        shadow.checkout(&base, &clone).await.expect("a clone");
        fs::write(clone.join("tale.txt"), words).expect("written");
        let made = shadow.snapshot(&clone, &base, "draft-1").await.expect("a snapshot");
        (folder, base, made)
    }

    #[tokio::test]
    async fn two_runs_are_compared_across_their_repositories() {
        let runs = tempfile::tempdir().expect("a folder");
        let (first, base, from) = run(runs.path(), "tale-k3f9qdz", "once\n").await;
        let (second, _, to) = run(runs.path(), "tale-m2x8wtr", "twice\n").await;
        let patch = first.patch_to(&from, (&second, &to)).await.expect("compared");
        assert_eq!(patch.files[0].text, "@@ -1 +1 @@\n-once\n+twice\n");
        let own = first.patch(&base, &from).await.expect("compared");
        assert_eq!(own.lines(), (1, 0));
        let missing = first.patch(&base, &to).await;
        assert!(matches!(missing, Err(WorkspaceError::NoCommit { .. })), "{missing:?}");
    }

    #[tokio::test]
    async fn a_run_that_is_on_another_machine_is_said_to_be() {
        let runs = tempfile::tempdir().expect("a folder");
        let folder = RunFolder::of(runs.path(), &"tale-k3f9qdz".parse().expect("an id"));
        let snapshot = Snapshot { commit: "a".repeat(40), tree: "b".repeat(40) };
        let elsewhere = folder.patch(&snapshot, &snapshot).await;
        assert!(matches!(elsewhere, Err(WorkspaceError::Elsewhere { .. })));
        assert!(!folder.attempt(&"draft".parse().expect("a name"), 1).is_here());
    }
}
