//! The archive: what can be read of a run, on whatever disks it was carried on?
//! First what is on this disk, then what is in the artifact store. A repository out of the store is filled into a folder of its own, where
//! no worker ever works; logs are only read. What workers of this machine work on is looked at, and never changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

use super::artifact_keys::ArtifactKeys;
use super::{
    Artifact, ArtifactStore, AttemptFiles, Bundles, Patch, Result, RunFolder, Shadow,
    WorkspaceError,
};
use crate::files;
use crate::run::{Attempt, RollbackTo, Run, RunId, Snapshot, StageName};

/// More text than anybody reads; what is longer is read where the repository is.
const PATCH_BYTES: usize = 64 << 20;
/// What is here is shown without the rest, where the store takes longer.
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// What this machine can read of runs.
#[derive(Clone, Debug)]
pub struct Archive {
    home: PathBuf,
    pub(super) runs: PathBuf,
    pub(super) fetched: PathBuf,
    pub(super) artifacts: Option<ArtifactStore>,
}

/// What can be read of one run.
#[derive(Clone, Copy, Debug)]
pub struct ArchivedRun<'a> {
    archive: &'a Archive,
    run: &'a Run,
}

impl Archive {
    /// On the disk of workers with this `SIGNOFF_HOME`, and in the artifact store, where that is known.
    #[must_use]
    pub fn new(home: &Path, artifacts: Option<ArtifactStore>) -> Self {
        let (runs, fetched) = (home.join("runs"), home.join("fetched"));
        Self { home: home.to_owned(), runs, fetched, artifacts }
    }

    #[must_use]
    pub const fn of<'a>(&'a self, run: &'a Run) -> ArchivedRun<'a> {
        ArchivedRun { archive: self, run }
    }

    /// What lies in the artifact store below this name; nothing where it does not answer soon, because what is here is shown all the same.
    async fn stored(&self, below: &str) -> Vec<Artifact> {
        let Some(artifacts) = &self.artifacts else { return Vec::new() };
        match timeout(LOOK_TIMEOUT, artifacts.list(below)).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(%error, "only this disk is looked at");
                Vec::new()
            }
            Err(_) => {
                let address = artifacts.address();
                tracing::warn!(
                    "only this disk is looked at: the artifact store {address} does not answer"
                );
                Vec::new()
            }
        }
    }

    /// A repository that has these snapshots: that of this disk, else one that is filled from the store.
    async fn shadow(&self, run: &RunId, needed: &[&Snapshot]) -> Result<Shadow> {
        let missing = match here(&RunFolder::of(&self.runs, run), needed).await {
            Err(e) if is_missing(&e) => e,
            looked => return looked,
        };
        let Some(artifacts) = &self.artifacts else { return Err(missing) };
        files::private_folder(&self.home).map_err(WorkspaceError::io("making SIGNOFF_HOME"))?;
        let git_dir = RunFolder::of(&self.fetched, run).git_dir();
        match (Bundles { artifacts, run }).shadow_with(git_dir, needed).await {
            Err(WorkspaceError::Elsewhere { .. }) => Err(missing),
            filled => filled,
        }
    }
}

impl<'a> ArchivedRun<'a> {
    #[must_use]
    pub const fn run(&self) -> &'a Run {
        self.run
    }

    #[must_use]
    pub const fn id(&self) -> &'a RunId {
        self.run.id()
    }

    /// Where the artifact store is, for people; none where none is known here.
    #[must_use]
    pub fn store_address(&self) -> Option<&'a str> {
        self.archive.artifacts.as_ref().map(ArtifactStore::address)
    }

    /// Where workers of this machine have it, or would.
    #[must_use]
    pub fn folder(&self) -> RunFolder {
        RunFolder::of(&self.archive.runs, self.run.id())
    }

    /// What was kept of an attempt besides its work.
    pub async fn attempt(&self, stage: &StageName, attempt: &Attempt) -> AttemptFiles {
        let here = AttemptFiles::at(self.folder().attempt(stage, attempt.n));
        let Some(artifacts) = &self.archive.artifacts else { return here };
        let key = ArtifactKeys(self.run.id()).attempt(stage, attempt.n);
        let stored = self.archive.stored(&key).await;
        here.and_stored(artifacts, stored, attempt.is_over())
    }

    /// The attempts of which something was kept besides their work.
    pub async fn attempts_with_files(&self) -> BTreeSet<(StageName, u32)> {
        let keys = ArtifactKeys(self.run.id());
        let stored = self.archive.stored(&keys.run()).await;
        let found = |stage: &StageName, n| {
            let below = format!("{}/", keys.attempt(stage, n));
            self.folder().attempt(stage, n).is_dir()
                || stored.iter().any(|it| it.key.starts_with(&below))
        };
        let attempts = self.run.stages.iter().flat_map(|stage| {
            stage.attempts.iter().map(move |attempt| (stage.name().clone(), attempt.n))
        });
        attempts.filter(|(stage, n)| found(stage, *n)).collect()
    }

    /// What changed from one snapshot of the run to another.
    ///
    /// # Errors
    /// `Elsewhere` where its repository is neither here nor in the store, `NoCommit` where a snapshot is not in it.
    pub async fn patch(&self, from: &Snapshot, to: &Snapshot) -> Result<Patch> {
        self.shadow_with(&[from, to]).await?.patch(from, to, PATCH_BYTES).await
    }

    /// What is different in a snapshot of another run.
    ///
    /// # Errors
    /// The same, of either.
    pub async fn patch_to(&self, from: &Snapshot, other: (Self, &Snapshot)) -> Result<Patch> {
        let (beside, to) = other;
        let (own, theirs) = (self.shadow_with(&[from]).await?, beside.shadow_with(&[to]).await?);
        own.with(&theirs).patch(from, to, PATCH_BYTES).await
    }

    /// How git is asked for the same, on a machine that has both.
    #[must_use]
    pub fn diff_command(&self, from: &Snapshot, other: (Self, &Snapshot)) -> String {
        let (beside, to) = other;
        let shadow = |it: &Self| format!("$SIGNOFF_HOME/runs/{}/shadow.git", it.run.id());
        format!(
            "GIT_ALTERNATE_OBJECT_DIRECTORIES={}/objects git --git-dir {} diff {} {}",
            shadow(&beside),
            shadow(self),
            from.commit,
            to.commit
        )
    }

    /// A repository that has this work under its name.
    ///
    /// # Errors
    /// `Elsewhere` and `NoCommit` as for a patch; `NoCommit` also where nothing was kept under that name.
    pub async fn repository_with(&self, work: &RollbackTo) -> Result<PathBuf> {
        let snapshot = match work {
            RollbackTo::Start => self.run.origin(),
            RollbackTo::Attempt { stage, attempt } => {
                self.run.attempt(stage, *attempt).and_then(|it| it.snapshot.as_ref())
            }
        };
        let nothing = || WorkspaceError::NoCommit {
            commit: work.to_string(),
            why: "nothing was kept under that name".to_owned(),
        };
        let snapshot = snapshot.ok_or_else(nothing)?;
        let shadow = self.shadow_with(&[snapshot]).await?;
        let was_fetched = shadow.path().starts_with(&self.archive.fetched);
        if was_fetched && *work != RollbackTo::Start {
            // What was taken over of another run came as the past of later work, without its name.
            let name = format!("refs/signoff/{work}");
            shadow.git().args(["update-ref", &name, &snapshot.commit]).bytes().await?;
        }
        Ok(shadow.path().to_owned())
    }

    /// What it took over of another run is with that one, until it made something of it.
    async fn shadow_with(&self, needed: &[&Snapshot]) -> Result<Shadow> {
        let own = self.archive.shadow(self.run.id(), needed).await;
        match (&self.run.request.again, own) {
            (Some(again), Err(missing)) if is_missing(&missing) && !again.kept.is_empty() => {
                self.archive.shadow(&again.run, needed).await.map_err(|_| missing)
            }
            (_, own) => own,
        }
    }
}

async fn here(folder: &RunFolder, needed: &[&Snapshot]) -> Result<Shadow> {
    let shadow = Shadow::to_look_at(&folder.git_dir())?;
    for snapshot in needed {
        shadow.tree_of(&snapshot.commit).await?;
    }
    Ok(shadow)
}

const fn is_missing(error: &WorkspaceError) -> bool {
    matches!(error, WorkspaceError::Elsewhere { .. } | WorkspaceError::NoCommit { .. })
}
