//! The terms of a gate, and the policy of the server: how strict is a gate?
//! The pipeline says; the server's policy only ever makes it stricter. Both are settled when the run starts.

use serde::{Deserialize, Serialize};

use crate::run::{Approver, Hours, MoneyTerms};

/// A question after a stage's work is good, and who may answer it how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateSpec {
    pub deadline_seconds: u64,
    #[serde(default)]
    pub on_deadline: OnDeadline,
    #[serde(default)]
    pub on_reject: OnReject,
    /// Who may answer. Nobody listed = every full member of the workspace, unless `approvers_required`.
    #[serde(default)]
    pub approvers: Vec<Approver>,
    /// How many different people must approve; at least 1.
    #[serde(default = "one")]
    pub quorum: u32,
    /// Whether who started the run may approve it.
    #[serde(default = "yes")]
    pub self_approval: bool,
    /// Who is asked as well when nobody answers.
    #[serde(default)]
    pub escalation: Option<Escalation>,
    /// When people work: deadlines and reminders count in these hours only. None = always.
    #[serde(default)]
    pub hours: Option<Hours>,
    /// The policy's: nobody listed = nobody may answer.
    #[serde(default)]
    pub approvers_required: bool,
    /// The policy's: whoever answers must be among these too, where there are any.
    #[serde(default)]
    pub only: Vec<Approver>,
}

/// What a missed deadline does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDeadline {
    /// The stage fails, and the run with it.
    #[default]
    Fail,
    /// The question stays open.
    Wait,
}

/// What a rejection does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnReject {
    /// The run ends without the stage's work.
    #[default]
    End,
    /// The run goes on without the stage's work.
    Skip,
}

/// Whom else to ask, and after how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    pub after_seconds: u64,
    pub to: Vec<Approver>,
}

const fn one() -> u32 {
    1
}

const fn yes() -> bool {
    true
}

impl GateSpec {
    /// A gate with nothing special about it.
    #[must_use]
    pub const fn usual(deadline_seconds: u64) -> Self {
        Self {
            deadline_seconds,
            on_deadline: OnDeadline::Fail,
            on_reject: OnReject::End,
            approvers: Vec::new(),
            quorum: 1,
            self_approval: true,
            escalation: None,
            hours: None,
            approvers_required: false,
            only: Vec::new(),
        }
    }

    /// Who is listed to answer: by the gate, else by the server's policy alone.
    #[must_use]
    pub fn listed(&self) -> &[Approver] {
        if self.approvers.is_empty() { &self.only } else { &self.approvers }
    }

    /// Everybody it names, in any role; each once.
    pub fn named(&self) -> impl Iterator<Item = &Approver> {
        self.approvers.iter().chain(&self.only).chain(self.escalation.iter().flat_map(|e| &e.to))
    }
}

/// What the server demands of every gate, whatever a pipeline says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A gate without approvers is answered by nobody.
    pub approvers_required: bool,
    /// Whoever answers must be among these, where there are any.
    pub approvers: Vec<Approver>,
    /// The least quorum.
    pub quorum: u32,
    /// Whether anybody may approve their own run.
    pub self_approval: bool,
    /// Whether a run's budget may be taken away altogether.
    pub no_limit: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            approvers_required: false,
            approvers: Vec::new(),
            quorum: 1,
            self_approval: true,
            no_limit: true,
        }
    }
}

impl Policy {
    /// Who may raise a run's budget: whoever may approve its work. One of them is enough, for two who raise it do so by two amounts.
    #[must_use]
    pub fn money_terms(&self, approvers: &[Approver]) -> MoneyTerms {
        let spec = self.tightened(&GateSpec::usual(MoneyTerms::DEADLINE_SECONDS), approvers);
        MoneyTerms { spec: GateSpec { quorum: 1, ..spec }, no_limit: self.no_limit, ahead: true }
    }

    /// The gate as it holds for a run of a project with these approvers.
    #[must_use]
    pub fn tightened(&self, gate: &GateSpec, approvers: &[Approver]) -> GateSpec {
        GateSpec {
            approvers: if gate.approvers.is_empty() {
                approvers.to_vec()
            } else {
                gate.approvers.clone()
            },
            quorum: gate.quorum.max(self.quorum),
            self_approval: gate.self_approval && self.self_approval,
            approvers_required: gate.approvers_required || self.approvers_required,
            only: if gate.only.is_empty() { self.approvers.clone() } else { gate.only.clone() },
            ..gate.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_only_ever_tightens() {
        let strict = Policy {
            approvers_required: true,
            quorum: 2,
            self_approval: false,
            ..Policy::default()
        };
        let gate = strict.tightened(&GateSpec::usual(60), &[]);
        assert_eq!((gate.approvers_required, gate.quorum, gate.self_approval), (true, 2, false));
        let strict = GateSpec { quorum: 3, self_approval: false, ..GateSpec::usual(60) };
        let gate = Policy::default().tightened(&strict, &[]);
        assert_eq!((gate.quorum, gate.self_approval), (3, false));
    }

    #[test]
    fn the_projects_approvers_are_asked_where_the_gate_names_none() {
        let (ben, cleo): (Approver, Approver) = (
            "slack:T1:UBEN".parse().expect("a person"),
            "slack:T1:UCLEO".parse().expect("a person"),
        );
        let own = GateSpec { approvers: vec![cleo.clone()], ..GateSpec::usual(60) };
        let asked =
            Policy::default().tightened(&GateSpec::usual(60), std::slice::from_ref(&ben)).approvers;
        assert_eq!(asked.first(), Some(&ben));
        assert_eq!(Policy::default().tightened(&own, &[ben]).approvers, [cleo]);
    }
}
