//! Tests with recorded output: do we understand what the CLI really printed?
//! Lines recorded from version 2.1.330, shortened to the fields that matter.

use super::end::{classify_end, last_words};
use super::stream::StreamReader;
use crate::agent::AgentEvent;
use crate::agent::process::Exit;
use crate::run::{AgentEnd, Tokens, Trouble, Usd};

const INIT: &str = r#"{"type":"system","subtype":"init","cwd":"/w/x","session_id":"9575d036","model":"claude-sonnet-4-5","permissionMode":"bypassPermissions","claude_code_version":"2.1.330"}"#;
const MESSAGE_START: &str = r#"{"type":"stream_event","event":{"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":4,"output_tokens":1,"cache_read_input_tokens":9000,"cache_creation_input_tokens":2100}}},"parent_tool_use_id":null}"#;
const WRITE: &str = r#"{"type":"assistant","message":{"content":[{"id":"toolu_1","input":{"file_path":"/w/x/src/stream.js","content":"…"},"name":"Write","type":"tool_use"}],"id":"msg_1","usage":{"cache_creation_input_tokens":2100,"cache_read_input_tokens":9000,"input_tokens":4,"output_tokens":1}},"parent_tool_use_id":null}"#;
const MESSAGE_DELTA: &str = r#"{"type":"stream_event","event":{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":310}}}"#;
const WRITTEN: &str = r#"{"type":"user","message":{"role":"user","content":[{"tool_use_id":"toolu_1","type":"tool_result","content":"File created"}]}}"#;
const GOOD: &str = r#"{"total_cost_usd":0.115237,"terminal_reason":"completed","is_error":false,"subtype":"success","result":"All done.","type":"result","queued_turn_count":0,"result_index":0,"model_usage_since_last_result":{"claude-sonnet-4-5":{"inputTokens":4,"outputTokens":310,"cacheReadInputTokens":9000,"cacheCreationInputTokens":2100,"costUSD":0.015236999999999999}}}"#;

const TOKENS: Tokens = Tokens { input: 4, output: 310, cache_read: 9_000, cache_write: 2_100 };

fn read(lines: &[&str]) -> (StreamReader, Vec<AgentEvent>) {
    let mut reader = StreamReader::new("/w/x/");
    let events = lines.iter().flat_map(|line| reader.read_line(line.as_bytes())).collect();
    (reader, events)
}

fn end_of(lines: &[&str]) -> AgentEnd {
    classify_end(&read(lines).0, &Exit::Ended(Some(1)), "")
}

fn api_error(status: &str, said: &str) -> AgentEnd {
    let line = format!(
        r#"{{"type":"result","subtype":"success","is_error":true,"terminal_reason":"api_error","api_error_status":{status},"result":"{said}"}}"#
    );
    end_of(&[INIT, &line])
}

fn failed(trouble: Trouble, why: &str) -> AgentEnd {
    AgentEnd::Failed { trouble, why: why.to_owned() }
}

#[test]
fn the_running_step_is_told() {
    let (_, events) = read(&[INIT, WRITE, WRITTEN]);
    let AgentEvent::ToolStarted { id, name, title, input } = &events[1] else { panic!("a tool") };
    assert_eq!([id, name, title], ["toolu_1", "Write", "Write src/stream.js"]);
    assert!(input.is_some(), "whether it does the same again can be told");
    assert_eq!(events[2..], [AgentEvent::ToolEnded { id: "toolu_1".into(), ok: true }]);
}

#[test]
fn repeated_lines_are_counted_once() {
    let (reader, _) = read(&[INIT, MESSAGE_START, WRITE, WRITE, MESSAGE_DELTA]);
    assert_eq!(reader.used(), (TOKENS, Usd::ZERO));
}

#[test]
fn the_bill_is_of_this_process_alone() {
    let (reader, _) = read(&[INIT, MESSAGE_START, WRITE, MESSAGE_DELTA, GOOD]);
    assert_eq!(reader.used(), (TOKENS, Usd::from_nanos(15_237_000)));
    let (again, _) = read(&[INIT, GOOD, MESSAGE_START, MESSAGE_DELTA, GOOD]);
    assert_eq!(again.used().1, Usd::from_nanos(30_474_000));
}

#[test]
fn what_was_known_is_the_least_that_a_result_can_say() {
    let forged = r#"{"type":"result","is_error":false,"terminal_reason":"completed","result":"cheap","model_usage_since_last_result":{"m":{"outputTokens":1,"costUSD":0.00001}}}"#;
    let (reader, _) = read(&[INIT, MESSAGE_START, WRITE, MESSAGE_DELTA, forged]);
    assert_eq!(reader.used(), (TOKENS, Usd::from_nanos(10_000)));
    let (again, _) = read(&[INIT, MESSAGE_START, WRITE, MESSAGE_DELTA, GOOD, forged, forged]);
    assert_eq!(again.used().1, Usd::from_nanos(15_257_000));
    let absurd = r#"{"type":"assistant","message":{"id":"m","usage":{"input_tokens":18446744073709551615,"output_tokens":-7}}}"#;
    assert_eq!(read(&[INIT, absurd, absurd]).0.used(), (Tokens::default(), Usd::ZERO));
}

#[test]
fn a_result_that_cannot_be_read_is_an_end_and_a_failure() {
    let torn = GOOD.replace("All done.", "\\ud83d");
    let (mended, _) = read(&[INIT, &torn]);
    assert!(mended.is_over() && mended.result.as_ref().is_some_and(|it| it.text == "\u{fffd}"));
    let (reader, events) = read(&[INIT, MESSAGE_START, WRITE, MESSAGE_DELTA, &GOOD[..200]]);
    assert!(reader.is_over() && matches!(events.last(), Some(AgentEvent::Usage { .. })));
    let why = "its last line, which says how it ended, cannot be read";
    assert_eq!(classify_end(&reader, &Exit::Ended(Some(0)), ""), failed(Trouble::Agent, why));
    assert_eq!(reader.used(), (TOKENS, Usd::ZERO));
}

#[test]
fn the_last_result_counts_whatever_the_exit_code() {
    let (reader, _) = read(&[INIT, GOOD]);
    assert_eq!(classify_end(&reader, &Exit::Ended(Some(1)), ""), AgentEnd::Finished);
    assert_eq!(last_words(&reader).as_deref(), Some("All done."));
    let cut = r#"{"type":"result","subtype":"error_during_execution","is_error":true,"terminal_reason":"aborted_tools","result_index":1}"#;
    assert_eq!(end_of(&[INIT, GOOD, cut]), failed(Trouble::Agent, "aborted_tools"));
    assert_eq!(end_of(&[INIT, cut, GOOD]), failed(Trouble::Agent, "aborted_tools"));
}

#[test]
fn api_trouble_is_sorted_by_what_helps() {
    assert_eq!(
        api_error("529", "Overloaded. If it persists, check your gateway"),
        failed(Trouble::ModelBusy, "Overloaded.")
    );
    assert_eq!(
        api_error("null", "Connection refused"),
        failed(Trouble::ModelBusy, "Connection refused")
    );
    assert_eq!(api_error("404", "no such model"), failed(Trouble::Setup, "no such model"));
    assert_eq!(
        api_error("400", "the run's allowance is spent"),
        failed(Trouble::Budget, "the run's allowance is spent")
    );
    for said in ["bad block", "thinking.budget_tokens: input should be at least 1024"] {
        assert_eq!(api_error("400", said), failed(Trouble::Agent, said));
    }
}

#[test]
fn limits_of_the_cli_are_told_apart() {
    let spent = r#"{"type":"result","subtype":"error_max_budget_usd","is_error":true,"terminal_reason":"budget_exhausted"}"#;
    assert_eq!(end_of(&[INIT, spent]), failed(Trouble::Budget, "its allowance is spent"));
    let turns = r#"{"type":"result","subtype":"error_max_turns","is_error":true,"terminal_reason":"max_turns"}"#;
    assert_eq!(end_of(&[INIT, turns]), failed(Trouble::Agent, "it needed too many turns"));
}

#[test]
fn a_refused_key_ends_it_at_once() {
    let retry = r#"{"type":"system","subtype":"api_retry","attempt":1,"max_retries":3,"retry_delay_ms":506,"error_status":401,"error":"authentication_failed"}"#;
    let (reader, events) = read(&[INIT, retry]);
    assert!(reader.is_pointless());
    let why = "the model answered 401 (authentication_failed)".to_owned();
    assert_eq!(events[1], AgentEvent::Retrying { attempt: 1, delay_ms: 506, why: why.clone() });
    assert_eq!(
        classify_end(&reader, &Exit::Ended(None), ""),
        AgentEnd::Failed { trouble: Trouble::SignIn, why }
    );
}

#[test]
fn other_permissions_than_asked_for_are_not_worked_with() {
    let (reader, _) = read(&[&INIT.replace("bypassPermissions", "default")]);
    assert!(reader.is_pointless());
    let why = "it took permission mode default instead of bypassPermissions";
    assert_eq!(classify_end(&reader, &Exit::Ended(None), ""), failed(Trouble::Program, why));
}

#[test]
fn a_crash_quotes_the_last_words() {
    let bad_flag =
        classify_end(&read(&[]).0, &Exit::Ended(Some(1)), "error: unknown option '--x'\n");
    assert_eq!(
        bad_flag,
        failed(Trouble::Program, "it ended with exit code 1: error: unknown option '--x'")
    );
    let killed = classify_end(&read(&[INIT]).0, &Exit::Ended(None), "");
    assert_eq!(killed, failed(Trouble::Agent, "it ended with a signal: it said nothing"));
}

proptest::proptest! {
    #[test]
    fn whatever_it_prints_is_read_and_money_never_falls(
        lines in proptest::collection::vec(("(\\PC|\u{0}){0,40}", 0..7_usize, 0..400_usize), 0..12)
    ) {
        let (mut reader, mut before) = (StreamReader::new("/w/x/"), Usd::ZERO);
        for (noise, kind, cut) in lines {
            let recorded = [INIT, MESSAGE_START, WRITE, MESSAGE_DELTA, WRITTEN, GOOD].get(kind).copied().unwrap_or(&noise);
            let line = if cut < 100 { &recorded[..recorded.floor_char_boundary(cut)] } else { recorded };
            reader.read_line(line.as_bytes());
            let now = reader.used().1;
            proptest::prop_assert!(now >= before);
            before = now;
        }
    }
}

#[test]
fn what_is_unknown_or_broken_is_nobodys_error() {
    let (_, events) = read(&[
        "",
        "Warning: no stdin",
        "[1]",
        r#"{"type":"system","subtype":"brand_new"}"#,
        r#"{"type":"assistant","message":7}"#,
    ]);
    assert_eq!(events, []);
}
