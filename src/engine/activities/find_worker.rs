//! The activity `find_worker`: can this worker do what others could not?
//! Where it lacks something it fails, and Temporal asks the next one, without end and without a word in the run's history.

use std::fs;
use std::time::Instant;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::ActivityError;

use super::agent_choice::Origin;
use super::bench::Bench;
use super::circuit::WorkerPart;
use super::unfit::Unfit;
use crate::run::{AgentKind, Digest, Run, RunId, WorkStep};

/// More room than this must be left for a run to go on.
const ROOM_BYTES: usize = 16 << 20;

/// For what a worker is looked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FindWorkerInput {
    pub run: RunId,
    pub step: WorkStep,
    pub agent: AgentKind,
    pub rehearsal: bool,
    pub repository: Option<String>,
    pub pipeline: Digest,
    /// Whether its code must be there already.
    pub begun: bool,
}

impl FindWorkerInput {
    pub(in crate::engine) fn new(run: &Run, step: WorkStep) -> Self {
        let request = &run.request;
        let mut attempts = run.stages.iter().flat_map(|stage| &stage.attempts);
        Self {
            run: request.run.clone(),
            step,
            agent: request.pipeline.agent.kind,
            rehearsal: request.rehearsal,
            repository: request.repository.clone(),
            pipeline: request.pipeline.digest.clone(),
            begun: attempts.any(|attempt| attempt.base.is_some()),
        }
    }

    fn origin(&self) -> Origin<'_> {
        Origin { repository: self.repository.as_deref(), pipeline: Some(&self.pipeline) }
    }
}

impl Bench {
    /// An error where this worker would hand the work back.
    pub(super) async fn find_worker(&self, wanted: &FindWorkerInput) -> Result<(), ActivityError> {
        match wanted.step {
            WorkStep::Write => {
                self.may_write(wanted.agent, wanted.rehearsal, wanted.origin())?;
            }
            WorkStep::Check => self.refuse_unconfined(self.code_of(wanted.origin()))?,
            WorkStep::Deliver => {}
        }
        self.has_not_failed(&WorkerPart::Of(wanted.run.clone()))?;
        self.store.ping().await.context("asking the database")?;
        self.has_room(&wanted.run).context("looking for room on the disk")?;
        if wanted.begun {
            self.shadow_with(&wanted.run, &[]).await.context("opening the shadow repository")?;
        }
        Ok(())
    }

    /// Whether that is worth a try here.
    pub(super) fn has_not_failed(&self, part: &WorkerPart) -> Result<(), Unfit> {
        self.circuits.why(part, Instant::now()).map_or(Ok(()), |why| Err(Unfit::Lacks(why)))
    }

    pub(super) fn has_room(&self, run: &RunId) -> std::io::Result<()> {
        let folder = self.runs.join(run.as_str());
        fs::create_dir_all(&folder)?;
        let file = folder.join("room");
        let written = fs::write(&file, vec![0; ROOM_BYTES]);
        // What could be written of it is given back; only litter where it stays, and the next look overwrites it.
        let _given_back = match written {
            Ok(()) => fs::remove_file(&file),
            Err(_) => fs::write(&file, ""),
        };
        written
    }
}
