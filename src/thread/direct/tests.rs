//! Is the right person told directly, with buttons that still mean something?

use std::collections::BTreeMap;

use crate::run::{Approver, Escalation, GateKind, GateSpec, PersonId, Reminder, Rework, Verdict};
use crate::thread::samples::{More, Tale, ana, ben, group, name, no_pages, with_pages};
use crate::thread::{GateKey, Groups, Message, RenderContext, To, reactions, transcript};

use super::{direct, unposted};

const STAGE: &str = "core-implementation";

fn cleo() -> PersonId {
    PersonId::Slack { team: "T1".to_owned(), user: "UCLEO".to_owned() }
}

fn leads() -> Groups {
    Groups(BTreeMap::from([(group(), vec!["UCLEO".to_owned(), "UDAN".to_owned()])]))
}

fn spec(approvers: Vec<Approver>) -> GateSpec {
    GateSpec { approvers, ..GateSpec::usual(3_600) }
}

fn question(round: u32) -> GateKey {
    GateKey { kind: GateKind::Approve, stage: name(STAGE), round }
}

fn keys(tale: &Tale, groups: &Groups) -> Vec<String> {
    direct(&tale.run, groups, &no_pages()).iter().map(|message| message.key.to_string()).collect()
}

fn shown(tale: &Tale) -> String {
    transcript(&direct(&tale.run, &leads(), &no_pages()))
}

fn buttons(message: &Message) -> bool {
    message.asks()
}

#[test]
fn whoever_can_answer_is_reminded_with_all_they_need() {
    insta::assert_snapshot!(shown(&Tale::waiting().after(1_800).reminds(Reminder::Half)), @"
    → @UBEN: *Keep core-implementation of llm-wrapper?* It still waits for an answer.
      3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
      [Approve] [Request changes] [Reject] [View diff] [Extend] [Snooze]
      Approving goes on with streaming, rejecting ends the run without this work · answer until 2026-03-02 10:06 UTC · #C1 · `llm-wrapper-k3f9qdz`
    ");
}

#[test]
fn a_reminder_leads_back_to_the_thread() {
    let thread = "https://team.slack.example/archives/C1/p1772442000000100".parse().ok();
    let message = &direct(
        &Tale::waiting().reminds(Reminder::Soon).run,
        &leads(),
        &RenderContext { thread, ..with_pages() },
    )[0];
    assert!(
        transcript(std::slice::from_ref(message))
            .contains("Open the thread: https://team.slack.example/archives/C1/p1772442000000100")
    );
    assert_eq!(
        message.text.as_str(),
        "Almost over: Keep core-implementation of llm-wrapper? 3 files +156 −12 · 50/50 tests · $0.27"
    );
}

#[test]
fn groups_are_reminded_one_by_one_and_nobody_twice() {
    let tale = Tale::waiting()
        .gated(STAGE, spec(vec![cleo().into(), Approver::Group(group())]))
        .reminds(Reminder::Half);
    let tale = tale.extends(ana(), 8).after(9_000).reminds(Reminder::Half);
    let one = "reminder:core-implementation:1:half";
    assert_eq!(
        keys(&tale, &leads()),
        [
            format!("{one}:1:UCLEO"),
            format!("{one}:1:UDAN"),
            format!("{one}:2:UCLEO"),
            format!("{one}:2:UDAN")
        ]
    );
    assert_eq!(
        keys(&tale, &Groups::default()),
        [format!("{one}:1:UCLEO"), format!("{one}:2:UCLEO")]
    );
}

#[test]
fn where_nobody_is_listed_the_starter_is_reminded() {
    let tale = Tale::waiting().gated(STAGE, GateSpec::usual(3_600)).reminds(Reminder::Half);
    assert_eq!(keys(&tale, &leads()), ["reminder:core-implementation:1:half:1:UANA"]);
}

#[test]
fn a_starter_who_may_not_approve_is_not_reminded() {
    let own = GateSpec { self_approval: false, ..spec(vec![ana().into(), ben().into()]) };
    assert_eq!(
        keys(&Tale::waiting().gated(STAGE, own).reminds(Reminder::Half), &leads()),
        ["reminder:core-implementation:1:half:1:UBEN"]
    );
}

#[test]
fn whoever_the_policy_does_not_allow_is_not_reminded() {
    let only = GateSpec {
        only: vec![Approver::Group(group())],
        ..spec(vec![ben().into(), cleo().into()])
    };
    assert_eq!(
        keys(&Tale::waiting().gated(STAGE, only).reminds(Reminder::Half), &leads()),
        ["reminder:core-implementation:1:half:1:UCLEO"]
    );
}

#[test]
fn whoever_approved_or_wants_silence_is_not_reminded_again() {
    let two = GateSpec { quorum: 2, ..spec(vec![ben().into(), cleo().into()]) };
    let tale = Tale::waiting()
        .gated(STAGE, two)
        .after(60)
        .reminds(Reminder::Half)
        .after(60)
        .decides(ben(), Verdict::Approve, None);
    let tale = tale.snoozes(cleo()).after(60).reminds(Reminder::Soon);
    let messages = direct(&tale.run, &leads(), &no_pages());
    let seen: Vec<(&To, bool)> = messages.iter().map(|m| (&m.to, buttons(m))).collect();
    assert_eq!(
        seen,
        [(&To::Person("UBEN".to_owned()), false), (&To::Person("UCLEO".to_owned()), true)]
    );
    let text = transcript(&messages);
    assert!(
        text.contains("You approved.\n  1 of 2 approvals: @UBEN")
            && text.contains("no more reminders for you")
            && !text.contains("[Snooze]")
    );
}

#[test]
fn an_escalation_asks_others_directly() {
    let escalation = Some(Escalation { after_seconds: 600, to: vec![Approver::Group(group())] });
    let tale = Tale::waiting()
        .gated(STAGE, GateSpec { escalation, ..spec(vec![ben().into()]) })
        .after(600);
    assert_eq!(direct(&tale.run, &leads(), &no_pages()), []);
    let tale = tale.escalates().after(60).reminds(Reminder::Soon);
    let to = [
        "reminder:core-implementation:1:soon:1:UBEN",
        "reminder:core-implementation:1:soon:1:UCLEO",
        "reminder:core-implementation:1:soon:1:UDAN",
    ];
    let others =
        ["escalation:core-implementation:1:UCLEO", "escalation:core-implementation:1:UDAN"];
    assert_eq!(keys(&tale, &leads()), [to.as_slice(), others.as_slice()].concat());
    assert!(
        shown(&tale).contains("Nobody has answered, so you are asked as well."),
        "{}",
        shown(&tale)
    );
}

#[test]
fn when_the_question_closes_its_reminders_lose_their_buttons() {
    let tale = Tale::waiting().with(More::default()).reminds(Reminder::Half).after(250).wants(
        ben(),
        "Please retry.",
        Rework::Top,
    );
    insta::assert_snapshot!(shown(&tale), @"
    → @UBEN: *core-implementation of llm-wrapper* · asked for changes by @UBEN after 4 min
      3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
      #C1 · `llm-wrapper-k3f9qdz`
    ");
}

#[test]
fn a_question_whose_card_cannot_be_posted_goes_to_people() {
    let tale = Tale::waiting();
    let messages = unposted(&tale.run, &question(1), &no_pages(), &leads());
    insta::assert_snapshot!(transcript(&messages), @"
    → @UANA: *Keep core-implementation of llm-wrapper?* Its card could not be posted in #C1, so it comes to you.
      3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
      [Approve] [Request changes] [Reject] [View diff] [Extend]
      Approving goes on with streaming, rejecting ends the run without this work · answer until 2026-03-02 10:06 UTC · #C1 · `llm-wrapper-k3f9qdz`
    → @UBEN: *Keep core-implementation of llm-wrapper?* Its card could not be posted in #C1, so it comes to you.
      3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
      [Approve] [Request changes] [Reject] [View diff] [Extend]
      Approving goes on with streaming, rejecting ends the run without this work · answer until 2026-03-02 10:06 UTC · #C1 · `llm-wrapper-k3f9qdz`
    ");
    let keys: Vec<String> = messages.iter().map(|m| m.key.to_string()).collect();
    assert_eq!(
        keys,
        ["unposted:core-implementation:1:UANA", "unposted:core-implementation:1:UBEN"]
    );
    assert_eq!(unposted(&tale.run, &question(2), &no_pages(), &leads()), []);
    let closed = tale.decides(ben(), Verdict::Approve, None);
    assert!(!unposted(&closed.run, &question(1), &no_pages(), &leads()).iter().any(Message::asks));
}

#[test]
fn strangers_of_other_workspaces_are_not_called() {
    let eve = PersonId::Slack { team: "T2".to_owned(), user: "UEVE".to_owned() };
    let tale = Tale::waiting().gated(
        STAGE,
        spec(vec![eve.into(), ben().into(), PersonId::Cli { user: "ops".to_owned() }.into()]),
    );
    assert_eq!(
        keys(&tale.reminds(Reminder::Half), &leads()),
        ["reminder:core-implementation:1:half:1:UBEN"]
    );
}

#[test]
fn each_note_gets_one_reaction() {
    let tale = Tale::rolled_back().notes(ana(), "one").notes(ben(), "two");
    let emoji: Vec<&str> = reactions(&tale.run).iter().map(|r| r.emoji).collect();
    assert_eq!(emoji, ["memo", "memo"]);
}

#[test]
fn nobody_is_called_twice_in_a_minute() {
    let escalation = Some(Escalation { after_seconds: 600, to: vec![cleo().into(), ben().into()] });
    let asked = Tale::waiting()
        .gated(STAGE, GateSpec { escalation, ..spec(vec![ben().into()]) })
        .after(1_800);
    let both = asked.reminds(Reminder::Half).after(59).escalates();
    assert_eq!(
        keys(&both, &leads()),
        ["reminder:core-implementation:1:half:1:UBEN", "escalation:core-implementation:1:UCLEO"]
    );
    let later = both.after(1).reminds(Reminder::Soon);
    assert_eq!(
        keys(&later, &leads()),
        [
            "reminder:core-implementation:1:half:1:UBEN",
            "reminder:core-implementation:1:soon:2:UBEN",
            "escalation:core-implementation:1:UCLEO"
        ],
        "a minute after the first; cleo was called a second ago"
    );
}
