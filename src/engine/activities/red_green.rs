//! The proof of new tests: do they fail on the code before?
//! Asked after green checks alone, within a time of its own. Whatever comes of it, the attempt is as good as it was.

use std::time::Instant;

use anyhow::{Context, Result};
use tokio_util::sync::CancellationToken;

use super::CheckInput;
use super::attempt_folder::AttemptFolder;
use super::bench::Bench;
use super::check::{BEFORE_ANY, LOG_BEFORE};
use crate::checks::{TestsTried, compare_red_green, try_tests};
use crate::engine::retry_policy::red_green_timeout;
use crate::run::{Checked, NotKnown, RedGreen, Snapshot, Stage, StageName, TestNames};
use crate::workspace::{AttemptFile, TestPart};

/// What the commands print with the new tests on the code before.
pub(super) const LOG_RED_GREEN: &str = AttemptFile::ChecksRedGreen.name();

/// Which code the tests of a stage are run on.
#[derive(Clone, Copy)]
pub(super) struct TestsOn<'a> {
    pub folder: &'a AttemptFolder,
    pub input: &'a CheckInput,
    pub snapshot: &'a Snapshot,
    /// Where the commands' output goes.
    pub log: &'a str,
}

/// The tests of a good attempt, and what its stage began with.
#[derive(Clone, Copy)]
struct NewTests<'a> {
    folder: &'a AttemptFolder,
    input: &'a CheckInput,
    base: &'a Snapshot,
    now: &'a TestNames,
    /// By then it is known or not.
    deadline: Instant,
}

impl Bench {
    /// None where there is nothing to say. What goes wrong is logged: nobody's work is worse for it.
    pub(super) async fn red_green(
        &self,
        folder: &AttemptFolder,
        input: &CheckInput,
        (checked, now): (&Checked, &TestNames),
        stop: &CancellationToken,
    ) -> Option<RedGreen> {
        let base = input.stage_base.as_ref().or(input.base.as_ref())?;
        if !input.stage.red_green || base.is_empty() || base.tree == input.snapshot.tree {
            return None;
        }
        let deadline = Instant::now() + red_green_timeout(&input.stage, checked.seconds);
        match self.try_new_tests(NewTests { folder, input, base, now, deadline }, stop).await {
            Ok(told) => told.filter(|told| told.says_something() && !stop.is_cancelled()),
            Err(e) => {
                let error = format!("{e:#}");
                tracing::warn!(run.id = %input.run, error, "could not run new tests on the code before");
                None
            }
        }
    }

    async fn try_new_tests(
        &self,
        tests: NewTests<'_>,
        stop: &CancellationToken,
    ) -> Result<Option<RedGreen>> {
        let shadow =
            self.shadow_with(&tests.input.run, &[tests.base, &tests.input.snapshot]).await?;
        let part = shadow.test_part(tests.base, &tests.input.snapshot).await;
        let part = part.context("telling the tests from the code")?;
        if part == TestPart::None {
            return Ok(None);
        }
        let before = self.names_of_base(tests, stop).await?;
        // What nobody knows is not said to be new, unless there was no test at all.
        if before.is_none() && shadow.has_tests(tests.base).await? {
            return Ok(None);
        }
        let tried = match self.try_part(tests, &part, stop).await? {
            // Nothing reports there without them either, so that says nothing of them.
            TestsTried::NothingRan if before.is_none() => TestsTried::NotKnown(NotKnown::NoReport),
            tried => tried,
        };
        let left_out = matches!(part, TestPart::SomeOnBase(_)).then_some(NotKnown::AmongTheCode);
        Ok(compare_red_green((&before.unwrap_or_default(), tests.now), &tried, left_out))
    }

    async fn try_part(
        &self,
        tests: NewTests<'_>,
        part: &TestPart,
        stop: &CancellationToken,
    ) -> Result<TestsTried> {
        match part {
            TestPart::None | TestPart::All => Ok(TestsTried::NotKnown(NotKnown::OnlyTests)),
            TestPart::AmongTheCode => Ok(TestsTried::NotKnown(NotKnown::AmongTheCode)),
            TestPart::OnBase(snapshot) | TestPart::SomeOnBase(snapshot) => {
                self.tests_on(
                    tests.on(snapshot, LOG_RED_GREEN),
                    &tests.stage_with_time_left(),
                    stop,
                )
                .await
            }
        }
    }

    /// The tests of what the stage began with: known where the same checks judged it; else they are run on it.
    async fn names_of_base(
        &self,
        tests: NewTests<'_>,
        stop: &CancellationToken,
    ) -> Result<Option<TestNames>> {
        if let Some((stage, attempt)) = tests.input.attempt_of_base() {
            let names = self.store.test_names(&tests.input.run, stage, attempt).await;
            if let Some(names) = names.context("reading the names of the tests before")? {
                return Ok(Some(names));
            }
        }
        let on = tests.on(tests.base, LOG_BEFORE);
        Ok(match self.tests_on(on, &tests.stage_with_time_left(), stop).await? {
            TestsTried::Ran { names, .. } => Some(names),
            _ => None,
        })
    }

    /// Runs the tests of this stage on some code, and says what they did there.
    pub(super) async fn tests_on(
        &self,
        on: TestsOn<'_>,
        stage: &Stage,
        stop: &CancellationToken,
    ) -> Result<TestsTried> {
        let place = self.check_place(on.folder, on.input, on.snapshot).await?;
        let tried = try_tests(place.spec(self, stage, &on.folder.at(on.log)), stop).await;
        place.clear().await;
        tried
    }
}

impl CheckInput {
    /// Under which attempt the tests of what the stage began with are kept. Where there is no good attempt at all to compare with, they were
    /// run on it just before.
    fn attempt_of_base(&self) -> Option<(&StageName, u32)> {
        let made_it = self.base_tests.as_ref().map(|(stage, attempt)| (stage, *attempt));
        made_it.or_else(|| self.compare_with.is_none().then_some((&self.stage.name, BEFORE_ANY)))
    }
}

impl<'a> NewTests<'a> {
    const fn on(self, snapshot: &'a Snapshot, log: &'a str) -> TestsOn<'a> {
        TestsOn { folder: self.folder, input: self.input, snapshot, log }
    }

    fn stage_with_time_left(self) -> Stage {
        let left = self.deadline.saturating_duration_since(Instant::now());
        Stage { timeout_seconds: left.as_secs().max(1), ..self.input.stage.clone() }
    }
}
