//! Gates: what does a run wait on?
//! A gate's identity covers the code, the pipeline and what happens next: an answer to anything else never opens it.

mod approver;
mod by_hand;
mod decision;
mod recovery;
mod rollback;
mod spec;
mod state;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Digest, RunId, Snapshot, StageName};

pub use approver::{Approver, GroupId};
pub use by_hand::{ByHand, HandBranch};
pub use decision::{Decision, Refusal, Rework, Verdict, Via};
pub use recovery::{Retried, Retry};
pub use rollback::{RollbackTo, RolledBack};
pub use spec::{Escalation, GateSpec, OnDeadline, OnReject, Policy};
pub use state::{
    Asked, AskedAmount, Changes, Extension, Note, OpenGate, Remark, RemarkKind, Reminded, Reminder,
    Snooze,
};

/// What kind of question a gate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    Approve,
    Budget,
    Recovery,
}

impl GateKind {
    /// The answer that says yes to it.
    #[must_use]
    pub const fn agreement(self) -> Verdict {
        match self {
            Self::Budget => Verdict::Raise,
            Self::Approve => Verdict::Approve,
            Self::Recovery => Verdict::Retry,
        }
    }
}

/// Which gate of a run: an answer must name all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateId {
    pub kind: GateKind,
    pub stage: StageName,
    /// From 1; one more for every time the same stage asks again.
    pub round: u32,
    pub digest: Digest,
}

/// What a gate asks: all that its digest covers.
#[derive(Clone, Copy, Debug)]
pub struct GateDigestInput<'a> {
    pub kind: GateKind,
    pub run: &'a RunId,
    pub pipeline: &'a Digest,
    pub stage: &'a StageName,
    pub round: u32,
    /// Object name of the tree that is asked about; where it is about money, what is spent of what.
    pub tree: &'a str,
    /// Who may answer, and how.
    pub spec: &'a GateSpec,
    /// What an approval sets going.
    pub then: &'a str,
}

impl GateDigestInput<'_> {
    /// The gate that asks this.
    ///
    /// # Panics
    /// Never: plain data is always JSON.
    #[must_use]
    pub fn gate(&self) -> GateId {
        let spec = serde_json::to_string(self.spec).expect("plain data is JSON");
        let mut hash = Sha256::new();
        for part in [
            self.run.as_str(),
            &self.pipeline.0,
            self.stage.as_str(),
            &self.round.to_string(),
            self.tree,
            &spec,
            self.then,
        ] {
            // A length before each part: no two lists of parts hash alike.
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
        GateId {
            kind: self.kind,
            stage: self.stage.clone(),
            round: self.round,
            digest: Digest(hex::encode(hash.finalize())),
        }
    }
}

/// What must still be so when an approved effect starts: judged once more, against the code that is really there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// What was approved.
    pub gate: GateId,
    pub run: RunId,
    /// Where that work is.
    pub snapshot: Snapshot,
    pub spec: GateSpec,
    pub then: String,
}

impl Guard {
    /// Whether the tree that is there and the pipeline whose prompts are used are the ones that were approved.
    #[must_use]
    pub fn holds(&self, tree: &str, pipeline: &Digest) -> bool {
        let GateId { kind, stage, round, .. } = &self.gate;
        GateDigestInput {
            kind: *kind,
            run: &self.run,
            pipeline,
            stage,
            round: *round,
            tree,
            spec: &self.spec,
            then: &self.then,
        }
        .gate()
            == self.gate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::rules::tests::snapshot;

    fn gate(run: &str, pipeline: &str, stage: &str, tree: u32) -> GateId {
        asked(run, pipeline, stage, tree).gate
    }

    fn asked(run: &str, pipeline: &str, stage: &str, tree: u32) -> Guard {
        let (run, stage): (RunId, StageName) =
            (run.parse().expect("a slug"), stage.parse().expect("a slug"));
        let (snapshot, spec) = (snapshot(tree), GateSpec::usual(60));
        let pipeline = Digest(pipeline.to_owned());
        let asks = GateDigestInput {
            kind: GateKind::Approve,
            run: &run,
            pipeline: &pipeline,
            stage: &stage,
            round: 1,
            tree: &snapshot.tree,
            spec: &spec,
            then: "ends",
        };
        Guard { gate: asks.gate(), run, snapshot, spec, then: "ends".to_owned() }
    }

    #[test]
    fn the_same_question_has_the_same_digest() {
        assert_eq!(gate("r", "p", "s", 1), gate("r", "p", "s", 1));
    }

    #[test]
    fn other_code_stage_run_or_pipeline_is_another_question() {
        let one = gate("r", "p", "s", 1);
        let others = [
            gate("r", "p", "s", 2),
            gate("r", "p", "t", 1),
            gate("q", "p", "s", 1),
            gate("r", "o", "s", 1),
        ];
        assert_eq!(others.iter().filter(|other| other.digest == one.digest).count(), 0);
    }

    #[test]
    fn where_one_part_ends_and_the_next_begins_counts() {
        assert_ne!(gate("ab", "c", "s", 1).digest, gate("a", "bc", "s", 1).digest);
    }

    #[test]
    fn an_approval_holds_for_what_was_asked_and_nothing_else() {
        let guard = asked("r", "p", "s", 1);
        let pipeline = Digest("p".to_owned());
        assert!(guard.holds("tree-1", &pipeline));
        assert!(!guard.holds("tree-2", &pipeline), "other code");
        assert!(!guard.holds("tree-1", &Digest("other".to_owned())), "other prompts");
        assert!(
            !Guard { then: "goes on".to_owned(), ..guard.clone() }.holds("tree-1", &pipeline),
            "another effect"
        );
        assert!(
            !Guard { spec: GateSpec { quorum: 2, ..guard.spec.clone() }, ..guard }
                .holds("tree-1", &pipeline),
            "other rules"
        );
    }
}
