//! The preparation of an attempt: what does an agent begin with?
//! A clone of the code, a HOME, a prompt and a session; the session of a worker that died, where it is still here.

use anyhow::{Context, Result, anyhow};
use uuid::Uuid;

use super::WriteInput;
use super::attempt_folder::remove_folders;
use super::bench::Bench;
use super::failure::AttemptId;
use super::guard::{GuardCheck, check_guard};
use super::write_attempt::WriteAttempt;
use crate::agent::{Assignment, ClaudeCode, Session, Tools};
use crate::engine::retry_policy::agent_timeout;
use crate::run::{Again, PipelineText, RunId, Snapshot, StartingPoint, part_text};
use crate::workspace::{AttemptFile, Shadow, WorkspaceError};

/// What came of a preparation.
pub(super) enum Preparation {
    Ready(Box<PreparedAttempt>),
    /// No agent could start from what is here; why, for people.
    Impossible(String),
}

/// What an agent begins with.
pub(super) struct PreparedAttempt {
    pub shadow: Shadow,
    pub base: Snapshot,
    pub start: Option<StartingPoint>,
    pub assignment: Assignment,
}

impl WriteAttempt<'_> {
    /// The code to start from, cloned.
    pub(super) async fn prepare(&self) -> Result<Preparation> {
        let shadow = match (self.shadow().await, &self.input.again) {
            (Err(WorkspaceError::Elsewhere { .. }), Some(again)) if !self.input.may_hand_back => {
                let why = format!(
                    "the work of {} is neither on this worker's disk nor in the artifact store",
                    again.run
                );
                return Ok(Preparation::Impossible(why));
            }
            (shadow, _) => shadow.context("opening the shadow repository")?,
        };
        let base = match self.base(&shadow).await {
            Ok(base) => base,
            Err(e @ WorkspaceError::Repository { .. }) => {
                return Ok(Preparation::Impossible(e.to_string()));
            }
            Err(e) => return Err(anyhow::Error::from(e).context("importing the repository")),
        };
        let text = self.pipeline_text().await?;
        if let GuardCheck::Moved(why) = self.check_guard(&shadow, text.as_deref()).await? {
            return Ok(Preparation::Impossible(why));
        }
        let session = self.session(&shadow, &base).await?;
        let prompt = prompt(self.input, text.as_deref())?;
        std::fs::write(self.folder.at(AttemptFile::Prompt.name()), &prompt)
            .context("keeping the prompt")?;
        let start = shadow.start().await.context("reading where the run began")?;
        let env = variables(self.input.into(), &shadow).await?;
        let assignment = Assignment { env, ..self.assignment(prompt, session) };
        Ok(Preparation::Ready(Box::new(PreparedAttempt { shadow, base, start, assignment })))
    }

    pub(super) async fn pipeline_text(&self) -> Result<Option<String>> {
        let stored = self.bench.store.pipeline(&self.input.pipeline).await;
        stored.context("reading the stored pipeline")
    }

    pub(super) async fn check_guard(
        &self,
        shadow: &Shadow,
        pipeline: Option<&str>,
    ) -> Result<GuardCheck> {
        match &self.input.guard {
            Some(guard) => check_guard(guard, shadow, pipeline).await,
            None => Ok(GuardCheck::Holds),
        }
    }

    pub(super) async fn shadow(&self) -> Result<Shadow, WorkspaceError> {
        let run = &self.input.run;
        match (&self.input.base, &self.input.again) {
            (Some(base), again) => {
                self.bench.shadow_of(run, again.as_ref(), &self.needed(base)).await
            }
            (None, _) => self.bench.bundles(run).shadow_to_begin(self.bench.shadow_path(run)).await,
        }
    }

    /// The work to start from, and all that it will be compared with.
    pub(super) fn needed<'n>(&'n self, base: &'n Snapshot) -> Vec<&'n Snapshot> {
        let compare = &self.input.compare;
        let others = [&compare.stage_base, &compare.round, &compare.approved];
        [base].into_iter().chain(others.into_iter().flatten()).collect()
    }

    pub(super) async fn base(&self, shadow: &Shadow) -> Result<Snapshot, WorkspaceError> {
        if let Some(base) = &self.input.base {
            return Ok(base.clone());
        }
        let (repository, branch) = (&self.input.repository, &self.input.start_branch);
        shadow.import(repository.as_deref(), branch.as_deref()).await
    }

    /// The session that a worker died in, in its own clone; else a new one, in a fresh clone.
    async fn session(&self, shadow: &Shadow, base: &Snapshot) -> Result<Session> {
        if let Some(session) = self.resumable_session().await {
            return Ok(Session::Resume(session));
        }
        match self.fetch_session(base).await {
            Ok(Some(session)) => return Ok(Session::Resume(session)),
            Ok(None) => {}
            Err(e) => {
                let run = &self.input.run;
                tracing::warn!(run.id = %run, error = format!("{e:#}"), "the agent of run {run} begins anew");
            }
        }
        let home = self.folder.at("home");
        let work = self.folder.at("work");
        shadow.checkout_to_change(base, &work).await.context("cloning the snapshot")?;
        remove_folders(std::slice::from_ref(&home)).await;
        std::fs::create_dir_all(&home).context("making the agent's home")?;
        Ok(Session::New(Uuid::new_v4()))
    }

    /// None unless its clone and its transcript are both still here.
    async fn resumable_session(&self) -> Option<Uuid> {
        let session = self.before.session.as_deref()?.parse().ok()?;
        let resumable = self.folder.at("work").exists()
            && ClaudeCode::has_session(&self.folder.at("home"), session).await;
        resumable.then_some(session)
    }

    pub(super) fn assignment(&self, prompt: String, session: Session) -> Assignment {
        let input = self.input;
        Assignment {
            worktree: self.folder.at("work"),
            home: self.folder.at("home"),
            log: self.folder.at(AttemptFile::Agent.name()),
            prompt,
            session,
            model: input.agent.model.clone().or_else(|| self.bench.usual_model.clone()),
            budget_left: input.budget_left_usd.map(|left| left.minus(self.before.cost_usd)),
            timeout: agent_timeout(&input.stage),
            env: Vec::new(),
            tools: Tools::All,
        }
    }
}

impl Bench {
    /// The shadow repository of a run, with the work of the run that it does once more, where it begins with that.
    pub(super) async fn shadow_of(
        &self,
        run: &RunId,
        again: Option<&Again>,
        needed: &[&Snapshot],
    ) -> Result<Shadow, WorkspaceError> {
        let Some(again) = again else { return self.shadow_with(run, needed).await };
        match self.bundles(run).shadow_with(self.shadow_path(run), needed).await {
            Err(WorkspaceError::Elsewhere { .. }) => {}
            here => return here,
        }
        let shadow = Shadow::open(&self.shadow_path(run)).await?;
        if shadow.base().await?.is_none() {
            let kept: Vec<&Snapshot> = again.kept.iter().map(|kept| &kept.snapshot).collect();
            let other = self.shadow_with(&again.run, &kept).await?;
            let names = again.kept.iter().map(|kept| format!("{}-{}", kept.stage, kept.attempt));
            shadow.take_over(&other, &names.collect::<Vec<_>>()).await?;
        }
        Ok(shadow)
    }
}

/// What programs of an attempt are told of their run: which it is, which stage, and which commit it began with.
pub(super) async fn variables(of: AttemptId<'_>, shadow: &Shadow) -> Result<Vec<(String, String)>> {
    let base = shadow.base().await.context("reading what the run began with")?;
    let commit = base.map(|base| ("SIGNOFF_BASE", base.commit));
    let names = [("SIGNOFF_RUN", of.run.to_string()), ("SIGNOFF_STAGE", of.stage.to_string())];
    let all = names.into_iter().chain(commit);
    Ok(all.map(|(name, value)| (name.to_owned(), value)).collect())
}

/// What the agent is told, by the pipeline as it is stored.
pub(super) fn prompt(input: &WriteInput, text: Option<&str>) -> Result<String> {
    let text = text.with_context(|| format!("no pipeline {} is stored", input.pipeline))?;
    let pipeline = PipelineText::stored(text).map_err(|e| anyhow!("{e}"))?;
    let feedback = input.feedback.as_deref();
    pipeline
        .prompt_for(&input.stage.name, &input.brief, feedback, &input.remarks)
        .map(|prompt| prompt + &input.part.as_ref().map(part_text).unwrap_or_default())
        .context("the stored pipeline lost a stage")
}
