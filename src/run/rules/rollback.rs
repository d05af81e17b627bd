//! Rollback: what does going back to a snapshot make of a run's stages?
//! Those whose work it is built on stay as they are, where that is the work they have; all behind it are done again. What people approved of
//! work that is gone counts for nothing that comes.

use chrono::{DateTime, Utc};

use super::authorize::Answerer;
use crate::run::{
    Attempt, Decided, Decision, GateKind, Note, Refusal, RollbackTo, RolledBack, Run, Snapshot,
    StageName, StagePhase, StageState,
};

/// An attempt, by the place of its stage and its number.
type Place = (usize, u32);

impl Run {
    /// Whether this person may let the run go back there.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn authorize_rollback(&self, decision: &Decision) -> Result<(), Refusal> {
        if !self.may_steer(&decision.by, &decision.groups) {
            return Err(Refusal::NotAllowed);
        }
        // It is another try: who may not let a failed stage be tried again may not do that in this way either.
        if let Some(open) = self.gate.as_ref().filter(|open| open.id.kind == GateKind::Recovery) {
            let who = Answerer { person: &decision.by, groups: &decision.groups };
            self.may_answer(&open.id, who, decision.verdict)?;
        }
        let to = decision.rollback.as_ref().filter(|to| self.has_snapshot(to));
        to.map(|_| ()).ok_or(Refusal::NoSuchSnapshot)
    }

    /// Where the run is: the attempt at work or asked about, else the newest work that was kept.
    #[must_use]
    pub fn position(&self) -> RollbackTo {
        let now = self.current().and_then(|(_, stage)| {
            let newest = stage.attempts_now().last().or_else(|| stage.work_gone_back_to())?;
            Some(stage.work_of(newest.n))
        });
        now.unwrap_or_else(|| self.last_kept())
    }

    fn last_kept(&self) -> RollbackTo {
        let mut kept = self.stages.iter().rev().filter(|stage| stage.phase == StagePhase::Good);
        let newest = kept.find_map(|stage| {
            let good = stage.good_attempt().filter(|good| good.snapshot == stage.snapshot)?;
            Some(stage.work_of(good.n))
        });
        newest.unwrap_or(RollbackTo::Start)
    }

    pub(super) fn apply_rollback(&mut self, decided: &Decided, at: DateTime<Utc>) {
        let Some(to) = decided.rollback.clone() else { return };
        let (from, kept) = (self.position(), self.last_kept());
        let built_on = self.built_on(&to);
        self.close_gate(at);
        let decisions = self.decisions.len();
        for (place, stage) in self.stages.iter_mut().enumerate() {
            let work = built_on.iter().find(|(kept, _)| *kept == place).map(|(_, n)| *n);
            let left_out = work.is_none() && built_on.last().is_some_and(|(top, _)| place < *top);
            let untouched = stage.attempts.is_empty()
                && matches!(stage.phase, StagePhase::Good | StagePhase::Todo);
            if !(untouched || left_out || work.is_some_and(|n| stage.stands_on(n))) {
                stage.redo(work, decisions);
            }
        }
        self.leave_side_runs();
        self.rollbacks.push(RolledBack { to, from, kept, by: decided.by.clone(), at });
        if let Some(words) = decided.words.clone() {
            let (by, via) = (decided.by.clone(), decided.via);
            self.notes.push(Note { by, via, words, message: None, at, read_by: None });
        }
    }

    /// The attempts that this work is made of, one for each stage, the first stage's first.
    fn built_on(&self, to: &RollbackTo) -> Vec<Place> {
        let RollbackTo::Attempt { stage, attempt } = to else { return Vec::new() };
        let mut next = self.place_of(stage, *attempt);
        let mut built_on: Vec<Place> = Vec::new();
        while let Some((place, n)) = next {
            // Of work on top of work of the same stage, the newest counts.
            if built_on.last().is_none_or(|(later, _)| place < *later) {
                built_on.push((place, n));
            }
            let attempt = self.stages[place].attempt(n);
            let base = attempt.and_then(|attempt| attempt.base.as_ref());
            next = base.and_then(|base| self.made_before(base, (place, n)));
        }
        built_on.reverse();
        built_on
    }

    fn place_of(&self, stage: &StageName, attempt: u32) -> Option<Place> {
        let place = self.stages.iter().position(|known| known.name() == stage)?;
        Some((place, attempt))
    }

    /// Who made this snapshot: an earlier attempt of the same stage, or the newest that did of a stage before.
    fn made_before(&self, base: &Snapshot, (place, n): Place) -> Option<Place> {
        let is_it = |attempt: &&Attempt| attempt.snapshot.as_ref() == Some(base);
        let of = |place: usize, before: u32| {
            let earlier = self.stages[place].attempts.iter().rev().filter(|it| it.n < before);
            Some((place, earlier.into_iter().find(is_it)?.n))
        };
        of(place, n).or_else(|| (0..place).rev().find_map(|before| of(before, u32::MAX)))
    }
}

impl StageState {
    /// Whether that attempt's work is what it has kept.
    fn stands_on(&self, attempt: u32) -> bool {
        let work = self.attempt(attempt).and_then(|attempt| attempt.snapshot.as_ref());
        self.phase == StagePhase::Good && work.is_some() && work == self.snapshot.as_ref()
    }

    /// The newest attempt when its round began: of a rollback, or of changes that were asked for.
    pub(super) fn round_began_after(&self) -> u32 {
        let redone = self.redone.as_ref().map_or(0, |redone| redone.attempts);
        self.rework().map_or(redone, |changes| changes.after)
    }

    /// Good work that the run went back to, where nobody wants it changed.
    pub(super) fn restored(&self) -> Option<&Attempt> {
        let work = self.work_gone_back_to().filter(|work| self.is_good_as_a_whole(work));
        work.filter(|_| self.rework().is_none())
    }

    /// Work that the run went back to and that is not good yet: what comes builds on it.
    pub(super) fn unfinished_base(&self) -> Option<&Snapshot> {
        let work = self.work_gone_back_to().filter(|work| !self.is_good_as_a_whole(work));
        work.and_then(|work| work.snapshot.as_ref())
    }
}

#[cfg(test)]
mod tests;
