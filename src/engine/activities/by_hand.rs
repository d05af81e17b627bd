//! Work by hand, as the activities see it: how is a stage's work handed out, and what is taken back?
//! What somebody wrote becomes the work of an attempt like an agent's: a snapshot of the same kind, and the same checks.

use anyhow::{Context, Error, Result, anyhow};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio_util::sync::CancellationToken;

use super::attempt_folder::host;
use super::bench::Bench;
use super::guard::GuardCheck;
use super::handover::{AgentDone, Handover};
use super::heartbeat::{with_heartbeat, with_heartbeat_to_the_end};
use super::write::setup_failed;
use super::write_attempt::WriteAttempt;
use crate::run::{Again, AgentEnd, GateId, HandBranch, Request, RunId, Snapshot, Written};
use crate::workspace::{Shadow, WorkspaceError, pushed_by_hand};

/// What is handed out, and where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HandOutInput {
    pub run: RunId,
    pub branch: String,
    pub repository: Option<String>,
    pub work: Snapshot,
    /// The run that it does once more, where it begins with that one's work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Again>,
}

impl HandOutInput {
    pub(in crate::engine) fn new(request: &Request, gate: &GateId, work: Snapshot) -> Self {
        Self {
            run: request.run.clone(),
            branch: HandBranch::name(&request.run, gate),
            repository: request.repository.clone(),
            work,
            again: request.takes_over().cloned(),
        }
    }
}

/// The branch to which somebody may push.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AwaitPushInput {
    pub run: RunId,
    pub repository: Option<String>,
    pub branch: HandBranch,
}

impl Bench {
    /// What was tried last, where the person can fetch it who took the stage over.
    pub(super) async fn hand_out(
        &self,
        ctx: &ActivityContext,
        input: &HandOutInput,
    ) -> Result<HandBranch, ActivityError> {
        // A push that began is not interrupted.
        let handing_out = self.put_on_branch(input);
        Ok(with_heartbeat_to_the_end(ctx, &Handover::default(), handing_out).await??)
    }

    async fn put_on_branch(&self, input: &HandOutInput) -> Result<HandBranch> {
        let (run, repository) = (&input.run, input.repository.as_deref());
        let shadow = self.shadow_of(run, input.again.as_ref(), &[&input.work]).await;
        let shadow = shadow.context("opening the shadow repository")?;
        let branch = shadow.hand_out(repository, &input.work, &input.branch).await;
        let branch = branch.context("handing the work out")?;
        let host = host().filter(|_| branch.not_pushed.is_some());
        Ok(HandBranch { host, ..branch })
    }

    /// An error where nobody has pushed yet: it is asked again, without a word in the run's history.
    pub(super) async fn await_push(&self, input: &AwaitPushInput) -> Result<String> {
        let pushed = pushed_by_hand(input.repository.as_deref(), &input.branch).await;
        let pushed = pushed.context("looking for a push")?;
        pushed.ok_or_else(|| anyhow!("nobody pushed to {} yet", input.branch.name))
    }
}

/// What came of looking for somebody's work.
pub(super) enum TakenIn {
    Done(Box<AgentDone>),
    /// It cannot be had; why, for people.
    Impossible(String),
}

impl WriteAttempt<'_> {
    /// What somebody left on their branch, as the work of this attempt.
    pub(super) async fn take_in(
        &self,
        ctx: &ActivityContext,
        branch: &HandBranch,
    ) -> Result<Written, ActivityError> {
        self.take_what(ctx, self.fetch_by_hand(branch)).await
    }

    /// What comes without an agent, as the work of this attempt.
    pub(super) async fn take_what(
        &self,
        ctx: &ActivityContext,
        brought: impl Future<Output = Result<(Shadow, TakenIn)>>,
    ) -> Result<Written, ActivityError> {
        let stop = CancellationToken::new();
        let taking = Box::pin(stop.run_until_cancelled(brought));
        let Some(taken) = with_heartbeat(ctx, &self.before, &stop, taking).await? else {
            self.clear_if_stopped().await;
            return Err(ActivityError::cancelled_with_details(self.before.clone()));
        };
        match taken? {
            (shadow, TakenIn::Done(done)) => self.store_work(ctx, &shadow, *done).await,
            (_, TakenIn::Impossible(why)) => {
                Ok(setup_failed(why, self.bench.sandbox.sandboxing(), &self.before))
            }
        }
    }

    /// In the attempt's own folder, where an agent's would be.
    async fn fetch_by_hand(&self, branch: &HandBranch) -> Result<(Shadow, TakenIn)> {
        let shadow = self.shadow().await.context("opening the shadow repository")?;
        let base = match self.guarded_base(&shadow).await? {
            Ok(base) => base,
            Err(moved) => return Ok((shadow, TakenIn::Impossible(moved))),
        };
        let tip = match shadow.take_in(self.input.repository.as_deref(), branch).await {
            Ok(tip) => tip,
            Err(e @ WorkspaceError::Repository { .. }) => {
                return Ok((shadow, TakenIn::Impossible(e.to_string())));
            }
            Err(e) => return Err(Error::from(e).context("fetching what was done by hand")),
        };
        let done = self.lay_out(&shadow, base, &tip).await;
        let done = done.context("cloning what was done by hand")?;
        Ok((shadow, TakenIn::Done(Box::new(done))))
    }

    /// What it begins with; why not, where something is not what was approved.
    pub(super) async fn guarded_base(&self, shadow: &Shadow) -> Result<Result<Snapshot, String>> {
        let base = self.base(shadow).await.context("importing the repository")?;
        let text = self.pipeline_text().await?;
        Ok(match self.check_guard(shadow, text.as_deref()).await? {
            GuardCheck::Holds => Ok(base),
            GuardCheck::Moved(why) => Err(why),
        })
    }

    /// Leaves `brought` where an agent would have left its work.
    pub(super) async fn lay_out(
        &self,
        shadow: &Shadow,
        base: Snapshot,
        brought: &Snapshot,
    ) -> Result<AgentDone> {
        shadow.checkout_to_change(brought, &self.folder.at("work")).await?;
        let start = shadow.start().await.context("reading where the run began")?;
        let unkept = Written::unkept(AgentEnd::Finished, self.bench.sandbox.sandboxing());
        let workplace = self.before.workplace.clone();
        Ok(AgentDone { base, written: Written { start, workplace, ..unkept } })
    }
}
