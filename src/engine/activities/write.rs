//! The activity `write`: how does an agent's work come about?
//! May be repeated by another worker at any point; what was paid stays counted.

use std::time::Instant;

use anyhow::Context;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::WriteInput;
use super::agent_choice::{MeteredAgent, NoAgent};
use super::attempt_folder::AttemptFolder;
use super::bench::Bench;
use super::breakers::Breakers;
use super::circuit::WorkerPart;
use super::failure::why_of;
use super::handover::{AgentDone, Handover};
use super::heartbeat::{AgentProgress, with_heartbeat};
use super::metering::Raises;
use super::pause::Waits;
use super::prepare::{Preparation, PreparedAttempt};
use super::setup::SetupOf;
use super::stall::{Signs, StallWatch};
use super::unfit::Unfit;
use super::write_attempt::{Spent, WriteAttempt};
use crate::agent::{AgentReport, Assignment};
use crate::checks::SetupEnd;
use crate::engine::retry_policy::{HEARTBEAT_INTERVAL, PROGRESS_TIMEOUT};
use crate::run::{AgentEnd, Pause, Sandboxing, Trouble, Usd, Written};
use crate::workspace::read_parts;

impl Bench {
    /// Agent in a fresh clone of the base; a snapshot of what it wrote.
    pub(super) async fn write(
        &self,
        ctx: &ActivityContext,
        input: &WriteInput,
    ) -> Result<Written, ActivityError> {
        let spent = Spent::default();
        let error = match Box::pin(self.write_or_take_over(ctx, input, &spent)).await {
            Ok(written) => {
                self.circuits.close(&WorkerPart::Of(input.run.clone()));
                return Ok(written);
            }
            Err(error) => error,
        };
        Err(match Unfit::of(&error, &input.run).filter(|_| input.may_hand_back) {
            Some(unfit) => self.hand_back(ctx, &input.run, unfit, spent.known()),
            None => self.failed(ctx, input.into(), error, spent.known()).await,
        })
    }

    async fn write_or_take_over(
        &self,
        ctx: &ActivityContext,
        input: &WriteInput,
        spent: &Spent,
    ) -> Result<Written, ActivityError> {
        let heartbeat: Option<Handover> = ctx.heartbeat_details().deserialize()?;
        let heartbeat = heartbeat.or_else(|| input.handover.clone());
        spent.is(&heartbeat.clone().unwrap_or_default());
        let folder = AttemptFolder::take(&self.runs, &input.run, &input.stage.name, input.attempt)?;
        let of = input.into();
        let before = self.with_ledger(of, Handover::newest(heartbeat, &folder.folder)).await?;
        let before = Handover { workplace: Some(folder.workplace()), ..before };
        spent.is(&before);
        if let Some(written) = folder.written(input.base.as_ref()) {
            return Ok(written);
        }
        let token = self.store.take_attempt(&of.into()).await.context("taking the attempt")?;
        let mut attempt = WriteAttempt { bench: self, input, folder, token, before, spent };
        if let Some(done) = attempt.before.done.take()
            && let Some(written) = attempt.store_what_is_done(ctx, *done).await?
        {
            return Ok(written);
        }
        if let Some(branch) = &input.by_hand {
            return Box::pin(attempt.take_in(ctx, branch)).await;
        }
        if input.watched.months
            && attempt.before.cost_usd == Usd::ZERO
            && let Some(month) = self.spent_month(&input.run).await?
        {
            return Ok(stands_still(Pause::Month { month }, self.sandbox.sandboxing()));
        }
        let door = self.open_meter(of, &attempt.before, input.budget_left_usd)?;
        match self.agent_for(input, door) {
            Ok(agent) => Box::pin(attempt.write(ctx, agent)).await,
            Err(NoAgent::Unfit(unfit)) if input.may_hand_back => Err(unfit.error().into()),
            Err(
                NoAgent::Unfit(Unfit::Lacks(why) | Unfit::Failed { why, .. }) | NoAgent::Wrong(why),
            ) => Ok(setup_failed(why, self.sandbox.sandboxing(), &attempt.before)),
        }
    }
}

impl WriteAttempt<'_> {
    async fn write(
        &self,
        ctx: &ActivityContext,
        agent: MeteredAgent,
    ) -> Result<Written, ActivityError> {
        let sandboxing = self.bench.sandbox.sandboxing();
        let prepared = match self.prepare_unless_stopped(ctx).await? {
            Preparation::Ready(prepared) => prepared,
            Preparation::Impossible(why) => {
                return Ok(setup_failed(why, sandboxing, &self.before));
            }
        };
        if let SetupEnd::Failed(failure) = self.set_up_unless_stopped(ctx, &prepared).await? {
            if self.input.may_hand_back && failure.unreachable.is_some() {
                return Err(Unfit::by_setup(&self.input.run, failure).error().into());
            }
            self.folder.clear().await;
            let failed = setup_failed(failure.why, sandboxing, &self.before);
            let (start, feedback) = (prepared.start, Some(failure.feedback));
            return Ok(Written { start, feedback, ..failed });
        }
        let AgentRan { report, after, pause, feedback } =
            self.run_agent(ctx, agent, &prepared.assignment).await?;
        if report.end == AgentEnd::Stopped && self.bench.draining.is_cancelled() {
            self.leave_session(ctx, (&prepared, None), &after).await?;
            return Err(ActivityError::cancelled_with_details(after));
        }
        if let Some(unfit) = self.judge_worker(&report.end) {
            self.leave_session(ctx, (&prepared, None), &after).await?;
            self.hand_over(ctx, after).await?;
            return Err(unfit.error().into());
        }
        let (base, start) = (prepared.base.clone(), prepared.start.clone());
        let parts = self.parts_of_the_task();
        let written =
            Written { pause, start, feedback, parts, ..written(report, sandboxing, &after) };
        if written.pause.is_some() {
            return self.pause(ctx, &prepared, (written, after)).await;
        }
        let done = AgentDone { base, written };
        let after = Handover { done: Some(Box::new(done.clone())), ..after };
        self.hand_over(ctx, after).await?;
        self.store_work(ctx, &prepared.shadow, done).await
    }

    /// Into which parts its agent split the task: as it says now, else as it said before it stood still.
    fn parts_of_the_task(&self) -> Vec<String> {
        let Some(first) = self.input.part.as_ref().filter(|part| part.n == 1) else {
            return Vec::new();
        };
        let said = read_parts(&self.folder.at("work"));
        if said.is_empty() { first.all.clone() } else { said }
    }

    /// What an agent's end says of the worker: its key, and its program. None where another worker would do no better.
    fn judge_worker(&self, end: &AgentEnd) -> Option<Unfit> {
        if *end == AgentEnd::Finished {
            self.bench.circuits.close(&WorkerPart::Key);
        }
        let AgentEnd::Failed { trouble, why } = end else { return None };
        let (part, why) = match trouble {
            Trouble::SignIn => {
                (WorkerPart::Key, format!("the model's provider lets nobody in: {why}"))
            }
            Trouble::Program => {
                let part = WorkerPart::Of(self.input.run.clone());
                (part, format!("the agent's program does not work: {why}"))
            }
            _ => return None,
        };
        self.input.may_hand_back.then_some(Unfit::Failed { part, why })
    }

    /// Before anything is done with its work: whatever happens to that, the agent is not paid again.
    pub(super) async fn hand_over(
        &self,
        ctx: &ActivityContext,
        after: Handover,
    ) -> Result<(), ActivityError> {
        after.save(&self.folder.folder);
        self.spent.is(&after);
        self.bench.tell_ledger(self.input, &after).await?;
        Ok(ctx.record_heartbeat(after).await?)
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

    /// Before the agent is paid: can what it starts from be set up?
    async fn set_up_unless_stopped(
        &self,
        ctx: &ActivityContext,
        prepared: &PreparedAttempt,
    ) -> Result<SetupEnd, ActivityError> {
        let what = SetupOf {
            run: &self.input.run,
            stage: &self.input.stage,
            folder: &self.folder,
            shadow: &prepared.shadow,
            snapshot: &prepared.base,
        };
        if !what.stage.setup.is_empty() {
            self.bench.tell_step(self.input.into(), &self.before, "setup").await;
        }
        let stop = CancellationToken::new();
        let setting_up = Box::pin(self.bench.set_up_once(what, &stop));
        let end = with_heartbeat(ctx, &self.before, &stop, setting_up).await??;
        if !stop.is_cancelled() {
            return Ok(end);
        }
        self.clear_if_stopped().await;
        Err(ActivityError::cancelled_with_details(self.before.clone()))
    }

    /// Lets the agent work; meanwhile sends heartbeats, publishes progress, and passes a stop on.
    async fn run_agent(
        &self,
        ctx: &ActivityContext,
        agent: MeteredAgent,
        assignment: &Assignment,
    ) -> Result<AgentRan, ActivityError> {
        let progress = AgentProgress::new(self.input, assignment, &self.before);
        ctx.record_heartbeat(progress.handover.clone()).await?;
        let (breakers, stall) = (self.breakers(), self.stall_watch(assignment));
        let mut watch = Watch { progress, breakers, stall };
        let worked = self.watch_agent(ctx, &agent, assignment, &mut watch).await;
        let Watch { mut progress, breakers, stall } = watch;
        // What the ledger cannot say now, it says to a successor.
        let known = agent.door.spend();
        let waits = Waits {
            refused: agent.door.refused().map(|spent| spent.allowance),
            allowance: agent.door.allowance(),
            limited_for: agent.door.limited_for(),
            tripped: breakers.tripped(),
        };
        progress.count(agent.door.close().await.unwrap_or(known));
        self.spent.is(&progress.handover);
        let report = match worked {
            // Our own machine failed it in the middle: what it had done was paid for, so this attempt is over.
            Err(ActivityError::Application(failure))
                if progress.handover.cost_usd > self.before.cost_usd =>
            {
                let (report, after) = (unfinished(why_of(&failure)), progress.handover);
                return Ok(AgentRan { report, after, pause: None, feedback: None });
            }
            worked => worked?,
        };
        let report = AgentReport { end: stall.judge(report.end), ..report };
        progress.told(report.tokens, report.cost_usd);
        let pause = self.reason_to_pause(&report.end, &progress.handover, waits);
        let feedback = stall.feedback(&report.end);
        Ok(AgentRan { report, after: progress.handover, pause, feedback })
    }

    async fn watch_agent(
        &self,
        ctx: &ActivityContext,
        agent: &MeteredAgent,
        assignment: &Assignment,
        Watch { progress, breakers, stall }: &mut Watch<'_>,
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

/// What is watched of an agent at work.
struct Watch<'a> {
    progress: AgentProgress<'a>,
    breakers: Breakers,
    stall: StallWatch,
}

/// What came of an agent's work.
struct AgentRan {
    report: AgentReport,
    after: Handover,
    /// Why its attempt is not over.
    pause: Option<Pause>,
    /// What the next attempt should read of it.
    feedback: Option<String>,
}

/// An agent that could not go on because of us.
const fn unfinished(why: String) -> AgentReport {
    AgentReport::unstarted(AgentEnd::Failed { trouble: Trouble::Agent, why })
}

/// It waits before anything is done.
fn stands_still(pause: Pause, sandboxing: Sandboxing) -> Written {
    Written { pause: Some(pause), ..Written::unkept(AgentEnd::Stopped, sandboxing) }
}

/// Nothing can be tried: what is wrong has to be mended by somebody first.
pub(super) fn setup_failed(why: String, sandboxing: Sandboxing, before: &Handover) -> Written {
    let end = AgentEnd::Failed { trouble: Trouble::Setup, why };
    written(AgentReport::unstarted(end), sandboxing, before)
}

/// What an agent reported, with all that the attempt spent; its work is still to be added.
fn written(report: AgentReport, sandboxing: Sandboxing, spent: &Handover) -> Written {
    Written {
        agent: report.info,
        tokens: spent.tokens,
        cost_usd: spent.cost_usd,
        words: report.words,
        workplace: spent.workplace.clone(),
        ..Written::unkept(report.end, sandboxing)
    }
}
