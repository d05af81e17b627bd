//! Do runs that were begun by an older program go on by this one?
//! The workflow must make the commands that stand in recorded histories, in their order. A history is kept as long as runs by
//! its rules may live. Each is named after the story that it was recorded from, by
//! `SIGNOFF_RECORD=tests/data/histories cargo test --test stories -- <the story's name>`.

use std::fs;
use std::path::Path;

use signoff::engine::{Replayed, replay};

/// Where the histories are.
const HISTORIES: &str = "tests/data/histories";

#[tokio::test]
async fn a_run_with_a_rollback_and_an_approval() {
    replays("a_run_goes_from_a_command_to_its_code_with_one_rollback_and_one_approval").await;
}

#[tokio::test]
async fn a_run_that_was_rejected() {
    replays("rejecting_ends_the_run_rejected").await;
}

#[tokio::test]
async fn a_run_that_was_stopped_while_its_agent_wrote() {
    replays("stopping_ends_the_agent_and_the_run").await;
}

#[tokio::test]
async fn a_run_that_was_stopped_when_its_agent_had_written_something() {
    replays("what_an_agent_had_written_when_it_was_stopped_is_kept").await;
}

#[tokio::test]
async fn a_run_with_a_note_a_new_round_a_reminder_and_a_late_answer() {
    replays("after_changes_the_old_question_takes_no_answer_and_the_new_one_does").await;
}

#[tokio::test]
async fn a_run_whose_deadline_passed() {
    replays("a_deadline_that_passes_fails_the_stage_and_says_so").await;
}

#[tokio::test]
async fn a_run_whose_stage_failed() {
    replays("a_stage_whose_attempts_are_used_up_fails_the_run_and_the_thread_says_why").await;
}

#[tokio::test]
async fn a_run_whose_budget_was_spent() {
    replays("a_spent_budget_ends_the_run_before_the_next_attempt").await;
}

#[tokio::test]
async fn a_run_whose_worker_died() {
    replays("a_worker_that_dies_in_a_stage_is_replaced_and_the_run_goes_on").await;
}

#[tokio::test]
async fn a_batch_of_features() {
    replays("features_are_developed_side_by_side_and_merged_into_one_branch").await;
}

#[tokio::test]
async fn a_run_with_stages_side_by_side_whose_worker_died() {
    replays("stages_whose_needs_are_met_are_done_at_once_and_made_to_fit").await;
}

#[tokio::test]
async fn a_run_that_was_stopped_while_stages_were_done_side_by_side() {
    replays("a_stop_reaches_the_stages_that_are_done_beside_each_other").await;
}

#[tokio::test]
async fn a_run_that_tried_first_beside_the_slots() {
    replays("what_has_to_pass_is_shown_to_fail_first_and_is_then_one_of_the_checks").await;
}

#[tokio::test]
async fn a_run_that_was_stopped_while_it_tried_first_in_its_slot() {
    replays("what_has_to_pass_is_tried_in_the_slot_of_its_attempt").await;
}

#[tokio::test]
async fn a_run_whose_second_reader_sent_the_work_back() {
    replays("what_it_says_sends_the_work_back_once").await;
}

#[tokio::test]
async fn a_run_that_was_stopped_while_it_waited_for_a_slot_again() {
    replays("what_an_attempt_spent_counts_also_where_it_is_stopped_before_its_turn_comes_again")
        .await;
}

#[tokio::test]
async fn a_run_that_was_given_money_just_before_it_asked() {
    replays("money_that_is_given_just_before_it_is_asked_for_is_the_answer").await;
}

#[test]
fn every_recorded_history_is_replayed_here() {
    let tests = fs::read_to_string(file!()).expect("this file");
    let names =
        fs::read_dir(HISTORIES).expect("the histories").map(|file| file.expect("a file").path());
    let forgotten: Vec<_> = names
        .filter(|path| !tests.contains(&format!("{:?}", path.file_stem().expect("a name"))))
        .collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}

async fn replays(story: &str) {
    let replayed = replay(recorded(story).as_bytes()).await.expect("a history of a run");
    assert!(matches!(replayed, Replayed::Same { .. }), "{replayed:?}");
}

fn recorded(story: &str) -> String {
    fs::read_to_string(Path::new(HISTORIES).join(format!("{story}.json")))
        .expect("a recorded history")
}
