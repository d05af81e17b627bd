//! The activity `write`: how does an agent's work come about?
//! May be repeated by another worker at any point; what was paid stays counted.

use anyhow::Context;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio_util::sync::CancellationToken;

use super::WriteInput;
use super::agent_choice::{MeteredAgent, NoAgent};
use super::agent_watch::AgentRan;
use super::attempt_folder::AttemptFolder;
use super::bench::{Bench, asked_to_end};
use super::circuit::WorkerPart;
use super::handover::{AgentDone, Handover};
use super::heartbeat::with_heartbeat;
use super::prepare::{Preparation, PreparedAttempt};
use super::setup::SetupOf;
use super::unfit::Unfit;
use super::write_attempt::{Spent, WriteAttempt};
use crate::agent::AgentReport;
use crate::checks::SetupEnd;
use crate::run::{AgentEnd, Pause, RunId, Sandboxing, Trouble, Usd, Written};
use crate::workspace::read_parts;

impl Bench {
    /// Agent in a fresh clone of the base; a snapshot of what it wrote.
    pub(super) async fn write(
        &self,
        ctx: &ActivityContext,
        input: &WriteInput,
    ) -> Result<Written, ActivityError> {
        let _slot = self.slots.hold(input);
        let spent = Spent::default();
        let error = match Box::pin(self.write_or_take_over(ctx, input, &spent)).await {
            Ok(written) => {
                self.circuits.close(&WorkerPart::Of(input.run.clone()));
                return Ok(written);
            }
            Err(error) => error,
        };
        Err(self
            .hand_back_or_fail(ctx, (input.into(), input.may_hand_back), error, spent.known())
            .await)
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
        let of = input.into();
        let folder = AttemptFolder::take(&self.runs, of)?;
        let known = Handover::newest(heartbeat, &folder.folder);
        spent.is(&known);
        let before = self.with_ledger(of, known).await?;
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
        Box::pin(attempt.bring(ctx)).await
    }
}

impl WriteAttempt<'_> {
    /// What somebody did by hand, what is merged, or what an agent writes.
    async fn bring(&self, ctx: &ActivityContext) -> Result<Written, ActivityError> {
        let (bench, input) = (self.bench, self.input);
        if let Some(branch) = &input.by_hand {
            return Box::pin(self.take_in(ctx, branch)).await;
        }
        if let Some(step) = &input.merge {
            return Box::pin(self.merge_in(ctx, step)).await;
        }
        if input.watched.months
            && self.before.cost_usd == Usd::ZERO
            && let Some(month) = bench.spent_month(&input.run).await?
        {
            return Ok(stands_still(Pause::Month { month }, bench.sandbox.sandboxing()));
        }
        let door = bench.open_meter(input.into(), &self.before, input.budget_left_usd)?;
        match bench.agent_for(input, door) {
            Ok(agent) => Box::pin(self.write(ctx, agent)).await,
            Err(NoAgent::Unfit(unfit)) if input.may_hand_back => Err(unfit.error().into()),
            Err(NoAgent::Unfit(unfit)) => Ok(self.impossible(unfit.to_string())),
            Err(NoAgent::Wrong(why)) => Ok(self.impossible(why)),
        }
    }

    fn impossible(&self, why: String) -> Written {
        setup_failed(why, self.bench.sandbox.sandboxing(), &self.before)
    }

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
        let ran = self.run_agent(ctx, agent, &prepared.assignment).await?;
        self.keep_what_came(ctx, &prepared, ran).await
    }

    /// What an agent wrote, kept; or its session, for a worker that goes on with it.
    async fn keep_what_came(
        &self,
        ctx: &ActivityContext,
        prepared: &PreparedAttempt,
        AgentRan { report, after, pause, feedback, not_let_in, .. }: AgentRan,
    ) -> Result<Written, ActivityError> {
        if report.end != AgentEnd::Finished && self.bench.is_asked_to_end().await {
            self.leave_session(ctx, (prepared, None), &after).await?;
            return Err(cut_short(ctx, after));
        }
        if report.end == AgentEnd::Finished {
            self.bench.circuits.close(&WorkerPart::Key);
        }
        let unfit = unfit_by(&report.end, &self.input.run, not_let_in);
        if let Some(unfit) = unfit.filter(|_| self.input.may_hand_back) {
            self.leave_session(ctx, (prepared, None), &after).await?;
            self.hand_over(ctx, after).await?;
            return Err(unfit.error().into());
        }
        let (base, start) = (prepared.base.clone(), prepared.start.clone());
        let parts = self.parts_of_the_task();
        let sandboxing = self.bench.sandbox.sandboxing();
        let written =
            Written { pause, start, feedback, parts, ..written(report, sandboxing, &after) };
        if written.pause.is_some() {
            return self.pause(ctx, prepared, (written, after)).await;
        }
        if written.end == AgentEnd::Stopped && ctx.is_cancelled() {
            return self.keep_what_was_cut_short(ctx, prepared, (written, after)).await;
        }
        let done = AgentDone { base, written };
        let after = Handover { done: Some(Box::new(done.clone())), ..after };
        self.hand_over(ctx, after).await?;
        self.store_work(ctx, &prepared.shadow, done).await
    }

    /// What there is of an agent that Temporal ended. Most of the time a person wanted that. But Temporal also ends what it lost sight of: it drops
    /// the answer, and lets a worker go on with the attempt. So nothing here says that the agent is done, and its session stays.
    async fn keep_what_was_cut_short(
        &self,
        ctx: &ActivityContext,
        prepared: &PreparedAttempt,
        (written, after): (Written, Handover),
    ) -> Result<Written, ActivityError> {
        self.hand_over(ctx, after.clone()).await?;
        let done = AgentDone { base: prepared.base.clone(), written };
        let written = self.store_work(ctx, &prepared.shadow, done).await?;
        let kept = written.work.as_ref().map(|work| &work.snapshot);
        // Where a person called it off, its folder is clear by now, and there is no session to leave.
        self.leave_session(ctx, (prepared, kept), &after).await?;
        Ok(written)
    }

    /// Into which parts its agent split the task: as it says now, else as it said before it stood still.
    fn parts_of_the_task(&self) -> Vec<String> {
        let Some(first) = self.input.part.as_ref().filter(|part| part.n == 1) else {
            return Vec::new();
        };
        let said = read_parts(&self.folder.at("work"));
        if said.is_empty() { first.all.clone() } else { said }
    }

    /// Before anything is done with its work: whatever happens to that, the agent is not paid again.
    pub(super) async fn hand_over(
        &self,
        ctx: &ActivityContext,
        after: Handover,
    ) -> Result<(), ActivityError> {
        after.save(&self.folder.folder);
        self.spent.is(&after);
        ctx.record_heartbeat(after.clone()).await?;
        self.bench.tell_ledger(self.input, &after).await
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
            if matches!(end, SetupEnd::Failed(_)) {
                self.bench.refuse_when_asked_to_end().await?;
            }
            return Ok(end);
        }
        self.clear_if_stopped().await;
        Err(ActivityError::cancelled_with_details(self.before.clone()))
    }
}

/// An attempt that another worker goes on with. Before Temporal says so itself it would not believe that it was cancelled.
fn cut_short(ctx: &ActivityContext, after: Handover) -> ActivityError {
    if ctx.is_cancelled() {
        return ActivityError::cancelled_with_details(after);
    }
    asked_to_end().into()
}

/// What an agent's end says of the worker: its key, and its program. None where another worker would do no better.
/// What agents print may be made up, so the key counts as refused for other runs only where our meter saw that too.
fn unfit_by(end: &AgentEnd, run: &RunId, not_let_in: bool) -> Option<Unfit> {
    let AgentEnd::Failed { trouble, why } = end else { return None };
    let of_run = || WorkerPart::Of(run.clone());
    let (part, why) = match trouble {
        Trouble::SignIn => {
            let part = if not_let_in { WorkerPart::Key } else { of_run() };
            (part, format!("the model's provider lets nobody in: {why}"))
        }
        Trouble::Program => (of_run(), format!("the agent's program does not work: {why}")),
        _ => return None,
    };
    Some(Unfit::Failed { part, why })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_alone_shuts_the_key_for_its_own_run_only() {
        let (run, why) = ("tale-k3f9qdx".parse().expect("an id"), "it says so".to_owned());
        let end = AgentEnd::Failed { trouble: Trouble::SignIn, why };
        let shut = |not_let_in| match unfit_by(&end, &run, not_let_in) {
            Some(Unfit::Failed { part, .. }) => part,
            other => panic!("{other:?}"),
        };
        assert_eq!(shut(false), WorkerPart::Of(run.clone()));
        assert_eq!(shut(true), WorkerPart::Key);
        assert_eq!(unfit_by(&AgentEnd::Finished, &run, true), None);
    }
}
