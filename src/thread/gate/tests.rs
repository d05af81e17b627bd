//! Does a card say what a person has to know, and nothing that is not so?

use chrono::TimeDelta;
use serde_json::Value;

use crate::run::{GateSpec, Outcome, PersonId, Verdict};
use crate::thread::samples::{Tale, ana, ben, no_pages, with_pages};
use crate::thread::{GateValue, RenderContext, transcript};

use super::gates;

mod rules;

fn shown(tale: &Tale) -> String {
    transcript(&gates(&tale.run, tale.now, &no_pages()))
}

#[test]
fn a_question_with_all_that_is_needed_to_answer_it() {
    insta::assert_snapshot!(shown(&Tale::waiting()), @"
    ├ *Keep core-implementation of llm-wrapper?* @UANA @UBEN
    │ 3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
    │ • `src/client.js` +78 −4
    │ • `test/client.test.js` +52 −4
    │ • `README.md` +26 −4
    │ _In the agent's own words:_
    │ > I wrote the client and its tests. <!channel> please approve!
    │ [Approve] [Request changes] [Reject] [View diff] [Extend]
    │ Approving goes on with streaming, rejecting ends the run without this work · times out within 1 h (2026-03-02 10:06 UTC)
    ");
}

#[test]
fn a_question_with_a_page_links_to_the_diff() {
    let tale = Tale::waiting();
    let text = transcript(&gates(&tale.run, tale.now, &with_pages()));
    assert!(text.contains("View diff: https://signoff.example/runs/llm-wrapper-k3f9qdz/diff/core-implementation/1-commit-core-?s="), "{text}");
}

#[test]
fn a_card_has_one_view_diff_where_its_button_opens_the_page() {
    let tale = Tale::waiting();
    let drawn = |real_slack| {
        let render = RenderContext { real_slack, ..with_pages() };
        serde_json::json!(gates(&tale.run, tale.now, &render)[0].blocks).to_string()
    };
    assert_eq!(drawn(true).matches("View diff").count(), 1);
    assert_eq!(drawn(false).matches("View diff").count(), 2, "an emulator's button opens nothing");
}

#[test]
fn a_button_carries_the_whole_gate() {
    let tale = Tale::waiting();
    let json = serde_json::to_value(&gates(&tale.run, tale.now, &no_pages())[0].blocks).unwrap();
    let buttons =
        json.as_array().unwrap().iter().find(|b| b["type"] == "actions").unwrap()["elements"]
            .clone();
    let ids: Vec<&Value> = buttons.as_array().unwrap().iter().map(|b| &b["action_id"]).collect();
    assert_eq!(ids, ["gate.approve", "gate.changes", "gate.reject", "gate.diff", "gate.extend"]);
    let value: GateValue = serde_json::from_str(buttons[0]["value"].as_str().unwrap()).unwrap();
    assert_eq!(
        (value.run.clone(), Some(value.gate())),
        (tale.run.id().clone(), tale.run.gate.map(|g| g.id))
    );
}

#[test]
fn an_approval_stays_with_who_and_when_and_the_words() {
    insta::assert_snapshot!(shown(&Tale::waiting().after(250).decides(ben(), Verdict::Approve, Some("nice <!channel>\n& tidy"))), @"
    ├ *core-implementation of llm-wrapper* · approved by @UBEN after 4 min
    │ > nice <!channel>
    │ > & tidy
    │ 3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
    │ • `src/client.js` +78 −4
    │ • `test/client.test.js` +52 −4
    │ • `README.md` +26 −4
    │ _In the agent's own words:_
    │ > I wrote the client and its tests. <!channel> please approve!
    │ Decided 2026-03-02 09:10 UTC
    ");
}

#[test]
fn a_rejection_stays_too() {
    let tale = Tale::waiting().after(20).decides(
        PersonId::Cli { user: "ana".to_owned() },
        Verdict::Reject,
        Some("no retries"),
    );
    let text =
        shown(&tale.undoes("core-implementation").closes(Outcome::Rejected, Some("no retries")));
    insta::assert_snapshot!(text, @"
    ├ *core-implementation of llm-wrapper* · rejected by ana (command line) within a minute
    │ > no retries
    │ 3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
    │ • `src/client.js` +78 −4
    │ • `test/client.test.js` +52 −4
    │ • `README.md` +26 −4
    │ _In the agent's own words:_
    │ > I wrote the client and its tests. <!channel> please approve!
    │ Decided 2026-03-02 09:07 UTC
    ");
}

#[test]
fn a_missed_deadline_takes_the_buttons_away() {
    insta::assert_snapshot!(shown(&Tale::waiting().misses("core-implementation")), @"
    ├ *core-implementation of llm-wrapper* · nobody answered in time, so its work was not kept
    │ 3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
    │ • `src/client.js` +78 −4
    │ • `test/client.test.js` +52 −4
    │ • `README.md` +26 −4
    │ _In the agent's own words:_
    │ > I wrote the client and its tests. <!channel> please approve!
    ");
}

#[test]
fn a_deadline_that_passed_while_no_worker_lives_takes_the_buttons_away() {
    let text = shown(&Tale::waiting().after(3_700));
    assert!(text.contains("the time to answer is over") && !text.contains("[Approve]"), "{text}");
}

#[test]
fn a_stop_says_who_stopped() {
    insta::assert_snapshot!(shown(&Tale::waiting().after(90).decides(ana(), Verdict::Stop, None)), @"
    ├ *core-implementation of llm-wrapper* · not decided: the run was stopped by @UANA
    │ 3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
    │ • `src/client.js` +78 −4
    │ • `test/client.test.js` +52 −4
    │ • `README.md` +26 −4
    │ _In the agent's own words:_
    │ > I wrote the client and its tests. <!channel> please approve!
    │ Decided 2026-03-02 09:08 UTC
    ");
}

#[test]
fn the_notification_has_decision_files_tests_and_cost() {
    let tale = Tale::waiting();
    insta::assert_snapshot!(gates(&tale.run, tale.now, &with_pages())[0].text.as_str(), @"Keep core-implementation of llm-wrapper? 3 files +156 −12 · 50/50 tests · $0.27");
}

#[test]
fn a_card_tells_the_time_left_three_times_however_long_it_waits() {
    for (hours, told) in [
        (1, ["1 h", "30 min", "10 min"]),
        (24, ["24 h", "12 h", "10 min"]),
        (72, ["3 days", "36 h", "10 min"]),
    ] {
        let mut tale = Tale::waiting();
        let open = tale.run.gate.as_mut().unwrap();
        open.deadline = open.opened_at + TimeDelta::hours(hours);
        let gate = tale.run.gate.as_ref().unwrap();
        let mut at = tale.now;
        let mut shown = Vec::new();
        while let Some(next) = crate::thread::redraw_at(&tale.run, at) {
            shown.push(crate::thread::clock::left_at_most(
                gate,
                tale.run.spec_of(&gate.id).unwrap(),
                at,
            ));
            at = next;
        }
        shown.dedup();
        assert_eq!(shown, told.map(|within| format!("times out within {within}")));
        assert!(at >= gate.deadline, "and once more when it is over");
    }
}

#[test]
fn the_time_left_is_told_in_steps() {
    let tale = Tale::waiting();
    let left = |minutes| {
        let gate = tale.run.gate.as_ref().unwrap();
        crate::thread::clock::left(
            gate,
            tale.run.spec_of(&gate.id).unwrap(),
            gate.deadline - TimeDelta::minutes(minutes),
        )
    };
    assert_eq!(left(54), "times out in 54 min");
    assert_eq!(left(119), "times out in 1 h 50 min");
    assert_eq!(left(60 * 24 * 3), "times out in 3 days");
    assert_eq!(left(0), "times out in less than a minute");
    assert_eq!(left(-1), "the time to answer is over");
}

#[test]
fn many_approvers_are_folded() {
    let approvers = (0..30)
        .map(|i| PersonId::Slack { team: "T1".to_owned(), user: format!("U{i}") }.into())
        .collect();
    let tale = Tale::waiting()
        .gated("core-implementation", GateSpec { approvers, ..GateSpec::usual(3_600) });
    assert!(shown(&tale).lines().next().unwrap().ends_with("@U10 and 19 more"));
}

#[test]
fn a_stage_that_somebody_took_over_is_theirs_until_the_time_is_over() {
    let failed =
        Tale::rolled_back().recovers("streaming").errs("streaming", 2).errs("streaming", 3);
    let tale = failed.follows().takes_over(ben());
    let asked = shown(&tale);
    assert!(asked.contains("@UBEN took it over.") && asked.contains("git fetch"), "{asked}");
    assert!(asked.contains("[I'm done] [Give it back to the agent]"), "{asked}");
    let over = shown(&tale.misses("streaming"));
    assert!(over.contains("@UBEN took it over and did not hand it in in time"), "{over}");
    assert!(!over.contains("[I'm done]") && !over.contains("git fetch"), "{over}");
}

#[test]
fn what_was_spent_beside_the_run_after_a_question_does_not_change_its_card() {
    let tale = Tale::waiting().gated("streaming", GateSpec::usual(3_600));
    let tale = tale.decides(ben(), Verdict::Approve, None).keeps("core-implementation");
    let before = shown(&tale);
    assert!(before.contains("$0.27 of $5.00 so far"), "{before}");
    let tale = tale.begin_beside().ends_beside("streaming", Outcome::Done);
    assert_eq!(shown(&tale), before);
    let tale = tale.works("streaming", 1, crate::thread::samples::work(0, 0, 1)).asks("streaming");
    let asked = shown(&tale);
    assert!(asked.contains("$0.36 of $5.00 so far"), "what came before it counts: {asked}");
}
