//! How does an agent's work come about?
//! May be repeated by another worker at any point; what was paid stays counted.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::WriteInput;
use super::attempt_folder::{AttemptFolder, tidy};
use super::bench::Bench;
use super::guard::unmoved;
use super::handover::Handover;
use super::heartbeat::{AgentProgress, beating};
use crate::agent::{Agent, Assignment, ClaudeCode, ModelAccess, Report, Script, Session};
use crate::engine::retry_policy::{HEARTBEAT_INTERVAL, PROGRESS_TIMEOUT};
use crate::run::{
    AgentEnd, AgentKind, PipelineText, RunId, Sandboxing, Snapshot, Tokens, Trouble, Usd, Written,
};
use crate::sandbox::{Network, Sandbox};
use crate::workspace::{Shadow, WorkspaceError};

/// What an agent can begin with.
struct WriteInputs {
    shadow: Shadow,
    base: Snapshot,
    assignment: Assignment,
}

impl Bench {
    pub(super) fn shadow_of(&self, run: &RunId) -> PathBuf {
        self.runs.join(run.as_str()).join("shadow.git")
    }

    /// The code of a run that has begun.
    pub(super) async fn begun(&self, run: &RunId) -> Result<Shadow, WorkspaceError> {
        let opened = Shadow::existing(&self.shadow_of(run)).await;
        if let Err(e @ WorkspaceError::Elsewhere { .. }) = &opened {
            tracing::warn!(run.id = %run, "run {run} waits for another worker: {e}");
        }
        opened
    }

    /// Agent in a fresh clone of the base; a snapshot of what it wrote.
    pub(super) async fn write(
        &self,
        ctx: &ActivityContext,
        input: &WriteInput,
    ) -> Result<Written, ActivityError> {
        let beaten: Option<Handover> = ctx.heartbeat_details().deserialize()?;
        let agent = match self.agent(input) {
            Ok(agent) => agent,
            Err(why) => return Ok(self.could_not(input, why, &beaten.unwrap_or_default())),
        };
        let desk = AttemptFolder::take(&self.runs, &input.run, &input.stage.name, input.attempt)?;
        let before = Handover::newest(beaten, &desk.folder);
        if let Some(written) = desk.written(input.base.as_ref()) {
            return Ok(written);
        }
        let stop = CancellationToken::new();
        let preparing = stop.run_until_cancelled(self.prepare(input, &desk, &before));
        let Some(prepared) = beating(ctx, &before, &stop, preparing).await? else {
            self.leave(input, &desk).await;
            return Err(ActivityError::cancelled_with_details(before));
        };
        let ready = match prepared? {
            Ok(ready) => ready,
            Err(why) => return Ok(self.could_not(input, why, &before)),
        };
        let (report, after) =
            self.watch(ctx, input, agent.as_ref(), (&ready.assignment, &before)).await?;
        if report.end == AgentEnd::Stopped && self.draining.is_cancelled() {
            return Err(ActivityError::cancelled_with_details(after));
        }
        let (from, written) = ((ready.shadow, ready.base), self.written(input, report, &after));
        // What is paid for is kept, also where the run was stopped or this worker is asked to end.
        let whatever_comes = CancellationToken::new();
        match written.end {
            AgentEnd::Finished => {
                Ok(beating(ctx, &after, &whatever_comes, self.keep(input, &desk, from, written))
                    .await??)
            }
            AgentEnd::Stopped => {
                beating(
                    ctx,
                    &after,
                    &whatever_comes,
                    self.keep_unfinished(input, &desk, from, written),
                )
                .await
            }
            AgentEnd::Failed { .. } => {
                desk.clear().await;
                Ok(written)
            }
        }
    }

    fn agent(&self, input: &WriteInput) -> Result<Box<dyn Agent>, String> {
        if input.agent.kind == AgentKind::Script {
            let command = input
                .agent
                .command
                .clone()
                .ok_or("the pipeline names no command for its script agent")?;
            return Ok(Box::new(Script { command, sandbox: self.sandbox.clone() }));
        }
        let real = matches!(self.model, ModelAccess::Key(_));
        if real == input.rehearsal {
            return Err(if real {
                "this worker speaks to a real model and does not rehearse".to_owned()
            } else {
                "this worker has no ANTHROPIC_API_KEY and only rehearses".to_owned()
            });
        }
        if real && matches!(self.sandbox, Sandbox::None) && !self.no_sandbox {
            return Err("no box can be built here to confine a real agent: `signoff doctor` says why; or start the worker with --no-sandbox".to_owned());
        }
        let program = self
            .claude
            .clone()
            .ok_or("the claude program is not here: `signoff doctor` says how to get it")?;
        Ok(Box::new(ClaudeCode {
            program,
            access: self.model.clone(),
            sandbox: self.sandbox.clone(),
        }))
    }

    /// Nothing can be tried: what is wrong has to be mended by somebody first.
    fn could_not(&self, input: &WriteInput, why: String, before: &Handover) -> Written {
        let end = AgentEnd::Failed { trouble: Trouble::Setup, why };
        self.written(
            input,
            Report {
                end,
                info: None,
                tokens: Tokens::default(),
                cost_usd: Usd::ZERO,
                words: None,
                session: None,
            },
            before,
        )
    }

    /// What an agent reported, with all that the attempt spent; its work is still to be added.
    fn written(&self, input: &WriteInput, report: Report, spent: &Handover) -> Written {
        Written {
            end: report.end,
            agent: report.info,
            sandboxing: self.sandboxing(input),
            work: None,
            tokens: spent.tokens,
            cost_usd: spent.cost_usd,
            seconds: 0,
            words: report.words,
        }
    }

    fn sandboxing(&self, input: &WriteInput) -> Sandboxing {
        let open = input.agent.kind == AgentKind::Claude
            && matches!(self.model, ModelAccess::Key(_))
            || !input.stage.setup.is_empty();
        self.sandbox.sandboxing(if open { Network::Open } else { Network::Closed })
    }

    /// The code to start from, cloned; or why there is none that anybody could start from.
    async fn prepare(
        &self,
        input: &WriteInput,
        desk: &AttemptFolder,
        before: &Handover,
    ) -> Result<Result<WriteInputs, String>> {
        let opened = if input.base.is_some() {
            self.begun(&input.run).await
        } else {
            Shadow::open(&self.shadow_of(&input.run)).await
        };
        let shadow = opened.context("opening the shadow repository")?;
        let base = match &input.base {
            Some(base) => base.clone(),
            None => match shadow.import(input.repository.as_deref()).await {
                Ok(base) => base,
                Err(e @ WorkspaceError::Repository { .. }) => return Ok(Err(e.to_string())),
                Err(e) => return Err(anyhow::Error::from(e).context("importing the repository")),
            },
        };
        let text =
            self.store.pipeline(&input.pipeline).await.context("reading the stored pipeline")?;
        if let Some(guard) = &input.guard
            && let Err(moved) = unmoved(guard, &shadow, text.as_deref()).await?
        {
            return Ok(Err(moved));
        }
        let (worktree, home) = (desk.at("work"), desk.at("home"));
        let session = if let Some(session) = resumable(before, &worktree, &home).await {
            Session::Resume(session)
        } else {
            shadow.checkout(&base, &worktree).await.context("cloning the snapshot")?;
            tidy(std::slice::from_ref(&home)).await;
            std::fs::create_dir_all(&home).context("making the agent's home")?;
            Session::New(Uuid::new_v4())
        };
        let prompt = prompt(input, text.as_deref())?;
        std::fs::write(desk.at("prompt.txt"), &prompt).context("keeping the prompt")?;
        let assignment = Assignment {
            worktree,
            home,
            log: desk.at("agent.jsonl"),
            prompt,
            session,
            model: input.agent.model.clone().or_else(|| self.usual_model.clone()),
            budget_left: input.budget_left_usd.map(|b| b.minus(before.cost_usd)),
            timeout: Duration::from_secs(input.stage.timeout_seconds),
        };
        Ok(Ok(WriteInputs { shadow, base, assignment }))
    }

    /// Lets the agent work; meanwhile tells progress, beats, and passes a stop on.
    async fn watch(
        &self,
        ctx: &ActivityContext,
        input: &WriteInput,
        agent: &dyn Agent,
        (assignment, before): (&Assignment, &Handover),
    ) -> Result<(Report, Handover), ActivityError> {
        let (events, mut heard) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let mut so_far = AgentProgress::new(input, assignment, before);
        ctx.record_heartbeat(so_far.handover.clone()).await?;
        let mut work = agent.work(assignment, events, &stop);
        let mut tick = tokio::time::interval(HEARTBEAT_INTERVAL);
        let report = loop {
            tokio::select! {
                done = &mut work => break done.map_err(anyhow::Error::from).context("running the agent")?,
                Some(event) = heard.recv() => so_far.note(event),
                _ = tick.tick() => {
                    ctx.record_heartbeat(so_far.handover.clone()).await?;
                    self.tell(input, &mut so_far).await;
                }
                () = ctx.cancelled(), if !stop.is_cancelled() => stop.cancel(),
            }
        };
        so_far.spent(report.tokens, report.cost_usd);
        Ok((report, so_far.handover))
    }

    /// Progress is dropped freely: a database that is away must not end an agent.
    async fn tell(&self, input: &WriteInput, so_far: &mut AgentProgress<'_>) {
        let Some(progress) = so_far.worth_telling() else { return };
        if !matches!(
            timeout(PROGRESS_TIMEOUT, self.store.save_progress(&input.run, &progress)).await,
            Ok(Ok(()))
        ) {
            tracing::debug!(run.id = %input.run, "progress was dropped");
        }
    }
}

/// What the agent is told, by the pipeline as it is stored.
fn prompt(input: &WriteInput, text: Option<&str>) -> Result<String> {
    let text = text.with_context(|| format!("no pipeline {} is stored", input.pipeline))?;
    let pipeline = PipelineText::parse("the stored pipeline", text).map_err(|e| anyhow!("{e}"))?;
    pipeline
        .prompt_for(&input.stage.name, &input.brief, (input.feedback.as_deref(), &input.remarks))
        .context("the stored pipeline lost a stage")
}

/// The session that a worker died in, where its clone and its transcript are still here.
async fn resumable(
    before: &Handover,
    worktree: &std::path::Path,
    home: &std::path::Path,
) -> Option<Uuid> {
    let session = before.session.as_deref()?.parse().ok()?;
    (worktree.exists() && ClaudeCode::has_session(home, session).await).then_some(session)
}
