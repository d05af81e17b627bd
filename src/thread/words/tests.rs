//! Does everybody whose answer did not count learn why?

use crate::run::{Approver, GateSpec, Outcome, Refusal, Run, Verdict};
use crate::thread::plain_text;
use crate::thread::samples::{Tale, ana, ben, group};

use super::{not_confirmed_yet, nothing_was_recorded};

fn refusal(why: &Refusal, run: &Run, verdict: Verdict) -> String {
    super::refusal(why, run, verdict).into()
}

fn told(why: &Refusal, tale: &Tale) -> String {
    plain_text(&refusal(why, &tale.run, Verdict::Approve))
}

#[test]
fn somebody_was_first() {
    let tale = Tale::waiting();
    let first = Refusal::AlreadyDecided { verdict: Verdict::Approve, by: ana(), at: tale.now };
    insta::assert_snapshot!(refusal(&first, &tale.run, Verdict::Reject), @"<@UANA> already approved this, 2026-03-02 09:06 UTC.");
    insta::assert_snapshot!(told(&first, &tale), @"@UANA already approved this, 2026-03-02 09:06 UTC.");
}

#[test]
fn the_card_is_old() {
    insta::assert_snapshot!(told(&Refusal::Stale, &Tale::waiting()), @"The work changed since this card was posted. Please look at the newest card in the thread.");
}

#[test]
fn it_is_too_late() {
    insta::assert_snapshot!(told(&Refusal::TooLate, &Tale::waiting()), @"Nobody answered in time, so this question is closed. `/develop again llm-wrapper-k3f9qdz from core-implementation` starts it again.");
}

#[test]
fn nothing_is_asked() {
    insta::assert_snapshot!(told(&Refusal::NothingAsked, &Tale::new()), @"llm-wrapper-k3f9qdz asks nothing right now: no worker took it on yet.");
    insta::assert_snapshot!(told(&Refusal::NothingAsked, &Tale::rolled_back().begins("streaming", 2)), @"llm-wrapper-k3f9qdz asks nothing right now: streaming is under way, stage 3 of 6, attempt 2.");
}

#[test]
fn not_everybody_may() {
    let only = |tale: &Tale, verdict| refusal(&Refusal::NotAllowed, &tale.run, verdict);
    let tale = Tale::waiting();
    insta::assert_snapshot!(only(&tale, Verdict::Stop), @"Only <@UANA> or <@UBEN> can stop this run.");
    insta::assert_snapshot!(only(&tale, Verdict::Approve), @"Only <@UANA> or <@UBEN> can approve this.");
    let leads = GateSpec {
        approvers: vec![ben().into(), Approver::Group(group())],
        self_approval: false,
        ..GateSpec::usual(60)
    };
    let tale = tale.gated("core-implementation", leads);
    insta::assert_snapshot!(only(&tale, Verdict::Approve), @"Only <@UBEN> or <!subteam^S0LEADS> can approve this.");
    insta::assert_snapshot!(only(&tale, Verdict::Changes), @"Only <@UANA>, <@UBEN> or <!subteam^S0LEADS> can ask for changes to this.");
    insta::assert_snapshot!(only(&tale, Verdict::Note), @"Only <@UANA>, <@UBEN> or <!subteam^S0LEADS> can tell this run's agent something.");
    let mut anybody = Tale::waiting().gated("core-implementation", GateSpec::usual(60));
    anybody.run.request.approvers.clear();
    insta::assert_snapshot!(only(&anybody, Verdict::Reject), @"Only <@UANA> or a full member of this workspace can reject this.");
    insta::assert_snapshot!(only(&anybody, Verdict::Stop), @"Only <@UANA> or a full member of this workspace can stop this run.");
}

#[test]
fn nobody_among_those_who_are_listed_may() {
    let cleo: Approver = "slack:T1:UCLEO".parse().unwrap();
    let spec = GateSpec {
        approvers: vec![ben().into()],
        only: vec![cleo],
        self_approval: false,
        ..GateSpec::usual(60)
    };
    let tale = Tale::waiting().gated("core-implementation", spec);
    insta::assert_snapshot!(refusal(&Refusal::NotAllowed, &tale.run, Verdict::Approve), @"Nobody who is listed for this run can approve this.");
}

#[test]
fn ones_own_run_needs_somebody_else() {
    let spec = GateSpec { self_approval: false, ..GateSpec::usual(60) };
    let listed = GateSpec {
        approvers: vec![ana().into(), ben().into(), Approver::Group(group())],
        ..spec.clone()
    };
    insta::assert_snapshot!(told(&Refusal::OwnRun, &Tale::waiting().gated("core-implementation", listed)), @"You started this run, so somebody else has to approve this. @UBEN or @S0LEADS can.");
    insta::assert_snapshot!(told(&Refusal::OwnRun, &Tale::waiting().gated("core-implementation", spec)), @"You started this run, so somebody else has to approve this. Any other full member of this workspace can.");
}

#[test]
fn a_policy_may_want_approvers() {
    let spec = GateSpec { approvers_required: true, ..GateSpec::usual(60) };
    insta::assert_snapshot!(told(&Refusal::NobodyMay, &Tale::waiting().gated("core-implementation", spec)), @"The server's policy wants approvers, and this gate lists none: nobody can answer it. @UANA can stop the run, and start it again once approvers are listed.");
}

#[test]
fn once_is_enough() {
    insta::assert_snapshot!(told(&Refusal::AlreadyApproved { missing: 1 }, &Tale::waiting()), @"You approved this already. One more approval is missing, by somebody else.");
    insta::assert_snapshot!(told(&Refusal::AlreadyApproved { missing: 3 }, &Tale::waiting()), @"You approved this already. 3 more approvals are missing, by somebody else.");
}

#[test]
fn there_is_no_earlier_and_no_never() {
    let tale = Tale::waiting();
    let deadline = tale.run.gate.as_ref().unwrap().deadline;
    insta::assert_snapshot!(told(&Refusal::NoLater { deadline }, &tale), @"The time to answer runs until 2026-03-02 10:06 UTC already, and a question stays open for at most 30 days.");
}

#[test]
fn too_much_was_said() {
    insta::assert_snapshot!(told(&Refusal::TooManyNotes, &Tale::waiting()), @"Many notes wait for the next attempt already. Please say it again when that has read them.");
}

#[test]
fn whoever_was_first_did_something() {
    let did = |verdict| {
        told(
            &Refusal::AlreadyDecided { verdict, by: ben(), at: Tale::waiting().now },
            &Tale::waiting(),
        )
    };
    insta::assert_snapshot!(did(Verdict::Changes), @"@UBEN already asked for changes to this, 2026-03-02 09:06 UTC.");
    insta::assert_snapshot!(did(Verdict::Reject), @"@UBEN already rejected this, 2026-03-02 09:06 UTC.");
    insta::assert_snapshot!(did(Verdict::Stop), @"@UBEN already stopped this run, 2026-03-02 09:06 UTC.");
}

#[test]
fn the_run_is_over() {
    insta::assert_snapshot!(told(&Refusal::RunEnded, &Tale::done()), @"llm-wrapper-k3f9qdz is over: it is done. `/develop again llm-wrapper-k3f9qdz` starts it again.");
    insta::assert_snapshot!(told(&Refusal::RunEnded, &Tale::waiting().closes(Outcome::Failed, None)), @"llm-wrapper-k3f9qdz is over: it has failed. `/develop again llm-wrapper-k3f9qdz from core-implementation` starts it again.");
    let stopped =
        Tale::waiting().decides(ben(), Verdict::Stop, None).closes(Outcome::Stopped, None);
    insta::assert_snapshot!(told(&Refusal::RunEnded, &stopped), @"llm-wrapper-k3f9qdz is over: it was stopped. `/develop again llm-wrapper-k3f9qdz from core-implementation` starts it again.");
}

#[test]
fn the_workflow_server_is_silent() {
    insta::assert_snapshot!(nothing_was_recorded(Verdict::Approve), @"The workflow server does not answer, so nothing was recorded. Please approve again in a minute.");
    insta::assert_snapshot!(not_confirmed_yet(), @"Your answer is safe, but not confirmed yet. It counts as soon as the workflow server answers; the thread will show it.");
}
