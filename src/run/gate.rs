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
