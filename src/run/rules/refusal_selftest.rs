//! The self-test of refusals: does this program refuse who may not decide?
//! Asked of the rules themselves when a process starts: one that would let a stranger through never becomes ready.

use chrono::{DateTime, TimeDelta};

use crate::run::{
    AgentKind, AgentSpec, Channel, Decision, Digest, GateDigestInput, GateId, GateKind, GateSpec,
    OpenGate, PersonId, Pipeline, Refusal, Reports, Request, RequestId, Run, Size, Stage,
    StageName, Verdict, Via,
};

/// A promise that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the rules would take {0}")]
pub struct Broken(pub &'static str);

/// Asks the rules about answers that must be refused, and about one that must count.
///
/// # Errors
/// The first one that came out wrong.
pub fn prove_refusals() -> Result<(), Broken> {
    let run = waiting_run().ok_or(Broken("no question at all"))?;
    let asked = run.gate.as_ref().ok_or(Broken("no question at all"))?.id.clone();
    for case in refused_answers(&asked) {
        if run.authorize(&case.decision).as_ref() != Err(&case.wanted) {
            return Err(Broken(case.what));
        }
    }
    run.authorize(&decision(Verdict::Approve, asked, approver()))
        .map_err(|_| Broken("nobody's answer, not even an approver's"))
}

/// An answer that must be refused.
struct RefusedAnswer {
    decision: Decision,
    wanted: Refusal,
    what: &'static str,
}

impl RefusedAnswer {
    const fn new(decision: Decision, wanted: Refusal, what: &'static str) -> Self {
        Self { decision, wanted, what }
    }
}

fn refused_answers(asked: &GateId) -> Vec<RefusedAnswer> {
    let verdicts = [Verdict::Approve, Verdict::Changes, Verdict::Reject, Verdict::Extend];
    let by_others = verdicts.into_iter().flat_map(|verdict| answers_of_others(asked, verdict));
    by_others
        .chain([
            RefusedAnswer::new(
                decision(Verdict::Approve, asked.clone(), starter()),
                Refusal::OwnRun,
                "an approval of one's own run where that is forbidden",
            ),
            RefusedAnswer::new(
                decision(Verdict::Approve, of_other_work(asked), approver()),
                Refusal::Stale,
                "an approval of other work",
            ),
            RefusedAnswer::new(
                decision(Verdict::Approve, of_another_round(asked), approver()),
                Refusal::Stale,
                "an approval of another round",
            ),
            RefusedAnswer::new(
                Decision { gate: None, ..decision(Verdict::Stop, asked.clone(), stranger()) },
                Refusal::NotAllowed,
                "a stop by somebody who has nothing to do with the run",
            ),
        ])
        .collect()
}

fn answers_of_others(asked: &GateId, verdict: Verdict) -> [RefusedAnswer; 2] {
    let answer = |by, what| {
        RefusedAnswer::new(decision(verdict, asked.clone(), by), Refusal::NotAllowed, what)
    };
    [
        answer(stranger(), "an answer of somebody who is no approver"),
        answer(person("T2", "UAPPROVER"), "an answer of another workspace"),
    ]
}

fn of_other_work(asked: &GateId) -> GateId {
    GateId { digest: Digest("of other work".to_owned()), ..asked.clone() }
}

fn of_another_round(asked: &GateId) -> GateId {
    GateId { round: asked.round + 1, ..asked.clone() }
}

/// A run that waits for one approver.
fn waiting_run() -> Option<Run> {
    let spec = GateSpec {
        approvers: vec![approver().into()],
        self_approval: false,
        ..GateSpec::usual(3_600)
    };
    let stage: StageName = "proof".parse().ok()?;
    let mut run = Run::starting(request(&stage, &spec)?);
    let asks = GateDigestInput {
        kind: GateKind::Approve,
        run: run.id(),
        pipeline: &run.request.pipeline.digest,
        stage: &stage,
        round: 1,
        tree: "tree",
        spec: &spec,
        then: "ends",
    };
    let opened_at = DateTime::UNIX_EPOCH;
    run.gate = Some(OpenGate::new(asks.gate(), 1, opened_at, opened_at + TimeDelta::hours(1)));
    Some(run)
}

fn request(stage: &StageName, spec: &GateSpec) -> Option<Request> {
    Some(Request {
        run: "proof-2222222".parse().ok()?,
        project: "proof".parse().ok()?,
        pipeline: Pipeline {
            name: "proof".to_owned(),
            digest: Digest("of the pipeline".to_owned()),
            agent: AgentSpec {
                kind: AgentKind::Script,
                command: None,
                model: None,
                models: Vec::new(),
            },
            stages: vec![gated(stage.clone(), spec.clone())],
        },
        brief: String::new(),
        budget_usd: None,
        starter: starter(),
        approvers: spec.approvers.clone(),
        channel: Some(Channel { team: "T1".to_owned(), channel: "C1".to_owned() }),
        repository: None,
        start_branch: None,
        rehearsal: true,
        money: None,
        estimate: None,
        again: None,
        push_attempts: false,
        waits_for_workers: false,
        batch: None,
        part_of: None,
        notes: Vec::new(),
        beyond_months: false,
        fix: None,
        queued: false,
    })
}

fn gated(name: StageName, spec: GateSpec) -> Stage {
    Stage {
        name,
        needs: Vec::new(),
        size: Size::S,
        attempts: 1,
        budget_usd: None,
        timeout_seconds: 60,
        gate: Some(spec),
        recovery: None,
        setup: Vec::new(),
        checks: Vec::new(),
        reports: Reports::default(),
        hosts: None,
        env: std::collections::BTreeMap::new(),
        least_coverage_percent: None,
        red_green: false,
        iterates: false,
        until: None,
        review: None,
        parallel: false,
    }
}

fn approver() -> PersonId {
    person("T1", "UAPPROVER")
}

fn stranger() -> PersonId {
    person("T1", "USTRANGER")
}

fn starter() -> PersonId {
    person("T1", "USTARTER")
}

fn person(team: &str, user: &str) -> PersonId {
    PersonId::Slack { team: team.to_owned(), user: user.to_owned() }
}

fn decision(verdict: Verdict, gate: GateId, by: PersonId) -> Decision {
    Decision {
        gate: Some(gate),
        ..Decision::new(RequestId("proof".to_owned()), verdict, by, Via::Button)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_rules_refuse_what_they_must() {
        assert_eq!(crate::run::prove_refusals(), Ok(()));
    }
}
