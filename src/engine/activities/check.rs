//! The activity `check`: how is a snapshot judged?
//! May be repeated by another worker, and comes out the same.

use std::path::Path;

use anyhow::{Context, Result};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio_util::sync::CancellationToken;

use super::CheckInput;
use super::attempt_folder::{AttemptFolder, remove_folders};
use super::bench::Bench;
use super::database_retry::retry_while_away;
use super::handover::Handover;
use super::heartbeat::with_heartbeat;
use crate::checks::{CheckResult, CheckSpec, check, compare_tests};
use crate::run::{Checked, TestNames, TestsChanged};

impl Bench {
    /// The checks on exactly that snapshot, in a checkout of their own.
    pub(super) async fn check(
        &self,
        ctx: &ActivityContext,
        input: &CheckInput,
    ) -> Result<Checked, ActivityError> {
        let folder = AttemptFolder::take(&self.runs, &input.run, &input.stage.name, input.attempt)?;
        let stop = CancellationToken::new();
        let checking = self.check_in(&folder, input, &stop);
        let checked = with_heartbeat(ctx, &Handover::default(), &stop, checking).await?;
        if stop.is_cancelled() {
            return Err(ActivityError::cancelled());
        }
        Ok(checked?)
    }

    async fn check_in(
        &self,
        folder: &AttemptFolder,
        input: &CheckInput,
        stop: &CancellationToken,
    ) -> Result<Checked> {
        let CheckResult { mut checked, names, .. } = self.run_checks(folder, input, stop).await?;
        if let Some(names) = names {
            // A run that was stopped waits for no database.
            let compared =
                stop.run_until_cancelled(self.compare(input, &names)).await.transpose()?;
            // Where tests failed, some others may only not have been reached.
            checked.tests_changed = compared.flatten().filter(|_| checked.passed);
        }
        Ok(checked)
    }

    async fn run_checks(
        &self,
        folder: &AttemptFolder,
        input: &CheckInput,
        stop: &CancellationToken,
    ) -> Result<CheckResult> {
        let (checkout, home) = (folder.at("checkout"), folder.at("check-home"));
        self.check_out(input, &checkout).await?;
        remove_folders(std::slice::from_ref(&home)).await;
        std::fs::create_dir_all(&home).context("making the checks' home")?;
        let spec = CheckSpec {
            stage: &input.stage,
            checkout: &checkout,
            home: &home,
            log: &folder.at("checks.log"),
            sandbox: &self.sandbox,
        };
        let result = check(spec, stop).await?;
        for (name, report) in &result.reports {
            // For people; the figures were read already.
            let _ = std::fs::write(folder.at(name), report);
        }
        remove_folders(&[checkout, home]).await;
        Ok(result)
    }

    async fn check_out(&self, input: &CheckInput, into: &Path) -> Result<()> {
        let shadow =
            self.existing_shadow(&input.run).await.context("opening the shadow repository")?;
        shadow.checkout(&input.snapshot, into).await.context("checking the snapshot out")
    }

    /// Saves which tests there are; tells which went away since the attempt to compare with, where its tests are known.
    async fn compare(&self, input: &CheckInput, now: &TestNames) -> Result<Option<TestsChanged>> {
        let (run, stage) = (&input.run, &input.stage.name);
        let save = || self.store.save_test_names(run, stage, input.attempt, now);
        retry_while_away(run, "keep the names of the tests", save)
            .await
            .context("keeping the names of the tests")?;
        let Some((stage, attempt)) = &input.compare_with else { return Ok(None) };
        let read = || self.store.test_names(run, stage, *attempt);
        let before = retry_while_away(run, "read the names of the tests before", read)
            .await
            .context("reading the names of the tests before")?;
        Ok(before.map(|before| compare_tests(&before, now)))
    }
}
