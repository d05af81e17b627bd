//! The activity `write`: how does an agent's work come about?
//! May be repeated by another worker at any point; what was paid stays counted.

use anyhow::Context;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::WriteInput;
use super::attempt_folder::AttemptFolder;
use super::bench::Bench;
use super::handover::Handover;
use super::heartbeat::{AgentProgress, with_heartbeat};
use super::prepare::{Preparation, PreparedAttempt};
use super::write_attempt::WriteAttempt;
use crate::agent::{Agent, AgentReport, Assignment};
use crate::engine::retry_policy::{HEARTBEAT_INTERVAL, PROGRESS_TIMEOUT};
use crate::run::{AgentEnd, Sandboxing, Trouble, Written};

impl Bench {
    /// Agent in a fresh clone of the base; a snapshot of what it wrote.
    pub(super) async fn write(
        &self,
        ctx: &ActivityContext,
        input: &WriteInput,
    ) -> Result<Written, ActivityError> {
        let heartbeat: Option<Handover> = ctx.heartbeat_details().deserialize()?;
        let sandboxing = self.sandboxing(input);
        let agent = match self.agent_for(input) {
            Ok(agent) => agent,
            Err(why) => {
                return Ok(setup_failed(why, sandboxing, &heartbeat.unwrap_or_default()));
            }
        };
        let folder = AttemptFolder::take(&self.runs, &input.run, &input.stage.name, input.attempt)?;
        let before = Handover::newest(heartbeat, &folder.folder);
        if let Some(written) = folder.written(input.base.as_ref()) {
            return Ok(written);
        }
        WriteAttempt { bench: self, input, folder, before }.write(ctx, agent.as_ref()).await
    }
}

impl WriteAttempt<'_> {
    async fn write(
        &self,
        ctx: &ActivityContext,
        agent: &dyn Agent,
    ) -> Result<Written, ActivityError> {
        let sandboxing = self.bench.sandboxing(self.input);
        let prepared = match self.prepare_unless_stopped(ctx).await? {
            Preparation::Ready(prepared) => prepared,
            Preparation::Impossible(why) => {
                return Ok(setup_failed(why, sandboxing, &self.before));
            }
        };
        let (report, after) = self.run_agent(ctx, agent, &prepared.assignment).await?;
        if report.end == AgentEnd::Stopped && self.bench.draining.is_cancelled() {
            return Err(ActivityError::cancelled_with_details(after));
        }
        let written = written(report, sandboxing, &after);
        if matches!(written.end, AgentEnd::Failed { .. }) {
            self.folder.clear().await;
            return Ok(written);
        }
        self.store_work(ctx, &prepared, written, &after).await
    }

    async fn prepare_unless_stopped(
        &self,
        ctx: &ActivityContext,
    ) -> Result<Preparation, ActivityError> {
        let stop = CancellationToken::new();
        let preparing = stop.run_until_cancelled(self.prepare());
        if let Some(prepared) = with_heartbeat(ctx, &self.before, &stop, preparing).await? {
            return Ok(prepared?);
        }
        self.clear_if_stopped().await;
        Err(ActivityError::cancelled_with_details(self.before.clone()))
    }

    /// What is paid for is kept, also where the run was stopped or this worker is asked to end.
    async fn store_work(
        &self,
        ctx: &ActivityContext,
        from: &PreparedAttempt,
        written: Written,
        after: &Handover,
    ) -> Result<Written, ActivityError> {
        let storing = async {
            if written.end == AgentEnd::Finished {
                self.store_snapshot(from, written).await
            } else {
                Ok(self.store_unfinished(from, written).await)
            }
        };
        Ok(with_heartbeat(ctx, after, &CancellationToken::new(), storing).await??)
    }

    /// Lets the agent work; meanwhile sends heartbeats, publishes progress, and passes a stop on.
    async fn run_agent(
        &self,
        ctx: &ActivityContext,
        agent: &dyn Agent,
        assignment: &Assignment,
    ) -> Result<(AgentReport, Handover), ActivityError> {
        let (send, mut events) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let mut progress = AgentProgress::new(self.input, assignment, &self.before);
        ctx.record_heartbeat(progress.handover.clone()).await?;
        let mut work = agent.work(assignment, send, &stop);
        let mut tick = tokio::time::interval(HEARTBEAT_INTERVAL);
        let report = loop {
            tokio::select! {
                done = &mut work => break done.context("running the agent")?,
                Some(event) = events.recv() => progress.apply(event),
                _ = tick.tick() => self.beat(ctx, &mut progress).await?,
                () = ctx.cancelled(), if !stop.is_cancelled() => stop.cancel(),
            }
        };
        progress.set_used(report.tokens, report.cost_usd);
        Ok((report, progress.handover))
    }

    async fn beat(
        &self,
        ctx: &ActivityContext,
        progress: &mut AgentProgress<'_>,
    ) -> Result<(), ActivityError> {
        ctx.record_heartbeat(progress.handover.clone()).await?;
        self.publish_progress(progress).await;
        Ok(())
    }

    /// Progress is dropped freely: a database that is away must not end an agent.
    async fn publish_progress(&self, progress: &mut AgentProgress<'_>) {
        let Some(progress) = progress.due_progress() else { return };
        let run = &self.input.run;
        let saving = self.bench.store.save_progress(run, &progress);
        if !matches!(timeout(PROGRESS_TIMEOUT, saving).await, Ok(Ok(()))) {
            tracing::debug!(run.id = %run, "progress was dropped");
        }
    }
}

/// Nothing can be tried: what is wrong has to be mended by somebody first.
fn setup_failed(why: String, sandboxing: Sandboxing, before: &Handover) -> Written {
    let end = AgentEnd::Failed { trouble: Trouble::Setup, why };
    written(AgentReport::unstarted(end), sandboxing, before)
}

/// What an agent reported, with all that the attempt spent; its work is still to be added.
fn written(report: AgentReport, sandboxing: Sandboxing, spent: &Handover) -> Written {
    Written {
        end: report.end,
        agent: report.info,
        sandboxing,
        work: None,
        tokens: spent.tokens,
        cost_usd: spent.cost_usd,
        seconds: 0,
        words: report.words,
    }
}
