//! The activity `try_first`: does what has to pass fail on the code as it is?
//! On what the stage begins with, before any agent is paid. May be repeated by another worker, and comes out the same.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio_util::sync::CancellationToken;

use super::CheckInput;
use super::agent_choice::Origin;
use super::attempt_folder::AttemptFolder;
use super::bench::Bench;
use super::check::impossible;
use super::failure::AttemptId;
use super::handover::Handover;
use super::heartbeat::with_heartbeat;
use crate::run::{Again, Checked, Digest, Plan, Reports, Request, RunId, Snapshot, Stage};
use crate::workspace::WorkspaceError;

/// What is tried, and on which code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TryFirstInput {
    pub run: RunId,
    pub stage: Stage,
    pub attempt: u32,
    /// None = the repository as it is found.
    pub base: Option<Snapshot>,
    pub pipeline: Digest,
    pub repository: Option<String>,
    pub start_branch: Option<String>,
    /// The run that it does once more, where it begins with that one's work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Again>,
    /// Whether a worker that lacks something may say so, instead of failing the attempt.
    pub may_hand_back: bool,
}

impl TryFirstInput {
    pub(in crate::engine) fn new(request: &Request, plan: &Plan) -> Self {
        Self {
            run: request.run.clone(),
            stage: plan.stage.clone(),
            attempt: plan.attempt,
            base: plan.base.clone(),
            pipeline: request.pipeline.digest.clone(),
            repository: request.repository.clone(),
            start_branch: request.start_branch.clone(),
            again: request.takes_over().cloned(),
            may_hand_back: request.waits_for_workers,
        }
    }

    fn origin(&self) -> Origin<'_> {
        Origin { repository: self.repository.as_deref(), pipeline: Some(&self.pipeline) }
    }

    /// The same as a check that has this one command and reads no report.
    fn as_check(&self, snapshot: Snapshot) -> CheckInput {
        let stage = Stage {
            checks: self.stage.until.iter().cloned().collect(),
            reports: Reports::default(),
            least_coverage_percent: None,
            red_green: false,
            ..self.stage.clone()
        };
        CheckInput {
            run: self.run.clone(),
            stage,
            attempt: self.attempt,
            snapshot,
            base: None,
            compare_with: None,
            stage_base: None,
            base_tests: None,
            pipeline: Some(self.pipeline.clone()),
            repository: self.repository.clone(),
            may_hand_back: self.may_hand_back,
        }
    }
}

impl<'a> From<&'a TryFirstInput> for AttemptId<'a> {
    fn from(input: &'a TryFirstInput) -> Self {
        Self { run: &input.run, stage: &input.stage.name, attempt: input.attempt }
    }
}

impl Bench {
    pub(super) async fn try_first(
        &self,
        ctx: &ActivityContext,
        input: &TryFirstInput,
    ) -> Result<Checked, ActivityError> {
        let _slot = self.slots.hold(input);
        let of = (input.into(), input.may_hand_back);
        self.judge(ctx, of, input.origin(), self.try_first_or_stop(ctx, input)).await
    }

    async fn try_first_or_stop(
        &self,
        ctx: &ActivityContext,
        input: &TryFirstInput,
    ) -> Result<Checked, ActivityError> {
        let folder = AttemptFolder::take(&self.runs, input.into())?;
        let stop = CancellationToken::new();
        let until = input.stage.until.as_deref().unwrap_or_default();
        self.tell_step(input.into(), &Handover::default(), &format!("{until}, before any change"))
            .await;
        let trying = Box::pin(self.try_on_base(&folder, input, &stop));
        let checked = with_heartbeat(ctx, &Handover::default(), &stop, trying).await?;
        self.unless_cut_short(checked, &stop).await
    }

    async fn try_on_base(
        &self,
        folder: &AttemptFolder,
        input: &TryFirstInput,
        stop: &CancellationToken,
    ) -> Result<Checked> {
        let base = match self.base_to_try(input).await {
            Ok(base) => base,
            Err(e @ WorkspaceError::Repository { .. }) => return Ok(impossible(e.to_string())),
            Err(e) => return Err(e).context("finding the code as it is"),
        };
        Ok(self.run_checks(folder, &input.as_check(base), stop).await?.checked)
    }

    async fn base_to_try(&self, input: &TryFirstInput) -> Result<Snapshot, WorkspaceError> {
        let Some(base) = &input.base else {
            let path = self.shadow_path(&input.run);
            let shadow = self.bundles(&input.run).shadow_to_begin(path).await?;
            return shadow.import(input.repository.as_deref(), input.start_branch.as_deref()).await;
        };
        self.shadow_of(&input.run, input.again.as_ref(), &[base]).await?;
        Ok(base.clone())
    }
}
