//! Does the Home tab show what waits, and offer to answer it?

use crate::thread::samples::{Tale, no_pages};
use crate::thread::{blocks_as_text, slack_limits};

use super::home;

fn shown(tales: Vec<(Tale, bool)>) -> String {
    let now = Tale::waiting().now;
    blocks_as_text(&home(
        &tales.into_iter().map(|(tale, may)| (tale.run, may)).collect::<Vec<_>>(),
        now,
        &no_pages(),
    ))
}

#[test]
fn nothing_waits() {
    insta::assert_snapshot!(shown(Vec::new()), @"
    [Waiting for you]
    Nothing waits for you. Enjoy the quiet.
    `/develop` and the name of a project start a run, `/develop` alone opens a form, `/develop list` shows the newest.
    ");
}

#[test]
fn what_waits_can_be_answered_at_home() {
    insta::assert_snapshot!(shown(vec![(Tale::waiting(), true), (Tale::second_gate(), false), (Tale::done(), true)]), @"
    [Waiting for you]
    *Keep core-implementation of llm-wrapper?*
    3 files +156 −12 · 50/50 tests, before 15/15 · 92 % coverage · $0.27 of $5.00 so far
    [Approve] [Request changes] [Reject] [View diff] [Extend]
    times out in 1 h (2026-03-02 10:06 UTC) · started by @UANA · #C1 `llm-wrapper-k3f9qdz`
    [Waiting for others]
    *structured-logging of llm-wrapper* · times out in 1 h 10 min (2026-03-02 10:18 UTC) · started by @UANA · #C1 `llm-wrapper-k3f9qdz`
    `/develop` and the name of a project start a run, `/develop` alone opens a form, `/develop list` shows the newest.
    ");
}

#[test]
fn the_fullest_home_keeps_the_limits() {
    let mut tale = Tale::largest_question();
    let mut numbered = |i| {
        tale.run.request.run = format!("{}-{i}", "r".repeat(60)).parse().unwrap();
        (tale.run.clone(), i % 2 == 0)
    };
    let waiting: Vec<_> = (0..200).map(&mut numbered).collect();
    let blocks = home(&waiting, tale.now, &no_pages());
    slack_limits::home(&serde_json::to_value(&blocks).unwrap());
    assert!(blocks_as_text(&blocks).contains("… and 80 more"));
}
