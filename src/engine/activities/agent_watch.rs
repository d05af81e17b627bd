//! The watch over an agent at work: what is seen of it, what is told of it, and when is it ended?
//! Heartbeats, progress and money while it works; a stop, a breaker or a stall ends it; what it used is known however it ends.

use std::time::Instant;

use anyhow::Context;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::agent_choice::MeteredAgent;
use super::breakers::Breakers;
use super::failure::why_of;
use super::handover::Handover;
use super::heartbeat::{AgentProgress, with_heartbeat_to_the_end};
use super::metering::Raises;
use super::pause::Waits;
use super::stall::{Signs, StallWatch};
use super::write_attempt::WriteAttempt;
use crate::agent::{AgentEvent, AgentReport, Assignment};
use crate::engine::retry_policy::{HEARTBEAT_INTERVAL, PROGRESS_TIMEOUT};
use crate::run::{AgentEnd, Pause, Trouble};

/// What is watched of an agent at work.
struct Watch<'a> {
    progress: AgentProgress<'a>,
    breakers: Breakers,
    stall: StallWatch,
    said: String,
}

/// What came of an agent's work.
pub(super) struct AgentRan {
    pub report: AgentReport,
    pub after: Handover,
    /// Why its attempt is not over.
    pub pause: Option<Pause>,
    /// What the next attempt should read of it.
    pub feedback: Option<String>,
    /// The model's provider refused this worker's key.
    pub not_let_in: bool,
    /// What it said to nobody in particular; the end of it, where it is long.
    pub said: String,
}

impl WriteAttempt<'_> {
    /// Lets the agent work; meanwhile sends heartbeats, publishes progress, and passes a stop on.
    pub(super) async fn run_agent(
        &self,
        ctx: &ActivityContext,
        agent: MeteredAgent,
        assignment: &Assignment,
    ) -> Result<AgentRan, ActivityError> {
        let progress = AgentProgress::new(self.input, assignment, &self.before);
        ctx.record_heartbeat(progress.handover.clone()).await?;
        let (breakers, stall) = (self.breakers(), self.stall_watch(assignment));
        let mut watch = Watch { progress, breakers, stall, said: String::new() };
        let worked = self.watch_agent(ctx, &agent, assignment, &mut watch).await;
        let Watch { mut progress, breakers, stall, said } = watch;
        // What the ledger cannot say now, it says to a successor.
        let known = agent.door.spend();
        let waits = Waits {
            refused: agent.door.refused().map(|spent| spent.allowance),
            allowance: agent.door.allowance(),
            limited_for: agent.door.limited_for(),
            tripped: breakers.tripped(),
        };
        let not_let_in = agent.door.was_not_let_in();
        // Where the database is away, that takes a minute.
        let closing = agent.door.close();
        let closed = with_heartbeat_to_the_end(ctx, &progress.handover, closing).await?;
        progress.count(closed.unwrap_or(known));
        self.spent.is(&progress.handover);
        let report = match worked {
            // Our own machine failed it in the middle: what it had done was paid for, so this attempt is over.
            Err(ActivityError::Application(failure))
                if progress.handover.cost_usd > self.before.cost_usd =>
            {
                let (report, after) = (unfinished(why_of(&failure)), progress.handover);
                return Ok(AgentRan {
                    report,
                    after,
                    pause: None,
                    feedback: None,
                    not_let_in,
                    said,
                });
            }
            worked => worked?,
        };
        let report = AgentReport { end: stall.judge(report.end), ..report };
        progress.told(report.tokens, report.cost_usd);
        let report = AgentReport { end: waits.judge(report.end, &progress.handover), ..report };
        let pause = self.reason_to_pause(&report.end, &progress.handover, waits);
        let feedback = stall.feedback(&report.end);
        Ok(AgentRan { report, after: progress.handover, pause, feedback, not_let_in, said })
    }

    async fn watch_agent(
        &self,
        ctx: &ActivityContext,
        agent: &MeteredAgent,
        assignment: &Assignment,
        Watch { progress, breakers, stall, said }: &mut Watch<'_>,
    ) -> Result<AgentReport, ActivityError> {
        let (send, mut events) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let mut work = agent.agent.work(assignment, send, &stop);
        let mut tick = tokio::time::interval(HEARTBEAT_INTERVAL);
        let mut raises = Raises::of(self);
        let worked = loop {
            tokio::select! {
                done = &mut work => break done,
                Some(event) = events.recv() => {
                    breakers.see(&event).await;
                    stall.see(&event, Instant::now());
                    listen(said, &event);
                    progress.apply(event);
                }
                _ = tick.tick() => {
                    progress.count(agent.door.spend());
                    raises.take(&agent.door).await;
                    self.beat(ctx, progress).await?;
                    let limited = agent.door.limited_for().is_some();
                    let signs = Signs { tokens: progress.handover.tokens, limited };
                    if breakers.trips(progress.handover.cost_usd, Instant::now()).await
                        || !stop.is_cancelled() && stall.stalls(signs, Instant::now()).await
                    {
                        stop.cancel();
                    }
                }
                () = ctx.cancelled(), if !stop.is_cancelled() => stop.cancel(),
            }
        };
        while let Ok(event) = events.try_recv() {
            listen(said, &event);
            progress.apply(event);
        }
        Ok(worked.context("running the agent")?)
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

/// Longest end of what an agent said that is looked at, in bytes.
const SAID: usize = 20_000;

fn listen(said: &mut String, event: &AgentEvent) {
    let AgentEvent::Text { text } = event else { return };
    said.push_str(text);
    said.push('\n');
    let too_much = said.len().saturating_sub(SAID);
    said.drain(..said.ceil_char_boundary(too_much));
}

/// An agent that could not go on because of us.
const fn unfinished(why: String) -> AgentReport {
    AgentReport::unstarted(AgentEnd::Failed { trouble: Trouble::Agent, why })
}
