//! Does the run card say at a glance how the run is?

use crate::run::{Outcome, QueuePlace, QueuedAttempt, Sandboxing, Verdict, WaitsBecause};
use crate::thread::samples::{Tale, ana, no_pages, request, with_pages, work};
use crate::thread::transcript;

use super::card;
use crate::thread::side_run::Beside;

fn shown(tale: &Tale) -> String {
    transcript(&[card((&tale.run, None), Beside::default(), tale.now, &no_pages())])
}

#[test]
fn a_run_that_waits_for_a_slot_says_its_place() {
    let tale = Tale::new().started().begins("scaffold", 1);
    let because = WaitsBecause::Busy { slots: 4 };
    let at = QueuePlace { place: 3, of: 12, because, seconds: Some(250) };
    let queued = QueuedAttempt { stage: "scaffold".parse().unwrap(), attempt: 1, at };
    let card = |tale: &Tale| {
        transcript(&[card((&tale.run, Some(&queued)), Beside::default(), tale.now, &no_pages())])
    };
    insta::assert_snapshot!(card(&tale), @"
    [llm-wrapper · running]
    > One client for three model providers,
    > with streaming & retries.
    ◐ *scaffold*
    ○ core-implementation
    ○ streaming
    ○ structured-logging
    ○ parallel-processing
    ○ cost-tracking
    *Waiting for a slot:* 3rd of 12, because all 4 slots are busy, about 4 min.
    `llm-wrapper-k3f9qdz` · $0.00 of $5.00 · under a minute
    [Stop]
    ");
    // Once it is at work, the queue that was looked at a moment ago counts no more.
    assert!(!card(&tale.works("scaffold", 1, work(2_340, 4, 135))).contains("slot"));
}

#[test]
fn a_run_that_no_worker_took_yet() {
    insta::assert_snapshot!(shown(&Tale::new()), @"
    [llm-wrapper · starting]
    > One client for three model providers,
    > with streaming & retries.
    ○ scaffold
    ○ core-implementation
    ○ streaming
    ○ structured-logging
    ○ parallel-processing
    ○ cost-tracking
    _Waiting for a worker to take it on._
    `llm-wrapper-k3f9qdz` · $0.00 of $5.00
    [Stop]
    ");
}

#[test]
fn a_run_at_work() {
    insta::assert_snapshot!(shown(&Tale::rolled_back().begins("streaming", 2).after(125)), @"
    [llm-wrapper · running]
    > One client for three model providers,
    > with streaming & retries.
    ✓ scaffold
    ✓ core-implementation
    ◐ *streaming* · attempt 2
    ○ structured-logging
    ○ parallel-processing
    ○ cost-tracking
    `llm-wrapper-k3f9qdz` · $0.39 of $5.00 · 14 min · Claude Code 2.1.3, claude-sonnet-4-5
    [Roll back] [Stop]
    ");
}

#[test]
fn a_run_that_waits_shows_no_second_clock() {
    insta::assert_snapshot!(shown(&Tale::waiting()), @"
    [llm-wrapper · waiting]
    > One client for three model providers,
    > with streaming & retries.
    ✓ scaffold
    ◆ *core-implementation* · waits for an answer in the thread
    ○ streaming
    ○ structured-logging
    ○ parallel-processing
    ○ cost-tracking
    `llm-wrapper-k3f9qdz` · $0.27 of $5.00 · Claude Code 2.1.3, claude-sonnet-4-5
    [Roll back] [Stop]
    ");
}

#[test]
fn a_run_that_is_done_says_where_the_code_is() {
    let tale = Tale::done();
    let text = transcript(&[card((&tale.run, None), Beside::default(), tale.now, &with_pages())]);
    insta::assert_snapshot!(text, @"
    [llm-wrapper · done]
    > One client for three model providers,
    > with streaming & retries.
    ✓ scaffold
    ✓ core-implementation
    ✓ streaming
    ✓ structured-logging
    ✓ parallel-processing
    ✓ cost-tracking
    `llm-wrapper-k3f9qdz` · $0.88 of $5.00 · 24m 00s · Claude Code 2.1.3, claude-sonnet-4-5
    Run page: https://signoff.example/runs/llm-wrapper-k3f9qdz?s=1775034000.7c0727370a7ec225e63c39b68d111da2978361676a662283c67223e25ea4fa4e · branch `signoff/llm-wrapper-k3f9qdz` in `https://git.example/llm-wrapper.git`
    ");
}

#[test]
fn a_run_that_failed() {
    let tale = Tale::rolled_back()
        .errs("streaming", 2)
        .errs("streaming", 3)
        .fails("streaming", "3 attempts, the last: 3 of 50 tests failed");
    insta::assert_snapshot!(shown(&tale.delivers(false).closes(Outcome::Failed, Some("streaming: 3 attempts"))), @"
    [llm-wrapper · failed]
    > One client for three model providers,
    > with streaming & retries.
    ✓ scaffold
    ✓ core-implementation
    ✗ streaming · 3 attempts, the last: 3 of 50 tests failed
    ○ structured-logging
    ○ parallel-processing
    ○ cost-tracking
    `llm-wrapper-k3f9qdz` · $0.63 of $5.00 · 15m 40s · Claude Code 2.1.3, claude-sonnet-4-5
    branch `signoff/llm-wrapper-k3f9qdz` in the run's own repository
    ");
}

#[test]
fn a_run_that_was_stopped() {
    let tale = Tale::waiting()
        .decides(ana(), Verdict::Stop, None)
        .undoes("core-implementation")
        .closes(Outcome::Stopped, None);
    insta::assert_snapshot!(shown(&tale), @"
    [llm-wrapper · stopped]
    > One client for three model providers,
    > with streaming & retries.
    ✓ scaffold
    ↺ core-implementation · not kept
    ○ streaming
    ○ structured-logging
    ○ parallel-processing
    ○ cost-tracking
    `llm-wrapper-k3f9qdz` · $0.27 of $5.00 · 6m 45s · Claude Code 2.1.3, claude-sonnet-4-5
    ");
}

#[test]
fn a_rehearsal_and_a_missing_sandbox_are_said() {
    let mut request = request();
    request.rehearsal = true;
    let mut tale = Tale::of(request).started().works("scaffold", 1, work(2_340, 4, 135));
    tale.run.sandboxing = Some(Sandboxing::None);
    insta::assert_snapshot!(shown(&tale), @"
    [llm-wrapper · running]
    > One client for three model providers,
    > with streaming & retries.
    ◐ *scaffold*
    ○ core-implementation
    ○ streaming
    ○ structured-logging
    ○ parallel-processing
    ○ cost-tracking
    `llm-wrapper-k3f9qdz` · $0.04 of $5.00 · 2 min · Claude Code 2.1.3, claude-sonnet-4-5
    *Rehearsal:* scripted model, no cost. The amounts are the script's.
    *No sandbox:* agent and checks can reach whatever the worker can.
    [Roll back] [Stop]
    ");
}

#[test]
fn an_open_network_is_said() {
    let mut tale = Tale::waiting();
    tale.run.sandboxing = Some(Sandboxing::OpenNetwork);
    assert!(shown(&tale).contains("Network open"));
}

#[test]
fn the_card_calls_nobody() {
    let json = serde_json::to_string(
        &card((&Tale::done().run, None), Beside::default(), Tale::done().now, &with_pages()).blocks,
    )
    .unwrap();
    assert!(!json.contains("<@") && !json.contains("<!"), "{json}");
}

#[test]
fn the_notification_names_run_phase_and_money() {
    let message =
        card((&Tale::waiting().run, None), Beside::default(), Tale::waiting().now, &with_pages());
    insta::assert_snapshot!(message.text.as_str(), @"llm-wrapper · llm-wrapper-k3f9qdz · waiting: core-implementation · $0.27 of $5.00");
    assert!(message.text.length() <= super::NOTICE);
}

#[test]
fn what_became_of_stages_beside_others_is_told_while_the_run_goes_on_and_after() {
    let tale = Tale::beside();
    let part = Tale::side_run(&tale.run, "structured-logging");
    let part = part.works("structured-logging", 1, work(2_340, 4, 135)).run;
    let beside = Beside { runs: std::slice::from_ref(&part), ..Beside::default() };
    let card_of = |tale: &Tale| card((&tale.run, None), beside, tale.now, &no_pages());
    let tale = tale.ends_beside("streaming", Outcome::Done);
    let (message, text) = (card_of(&tale), transcript(&[card_of(&tale)]));
    assert!(message.text.as_str().ends_with(" · $0.21 of $5.00"), "{}", message.text.as_str());
    assert!(text.contains("○ *streaming* · good, to be merged"), "{text}");
    assert!(text.contains("◐ *structured-logging* · beside the others"), "{text}");
    // An operator ends it: it never hears of the other.
    let ended = tale.closes(Outcome::Stopped, None);
    let mut part = part.clone();
    part.outcome = Some(Outcome::Stopped);
    let beside = Beside { runs: &[part], ..Beside::default() };
    let text = transcript(&[card((&ended.run, None), beside, ended.now, &no_pages())]);
    assert!(text.contains("○ *streaming* · good, not merged"), "{text}");
    assert!(text.contains("↺ *structured-logging* · stopped"), "{text}");
}

#[test]
fn a_long_run_shows_what_is_at_work_and_folds_what_is_good() {
    let mut request = request();
    let usual = request.pipeline.stages[0].clone();
    let stage =
        |n: usize| crate::run::Stage { name: format!("s{n}").parse().unwrap(), ..usual.clone() };
    request.pipeline.stages = (1..=30).map(stage).collect();
    let mut tale = Tale::of(request.clone()).started();
    for n in 1..=27 {
        tale = tale.works(&format!("s{n}"), 1, work(1, 1, 1)).keeps(&format!("s{n}"));
    }
    let text = shown(&tale.begins("s28", 1));
    assert!(text.contains("… 6 more stages, good\n✓ s7\n"), "{text}");
    assert!(text.contains("✓ s27\n◐ *s28*\n○ s29\n○ s30\n`"), "{text}");
    let text = shown(&Tale::of(request).started().begins("s1", 1));
    assert!(text.contains("◐ *s1*\n○ s2\n") && text.contains("○ s24\n… 6 more stages\n"), "{text}");
}
