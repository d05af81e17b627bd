use crate::run::{Outcome, Refusal, Verdict};
use crate::thread::plain_text;
use crate::thread::sample::{Tale, ana, ben};

use super::{not_confirmed_yet, nothing_was_recorded, refusal};

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
    insta::assert_snapshot!(told(&Refusal::TooLate, &Tale::waiting()), @"Nobody answered in time, so this question is closed. `/develop llm-wrapper` starts again.");
}

#[test]
fn nothing_is_asked() {
    insta::assert_snapshot!(told(&Refusal::NothingAsked, &Tale::new()), @"llm-wrapper-k3f9qdz asks nothing right now: no worker took it on yet.");
    insta::assert_snapshot!(told(&Refusal::NothingAsked, &Tale::rolled_back().begins("streaming", 2)), @"llm-wrapper-k3f9qdz asks nothing right now: streaming is under way, stage 3 of 6, attempt 2.");
}

#[test]
fn not_everybody_may() {
    let mut tale = Tale::waiting();
    insta::assert_snapshot!(refusal(&Refusal::NotAllowed, &tale.run, Verdict::Stop), @"Only <@UANA> or <@UBEN> can stop this run.");
    insta::assert_snapshot!(refusal(&Refusal::NotAllowed, &tale.run, Verdict::Approve), @"Only <@UANA> or <@UBEN> can approve this.");
    tale.run.request.approvers.clear();
    insta::assert_snapshot!(refusal(&Refusal::NotAllowed, &tale.run, Verdict::Reject), @"Only <@UANA> or somebody of this workspace can reject this.");
}

#[test]
fn the_run_is_over() {
    insta::assert_snapshot!(told(&Refusal::RunEnded, &Tale::done()), @"llm-wrapper-k3f9qdz is over: it is done. `/develop llm-wrapper` starts again.");
    insta::assert_snapshot!(told(&Refusal::RunEnded, &Tale::waiting().closes(Outcome::Failed, None)), @"llm-wrapper-k3f9qdz is over: it has failed. `/develop llm-wrapper` starts again.");
    let stopped = Tale::waiting().decides(ben(), Verdict::Stop, None).closes(Outcome::Stopped, None);
    insta::assert_snapshot!(told(&Refusal::RunEnded, &stopped), @"llm-wrapper-k3f9qdz is over: it was stopped. `/develop llm-wrapper` starts again.");
}

#[test]
fn the_workflow_server_is_silent() {
    insta::assert_snapshot!(nothing_was_recorded(Verdict::Approve), @"The workflow server does not answer, so nothing was recorded. Please approve again in a minute.");
    insta::assert_snapshot!(not_confirmed_yet(), @"Your answer is safe, but not confirmed yet. It counts as soon as the workflow server answers; the thread will show it.");
}
