//! The dependencies of a worker's activities: what do they work with?

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Error, Result, anyhow};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::circuit::Circuits;
use super::slots::Slots;
use crate::config::LiveProjects;
use crate::engine::authenticity::Seal;
use crate::meter::Meter;
use crate::run::{Digest, RunId};
use crate::sandbox::{Egress, Sandbox};
use crate::store::Store;
use crate::workspace::{ArtifactStore, RunFolder};

/// What a worker works with.
pub struct Bench {
    pub store: Store,
    /// What doors sign with.
    pub seal: Seal,
    /// `$SIGNOFF_HOME/runs`.
    pub runs: PathBuf,
    /// What all workers share.
    pub artifacts: ArtifactStore,
    pub sandbox: Sandbox,
    /// What setups may reach.
    pub egress: Egress,
    /// What the server says of budgets, prices and waiting; looked at when an attempt begins.
    pub projects: LiveProjects,
    /// The operator said that agents, setup and checks may run without a box.
    pub no_sandbox: bool,
    /// The pipelines that came with this program.
    pub built_in: BTreeSet<Digest>,
    /// The way to a real model or to a scripted one: a worker takes only runs of its kind.
    pub meter: Meter,
    /// The model a pipeline gets that names none: the scenario's, in a rehearsal. The CLI's prices follow the model it asks for.
    pub usual_model: Option<String>,
    /// Looks for the Claude Code program.
    pub find_claude: Box<dyn Fn() -> Option<PathBuf> + Send + Sync>,
    /// What did not work here lately.
    pub circuits: Circuits,
    /// Attempts that this machine's worker takes at once, where its operator says so; else `projects` says it.
    pub agent_slots: Option<u32>,
    /// Attempts that wait here or are at work.
    pub slots: Slots,
    /// The worker is shutting down: what is interrupted now goes on elsewhere.
    pub draining: CancellationToken,
}

/// For us to hear what was told to every process of ours at once.
const TOLD_TIMEOUT: Duration = Duration::from_millis(200);

impl Bench {
    /// Whether this process was asked to end. Service managers ask all that it started at the same time, also what is in a box: what
    /// ends badly may only have heard of it before us.
    pub(super) async fn is_asked_to_end(&self) -> bool {
        timeout(TOLD_TIMEOUT, self.draining.cancelled()).await.is_ok()
    }

    /// An error where this process was asked to end: what went badly meanwhile says nothing of the work, and is tried again elsewhere.
    pub(super) async fn refuse_when_asked_to_end(&self) -> Result<()> {
        if self.is_asked_to_end().await { Err(asked_to_end()) } else { Ok(()) }
    }

    pub(super) fn shadow_path(&self, run: &RunId) -> PathBuf {
        RunFolder::of(&self.runs, run).git_dir()
    }
}

pub(super) fn asked_to_end() -> Error {
    anyhow!("this worker was asked to end")
}
