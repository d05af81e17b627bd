//! The activity `check`: how is a snapshot judged?
//! May be repeated by another worker, and comes out the same.

use anyhow::Context;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio_util::sync::CancellationToken;

use super::CheckInput;
use super::attempt_folder::{AttemptFolder, tidy};
use super::bench::Bench;
use super::database_retry::patiently;
use super::handover::Handover;
use super::heartbeat::beating;
use crate::checks::{CheckSpec, Judged, changed, check};
use crate::run::{Checked, TestNames, TestsChanged};

impl Bench {
    /// The checks on exactly that snapshot, in a checkout of their own.
    pub(super) async fn check(
        &self,
        ctx: &ActivityContext,
        input: &CheckInput,
    ) -> Result<Checked, ActivityError> {
        let desk = AttemptFolder::take(&self.runs, &input.run, &input.stage.name, input.attempt)?;
        let stop = CancellationToken::new();
        let checked =
            beating(ctx, &Handover::default(), &stop, self.judged(input, &desk, &stop)).await?;
        if stop.is_cancelled() {
            return Err(ActivityError::cancelled());
        }
        Ok(checked?)
    }

    async fn judged(
        &self,
        input: &CheckInput,
        desk: &AttemptFolder,
        stop: &CancellationToken,
    ) -> anyhow::Result<Checked> {
        let shadow = self.begun(&input.run).await.context("opening the shadow repository")?;
        let (checkout, home, log) =
            (desk.at("checkout"), desk.at("check-home"), desk.at("checks.log"));
        shadow.checkout(&input.snapshot, &checkout).await.context("checking the snapshot out")?;
        tidy(std::slice::from_ref(&home)).await;
        std::fs::create_dir_all(&home).context("making the checks' home")?;
        let spec = CheckSpec {
            stage: &input.stage,
            checkout: &checkout,
            home: &home,
            log: &log,
            sandbox: &self.sandbox,
        };
        let Judged { mut checked, names } = check(spec, stop).await?;
        if let Some(junit) = &input.stage.reports.junit {
            // Kept for people; the figures were read already.
            let _ = std::fs::copy(checkout.join(junit), desk.at("junit.xml"));
        }
        tidy(&[checkout, home]).await;
        if let Some(names) = names {
            // A run that was stopped waits for no database.
            let compared =
                stop.run_until_cancelled(self.compare(input, &names)).await.transpose()?;
            // Of red tests some may only not have been reached.
            checked.tests_changed = compared.flatten().filter(|_| checked.passed);
        }
        Ok(checked)
    }

    /// Keeps which tests there are; tells which went away since the attempt to compare with, where its tests are known.
    async fn compare(
        &self,
        input: &CheckInput,
        now: &TestNames,
    ) -> anyhow::Result<Option<TestsChanged>> {
        let (run, stage) = (&input.run, &input.stage.name);
        let keep = || self.store.save_test_names(run, stage, input.attempt, now);
        patiently(run, "keep the names of the tests", keep)
            .await
            .context("keeping the names of the tests")?;
        let Some((stage, attempt)) = &input.compare_with else { return Ok(None) };
        let before = patiently(run, "read the names of the tests before", || {
            self.store.test_names(run, stage, *attempt)
        })
        .await;
        Ok(before
            .context("reading the names of the tests before")?
            .map(|before| changed(&before, now)))
    }
}
