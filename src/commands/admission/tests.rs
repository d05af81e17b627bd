//! Who is let in, and who is told what instead?

use std::future::{poll_fn, ready};

use chrono::TimeDelta;

use super::*;
use crate::commands::Terms;
use crate::run::{PersonId, Via};
use crate::slack::Member;
use crate::thread::samples::{Tale, ana, ben, group};

fn cleo() -> PersonId {
    PersonId::Slack { team: "T1".to_owned(), user: "UCLEO".to_owned() }
}

/// What Slack says of a full member of T1.
fn known() -> Member {
    Member {
        id: "U1".to_owned(),
        name: "somebody".to_owned(),
        display: "Somebody".to_owned(),
        guest: false,
        bot: false,
        deactivated: false,
        team: "T1".to_owned(),
        organisation: Vec::new(),
        zone: Zone::UTC,
    }
}

fn member(person: &PersonId) -> Result<FullMember, NotAdmitted> {
    Ok(FullMember::check(&known(), person, Some("T1"))?)
}

/// What a person says a minute after the question was asked.
fn says(run: &Run, person: &PersonId, verdict: Verdict) -> Answer {
    let asked_at = run.gate.as_ref().expect("a run that waits").opened_at;
    let asker = Asker::new(
        person.clone(),
        Via::Thread,
        Moment { at: asked_at + TimeDelta::minutes(1), retried: false },
    );
    Answer::new(verdict, asker, RequestId("k".to_owned()))
}

/// What becomes of it, where Slack says that this person is in these groups.
async fn admitted_in(
    run: &Run,
    person: &PersonId,
    answer: Answer,
    groups: Memberships,
) -> Result<Decision, NotAdmitted> {
    let admitted = admit(run, answer, ready(member(person)), ready(groups)).await?;
    match admitted.into_entry().1 {
        Entry::Send { decision, .. } => Ok(*decision),
        Entry::Judged(reply) => panic!("it was judged before: {reply:?}"),
    }
}

async fn admitted(run: &Run, person: &PersonId, answer: Answer) -> Result<Decision, NotAdmitted> {
    admitted_in(run, person, answer, Memberships::default()).await
}

/// Never waited for.
fn not_asked<T>() -> impl Future<Output = T> {
    poll_fn(|_| panic!("Slack was asked for nothing"))
}

/// A run that waits for a group, too.
fn waits_for_leads() -> Run {
    let mut run = Tale::waiting().run;
    let gates = run.stages.iter_mut().filter_map(|stage| stage.stage.gate.as_mut());
    gates.for_each(|gate| gate.approvers.push(Approver::Group(group())));
    run
}

#[tokio::test]
async fn an_approver_is_let_in_with_the_decision_that_is_sent() {
    let run = Tale::waiting().run;
    let decision = admitted(&run, &ben(), says(&run, &ben(), Verdict::Approve)).await;
    let decision = decision.expect("ben approves");
    assert_eq!((decision.by, decision.gate), (ben(), run.gate.map(|open| open.id)));
}

#[tokio::test]
async fn who_may_not_is_told_who_can() {
    let run = Tale::waiting().run;
    let refused = admitted(&run, &cleo(), says(&run, &cleo(), Verdict::Approve)).await;
    let refused = refused.expect_err("cleo is no approver");
    assert!(matches!(&refused, NotAdmitted::Refused { why: Refusal::NotAllowed, .. }));
    assert!(refused.text().ends_with("can approve this."), "{}", refused.text());
}

#[tokio::test]
async fn who_slack_does_not_know_as_a_full_member_is_not_let_in() {
    let run = Tale::waiting().run;
    let answer = || says(&run, &ben(), Verdict::Approve);
    let guest = FullMember::check(&Member { guest: true, ..known() }, &ben(), Some("T1"));
    for (who, why) in [
        (guest.map_err(NotAdmitted::from), NotAdmitted::Stranger(Stranger::Guest)),
        (Err(NotAdmitted::Unknown), NotAdmitted::Unknown),
    ] {
        let refused = admit(&run, answer(), ready(who), not_asked()).await;
        assert_eq!(refused.err(), Some(why));
    }
}

#[tokio::test]
async fn a_member_of_another_workspace_is_a_stranger_here() {
    let run = Tale::waiting().run;
    let elsewhere = PersonId::Slack { team: "T2".to_owned(), user: "UBEN".to_owned() };
    let known = Member { team: "T2".to_owned(), ..known() };
    let member = FullMember::check(&known, &elsewhere, None).expect("at home in T2");
    let answer = says(&run, &elsewhere, Verdict::Approve);
    let refused = admit(&run, answer, ready(Ok(member.clone())), not_asked()).await.err();
    assert_eq!(refused, Some(NotAdmitted::Stranger(Stranger::Elsewhere)));
    let asker = Asker {
        channel: run.request.channel.clone(),
        ..says(&run, &elsewhere, Verdict::Note).asker
    };
    assert!(admit_start(start(), asker, RequestId("k".to_owned()), member).is_err());
}

#[tokio::test]
async fn one_person_of_an_organisation_is_the_same_in_a_command_a_click_and_their_account() {
    let run = Tale::waiting().run;
    let clicks = PersonId::Slack { team: "T0HOME".to_owned(), user: "UANA".to_owned() };
    let teams = ["T0HOME", "T1", "E0ACME"].map(ToOwned::to_owned).to_vec();
    let known = Member { team: "T0HOME".to_owned(), organisation: teams, ..known() };
    let member = FullMember::check(&known, &clicks, Some("T1")).expect("she is of T1 too");
    let answer = says(&run, &clicks, Verdict::Reject);
    assert!(certain_refusal(&run, &answer).is_none());
    let admitted = admit(&run, answer, ready(Ok(member.clone())), not_asked()).await;
    let Entry::Send { decision, .. } = admitted.expect("she started it").into_entry().1 else {
        panic!("it was judged before")
    };
    assert_eq!(decision.by, run.request.starter);
    let mut listed = run.clone();
    listed.request.starter = ben();
    listed.request.approvers = vec!["slack:E0ACME:UANA".parse().expect("an approver")];
    assert_eq!(member.person_in(&listed).to_string(), "slack:E0ACME:UANA");
}

#[tokio::test]
async fn groups_are_asked_for_only_where_it_depends_on_them() {
    let run = waits_for_leads();
    let answer = says(&run, &ben(), Verdict::Approve);
    assert!(admit(&run, answer, ready(member(&ben())), not_asked()).await.is_ok());
    let leads = Memberships { of: vec![group()], unknown: None };
    let decision = admitted_in(&run, &cleo(), says(&run, &cleo(), Verdict::Approve), leads).await;
    assert_eq!(decision.expect("cleo is a lead").groups, [group()]);
}

#[tokio::test]
async fn a_group_that_slack_does_not_tell_of_lets_nobody_in() {
    let run = waits_for_leads();
    let silent = Memberships { of: Vec::new(), unknown: Some(group()) };
    // Not even to be told that something is missing.
    let answer = says(&run, &cleo(), Verdict::Changes);
    let refused = admitted_in(&run, &cleo(), answer, silent).await.expect_err("nobody knows");
    assert_eq!(refused, NotAdmitted::UnknownGroup(group()));
    assert!(refused.text().contains("<!subteam^S0LEADS>"));
}

#[tokio::test]
async fn acted_on_again_an_answer_was_let_in_before() {
    let run = Tale::waiting().decides(ben(), Verdict::Approve, None).run;
    let key = run.decisions.first().expect("ben's answer").request.clone();
    let asker = Asker::new(ben(), Via::Button, Moment { at: run.decisions[0].at, retried: true });
    let answer = Answer::new(Verdict::Approve, asker, key);
    let again = admit(&run, answer, not_asked(), not_asked()).await.expect("let in before");
    assert!(matches!(again.into_entry().1, Entry::Judged(reply) if reply.text == "Approved."));
}

#[tokio::test]
async fn what_is_missing_is_told_before_who_may_but_not_to_who_only_talks() {
    let run = Tale::waiting().run;
    let refused = admitted(&run, &cleo(), says(&run, &cleo(), Verdict::Changes)).await;
    assert!(matches!(refused, Err(NotAdmitted::Unfit(_))));
    let terms = Terms { words: Some("x".repeat(Decision::WORDS + 1)), ..Terms::default() };
    let talk = Answer { terms, ..says(&run, &cleo(), Verdict::Note) };
    let refused = admitted(&run, &cleo(), talk).await;
    assert!(matches!(refused, Err(NotAdmitted::Refused { why: Refusal::NotAllowed, .. })));
}

#[test]
fn a_name_at_a_shell_is_judged_by_the_same_rules() {
    let mut run = Tale::waiting().run;
    let sam = ShellUser::new("sam".to_owned(), Zone::UTC);
    let answer = says(&run, sam.person(), Verdict::Approve);
    assert!(matches!(
        admit_at_shell(&run, &answer, &sam),
        Err(NotAdmitted::Refused { why: Refusal::NotAllowed, .. })
    ));
    let gates = run.stages.iter_mut().filter_map(|stage| stage.stage.gate.as_mut());
    gates.for_each(|gate| gate.approvers.push(sam.person().clone().into()));
    assert!(admit_at_shell(&run, &answer, &sam).is_ok());
}

#[test]
fn whoever_was_let_in_is_who_starts_and_decides() {
    let run = Tale::waiting().run;
    let asker = says(&run, &ana(), Verdict::Note).asker;
    let (key, sam) = (RequestId("k".to_owned()), ShellUser::new("sam".to_owned(), Zone::UTC));
    let (_, asker, _) = admit_start_at_shell(start(), asker, key, &sam).into_parts();
    assert_eq!(&asker.person, sam.person());
}

#[test]
fn who_may_be_in_a_group_is_not_turned_away_before_slack_was_asked() {
    let mut run = Tale::waiting().run;
    let stranger = PersonId::Slack { team: "T0ELSEWHERE".to_owned(), user: "U1".to_owned() };
    let answer = says(&run, &stranger, Verdict::Extend);
    assert!(certain_refusal(&run, &answer).is_some_and(|told| told.kind == ReplyKind::Refused));
    run.request.approvers.push("slack:T1:S0LEADS".parse().expect("a group"));
    assert_eq!(certain_refusal(&run, &answer), None);
}

fn start() -> StartRun {
    let project = "llm-wrapper".parse().expect("a slug");
    StartRun::new(project, String::new(), None)
}
