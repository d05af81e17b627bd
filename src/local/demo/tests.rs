//! Does the demo see a thread as a person does?

use super::*;

fn says(text: &str, thread_ts: Option<&str>) -> SeenMessage {
    SeenMessage {
        ts: "1".to_owned(),
        text: text.to_owned(),
        thread_ts: thread_ts.map(str::to_owned),
        ..SeenMessage::default()
    }
}

#[test]
fn the_run_is_found_by_its_id() {
    let run = run_in(&says("*llm-wrapper* · running · `llm-wrapper-k3f9qd`", None));
    assert_eq!(run.map(|run| run.to_string()), Some("llm-wrapper-k3f9qd".to_owned()));
    assert_eq!(run_in(&says("llm-wrapper is running", None)), None);
}

#[tokio::test]
async fn only_a_closing_reply_ends_it() {
    let card = says("llm-wrapper-k3f9qd done", None);
    let reply = says(":tada: llm-wrapper-k3f9qd is done in 3 min", Some("1"));
    let gate = says("streaming is done: approve it?", Some("1"));
    assert_eq!(ended(&[&card, &gate], None).await, None);
    assert_eq!(ended(&[&card, &gate, &reply], None).await, Some(Phase::Done));
}

#[tokio::test]
async fn who_knows_the_phase_is_believed() {
    let card = says("llm-wrapper-k3f9qd", None);
    let ask: PhaseOf = Box::new(|_| Box::pin(async { Some(Phase::Rejected) }));
    assert_eq!(ended(&[&card], Some(&ask)).await, Some(Phase::Rejected));
}

#[test]
fn a_number_that_grew_is_no_news() {
    assert_eq!(shape("streaming · 12.5 k tokens"), shape("streaming · 104 k tokens"));
    assert_ne!(shape("streaming · running"), shape("streaming · good"));
}
