//! Does this program refuse who may not decide?
//! Asked of the rules themselves when a process starts: one that would let a stranger through never becomes ready.

use chrono::{DateTime, TimeDelta};

use crate::run::{
    AgentKind, AgentSpec, Channel, Decision, Digest, GateDigestInput, GateId, GateSpec, OpenGate,
    PersonId, Pipeline, Refusal, Reports, Request, RequestId, Run, Size, Stage, StageName, Verdict,
    Via,
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
    let run = waiting().ok_or(Broken("no question at all"))?;
    let asked =
        run.gate.as_ref().map(|open| open.id.clone()).ok_or(Broken("no question at all"))?;
    let moved = GateId { digest: Digest("of other work".to_owned()), ..asked.clone() };
    let stale = GateId { round: asked.round + 1, ..asked.clone() };
    let judged =
        |gate: &GateId, by: PersonId, verdict| run.authorize(&decision(verdict, gate.clone(), by));
    let (approver, stranger, starter) =
        (person("T1", "UAPPROVER"), person("T1", "USTRANGER"), person("T1", "USTARTER"));
    let refused = |got: Result<(), Refusal>, wanted: &Refusal, what| {
        if got.as_ref() == Err(wanted) { Ok(()) } else { Err(Broken(what)) }
    };
    for verdict in [Verdict::Approve, Verdict::Changes, Verdict::Reject, Verdict::Extend] {
        refused(
            judged(&asked, stranger.clone(), verdict),
            &Refusal::NotAllowed,
            "an answer of somebody who is no approver",
        )?;
        refused(
            judged(&asked, person("T2", "UAPPROVER"), verdict),
            &Refusal::NotAllowed,
            "an answer of another workspace",
        )?;
    }
    refused(
        judged(&asked, starter, Verdict::Approve),
        &Refusal::OwnRun,
        "an approval of one's own run where that is forbidden",
    )?;
    refused(
        judged(&moved, approver.clone(), Verdict::Approve),
        &Refusal::Stale,
        "an approval of other work",
    )?;
    refused(
        judged(&stale, approver.clone(), Verdict::Approve),
        &Refusal::Stale,
        "an approval of another round",
    )?;
    let stop = Decision { gate: None, ..decision(Verdict::Stop, asked.clone(), stranger) };
    refused(
        run.authorize(&stop),
        &Refusal::NotAllowed,
        "a stop by somebody who has nothing to do with the run",
    )?;
    judged(&asked, approver, Verdict::Approve)
        .map_err(|_| Broken("nobody's answer, not even an approver's"))
}

/// A run that waits for one approver.
fn waiting() -> Option<Run> {
    let spec = GateSpec {
        approvers: vec![person("T1", "UAPPROVER").into()],
        self_approval: false,
        ..GateSpec::usual(3_600)
    };
    let stage: StageName = "proof".parse().ok()?;
    let pipeline = Pipeline {
        name: "proof".to_owned(),
        digest: Digest("of the pipeline".to_owned()),
        agent: AgentSpec { kind: AgentKind::Script, command: None, model: None },
        stages: vec![gated(stage.clone(), spec.clone())],
    };
    let mut run = Run::starting(Request {
        run: "proof-2222222".parse().ok()?,
        project: "proof".parse().ok()?,
        pipeline,
        brief: String::new(),
        budget_usd: None,
        starter: person("T1", "USTARTER"),
        approvers: spec.approvers.clone(),
        channel: Some(Channel { team: "T1".to_owned(), channel: "C1".to_owned() }),
        repository: None,
        rehearsal: true,
    });
    let asks = GateDigestInput {
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

fn gated(name: StageName, spec: GateSpec) -> Stage {
    Stage {
        name,
        needs: Vec::new(),
        size: Size::S,
        attempts: 1,
        timeout_seconds: 60,
        gate: Some(spec),
        setup: Vec::new(),
        checks: Vec::new(),
        reports: Reports::default(),
        least_coverage_percent: None,
    }
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
