//! Bundles: how does a shadow repository come to another disk?
//! What a run began with is a bundle that runs of the same beginning share; each snapshot is one on top of that. A shadow repository is only a
//! cache of them: what it does not have is fetched. A snapshot is here before anybody is told of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::artifact_keys::{ArtifactKeys, beginning_bundle, file_name};
use super::import::{BASE, SETTINGS};
use super::{ArtifactStore, Result, Shadow, WorkspaceError};
use crate::files::{FileLock, Staging};
use crate::run::{RunId, Snapshot};

/// To pack or unpack a big repository.
const PACK_TIMEOUT: Duration = Duration::from_mins(10);
/// What is older was left by a worker that died.
const STALE: Duration = Duration::from_hours(1);
/// Refs of the beginning.
const BEGINNING: [&str; 3] = ["refs/signoff/base", "refs/remotes/", "refs/tags/"];
/// git's file for it.
const SHALLOW: &str = "shallow";

/// What a run began with, and where its bundle lies.
#[derive(Debug, Serialize, Deserialize)]
struct Beginning {
    bundle: String,
    /// Our settings of the shadow repository.
    settings: BTreeMap<String, String>,
    /// Where its past was cut off, as git's file `shallow` has it.
    #[serde(default)]
    shallow: Option<String>,
}

/// The bundles of one run.
#[derive(Clone, Copy, Debug)]
pub struct Bundles<'a> {
    pub artifacts: &'a ArtifactStore,
    pub run: &'a RunId,
}

impl Bundles<'_> {
    /// Keeps a snapshot that is under this name in `shadow`. Done again, it changes nothing.
    pub async fn keep(&self, shadow: &Shadow, name: &str, snapshot: &Snapshot) -> Result<()> {
        self.keep_beginning(shadow).await?;
        let key = ArtifactKeys(self.run).snapshot(name, &snapshot.commit);
        if self.artifacts.has(&key).await? {
            return Ok(());
        }
        let file = shadow.room_for_a_bundle()?;
        let wanted = format!("refs/signoff/{name}\n^refs/signoff/{BASE}");
        shadow.bundle(&file, wanted.into_bytes()).await?;
        self.artifacts.put_file(&key, file.path()).await
    }

    /// The shadow repository at this place, with these snapshots in it; an error where one is neither there nor in the store.
    pub async fn shadow_with(&self, git_dir: PathBuf, needed: &[&Snapshot]) -> Result<Shadow> {
        if let Ok(shadow) = Shadow::existing(&git_dir).await
            && shadow.has(needed).await?
        {
            return Ok(shadow);
        }
        let _held = lock(&git_dir).await?;
        let elsewhere = || WorkspaceError::Elsewhere { path: git_dir.display().to_string() };
        let beginning = self.beginning().await?.ok_or_else(elsewhere)?;
        let shadow = Shadow::open(&git_dir).await?;
        self.fetch_all(&shadow, &beginning).await?;
        if shadow.has(needed).await? { Ok(shadow) } else { Err(elsewhere()) }
    }

    /// The shadow repository of a run that has no snapshot yet: empty, unless a worker that had the run before left what it began with. That stays
    /// its beginning, whatever was pushed since.
    pub async fn shadow_to_begin(&self, git_dir: PathBuf) -> Result<Shadow> {
        match self.shadow_with(git_dir.clone(), &[]).await {
            Err(WorkspaceError::Elsewhere { .. }) => Shadow::open(&git_dir).await,
            begun => begun,
        }
    }

    async fn fetch_all(&self, shadow: &Shadow, beginning: &Beginning) -> Result<()> {
        if shadow.base().await?.is_none() {
            if let Some(cut) = &beginning.shallow {
                fs::write(shadow.path().join(SHALLOW), cut)
                    .map_err(WorkspaceError::io("saying where its past was cut off"))?;
            }
            for (name, value) in &beginning.settings {
                shadow.git().args(["config", name, value]).bytes().await?;
            }
            // With it comes the base, by which a run is known to have begun.
            self.fetch(shadow, &beginning.bundle, "refs/*:refs/*").await?;
        }
        self.fetch_snapshots(shadow).await
    }

    /// The snapshots that others kept since this shadow repository was filled.
    pub async fn catch_up(&self, shadow: &Shadow) -> Result<()> {
        let _held = lock(shadow.path()).await?;
        self.fetch_snapshots(shadow).await
    }

    async fn fetch_snapshots(&self, shadow: &Shadow) -> Result<()> {
        let mut bundles = self.artifacts.list(&ArtifactKeys(self.run).snapshots()).await?;
        bundles.sort_by_key(|bundle| bundle.kept_at);
        for bundle in bundles {
            if !shadow.has_bundled(file_name(&bundle.key)).await? {
                self.fetch(shadow, &bundle.key, "+refs/signoff/*:refs/signoff/*").await?;
            }
        }
        Ok(())
    }

    async fn fetch(&self, shadow: &Shadow, key: &str, refs: &str) -> Result<()> {
        let file = shadow.room_for_a_bundle()?;
        if !self.artifacts.get_file(key, file.path()).await? {
            let (address, why) = (self.artifacts.address().to_owned(), format!("{key} is missing"));
            return Err(WorkspaceError::Artifacts { address, why });
        }
        let fetch = ["fetch", "-q", "--no-tags", "--no-write-fetch-head", "--update-shallow", "--"];
        let git = shadow.git().args(fetch).args([file.path()]).args([refs]);
        git.within(PACK_TIMEOUT).bytes().await.map(drop)
    }

    async fn keep_beginning(&self, shadow: &Shadow) -> Result<()> {
        let key = ArtifactKeys(self.run).beginning();
        if let Some(said) = self.beginning().await?
            && self.artifacts.has(&said.bundle).await?
        {
            return Ok(());
        }
        if shadow.base().await?.is_none() {
            return Err(WorkspaceError::Elsewhere { path: shadow.path().display().to_string() });
        }
        let refs = shadow.git().args(["for-each-ref", "--format=%(objectname) %(refname)"]);
        let refs = refs.args(BEGINNING).bytes().await?;
        let bundle = beginning_bundle(&hex::encode(Sha256::digest(&refs)));
        self.keep_bundle(shadow, &bundle, &refs).await?;
        let mut settings = BTreeMap::new();
        for name in SETTINGS {
            settings.extend(shadow.setting(name).await?.map(|value| (name.to_owned(), value)));
        }
        let shallow = fs::read_to_string(shadow.path().join(SHALLOW)).ok();
        let beginning = Beginning { bundle, settings, shallow };
        let text = serde_json::to_vec(&beginning).unwrap_or_default();
        self.artifacts.put(&key, text).await?;
        // Whoever pruned the last other run that had begun with it did not know of this one.
        self.keep_bundle(shadow, &beginning.bundle, &refs).await
    }

    async fn keep_bundle(&self, shadow: &Shadow, bundle: &str, refs: &[u8]) -> Result<()> {
        if self.artifacts.has(bundle).await? {
            return Ok(());
        }
        let file = shadow.room_for_a_bundle()?;
        // Names are bytes, also those of tags.
        let lines = refs.split(|byte| *byte == b'\n');
        let names = lines.filter_map(|line| line.splitn(2, |byte| *byte == b' ').nth(1));
        shadow.bundle(&file, names.collect::<Vec<_>>().join(&b'\n')).await?;
        self.artifacts.put_file(bundle, file.path()).await
    }

    /// The name of what the run began with; none where it has kept nothing yet.
    pub(super) async fn beginning_bundle(&self) -> Result<Option<String>> {
        Ok(self.beginning().await?.map(|beginning| beginning.bundle))
    }

    async fn beginning(&self) -> Result<Option<Beginning>> {
        let found = self.artifacts.get(&ArtifactKeys(self.run).beginning()).await?;
        Ok(found.and_then(|text| serde_json::from_slice(&text).ok()))
    }
}

/// Two activities of one run may miss the same.
async fn lock(git_dir: &Path) -> Result<FileLock> {
    let folder = git_dir.with_file_name("");
    let doing = |what: &str| format!("{what} {}", folder.display());
    fs::create_dir_all(&folder).map_err(WorkspaceError::io(doing("making")))?;
    let held = FileLock::take(&folder.join("shadow.lock"), || {}).await;
    held.map_err(WorkspaceError::io(doing("locking")))
}

impl Shadow {
    /// Of these names, one a line.
    async fn bundle(&self, file: &Staging, wanted: Vec<u8>) -> Result<()> {
        // By standard input: a project may have more tags than a command line holds.
        let git = self.git().args(["bundle", "create", "-q"]).args([file.path()]).args(["--stdin"]);
        git.input(wanted).within(PACK_TIMEOUT).bytes().await.map(drop)
    }

    /// Beside the repository, on its own disk; removed once it was used.
    fn room_for_a_bundle(&self) -> Result<Staging> {
        let beside = self.path().with_file_name("bundle");
        Staging::beside(&beside, STALE).map_err(WorkspaceError::io("making room for a bundle"))
    }

    async fn has(&self, snapshots: &[&Snapshot]) -> Result<bool> {
        for snapshot in snapshots {
            match self.tree_of(&snapshot.commit).await {
                Ok(_) => {}
                Err(WorkspaceError::NoCommit { .. }) => return Ok(false),
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }

    /// The snapshot that is kept under this name, where it was made of `base`.
    pub async fn kept_on(&self, base: &Snapshot, name: &str) -> Result<Option<Snapshot>> {
        let Some(kept) = self.find(name).await? else { return Ok(None) };
        let is_child = self.is_child(&kept, base).await?;
        Ok(Some(kept).filter(|_| is_child))
    }

    /// Whether a snapshot was made of `base`.
    pub async fn is_child(&self, snapshot: &Snapshot, base: &Snapshot) -> Result<bool> {
        let parent = format!("{}^", snapshot.commit);
        let parent = self.git().args(["rev-parse", "--verify", &parent]).line().await?;
        Ok(parent == base.commit)
    }

    /// Whether what this bundle is named after is here.
    async fn has_bundled(&self, name: &str) -> Result<bool> {
        let mut parts = name.rsplit('.').skip(1);
        let (commit, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let here = self.find(name).await?;
        Ok(here.is_some_and(|here| here.commit.starts_with(commit)))
    }
}
