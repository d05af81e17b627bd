//! What does a run wait on?
//! A gate's identity covers the code and the pipeline: an answer to older work never opens a newer gate.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Digest, RunId, Snapshot, StageName};

/// What kind of question a gate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    Approve,
    Budget,
    Recovery,
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

impl GateId {
    /// The gate that asks whether `stage` may keep `snapshot`.
    #[must_use]
    pub fn approve(run: &RunId, pipeline: &Digest, stage: &StageName, round: u32, snapshot: &Snapshot) -> Self {
        let mut hash = Sha256::new();
        for part in [run.as_str(), pipeline.0.as_str(), stage.as_str(), &round.to_string(), &snapshot.tree] {
            // A length before each part: no two lists of parts hash alike.
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self { kind: GateKind::Approve, stage: stage.clone(), round, digest: Digest(hex::encode(hash.finalize())) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::play::snapshot;
    use super::*;

    fn gate(run: &str, pipeline: &str, stage: &str, round: u32, tree: u32) -> GateId {
        let name = "a slug";
        GateId::approve(&run.parse().expect(name), &Digest(pipeline.to_owned()), &stage.parse().expect(name), round, &snapshot(tree))
    }

    #[test]
    fn the_same_question_has_the_same_digest() {
        let other_commit = Snapshot { commit: "rebuilt".to_owned(), ..snapshot(1) };
        let again = GateId::approve(&"r".parse().expect("a slug"), &Digest("p".to_owned()), &"s".parse().expect("a slug"), 1, &other_commit);
        assert_eq!(gate("r", "p", "s", 1, 1), again);
    }

    #[test]
    fn other_code_round_stage_run_or_pipeline_is_another_question() {
        let one = gate("r", "p", "s", 1, 1);
        let others =
            [gate("r", "p", "s", 1, 2), gate("r", "p", "s", 2, 1), gate("r", "p", "t", 1, 1), gate("q", "p", "s", 1, 1), gate("r", "o", "s", 1, 1)];
        assert_eq!(others.iter().filter(|other| other.digest == one.digest).count(), 0);
    }

    #[test]
    fn where_one_part_ends_and_the_next_begins_counts() {
        assert_ne!(gate("ab", "c", "s", 1, 1).digest, gate("a", "bc", "s", 1, 1).digest);
    }
}
