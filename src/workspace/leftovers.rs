//! What runs left: how much is it, and how is it thrown away?
//! On this disk and in the artifact store. Who may throw what away is decided elsewhere; here only that nobody works in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt, TryStreamExt, stream};

use super::artifact_keys::{ArtifactKeys, BEGINNINGS, RUNS};
use super::{Archive, Artifact, ArtifactStore, Bundles, Result, RunFolder, WorkspaceError};
use crate::files::{self, FileLock};
use crate::run::RunId;

/// Requests to the store at a time.
const AT_ONCE: usize = 16;
/// What a beginning is made for says so a moment later.
const YOUNG: TimeDelta = TimeDelta::days(1);
/// What the file system counts in.
const BLOCK_BYTES: u64 = 512;

/// What a run left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Bytes on this disk.
    pub here: u64,
    /// Bytes in the artifact store that are its own.
    pub stored: u64,
    /// What it began with, which others may share.
    pub beginning: Option<String>,
}

/// What became of an order to throw away what a run left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    Done,
    /// A worker of this machine is at it.
    InUse,
}

/// Everything that lies around.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// By run; or by whatever else a folder is called.
    pub runs: BTreeMap<String, Leftovers>,
    /// Bytes of what runs began with, by name.
    pub beginnings: BTreeMap<String, u64>,
}

impl Leftovers {
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.here.saturating_add(self.stored)
    }
}

impl Archive {
    /// What there is, of all runs.
    pub async fn inventory(&self) -> Result<Inventory> {
        let mut inventory = Inventory::default();
        for (name, bytes) in self.sizes_here().await? {
            inventory.runs.entry(name).or_default().here += bytes;
        }
        let Some(artifacts) = &self.artifacts else { return Ok(inventory) };
        for artifact in artifacts.list(RUNS).await? {
            let Some(name) = artifact.key.split('/').nth(1) else { continue };
            inventory.runs.entry(name.to_owned()).or_default().stored += artifact.bytes;
        }
        for (name, beginning) in begun_with(artifacts, inventory.runs.keys()).await? {
            inventory.runs.entry(name).or_default().beginning = Some(beginning);
        }
        let beginnings = artifacts.list(BEGINNINGS).await?;
        inventory.beginnings = beginnings.into_iter().map(|it| (it.key, it.bytes)).collect();
        Ok(inventory)
    }

    /// Bytes on this disk, by run; or by whatever else a folder is called.
    pub async fn sizes_here(&self) -> Result<Vec<(String, u64)>> {
        let folders = [self.runs.clone(), self.fetched.clone()];
        #[expect(clippy::disallowed_methods, reason = "no process is started there")]
        let measuring = tokio::task::spawn_blocking(move || {
            folders.iter().map(|folder| sizes_in(folder)).collect::<io::Result<Vec<_>>>()
        });
        let measured = measuring.await.unwrap_or_else(|lost| Err(io::Error::other(lost)));
        let sizes =
            measured.map_err(WorkspaceError::io(format!("measuring {}", self.runs.display())))?;
        Ok(sizes.into_iter().flatten().collect())
    }

    /// Throws away what a run left here.
    pub async fn remove_here(&self, run: &RunId) -> Result<Removal> {
        let folder = RunFolder::of(&self.runs, run);
        let Some(_held) = locks(folder.path())? else { return Ok(Removal::InUse) };
        for path in [folder.path(), RunFolder::of(&self.fetched, run).path()] {
            let doing = || WorkspaceError::io(format!("removing {}", path.display()));
            files::remove(path).await.map_err(doing())?;
        }
        Ok(Removal::Done)
    }

    /// Whether a worker of this machine is at it.
    pub fn is_in_use(&self, run: &RunId) -> Result<bool> {
        Ok(locks(RunFolder::of(&self.runs, run).path())?.is_none())
    }

    /// Throws away what a run alone left in the artifact store.
    pub async fn remove_stored(&self, run: &RunId) -> Result<()> {
        let Some(artifacts) = &self.artifacts else { return Ok(()) };
        let found = artifacts.list(&ArtifactKeys(run).run()).await?;
        artifacts.remove_all(found.into_iter().map(|it| it.key)).await
    }

    /// What no run began with any more, though it lies there for a while: the bundles, oldest first.
    pub async fn orphaned_beginnings(&self, now: DateTime<Utc>) -> Result<Vec<Artifact>> {
        let Some(artifacts) = &self.artifacts else { return Ok(Vec::new()) };
        let mut bundles = artifacts.list(BEGINNINGS).await?;
        bundles.retain(|bundle| bundle.kept_at < now - YOUNG);
        if bundles.is_empty() {
            return Ok(bundles);
        }
        let begun = self.begun().await?;
        bundles.retain(|bundle| !begun.values().any(|used| *used == bundle.key));
        Ok(bundles)
    }

    /// What each run says in the artifact store that it began with.
    pub async fn begun(&self) -> Result<BTreeMap<String, String>> {
        let Some(artifacts) = &self.artifacts else { return Ok(BTreeMap::new()) };
        let stored = artifacts.list(RUNS).await?;
        let names: BTreeSet<String> =
            stored.iter().filter_map(|it| Some(it.key.split('/').nth(1)?.to_owned())).collect();
        Ok(begun_with(artifacts, names.iter()).await?.into_iter().collect())
    }

    /// Throws these away.
    pub async fn remove_beginnings(&self, bundles: Vec<Artifact>) -> Result<()> {
        let Some(artifacts) = &self.artifacts else { return Ok(()) };
        artifacts.remove_all(bundles.into_iter().map(|it| it.key)).await
    }
}

/// The bundles that these runs began with, where the store has that.
async fn begun_with(
    artifacts: &ArtifactStore,
    names: impl Iterator<Item = &String>,
) -> Result<Vec<(String, String)>> {
    let runs: Vec<RunId> = names.filter_map(|name| name.parse().ok()).collect();
    let asked = stream::iter(runs).map(|run| async move {
        let bundle = Bundles { artifacts, run: &run }.beginning_bundle().await?;
        Ok::<_, WorkspaceError>(bundle.map(|bundle| (run.to_string(), bundle)))
    });
    let found: Vec<_> = asked.buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The locks of all that work in a run's folder; none where somebody does.
fn locks(folder: &Path) -> Result<Option<Vec<FileLock>>> {
    let mut held = Vec::new();
    let attempts = entries(folder).into_iter().map(|entry| entry.join("lock"));
    for path in attempts.chain([folder.join("shadow.lock")]) {
        match FileLock::try_take_existing(&path) {
            Ok(lock) => held.push(lock),
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) if is_none(&e) => {}
            Err(TryLockError::Error(e)) => {
                return Err(WorkspaceError::io(format!("locking {}", path.display()))(e));
            }
        }
    }
    Ok(Some(held))
}

fn is_none(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn sizes_in(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(entries
            .flatten()
            .map(|it| (it.file_name().to_string_lossy().into_owned(), bytes_of(it.path())))
            .collect()),
        Err(e) if is_none(&e) => Ok(Vec::new()),
        Err(e) => Err(e),
    }
}

/// What a tree takes of the disk. Links count as links; what cannot be read, and what is removed meanwhile, not at all.
fn bytes_of(tree: PathBuf) -> u64 {
    let (mut bytes, mut left) = (0_u64, vec![tree]);
    while let Some(path) = left.pop() {
        let Ok(data) = fs::symlink_metadata(&path) else { continue };
        bytes = bytes.saturating_add(data.blocks() * BLOCK_BYTES);
        if data.is_dir() {
            left.extend(entries(&path));
        }
    }
    bytes
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
