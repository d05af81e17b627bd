//! How does an attempt come about: agent, checks, delivery?
//! Every step may be repeated by another worker; what was paid stays counted.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::activities::{CheckInput, DeliverInput, WriteInput};
use super::worker::Bench;
use crate::agent::{Agent, AgentEvent, Assignment, ClaudeCode, ModelAccess, Report, Script, Session};
use crate::checks::{CheckSpec, check};
use crate::run::{
    AgentEnd, AgentKind, Checked, Delivered, PipelineText, Progress, RunId, Sandboxing, Snapshot, StageName, Tokens, Trouble, Usd, Work, Written,
};
use crate::sandbox::{Network, Sandbox};
use crate::workspace::{Delivery, Shadow, WorkspaceError};

/// Longest patch that is kept for the diff page, in bytes.
const PATCH_BYTES: usize = 400_000;
/// Progress and heartbeats: once a second.
const TICK: Duration = Duration::from_secs(1);

/// What a successor needs to go on where a worker died.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Handover {
    session: Option<String>,
    tokens: Tokens,
    cost_usd: Usd,
}

/// The folder of one attempt, and the right to be in it.
struct Desk {
    folder: PathBuf,
    _held: File,
}

impl Desk {
    /// Only one process is at a desk. Its box dies with it, so a free desk means a dead box.
    fn take(runs: &Path, run: &RunId, stage: &StageName, attempt: u32) -> Result<Self> {
        let folder = runs.join(run.as_str()).join(format!("{stage}-{attempt}"));
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let held = File::create(folder.join("lock")).context("making the attempt's lock")?;
        match held.try_lock() {
            Ok(()) => Ok(Self { folder, _held: held }),
            Err(TryLockError::WouldBlock) => Err(anyhow!("another worker still works on {run} {stage} attempt {attempt}")),
            Err(TryLockError::Error(e)) => Err(e).context("taking the attempt's lock"),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Bench {
    fn shadow_of(&self, run: &RunId) -> PathBuf {
        self.runs.join(run.as_str()).join("shadow.git")
    }

    /// Agent in a fresh clone of the base; a snapshot of what it wrote.
    pub(super) async fn write(&self, ctx: &ActivityContext, input: &WriteInput) -> Result<Written, ActivityError> {
        let agent = match self.agent(input) {
            Ok(agent) => agent,
            Err(why) => return Ok(self.could_not(input, why)),
        };
        let desk = Desk::take(&self.runs, &input.run, &input.stage.name, input.attempt)?;
        let shadow = Shadow::open(&self.shadow_of(&input.run)).await.context("opening the shadow repository")?;
        let base = match &input.base {
            Some(base) => base.clone(),
            None => match shadow.import(input.repository.as_deref()).await {
                Ok(base) => base,
                Err(e @ WorkspaceError::Repository { .. }) => return Ok(self.could_not(input, e.to_string())),
                Err(e) => return Err(anyhow::Error::from(e).context("importing the repository").into()),
            },
        };
        let before: Handover = ctx.heartbeat_details().deserialize()?.unwrap_or_default();
        let assignment = self.assign(input, &desk, &shadow, &base, &before).await?;
        let (report, mut after) = self.watch(ctx, input, agent.as_ref(), &assignment, &before).await?;
        after.tokens = before.tokens;
        after.tokens += report.tokens;
        after.cost_usd = before.cost_usd + report.cost_usd;
        if report.end == AgentEnd::Stopped && self.draining.is_cancelled() {
            return Err(ActivityError::cancelled_with_details(after));
        }
        let (end, work) = match report.end {
            AgentEnd::Finished => self.keep(input, &desk, &shadow, base).await?,
            other => (other, None),
        };
        Ok(Written {
            end,
            agent: report.info,
            sandboxing: self.sandboxing(input),
            work,
            tokens: after.tokens,
            cost_usd: after.cost_usd,
            seconds: 0,
            words: report.words,
        })
    }

    fn agent(&self, input: &WriteInput) -> Result<Box<dyn Agent>, String> {
        if input.agent.kind == AgentKind::Script {
            let command = input.agent.command.clone().ok_or("the pipeline names no command for its script agent")?;
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
            return Err("there is no bubblewrap here to confine a real agent: install it, or start the worker with --no-sandbox".to_owned());
        }
        let program = self.claude.clone().ok_or("the claude program is not here: `signoff doctor` says how to get it")?;
        Ok(Box::new(ClaudeCode { program, access: self.model.clone(), sandbox: self.sandbox.clone() }))
    }

    /// Nothing was tried: what is wrong has to be mended by somebody first.
    fn could_not(&self, input: &WriteInput, why: String) -> Written {
        Written {
            end: AgentEnd::Failed { trouble: Trouble::Setup, why },
            agent: None,
            sandboxing: self.sandboxing(input),
            work: None,
            tokens: Tokens::default(),
            cost_usd: Usd::ZERO,
            seconds: 0,
            words: None,
        }
    }

    fn sandboxing(&self, input: &WriteInput) -> Sandboxing {
        let open = input.agent.kind == AgentKind::Claude && matches!(self.model, ModelAccess::Key(_)) || !input.stage.setup.is_empty();
        self.sandbox.sandboxing(if open { Network::Open } else { Network::Closed })
    }

    /// A fresh clone and a new session; or, where a worker died here, its clone and its session.
    async fn assign(&self, input: &WriteInput, desk: &Desk, shadow: &Shadow, base: &Snapshot, before: &Handover) -> Result<Assignment> {
        let (worktree, home) = (desk.at("work"), desk.at("home"));
        let session = before.session.as_deref().and_then(|s| s.parse::<Uuid>().ok());
        let resumable = match session {
            Some(session) => worktree.exists() && ClaudeCode::has_session(&home, session).await,
            None => false,
        };
        let session = if let (Some(session), true) = (session, resumable) {
            Session::Resume(session)
        } else {
            shadow.checkout(base, &worktree).await.context("cloning the snapshot")?;
            if home.exists() {
                std::fs::remove_dir_all(&home).context("clearing the agent's home")?;
            }
            std::fs::create_dir_all(&home).context("making the agent's home")?;
            Session::New(Uuid::new_v4())
        };
        let prompt = self.prompt(input).await?;
        std::fs::write(desk.at("prompt.txt"), &prompt).context("keeping the prompt")?;
        Ok(Assignment {
            worktree,
            home,
            log: desk.at("agent.jsonl"),
            prompt,
            session,
            model: input.agent.model.clone().or_else(|| self.usual_model.clone()),
            budget_left: input.budget_left_usd.map(|b| b.minus(before.cost_usd)),
            timeout: Duration::from_secs(input.stage.timeout_seconds),
        })
    }

    async fn prompt(&self, input: &WriteInput) -> Result<String> {
        let text = self.store.pipeline(&input.pipeline).await?.with_context(|| format!("no pipeline {} is stored", input.pipeline))?;
        let pipeline = PipelineText::parse("the stored pipeline", &text).map_err(|e| anyhow!("{e}"))?;
        pipeline.prompt_for(&input.stage.name, &input.brief, input.feedback.as_deref()).context("the stored pipeline lost a stage")
    }

    /// Lets the agent work; meanwhile tells progress, beats, and passes a stop on.
    async fn watch(
        &self,
        ctx: &ActivityContext,
        input: &WriteInput,
        agent: &dyn Agent,
        assignment: &Assignment,
        before: &Handover,
    ) -> Result<(Report, Handover), ActivityError> {
        let (events, mut heard) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let mut so_far = Watch::new(input, assignment, before);
        ctx.record_heartbeat(so_far.handover.clone()).await?;
        let mut work = agent.work(assignment, events, &stop);
        let mut tick = tokio::time::interval(TICK);
        let report = loop {
            tokio::select! {
                done = &mut work => break done.map_err(anyhow::Error::from).context("running the agent")?,
                Some(event) = heard.recv() => so_far.note(event, before),
                _ = tick.tick() => {
                    ctx.record_heartbeat(so_far.handover.clone()).await?;
                    self.tell(input, &mut so_far).await;
                }
                () = ctx.cancelled(), if !stop.is_cancelled() => stop.cancel(),
            }
        };
        Ok((report, so_far.handover))
    }

    /// Progress is dropped freely: a database that is away must not end an agent.
    async fn tell(&self, input: &WriteInput, so_far: &mut Watch) {
        let now = clock();
        if let Some(progress) = so_far.changed(now)
            && let Err(e) = self.store.save_progress(&input.run, &progress).await
        {
            tracing::debug!(run.id = %input.run, error = %e, "progress was dropped");
        }
    }

    /// The snapshot of what the agent wrote, and what it changed.
    async fn keep(&self, input: &WriteInput, desk: &Desk, shadow: &Shadow, base: Snapshot) -> Result<(AgentEnd, Option<Work>)> {
        let name = format!("{}-{}", input.stage.name, input.attempt);
        let snapshot = match shadow.snapshot(&desk.at("work"), &base, &name).await {
            Ok(snapshot) => snapshot,
            // The next attempt can do something about it.
            Err(e @ WorkspaceError::TooBig { .. }) => return Ok((AgentEnd::Failed { trouble: Trouble::Agent, why: e.to_string() }, None)),
            Err(e) => return Err(anyhow::Error::from(e).context("taking the snapshot")),
        };
        let diff = shadow.diff(&base, &snapshot).await.context("counting what changed")?;
        let patch = shadow.patch(&base, &snapshot, PATCH_BYTES).await.context("reading what changed")?;
        self.store.keep_diff(&input.run, &input.stage.name, input.attempt, &patch).await?;
        tidy(&[desk.at("work"), desk.at("home")]);
        Ok((AgentEnd::Finished, Some(Work { base, snapshot, diff })))
    }

    /// The checks on exactly that snapshot, in a checkout of their own.
    pub(super) async fn check(&self, ctx: &ActivityContext, input: &CheckInput) -> Result<Checked, ActivityError> {
        let desk = Desk::take(&self.runs, &input.run, &input.stage.name, input.attempt)?;
        let shadow = Shadow::open(&self.shadow_of(&input.run)).await.context("opening the shadow repository")?;
        let (checkout, home, log) = (desk.at("checkout"), desk.at("check-home"), desk.at("checks.log"));
        shadow.checkout(&input.snapshot, &checkout).await.context("checking the snapshot out")?;
        tidy(std::slice::from_ref(&home));
        std::fs::create_dir_all(&home)?;
        let stop = CancellationToken::new();
        let spec = CheckSpec { stage: &input.stage, checkout: &checkout, home: &home, log: &log, sandbox: &self.sandbox };
        let checked = beating(ctx, &stop, check(spec, &stop)).await??;
        if stop.is_cancelled() {
            return Err(ActivityError::cancelled());
        }
        if let Some(junit) = &input.stage.reports.junit {
            // Kept for people; the figures were read already.
            let _ = std::fs::copy(checkout.join(junit), desk.at("junit.xml"));
        }
        tidy(&[checkout, home]);
        Ok(checked)
    }

    /// The result where people can fetch it.
    pub(super) async fn deliver(&self, input: &DeliverInput) -> Result<Delivered, ActivityError> {
        let shadow = Shadow::open(&self.shadow_of(&input.run)).await.context("opening the shadow repository")?;
        let delivery = Delivery {
            origin: input.origin.as_ref(),
            snapshot: &input.snapshot,
            branch: &input.branch,
            repository: input.repository.as_deref(),
            push: input.push,
        };
        Ok(shadow.deliver(delivery).await.context("delivering the result")?)
    }
}

/// Beats once a second while `work` goes on, and passes a stop on.
async fn beating<T>(ctx: &ActivityContext, stop: &CancellationToken, work: impl Future<Output = T>) -> Result<T, ActivityError> {
    let mut work = std::pin::pin!(work);
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            done = &mut work => return Ok(done),
            _ = tick.tick() => ctx.record_heartbeat(()).await?,
            () = ctx.cancelled(), if !stop.is_cancelled() => stop.cancel(),
        }
    }
}

/// What is known of an agent at work.
struct Watch {
    handover: Handover,
    progress: Progress,
    told: Option<(Instant, Progress)>,
}

impl Watch {
    fn new(input: &WriteInput, assignment: &Assignment, before: &Handover) -> Self {
        let (Session::New(session) | Session::Resume(session)) = &assignment.session;
        let progress = Progress {
            stage: input.stage.name.clone(),
            attempt: input.attempt,
            tokens: before.tokens,
            cost_usd: before.cost_usd,
            step: "starting".to_owned(),
            at: clock(),
        };
        Self { handover: Handover { session: Some(session.to_string()), ..before.clone() }, progress, told: None }
    }

    fn note(&mut self, event: AgentEvent, before: &Handover) {
        match event {
            AgentEvent::ToolStarted { title, .. } => self.progress.step = title,
            AgentEvent::Retrying { why, .. } => self.progress.step = format!("waiting for the model: {why}"),
            AgentEvent::Usage { tokens, cost_usd } => {
                self.handover.tokens = before.tokens;
                self.handover.tokens += tokens;
                self.handover.cost_usd = before.cost_usd + cost_usd;
                self.progress.tokens = self.handover.tokens;
                self.progress.cost_usd = self.handover.cost_usd;
            }
            _ => {}
        }
    }

    /// The progress, if it is worth telling.
    fn changed(&mut self, now: DateTime<Utc>) -> Option<Progress> {
        if self.told.as_ref().is_some_and(|(at, told)| *told == self.progress && at.elapsed() < Duration::from_secs(15)) {
            return None;
        }
        self.told = Some((Instant::now(), self.progress.clone()));
        Some(Progress { at: now, ..self.progress.clone() })
    }
}

/// Folders that are of no more use; what cannot be removed is only litter.
fn tidy(folders: &[PathBuf]) {
    for folder in folders.iter().filter(|f| f.exists()) {
        if let Err(e) = std::fs::remove_dir_all(folder) {
            tracing::warn!(error = %e, "could not remove {}", folder.display());
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "progress is stamped where it happens: in an activity, never in a workflow")]
fn clock() -> DateTime<Utc> {
    Utc::now()
}
