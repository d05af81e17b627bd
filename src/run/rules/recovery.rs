//! Recovery: what is asked when a stage has failed, and what may be answered?
//! Only of stages whose request says how: those of older versions fail with their run, so these rules need no version of their own.

use chrono::{DateTime, Utc};

use super::wait::{asks, next_round};
use crate::run::{
    ByHand, Decision, GateDigestInput, GateId, GateKind, HandBranch, Next, PersonId, Refusal,
    Retried, Run, Snapshot, StagePhase, StageState, Verdict,
};

impl Run {
    /// Asks what becomes of a stage that has failed; none where its pipeline wants it to end the run.
    pub(super) fn ask_to_recover(
        &self,
        stage: &StageState,
        why: &str,
        now: DateTime<Utc>,
    ) -> Option<Next> {
        let (spec, last) = (stage.stage.recovery.as_ref()?, stage.attempts.last()?);
        let round = next_round(&stage.asked_to_recover);
        let gate = GateDigestInput {
            kind: GateKind::Recovery,
            run: self.id(),
            pipeline: &self.request.pipeline.digest,
            stage: stage.name(),
            round,
            tree: &format!("attempt {}: {why}", last.n),
            spec,
            then: "recover",
        };
        Some(asks((gate.gate(), spec), last.n, now))
    }

    /// Whether this is an answer to what becomes of a stage that has failed.
    pub(super) fn authorize_recovery(
        &self,
        stage: &StageState,
        decision: &Decision,
    ) -> Result<(), Refusal> {
        let model = decision.retry.as_ref().and_then(|retry| retry.model.as_ref());
        match decision.verdict {
            Verdict::Retry => {
                match model.filter(|model| !self.request.pipeline.agent.offers(model)) {
                    Some(model) => Err(Refusal::NoSuchModel { model: model.clone() }),
                    None => Ok(()),
                }
            }
            Verdict::Skip => self.may_skip(stage),
            Verdict::TakeOver => self.may_take_over(stage),
            Verdict::HandIn => {
                let handed_out = decision.gate.as_ref().and_then(|gate| self.handed_out(gate));
                handed_out.map(|_| ()).ok_or(Refusal::NotTakenOver)
            }
            _ => Err(Refusal::AsksHowToGoOn),
        }
    }

    /// Whether somebody may do it by hand: one person at a time, where there is code to begin with.
    ///
    /// # Errors
    /// Why not.
    pub fn may_take_over(&self, stage: &StageState) -> Result<(), Refusal> {
        match self.gate.as_ref().and_then(|open| open.by_hand.as_ref()) {
            Some(ByHand { by, at, .. }) => {
                Err(Refusal::AlreadyDecided { verdict: Verdict::TakeOver, by: by.clone(), at: *at })
            }
            None => self.work_to_hand_out(stage).map(|_| ()).ok_or(Refusal::NothingToTakeOver),
        }
    }

    /// The branch that was handed out by this question, where it is open, and to whom.
    #[must_use]
    pub fn handed_out(&self, gate: &GateId) -> Option<(&HandBranch, &PersonId)> {
        let by_hand = self.gate.as_ref().filter(|open| &open.id == gate)?.by_hand.as_ref()?;
        Some((by_hand.branch.as_ref()?, &by_hand.by))
    }

    /// What somebody begins with who does a failed stage by hand: what was tried last, else what its attempts began with.
    pub(super) fn work_to_hand_out(&self, stage: &StageState) -> Option<Snapshot> {
        let tried = stage.attempts_now().iter().rev().find_map(|tried| tried.snapshot.clone());
        tried.or_else(|| self.base(stage, stage.last_number() + 1).0)
    }

    /// Whether the run makes sense without this stage.
    ///
    /// # Errors
    /// Why not.
    pub fn may_skip(&self, stage: &StageState) -> Result<(), Refusal> {
        // What nobody approved together is delivered by no other answer.
        if self.is_together(stage.name()) {
            return Err(Refusal::NothingLeft);
        }
        let others = || self.stages.iter().filter(|other| other.name() != stage.name());
        if let Some(other) = others().find(|other| other.stage.needs.contains(stage.name())) {
            return Err(Refusal::Needed { by: other.name().clone() });
        }
        let matters =
            |other: &StageState| matches!(other.phase, StagePhase::Good | StagePhase::Todo);
        if others().any(matters) { Ok(()) } else { Err(Refusal::NothingLeft) }
    }
}

impl Verdict {
    /// Whether it says what becomes of a stage that has failed.
    pub(super) const fn recovers(self) -> bool {
        matches!(self, Self::Retry | Self::Skip | Self::TakeOver | Self::HandIn)
    }
}

impl StageState {
    /// The try that somebody asked for last, unless changes of its work were asked for since.
    pub(super) fn retried(&self) -> Option<&Retried> {
        let changed = self.round_began_after();
        self.retries_now().last().filter(|retried| retried.after >= changed)
    }

    /// Who did this attempt by hand, and where.
    #[must_use]
    pub fn done_by_hand(&self, attempt: u32) -> Option<(&HandBranch, &PersonId)> {
        let retried = self.retry_before(attempt).filter(|it| it.after + 1 == attempt)?;
        Some((retried.retry.by_hand.as_ref()?, &retried.by))
    }

    /// When it has last asked what becomes of it, and nobody answered anything else since.
    pub(super) fn asked_last_to_recover(&self) -> bool {
        self.last_question().is_some_and(|asked| asked.gate.id.kind == GateKind::Recovery)
    }
}
