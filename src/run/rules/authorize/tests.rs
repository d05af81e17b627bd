//! Tests of authorization: who may answer what, and which answer counts.

use crate::run::rules::tests::{Facts, RunDriver, ana, decision, request, slack};
use crate::run::{
    Approver, Decision, GateId, GateSpec, GroupId, Judgement, PersonId, Refusal, Request, Verdict,
};

fn cli(user: &str) -> PersonId {
    PersonId::Cli { user: user.to_owned() }
}

fn ben() -> PersonId {
    slack("T1", "UBEN")
}

/// A question is open.
fn asked() -> (RunDriver, GateId) {
    let mut driver = RunDriver::with(&["draft?", "polish"]);
    let gate = driver.brings(Facts::Green).gate();
    (driver, gate)
}

fn ben_says(verdict: Verdict, gate: &GateId) -> Decision {
    decision(verdict, Some(gate.clone()), ben())
}

#[test]
fn the_first_answer_counts_and_the_second_is_told_whose_it_was() {
    let (mut driver, gate) = asked();
    assert_eq!(driver.ana(Verdict::Approve).run.decisions.len(), 1);
    let at = driver.now;
    let first = Refusal::AlreadyDecided { verdict: Verdict::Approve, by: ana(), at };
    assert_eq!(driver.hears(&ben_says(Verdict::Reject, &gate)), Err(first.clone()));
    assert_eq!(driver.hears(&ben_says(Verdict::Approve, &gate)), Err(first));
    assert_eq!(driver.run.decisions.len(), 1);
}

#[test]
fn an_answer_to_older_work_never_counts() {
    let (driver, gate) = asked();
    let older = GateId { digest: crate::run::Digest("of older work".to_owned()), ..gate };
    assert_eq!(driver.run.authorize(&ben_says(Verdict::Approve, &older)), Err(Refusal::Stale));
}

#[test]
fn an_answer_after_the_deadline_is_too_late_also_when_the_run_is_over() {
    let (mut driver, gate) = asked();
    driver.deadline_passes();
    assert_eq!(driver.run.authorize(&ben_says(Verdict::Approve, &gate)), Err(Refusal::TooLate));
    driver.end();
    assert_eq!(driver.run.authorize(&ben_says(Verdict::Approve, &gate)), Err(Refusal::TooLate));
}

#[test]
fn where_nothing_is_asked_there_is_nothing_to_approve() {
    let mut driver = RunDriver::with(&["draft?"]);
    driver.plan();
    assert_eq!(
        driver.run.authorize(&decision(Verdict::Approve, None, ana())),
        Err(Refusal::NothingAsked)
    );
}

#[test]
fn a_stop_needs_no_question() {
    let mut driver = RunDriver::with(&["draft"]);
    driver.plan();
    assert_eq!(driver.run.authorize(&decision(Verdict::Stop, None, ben())), Ok(()));
}

#[test]
fn a_run_that_no_worker_took_on_can_be_stopped() {
    let run = super::Run::starting(request(&["draft"]));
    assert_eq!(run.authorize(&decision(Verdict::Stop, None, ana())), Ok(()));
    assert_eq!(run.authorize(&decision(Verdict::Approve, None, ana())), Err(Refusal::NothingAsked));
}

#[test]
fn what_sealed_a_run_stays_while_its_end_is_not_told_yet() {
    let (mut driver, gate) = asked();
    driver.ana(Verdict::Stop);
    let first = Refusal::AlreadyDecided { verdict: Verdict::Stop, by: ana(), at: driver.now };
    assert_eq!(driver.hears(&decision(Verdict::Stop, None, ben())), Err(first.clone()));
    assert_eq!(driver.hears(&ben_says(Verdict::Approve, &gate)), Err(first));
}

#[test]
fn a_rejected_run_is_not_stopped_as_well() {
    let (mut driver, _) = asked();
    driver.ana(Verdict::Reject);
    let first = Refusal::AlreadyDecided { verdict: Verdict::Reject, by: ana(), at: driver.now };
    assert_eq!(driver.hears(&decision(Verdict::Stop, None, ben())), Err(first));
    assert_eq!(driver.end().0, crate::run::Outcome::Rejected);
}

#[test]
fn a_run_whose_result_is_on_its_way_cannot_be_stopped() {
    let mut driver = RunDriver::with(&["draft"]);
    driver.brings(Facts::Green).on();
    assert_eq!(driver.hears(&decision(Verdict::Stop, None, ana())), Err(Refusal::NothingAsked));
    assert_eq!(driver.end().0, crate::run::Outcome::Done);
}

#[test]
fn a_run_that_ended_is_over() {
    let mut driver = RunDriver::with(&["draft"]);
    driver.brings(Facts::Green).end();
    assert_eq!(driver.run.authorize(&decision(Verdict::Stop, None, ana())), Err(Refusal::RunEnded));
}

#[test]
fn the_starter_and_listed_approvers_may_decide_and_nobody_else() {
    let run = super::Run::starting(Request {
        approvers: vec![ben().into(), cli("ops").into()],
        ..request(&["draft?"])
    });
    let may = [ana(), ben(), cli("ops"), slack("T1", "UCLEO"), cli("ana"), cli("root")]
        .map(|by| run.may_steer(&by, &[]));
    assert_eq!(may, [true, true, true, false, false, false]);
}

#[test]
fn an_approver_of_another_workspace_with_the_same_name_is_somebody_else() {
    let run =
        super::Run::starting(Request { approvers: vec![ben().into()], ..request(&["draft?"]) });
    assert!(!run.may_steer(&slack("T2", "UBEN"), &[]));
}

#[test]
fn without_approvers_the_workspace_may_decide_and_whoever_reaches_the_database() {
    let run = super::Run::starting(request(&["draft?"]));
    let may =
        [slack("T1", "UCLEO"), cli("root"), slack("T2", "UCLEO")].map(|by| run.may_steer(&by, &[]));
    assert_eq!(may, [true, true, false]);
}

#[test]
fn a_run_without_a_channel_has_no_workspace_that_may_decide() {
    let request = Request { starter: cli("ana"), channel: None, ..request(&["draft?"]) };
    let run = super::Run::starting(request);
    let may = [cli("ana"), cli("root"), slack("T1", "UANA")].map(|by| run.may_steer(&by, &[]));
    assert_eq!(may, [true, true, false]);
}

#[test]
fn who_may_not_decide_is_told_so_and_the_question_stays() {
    let (mut driver, gate) =
        asked_with(GateSpec { approvers: vec![ben().into()], ..GateSpec::usual(60) });
    let cleo = decision(Verdict::Approve, Some(gate.clone()), slack("T1", "UCLEO"));
    assert_eq!(driver.hears(&cleo), Err(Refusal::NotAllowed));
    assert_eq!(driver.gate(), gate);
    assert_eq!(driver.run.answer_to(&cleo.request), Some(Judgement::Refused(&Refusal::NotAllowed)));
}

/// A question with these terms is open, in a run that Ana started.
fn asked_with(spec: GateSpec) -> (RunDriver, GateId) {
    let mut request = request(&["draft?"]);
    request.pipeline.stages[0].gate = Some(spec);
    let mut driver = RunDriver::of(request);
    let gate = driver.brings(Facts::Green).gate();
    (driver, gate)
}

#[test]
fn a_member_of_a_group_answers_for_it() {
    let leads: GroupId = "slack:T1:S0LEADS".to_owned().try_into().expect("a group");
    let (driver, gate) = asked_with(GateSpec {
        approvers: vec![Approver::Group(leads.clone())],
        ..GateSpec::usual(60)
    });
    assert_eq!(driver.run.authorize(&ben_says(Verdict::Approve, &gate)), Err(Refusal::NotAllowed));
    assert_eq!(
        driver
            .run
            .authorize(&Decision { groups: vec![leads], ..ben_says(Verdict::Approve, &gate) }),
        Ok(())
    );
}

#[test]
fn where_nobody_signs_off_their_own_work_the_starter_may_only_take_it_back() {
    let (driver, gate) = asked_with(GateSpec { self_approval: false, ..GateSpec::usual(60) });
    let ana_says = |verdict| driver.run.authorize(&decision(verdict, Some(gate.clone()), ana()));
    assert_eq!(ana_says(Verdict::Approve), Err(Refusal::OwnRun));
    assert_eq!((ana_says(Verdict::Changes), ana_says(Verdict::Reject)), (Ok(()), Ok(())));
    assert_eq!(driver.run.authorize(&ben_says(Verdict::Approve, &gate)), Ok(()));
}

#[test]
fn where_different_people_must_answer_a_name_at_a_shell_is_nobody() {
    for spec in [
        GateSpec { self_approval: false, ..GateSpec::usual(60) },
        GateSpec { quorum: 2, ..GateSpec::usual(60) },
    ] {
        let (driver, gate) = asked_with(spec.clone());
        let shell_says = decision(Verdict::Approve, Some(gate), cli("ben"));
        assert_eq!(driver.run.authorize(&shell_says), Err(Refusal::OnlyAName));
        for listed in [
            GateSpec { approvers: vec![cli("ben").into()], ..spec.clone() },
            GateSpec { only: vec![cli("ben").into()], ..spec },
        ] {
            let (driver, gate) = asked_with(listed);
            assert_eq!(
                driver.run.authorize(&Decision { gate: Some(gate), ..shell_says.clone() }),
                Ok(()),
                "but for who is listed"
            );
        }
    }
}

#[test]
fn who_started_at_a_shell_and_taps_in_slack_is_one_person() {
    let mut request = Request { starter: cli("ana"), ..request(&["draft?"]) };
    request.pipeline.stages[0].gate = Some(GateSpec { quorum: 2, ..GateSpec::usual(60) });
    let mut driver = RunDriver::of(request);
    let gate = driver.brings(Facts::Green).gate();
    assert_eq!(
        driver.run.authorize(&decision(Verdict::Approve, Some(gate.clone()), cli("ana"))),
        Err(Refusal::OnlyAName)
    );
    assert_eq!(driver.run.authorize(&decision(Verdict::Reject, Some(gate), cli("ana"))), Ok(()));
}

#[test]
fn where_approvers_are_required_and_none_are_listed_nobody_may_answer() {
    let (driver, gate) = asked_with(GateSpec { approvers_required: true, ..GateSpec::usual(60) });
    for by in [ana(), ben(), cli("root")] {
        assert_eq!(
            driver.run.authorize(&decision(Verdict::Approve, Some(gate.clone()), by)),
            Err(Refusal::NobodyMay)
        );
    }
}

#[test]
fn the_policys_people_are_the_only_ones_whatever_the_pipeline_says() {
    let (driver, gate) = asked_with(GateSpec {
        approvers: vec![ben().into()],
        only: vec![slack("T1", "UCLEO").into()],
        ..GateSpec::usual(60)
    });
    for by in [ana(), ben(), slack("T1", "UCLEO")] {
        assert_eq!(
            driver.run.authorize(&decision(Verdict::Approve, Some(gate.clone()), by)),
            Err(Refusal::NotAllowed)
        );
    }
}
