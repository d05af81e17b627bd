//! The failure of an activity: what does Temporal learn of it?
//! Why, in one text; what was spent, so that it counts however it ends; and a longer wait where a disk is full.

use std::error::Error;
use std::iter;

use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::time::timeout;

use super::bench::Bench;
use super::handover::Handover;
use super::heartbeat::clock;
use super::{CheckInput, SpentInput, WriteInput};
use crate::engine::retry_policy::{PROGRESS_TIMEOUT, disk_full_backoff};
use crate::files::is_disk_full;
use crate::run::{Progress, RunId, StageName};
use crate::workspace::WorkspaceError;

/// Which attempt an activity works on.
#[derive(Clone, Copy)]
pub(super) struct AttemptId<'a> {
    pub run: &'a RunId,
    pub stage: &'a StageName,
    pub attempt: u32,
}

impl<'a> From<&'a WriteInput> for AttemptId<'a> {
    fn from(input: &'a WriteInput) -> Self {
        Self { run: &input.run, stage: &input.stage.name, attempt: input.attempt }
    }
}

impl<'a> From<&'a CheckInput> for AttemptId<'a> {
    fn from(input: &'a CheckInput) -> Self {
        Self { run: &input.run, stage: &input.stage.name, attempt: input.attempt }
    }
}

impl<'a> From<&'a SpentInput> for AttemptId<'a> {
    fn from(input: &'a SpentInput) -> Self {
        Self { run: &input.run, stage: &input.stage, attempt: input.attempt }
    }
}

impl Bench {
    /// An activity's error as Temporal should have it. A full disk is also told to people.
    pub(super) async fn failed(
        &self,
        ctx: &ActivityContext,
        of: AttemptId<'_>,
        error: ActivityError,
        spent: Handover,
    ) -> ActivityError {
        let ActivityError::Application(failure) = &error else { return error };
        if failure.is_non_retryable() {
            return error;
        }
        let cause: &(dyn Error + 'static) = failure.source_error();
        let why = why_of(failure);
        if !chain(cause).any(is_no_room) {
            return ApplicationFailure::builder(why).details(spent).build().into();
        }
        let run = of.run;
        tracing::error!(run.id = %run, "the disk is full: run {run} waits until there is room");
        self.tell_step(of, &spent, "disk full: waiting until there is room").await;
        let wait = disk_full_backoff(ctx.info().attempt);
        let why = format!("disk full: {why}");
        ApplicationFailure::builder(why)
            .type_name("DiskFull".to_owned())
            .next_retry_delay(wait)
            .details(spent)
            .build()
            .into()
    }

    /// Tells people what an attempt does. Dropped freely: where the database has no room either, the log says it.
    pub(super) async fn tell_step(&self, of: AttemptId<'_>, spent: &Handover, step: &str) {
        let progress = Progress {
            stage: of.stage.clone(),
            attempt: of.attempt,
            tokens: spent.tokens,
            cost_usd: spent.cost_usd,
            step: step.to_owned(),
            at: clock(),
        };
        let _untold = timeout(PROGRESS_TIMEOUT, self.store.save_progress(of.run, &progress)).await;
    }
}

/// Why an activity failed, in one text.
pub(super) fn why_of(failure: &ApplicationFailure) -> String {
    chain(failure.source_error()).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// An error and what caused it.
pub(super) fn chain<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    iter::successors(Some(error), |e: &&'e (dyn Error + 'static)| (*e).source())
}

pub(super) fn is_no_room(error: &(dyn Error + 'static)) -> bool {
    let workspace = error.downcast_ref::<WorkspaceError>();
    matches!(workspace, Some(WorkspaceError::DiskFull { .. })) || is_disk_full(error)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_full_disk_is_seen_wherever_it_was_met() {
        let full = || WorkspaceError::DiskFull { what: "git add".to_owned() };
        let met = ActivityError::from(
            Err::<(), _>(full()).context("taking the snapshot").expect_err("an error"),
        );
        let ActivityError::Application(failure) = met else { panic!("another error") };
        assert!(chain(failure.source_error()).any(is_no_room));
        let other = ActivityError::from(anyhow::anyhow!("a red check"));
        let ActivityError::Application(failure) = other else { panic!("another error") };
        assert!(!chain(failure.source_error()).any(is_no_room));
    }
}
