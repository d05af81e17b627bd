//! The place of checks: where do the commands of a stage run?
//! In a checkout of one snapshot, with a HOME of its own; both go away with what was asked.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::CheckInput;
use super::attempt_folder::{AttemptFolder, remove_folders};
use super::bench::Bench;
use super::prepare::variables;
use crate::checks::CheckSpec;
use crate::run::{Snapshot, Stage};
use crate::workspace::Shadow;

/// A checkout, its HOME, and what tells programs of their run.
pub(super) struct CheckPlace {
    pub shadow: Shadow,
    checkout: PathBuf,
    home: PathBuf,
    env: Vec<(String, String)>,
}

impl Bench {
    pub(super) async fn check_place(
        &self,
        folder: &AttemptFolder,
        input: &CheckInput,
        snapshot: &Snapshot,
    ) -> Result<CheckPlace> {
        let (checkout, home) = (folder.at("checkout"), folder.at("check-home"));
        let shadow = self.shadow_with(&input.run, &[snapshot]).await;
        let shadow = shadow.context("opening the shadow repository")?;
        shadow.checkout(snapshot, &checkout).await.context("checking the snapshot out")?;
        remove_folders(std::slice::from_ref(&home)).await;
        std::fs::create_dir_all(&home).context("making the checks' home")?;
        let env = variables(input.into(), &shadow).await?;
        Ok(CheckPlace { shadow, checkout, home, env })
    }
}

impl CheckPlace {
    pub fn spec<'a>(&'a self, bench: &'a Bench, stage: &'a Stage, log: &'a Path) -> CheckSpec<'a> {
        CheckSpec {
            stage,
            env: &self.env,
            checkout: &self.checkout,
            home: &self.home,
            log,
            sandbox: &bench.sandbox,
            egress: &bench.egress,
        }
    }

    pub async fn clear(self) -> Shadow {
        remove_folders(&[self.checkout, self.home]).await;
        self.shadow
    }
}
