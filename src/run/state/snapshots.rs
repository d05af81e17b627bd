//! The snapshots of a run: which states of the code can it go back to, and how are they called?
//! One for each attempt that left work, whatever became of it. Looks only.

use serde::Serialize;

use crate::run::{
    Attempt, AttemptOutcome, RollbackTo, RolledBack, Run, Snapshot, StagePhase, StageState,
};

/// Shorter beginnings of a commit's name are too likely to be words.
const SHORTEST_COMMIT: usize = 7;
const START: &str = "start";
const UNDO: &str = "undo";
/// Words that name a snapshot wherever one is asked for, so that no stage should be called so.
pub(in crate::run) const SNAPSHOT_WORDS: [&str; 2] = [START, UNDO];

/// A snapshot, and what became of the work in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SnapshotEntry<'r> {
    pub stage: &'r StageState,
    pub attempt: &'r Attempt,
    pub snapshot: &'r Snapshot,
    pub fate: SnapshotFate,
}

/// What became of the work in a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotFate {
    /// Its stage has kept it.
    Kept,
    /// It is asked about.
    Asked,
    /// Its checks were passed; other work of the stage was kept, or none yet.
    Good,
    /// Its checks failed, or it could not be finished.
    ThrownAway,
    /// It was interrupted, and nobody checked it.
    Unchecked,
    /// A rollback left it behind.
    LeftBehind,
}

impl Run {
    /// Every snapshot of its own, in the order of its stages and their attempts.
    pub fn snapshots(&self) -> impl Iterator<Item = SnapshotEntry<'_>> {
        self.stages.iter().flat_map(move |stage| {
            stage.attempts.iter().filter_map(move |attempt| {
                let snapshot = attempt.snapshot.as_ref()?;
                Some(SnapshotEntry { stage, attempt, snapshot, fate: self.fate(stage, attempt) })
            })
        })
    }

    fn fate(&self, stage: &StageState, attempt: &Attempt) -> SnapshotFate {
        let asked = self.gate.as_ref().filter(|open| &open.id.stage == stage.name());
        if stage.is_left_behind(attempt.n) {
            return SnapshotFate::LeftBehind;
        }
        match attempt.outcome {
            AttemptOutcome::Good if asked.is_some_and(|open| open.attempt == attempt.n) => {
                SnapshotFate::Asked
            }
            AttemptOutcome::Good
                if stage.phase == StagePhase::Good && stage.snapshot == attempt.snapshot =>
            {
                SnapshotFate::Kept
            }
            AttemptOutcome::Good => SnapshotFate::Good,
            AttemptOutcome::Bad | AttemptOutcome::Lost => SnapshotFate::ThrownAway,
            AttemptOutcome::Running | AttemptOutcome::Stopped => SnapshotFate::Unchecked,
        }
    }

    /// Whether there is such work to go back to.
    pub(in crate::run) fn has_snapshot(&self, to: &RollbackTo) -> bool {
        match to {
            RollbackTo::Start => true,
            RollbackTo::Attempt { stage, attempt } => {
                self.attempt(stage, *attempt).is_some_and(|attempt| attempt.snapshot.is_some())
            }
        }
    }

    /// What somebody calls so: `start`, `undo`, a stage (the work it has kept, else its newest), `streaming-2`, or the beginning of a
    /// commit's name.
    #[must_use]
    pub fn find_snapshot(&self, word: &str) -> Option<RollbackTo> {
        let word = word.to_lowercase();
        match word.as_str() {
            START => return Some(RollbackTo::Start),
            UNDO => return self.before_last_rollback(),
            _ => {}
        }
        let of_stage = || self.snapshots().filter(|it| it.stage.name().as_str() == word);
        let kept = || of_stage().find(|it| it.fate == SnapshotFate::Kept);
        let by_name = || self.snapshots().find(|it| it.to().to_string() == word);
        let by_commit = || {
            let long = word.len() >= SHORTEST_COMMIT;
            self.snapshots().find(|it| long && it.snapshot.commit.starts_with(&word))
        };
        let newest = || of_stage().last();
        Some(kept().or_else(newest).or_else(by_name).or_else(by_commit)?.to())
    }

    /// Where the run was before it last went back.
    fn before_last_rollback(&self) -> Option<RollbackTo> {
        let RolledBack { from, kept, .. } = self.rollbacks.last()?;
        Some(if self.has_snapshot(from) { from.clone() } else { kept.clone() })
    }
}

impl StageState {
    /// The work of one of its attempts, as a rollback names it.
    pub(in crate::run) fn work_of(&self, attempt: u32) -> RollbackTo {
        RollbackTo::Attempt { stage: self.name().clone(), attempt }
    }
}

impl SnapshotEntry<'_> {
    /// What a rollback to it names.
    #[must_use]
    pub fn to(&self) -> RollbackTo {
        self.stage.work_of(self.attempt.n)
    }
}
