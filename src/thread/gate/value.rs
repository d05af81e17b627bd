//! Button values: what must an answer name?
//! A press on an old card answers nothing newer, because its value names the question that it was about.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::run::{Digest, GateId, GateKind, Run, RunId, StageName};

/// What a button of a question carries: all that an answer must name. As JSON, also in the `private_metadata` of what it opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateValue {
    /// None on cards of older versions, which ask to approve.
    #[serde(default = "approve", skip_serializing_if = "is_approve")]
    pub kind: GateKind,
    pub run: RunId,
    pub stage: StageName,
    pub round: u32,
    pub digest: Digest,
}

const fn approve() -> GateKind {
    GateKind::Approve
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_approve(kind: &GateKind) -> bool {
    matches!(kind, GateKind::Approve)
}

/// What the Stop button carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunValue {
    pub run: RunId,
}

impl GateValue {
    /// All that an answer to this gate must name.
    #[must_use]
    pub fn of(run: &Run, gate: &GateId) -> Self {
        Self {
            kind: gate.kind,
            run: run.id().clone(),
            stage: gate.stage.clone(),
            round: gate.round,
            digest: gate.digest.clone(),
        }
    }

    /// The gate that is answered.
    #[must_use]
    pub fn gate(&self) -> GateId {
        GateId {
            kind: self.kind,
            stage: self.stage.clone(),
            round: self.round,
            digest: self.digest.clone(),
        }
    }

    /// As a button or a modal carries it.
    ///
    /// # Panics
    /// Never: plain data is always JSON.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("plain data is JSON")
    }

    /// The same, with the model that another try is to use.
    #[must_use]
    pub(super) fn with_model(&self, model: &str) -> String {
        let mut value = json!(self);
        value["model"] = json!(model);
        value.to_string()
    }
}

impl RunValue {
    /// As a button carries it.
    ///
    /// # Panics
    /// Never: plain data is always JSON.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("plain data is JSON")
    }
}
