//! Gates and the work they ask about: which question is asked of people, and what guards what they approved?

use chrono::{DateTime, Utc};

use super::wait::asks;
use crate::run::{
    Attempt, GateDigestInput, GateId, GateKind, GateSpec, Guard, Next, Run, Snapshot, StageName,
    StagePhase, StageState,
};

/// The work of an attempt whose stage has a gate.
#[derive(Clone, Copy)]
pub(super) struct GatedWork<'a> {
    stage: &'a StageState,
    attempt: u32,
    snapshot: &'a Snapshot,
    spec: &'a GateSpec,
}

impl<'a> GatedWork<'a> {
    /// None where the stage has no gate, or the work is not kept anywhere.
    pub fn of(stage: &'a StageState, attempt: &'a Attempt) -> Option<Self> {
        let (snapshot, spec) = (attempt.snapshot.as_ref()?, stage.stage.gate.as_ref()?);
        Some(Self { stage, attempt: attempt.n, snapshot, spec })
    }
}

impl Run {
    /// Asks about this work, as the stage's next round.
    pub(super) fn open_gate(&self, work: GatedWork<'_>, now: DateTime<Utc>) -> Next {
        let gate = self.gate_id(work, work.stage.rounds + 1);
        asks((gate, work.spec), work.attempt, now)
    }

    /// The work of a stage that enough people approved: exactly the work that they were asked about.
    pub(super) fn approved_snapshot<'a>(&self, stage: &'a StageState) -> Option<&'a Snapshot> {
        let asked = &stage.asked_now().last()?.gate;
        let attempt = stage.attempt(asked.attempt)?;
        let work = GatedWork::of(stage, attempt)?;
        let same = self.gate_id(work, asked.id.round) == asked.id;
        let enough = asked.approvals.len() >= work.spec.quorum as usize;
        (same && enough).then_some(work.snapshot)
    }

    fn gate_id(&self, work: GatedWork<'_>, round: u32) -> GateId {
        let stage = work.stage.name();
        GateDigestInput {
            kind: GateKind::Approve,
            run: self.id(),
            pipeline: &self.request.pipeline.digest,
            stage,
            round,
            tree: &work.snapshot.tree,
            spec: work.spec,
            then: &self.effect_of_approval(stage),
        }
        .gate()
    }

    /// What an approval of this stage starts: the next stage or the delivery.
    fn effect_of_approval(&self, stage: &StageName) -> String {
        match self.stages.iter().skip_while(|s| s.name() != stage).nth(1) {
            Some(next) => format!("stage:{}", next.name()),
            None => format!(
                "deliver:{}:{}{}",
                self.request.branch(),
                self.request.repository.as_deref().unwrap_or_default(),
                self.trees_merged()
            ),
        }
    }

    /// What must hold before this work is used; none where nobody had to approve it.
    pub(super) fn guard(&self, snapshot: &Snapshot) -> Option<Guard> {
        let kept =
            |s: &&StageState| s.phase == StagePhase::Good && s.snapshot.as_ref() == Some(snapshot);
        let stage = self.stages.iter().rev().find(kept)?;
        let (spec, asked) = (stage.stage.gate.clone()?, stage.asked.last()?);
        Some(Guard {
            gate: asked.gate.id.clone(),
            run: self.id().clone(),
            snapshot: snapshot.clone(),
            spec,
            then: self.effect_of_approval(stage.name()),
        })
    }
}
