//! The setup before an agent: can what it starts from be set up?
//! A setup that fails is tried again, and no agent works meanwhile. What was set up once in a run is remembered by its tree.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::attempt_folder::{AttemptFolder, remove_folders};
use super::bench::Bench;
use super::failure::AttemptId;
use super::prepare::variables;
use crate::checks::{CheckSpec, SetupEnd, try_setup};
use crate::engine::retry_policy::SETUP_BACKOFFS;
use crate::files;
use crate::run::{RunId, Snapshot, Stage};
use crate::workspace::{AttemptFile, Shadow};

/// What is set up, and where.
#[derive(Clone, Copy)]
pub(super) struct SetupOf<'a> {
    pub run: &'a RunId,
    pub stage: &'a Stage,
    pub folder: &'a AttemptFolder,
    pub shadow: &'a Shadow,
    pub snapshot: &'a Snapshot,
}

impl Bench {
    /// Sets it up, a few times if need be, unless that went well before in this run.
    pub(super) async fn set_up_once(
        &self,
        what: SetupOf<'_>,
        stop: &CancellationToken,
    ) -> Result<SetupEnd> {
        if what.stage.setup.is_empty() || self.was_set_up(what) {
            return Ok(SetupEnd::Good);
        }
        self.set_up_now(what, stop).await
    }

    /// Sets it up, a few times if need be, whatever was before: what can be fetched changes.
    pub(super) async fn set_up_now(
        &self,
        what: SetupOf<'_>,
        stop: &CancellationToken,
    ) -> Result<SetupEnd> {
        let begun = Instant::now();
        let longest = Duration::from_secs(what.stage.timeout_seconds);
        let mut backoffs = SETUP_BACKOFFS.into_iter();
        loop {
            let end = self.try_to_set_up(what, stop).await?;
            let next = backoffs.next().filter(|_| begun.elapsed() < longest);
            match (&end, next) {
                (SetupEnd::Failed(failure), Some(backoff)) => {
                    tracing::warn!(run.id = %what.run, "{}; trying again", failure.why);
                    stop.run_until_cancelled(sleep(backoff)).await;
                }
                (SetupEnd::Good, _) => {
                    self.remember_set_up(what);
                    return Ok(end);
                }
                _ => return Ok(end),
            }
        }
    }

    async fn try_to_set_up(&self, what: SetupOf<'_>, stop: &CancellationToken) -> Result<SetupEnd> {
        let (checkout, home) = (what.folder.at("checkout"), what.folder.at("check-home"));
        what.shadow.checkout(what.snapshot, &checkout).await.context("cloning for setup")?;
        remove_folders(std::slice::from_ref(&home)).await;
        fs::create_dir_all(&home).context("making setup's home")?;
        let of = AttemptId { run: what.run, stage: &what.stage.name, attempt: 0 };
        let env = variables(of, what.shadow).await?;
        let spec = CheckSpec {
            stage: what.stage,
            env: &env,
            checkout: &checkout,
            home: &home,
            log: &what.folder.at(AttemptFile::Setup.name()),
            sandbox: &self.sandbox,
            egress: &self.egress,
        };
        let end = try_setup(spec, stop).await?;
        remove_folders(&[checkout, home]).await;
        Ok(end)
    }

    fn was_set_up(&self, what: SetupOf<'_>) -> bool {
        self.mark_of(what).is_file()
    }

    /// Only saves time: without it, setup runs once more.
    pub(super) fn remember_set_up(&self, what: SetupOf<'_>) {
        let mark = self.mark_of(what);
        let made = mark.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(e) = made.and_then(|()| files::write(&mark, "")) {
            tracing::warn!(run.id = %what.run, error = %e, "could not remember that setup went well");
        }
    }

    fn mark_of(&self, what: SetupOf<'_>) -> PathBuf {
        let commands = what.stage.setup.join("\0");
        let digest = Sha256::digest(format!("{}\0{commands}", what.snapshot.tree));
        self.runs.join(what.run.as_str()).join("set-up").join(hex::encode(digest))
    }
}
