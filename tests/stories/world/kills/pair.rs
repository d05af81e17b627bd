//! Two workers, each with a disk of its own, and a store that both reach.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::git::Gits;
use crate::world::process::Process;
use crate::world::{World, wait};

pub(super) const NAMES: [&str; 2] = ["first", "second"];
const READY: &str = "worker takes runs";

pub(super) struct Pair<'w> {
    /// Which is asked what it would be in most stories.
    first: &'w Process,
    second: Process,
    pub gits: Gits,
    folder: &'w Path,
}

impl<'w> Pair<'w> {
    pub async fn start(world: &'w World) -> Result<Self> {
        world.worker.crashes().await?;
        let before = world.worker.log().matches(READY).count();
        let folder = world.folder.path();
        let second = world.worker.beside("second");
        let pair = Self { first: &world.worker, second, gits: Gits::new(folder)?, folder };
        let address = world.worker.setting("DATABASE_URL");
        for name in NAMES {
            let worker = pair.worker(name);
            let mut address = url::Url::parse(&address)?;
            // By which a write is known to be this one's.
            address.query_pairs_mut().append_pair("application_name", name);
            worker.will_have("DATABASE_URL", address.as_str());
            worker.will_have("SIGNOFF_HOME", &pair.disk(name).display().to_string());
            worker.will_have("SIGNOFF_ARTIFACTS", &folder.join("store").display().to_string());
            worker.will_have("PATH", &pair.gits.of(name)?);
            worker.comes_back()?;
        }
        // Each has its chance to be the one that is killed.
        pair.first.says(READY, before + 1).await?;
        pair.second.says(READY, 1).await?;
        Ok(pair)
    }

    pub fn worker(&self, name: &str) -> &Process {
        if name == "second" { &self.second } else { self.first }
    }

    pub fn disk(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn disks(&self) -> Vec<PathBuf> {
        NAMES.iter().map(|name| self.disk(name)).collect()
    }

    /// Whoever has the folder of an attempt.
    pub fn with_attempt(&self, run: &str, attempt: &str) -> Result<&'static str> {
        let has = |name: &&&str| self.disk(name).join("runs").join(run).join(attempt).is_dir();
        NAMES.iter().find(has).copied().context("nobody has it")
    }

    /// Nothing is left on a worker's disk.
    pub async fn is_wiped(&self, name: &str) -> Result<()> {
        let disk = self.disk(name);
        // What its dead worker had started may still be at its end, and write.
        wait::until(&format!("an empty {}", disk.display()), async || {
            Ok(fs::remove_dir_all(&disk).is_ok() || !disk.exists())
        })
        .await
    }
}
