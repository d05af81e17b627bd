//! Again: which run does a run do once more, and what of that need not be done?
//! Settled when it is asked for: what was good stays good and is not paid again; approvals stay with the run that they were given to.

use serde::{Deserialize, Serialize};

use crate::run::{Request, Run, RunId, Snapshot, StageName, StagePhase};

/// The run that is done once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    pub run: RunId,
    /// The stages whose work is taken over, in their order; none = all are done anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptStage>,
    /// The repository as that run found it; none where nothing is taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Snapshot>,
}

/// The work of a stage that was good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptStage {
    pub stage: StageName,
    /// Whose attempt it was: by that, and the stage's name, it is found in the run that made it.
    pub attempt: u32,
    pub snapshot: Snapshot,
}

/// Why a run cannot be taken up at a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFrom {
    /// The pipeline has no such stage.
    NoSuchStage,
    /// This stage comes before it, and has no good work there.
    Unfinished(StageName),
}

impl Again {
    /// Nothing of it is taken over.
    #[must_use]
    pub const fn anew(run: RunId) -> Self {
        Self { run, kept: Vec::new(), origin: None }
    }

    /// What `request`, which begins at the stage `from`, takes over of this run.
    ///
    /// # Errors
    /// Why it cannot begin there.
    pub fn from(run: &Run, request: &Request, from: &StageName) -> Result<Self, NotFrom> {
        let stages = &request.pipeline.stages;
        let at = stages.iter().position(|stage| &stage.name == from).ok_or(NotFrom::NoSuchStage)?;
        let kept = stages[..at].iter().map(|stage| {
            run.kept(&stage.name).ok_or_else(|| NotFrom::Unfinished(stage.name.clone()))
        });
        let kept = kept.collect::<Result<_, _>>()?;
        Ok(Self { run: run.id().clone(), kept, origin: run.origin().cloned() })
    }
}

impl Run {
    /// The good work of a stage, that it did itself or took over.
    fn kept(&self, name: &StageName) -> Option<KeptStage> {
        let stage = self.stage(name).filter(|stage| stage.phase == StagePhase::Good)?;
        let snapshot = stage.snapshot.clone()?;
        // What it took over itself is found under the same name.
        let taken = self.request.again.iter().flat_map(|again| &again.kept);
        let taken = taken.filter(|kept| &kept.stage == name).map(|kept| kept.attempt).next();
        let attempt = taken.or_else(|| stage.good_attempt().map(|attempt| attempt.n))?;
        Some(KeptStage { stage: name.clone(), attempt, snapshot })
    }

    /// The first stage that another run would have to do, where some need not be done again.
    #[must_use]
    pub fn resumes_at(&self) -> Option<&StageName> {
        let undone = self.stages.iter().position(|stage| self.kept(stage.name()).is_none())?;
        (undone > 0).then(|| self.stages[undone].name())
    }
}
