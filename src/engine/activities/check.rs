//! The activity `check`: how is a snapshot judged?
//! May be repeated by another worker, and comes out the same.

use anyhow::{Context, Result};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::CheckInput;
use super::agent_choice::Origin;
use super::artifacts::CHECKED_FILES;
use super::attempt_folder::AttemptFolder;
use super::bench::Bench;
use super::database_retry::retry_while_away;
use super::failure::AttemptId;
use super::handover::Handover;
use super::heartbeat::with_heartbeat;
use super::red_green::TestsOn;
use super::setup::SetupOf;
use super::unfit::Unfit;
use crate::checks::{CheckResult, SetupEnd, SetupFailure, TestsTried, check, compare_tests};
use crate::engine::retry_policy::SETUP_BACKOFFS;
use crate::run::{Checked, TestNames, Trouble};
use crate::workspace::AttemptFile;

/// What the commands print about the work, and about what it began with.
const LOG: &str = AttemptFile::Checks.name();
pub(super) const LOG_BEFORE: &str = AttemptFile::ChecksBefore.name();
/// Stands for an attempt before the first, under which the tests are kept that were there already.
pub(super) const BEFORE_ANY: u32 = 0;

/// Of a code that cannot be judged at all, what the checks would say.
pub(super) fn impossible(why: String) -> Checked {
    Checked { why: Some(why), trouble: Some(Trouble::Setup), ..Checked::default() }
}

impl Bench {
    /// The checks on exactly that snapshot, in a checkout of their own.
    pub(super) async fn check(
        &self,
        ctx: &ActivityContext,
        input: &CheckInput,
    ) -> Result<Checked, ActivityError> {
        let _slot = self.slots.hold(input);
        let of = (input.into(), input.may_hand_back);
        self.judge(ctx, of, input.origin(), self.check_or_stop(ctx, input)).await
    }

    /// What checks say that run code from there. Where this worker cannot run it, the work is handed back, or that is what they say.
    pub(super) async fn judge(
        &self,
        ctx: &ActivityContext,
        (of, may_hand_back): (AttemptId<'_>, bool),
        origin: Origin<'_>,
        checking: impl Future<Output = Result<Checked, ActivityError>>,
    ) -> Result<Checked, ActivityError> {
        let error = match self.refuse_unconfined(self.code_of(origin)) {
            Ok(()) => match checking.await {
                Ok(checked) => return Ok(checked),
                Err(error) => error,
            },
            Err(unfit) if may_hand_back => unfit.error().into(),
            Err(unfit) => return Ok(impossible(unfit.to_string())),
        };
        Err(self.hand_back_or_fail(ctx, (of, may_hand_back), error, Handover::default()).await)
    }

    async fn check_or_stop(
        &self,
        ctx: &ActivityContext,
        input: &CheckInput,
    ) -> Result<Checked, ActivityError> {
        let folder = AttemptFolder::take(&self.runs, input.into())?;
        let stop = CancellationToken::new();
        let checking = Box::pin(async {
            let checked = self.check_in(&folder, input, &stop).await;
            self.keep_files(input.into(), &folder, &CHECKED_FILES).await;
            checked
        });
        let checked = with_heartbeat(ctx, &Handover::default(), &stop, checking).await?;
        self.unless_cut_short(checked, &stop).await
    }

    /// What checks say that nobody ended.
    pub(super) async fn unless_cut_short(
        &self,
        checked: Result<Checked>,
        stop: &CancellationToken,
    ) -> Result<Checked, ActivityError> {
        if stop.is_cancelled() {
            return Err(ActivityError::cancelled());
        }
        let checked = checked?;
        if !checked.passed {
            self.refuse_when_asked_to_end().await?;
        }
        Ok(checked)
    }

    async fn check_in(
        &self,
        folder: &AttemptFolder,
        input: &CheckInput,
        stop: &CancellationToken,
    ) -> Result<Checked> {
        let CheckResult { mut checked, names, reports } =
            self.run_checks(folder, input, stop).await?;
        let reports: Vec<&str> = reports.iter().map(|(name, _)| name.as_str()).collect();
        self.keep_files(input.into(), folder, &reports).await;
        if checked.trouble == Some(Trouble::Setup) {
            return self.blame(folder, input, checked, stop).await;
        }
        let Some(names) = names else { return Ok(checked) };
        // A run that was stopped waits for no database.
        let saved = stop.run_until_cancelled(self.save_names(input, input.attempt, &names));
        saved.await.transpose()?;
        // Where tests failed, some others may only not have been reached.
        if checked.passed {
            let before = self.names_before(folder, input, stop).await?;
            checked.tests_changed = before.map(|before| compare_tests(&before, &names));
            checked.red_green = self.red_green(folder, input, (&checked, &names), stop).await;
        }
        Ok(checked)
    }

    /// The checks were not reached. Where what the attempt started from can still be set up, the attempt broke it; else
    /// the attempt is not to blame.
    async fn blame(
        &self,
        folder: &AttemptFolder,
        input: &CheckInput,
        failed: Checked,
        stop: &CancellationToken,
    ) -> Result<Checked> {
        let base = input.base.as_ref().filter(|base| base.tree != input.snapshot.tree);
        let Some(base) = base else { return Ok(failed) };
        let shadow = self.shadow_with(&input.run, &[base]).await;
        let shadow = shadow.context("opening the shadow repository")?;
        let (run, stage) = (&input.run, &input.stage);
        let before = SetupOf { run, stage, folder, shadow: &shadow, snapshot: base };
        Ok(match self.set_up_now(before, stop).await? {
            SetupEnd::Failed(failure) if input.may_hand_back && failure.unreachable.is_some() => {
                return Err(Unfit::by_setup(run, failure).error());
            }
            SetupEnd::Good => {
                let why = failed.why.unwrap_or_default();
                let why = format!("this change breaks setup, which goes well without it: {why}");
                let said = failed.feedback.as_deref().unwrap_or_default();
                let feedback =
                    format!("This change breaks setup, which goes well without it.\n{said}");
                Checked { trouble: None, why: Some(why), feedback: Some(feedback), ..failed }
            }
            SetupEnd::Failed(SetupFailure { why, feedback, .. }) => {
                Checked { why: Some(why), feedback: Some(feedback), ..failed }
            }
            SetupEnd::Stopped => failed,
        })
    }

    /// Setup is tried again where it fails.
    pub(super) async fn run_checks(
        &self,
        folder: &AttemptFolder,
        input: &CheckInput,
        stop: &CancellationToken,
    ) -> Result<CheckResult> {
        for backoff in SETUP_BACKOFFS {
            let result = self.run_setup_and_checks(folder, input, stop).await?;
            if result.checked.trouble.is_none() || stop.is_cancelled() {
                return Ok(result);
            }
            stop.run_until_cancelled(sleep(backoff)).await;
        }
        self.run_setup_and_checks(folder, input, stop).await
    }

    async fn run_setup_and_checks(
        &self,
        folder: &AttemptFolder,
        input: &CheckInput,
        stop: &CancellationToken,
    ) -> Result<CheckResult> {
        let place = self.check_place(folder, input, &input.snapshot).await?;
        let result = check(place.spec(self, &input.stage, &folder.at(LOG)), stop).await?;
        for (name, report) in &result.reports {
            // For people; the figures were read already.
            let _ = std::fs::write(folder.at(name), report);
        }
        let shadow = place.clear().await;
        if result.checked.trouble.is_none() && !stop.is_cancelled() && !input.stage.setup.is_empty()
        {
            let (run, stage, snapshot) = (&input.run, &input.stage, &input.snapshot);
            self.remember_set_up(SetupOf { run, stage, folder, shadow: &shadow, snapshot });
        }
        Ok(result)
    }

    /// The tests that should still be there: of the newest good attempt with these checks; of what the run began with, where this is its
    /// first.
    async fn names_before(
        &self,
        folder: &AttemptFolder,
        input: &CheckInput,
        stop: &CancellationToken,
    ) -> Result<Option<TestNames>> {
        let known = match &input.compare_with {
            Some((stage, attempt)) => (stage, *attempt),
            None => (&input.stage.name, BEFORE_ANY),
        };
        let read = || self.store.test_names(&input.run, known.0, known.1);
        let reading = retry_while_away(&input.run, "read the names of the tests before", read);
        let Some(read) = stop.run_until_cancelled(reading).await else { return Ok(None) };
        let names = read.context("reading the names of the tests before")?;
        if names.is_some() || input.compare_with.is_some() {
            return Ok(names);
        }
        self.names_at_the_beginning(folder, input, stop).await
    }

    /// Of what the work began with, whatever the checks say of it.
    async fn names_at_the_beginning(
        &self,
        folder: &AttemptFolder,
        input: &CheckInput,
        stop: &CancellationToken,
    ) -> Result<Option<TestNames>> {
        // An attempt that goes on from red work of its stage is no beginning.
        let base = input.stage_base.as_ref().or(input.base.as_ref());
        let base = base.filter(|base| base.tree != input.snapshot.tree);
        let Some(base) = base.filter(|base| !base.is_empty()) else { return Ok(None) };
        let on = TestsOn { folder, input, snapshot: base, log: LOG_BEFORE };
        let TestsTried::Ran { names, .. } = self.tests_on(on, &input.stage, stop).await? else {
            return Ok(None);
        };
        self.save_names(input, BEFORE_ANY, &names).await?;
        Ok(Some(names))
    }

    async fn save_names(&self, input: &CheckInput, attempt: u32, names: &TestNames) -> Result<()> {
        let (run, stage) = (&input.run, &input.stage.name);
        let save = || self.store.save_test_names(run, stage, attempt, names);
        let saved = retry_while_away(run, "keep the names of the tests", save).await;
        saved.context("keeping the names of the tests")
    }
}
