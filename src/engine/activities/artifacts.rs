//! What a worker puts into the artifact store and takes out of it: how does a run go on on another disk?
//! Snapshots before anybody is told of them; logs as soon as they are whole; the session of an agent that has to move.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::attempt_folder::AttemptFolder;
use super::bench::Bench;
use super::failure::AttemptId;
use super::handover::Handover;
use super::heartbeat::with_heartbeat;
use super::prepare::PreparedAttempt;
use super::red_green::LOG_RED_GREEN;
use super::session_archive::{pack, unpack};
use super::write_attempt::WriteAttempt;
use crate::agent::ClaudeCode;
use crate::run::{RunId, Snapshot};
use crate::workspace::{ArtifactKeys, AttemptFile, Bundles, Shadow, WorkspaceError};

/// For people: a store that is slow holds no attempt up.
const FILES_TIMEOUT: Duration = Duration::from_secs(30);
/// Who asked this process to end waits for it.
const MOVE_TIMEOUT: Duration = Duration::from_secs(20);
/// What `write` leaves for people, and what `check` does besides the reports that it read.
pub(super) const WRITTEN_FILES: [&str; 3] =
    [AttemptFile::Prompt.name(), AttemptFile::Setup.name(), AttemptFile::Agent.name()];
pub(super) const CHECKED_FILES: [&str; 3] =
    [AttemptFile::ChecksBefore.name(), AttemptFile::Checks.name(), LOG_RED_GREEN];
/// An agent's session, and where it was to be found.
const SESSION: &str = "session.tar";
const MOVED: &str = "moved.json";

/// A session on its way: what its agent had written so far.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct MovedSession {
    session: String,
    left: Snapshot,
}

impl Bench {
    /// The shadow repository of a run, with these snapshots: as it is here, filled from the artifact store where it is not.
    pub(super) async fn shadow_with(
        &self,
        run: &RunId,
        needed: &[&Snapshot],
    ) -> Result<Shadow, WorkspaceError> {
        let opened = self.bundles(run).shadow_with(self.shadow_path(run), needed).await;
        if let Err(e @ WorkspaceError::Elsewhere { .. }) = &opened {
            tracing::warn!(run.id = %run, "run {run} waits for another worker: {e}");
        }
        opened
    }

    pub(super) const fn bundles<'a>(&'a self, run: &'a RunId) -> Bundles<'a> {
        Bundles { artifacts: &self.artifacts, run }
    }

    /// Keeps files of an attempt for people. What is not there, or cannot be kept, is not.
    pub(super) async fn keep_files(
        &self,
        of: AttemptId<'_>,
        folder: &AttemptFolder,
        names: &[&str],
    ) {
        let keeping = async {
            for name in names.iter().filter(|name| folder.at(name).is_file()) {
                self.artifacts.put_file(&key(of, name), &folder.at(name)).await?;
            }
            Ok::<(), WorkspaceError>(())
        };
        let run = of.run;
        match timeout(FILES_TIMEOUT, keeping).await {
            Ok(Ok(())) => {}
            Ok(Err(e)) => {
                tracing::warn!(run.id = %run, error = %e, "could not keep the logs of {run}");
            }
            Err(_) => {
                tracing::warn!(run.id = %run, "could not keep the logs of {run} in time");
            }
        }
    }
}

/// Where a file of an attempt lies.
fn key(of: AttemptId<'_>, name: &str) -> String {
    ArtifactKeys(of.run).attempt_file(of.stage, of.attempt, name)
}

impl WriteAttempt<'_> {
    /// Leaves the session of an agent that goes on later where any worker finds it, with `work`, where that is kept already. Where that fails, only one with this disk goes on with it.
    pub(super) async fn leave_session(
        &self,
        ctx: &ActivityContext,
        (prepared, work): (&PreparedAttempt, Option<&Snapshot>),
        after: &Handover,
    ) -> Result<(), ActivityError> {
        let session = after.session.as_deref();
        let leaving = timeout(MOVE_TIMEOUT, self.put_session((prepared, work), session));
        let run = &self.input.run;
        match with_heartbeat(ctx, after, &CancellationToken::new(), leaving).await? {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => {
                tracing::info!(run.id = %run, "left the agent of run {run} for another worker");
            }
            Ok(Err(e)) => {
                tracing::warn!(run.id = %run, error = format!("{e:#}"), "could not leave the agent of run {run} for another worker");
            }
            Err(_) => {
                tracing::warn!(run.id = %run, "could not leave the agent of run {run} for another worker in time");
            }
        }
        Ok(())
    }

    /// Whether there is one to leave.
    async fn put_session(
        &self,
        (prepared, work): (&PreparedAttempt, Option<&Snapshot>),
        session: Option<&str>,
    ) -> Result<bool> {
        let (of, artifacts) = (AttemptId::from(self.input), &self.bench.artifacts);
        let Some(session) = session.and_then(|id| id.parse::<Uuid>().ok()) else {
            return Ok(false);
        };
        let home = self.folder.at("home");
        if !ClaudeCode::has_session(&home, session).await {
            return Ok(false);
        }
        let left = match work {
            Some(kept) => kept.clone(),
            None => self.keep_unfinished(prepared).await?,
        };
        #[expect(clippy::disallowed_methods, reason = "no process is started there")]
        let packing = tokio::task::spawn_blocking(move || pack(&home, session));
        let packed = packing.await.context("packing the session")?;
        let packed = packed.context("packing the session")?;
        artifacts.put(&key(of, SESSION), packed).await?;
        // At last: by it the rest is found.
        let session = session.to_string();
        let moved = serde_json::to_vec(&MovedSession { session, left })?;
        artifacts.put(&key(of, MOVED), moved).await?;
        Ok(true)
    }

    /// What its agent had written, under a name of its own: it is no snapshot of the attempt.
    async fn keep_unfinished(&self, prepared: &PreparedAttempt) -> Result<Snapshot> {
        let PreparedAttempt { shadow, base, .. } = prepared;
        let name = format!("{}-unfinished", self.snapshot_name());
        let left = shadow.keep(&self.folder.at("work"), base, &name).await?.snapshot;
        self.bench.bundles(&self.input.run).keep(shadow, &name, &left).await?;
        Ok(left)
    }

    /// The session that a worker left which has another disk, with what its agent had written: put in this attempt's folder.
    pub(super) async fn fetch_session(&self, base: &Snapshot) -> Result<Option<Uuid>> {
        let (of, artifacts) = (AttemptId::from(self.input), &self.bench.artifacts);
        let Some(wanted) = self.before.session.as_deref() else { return Ok(None) };
        let Some(moved) = artifacts.get(&key(of, MOVED)).await? else { return Ok(None) };
        let MovedSession { session, left } = serde_json::from_slice(&moved)?;
        if session != wanted {
            return Ok(None);
        }
        let Some(packed) = artifacts.get(&key(of, SESSION)).await? else { return Ok(None) };
        let (work, home) = (self.folder.at("work"), self.folder.at("home"));
        let shadow = self.bench.shadow_with(of.run, &[&left]).await?;
        if !shadow.is_child(&left, base).await? {
            bail!("what its agent had written was made of other code than the run began with here");
        }
        shadow.checkout(&left, &work).await.context("fetching what the agent had written")?;
        unpack(&packed, &home, &work).context("unpacking the session")?;
        Ok(session.parse().ok())
    }
}
