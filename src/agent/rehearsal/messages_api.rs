//! The Messages API: how does it put an answer?
//! As server-sent events or as one JSON object; the CLI asks for either.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{AppendHeaders, IntoResponse, Response};
use futures::{Stream, StreamExt, stream as streams};
use serde_json::{Value, json};
use uuid::Uuid;

use super::reply::{ModelReply, ToolUse};
use super::scenario::Usage;

/// How much of an answer is sent at a time, in characters.
const WORDS_CHUNK: usize = 48;
const CODE_CHUNK: usize = 600;

/// `retry_after` is in seconds.
pub(super) fn refusal(status: StatusCode, retry_after: Option<u64>) -> Response {
    let wait = retry_after.map(|seconds| [("retry-after", seconds.to_string())]);
    let kind = match status.as_u16() {
        400 => "invalid_request_error",
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        _ => "api_error",
    };
    let message = format!("The rehearsal says {}", status.as_u16());
    let body = Json(json!({"type": "error", "error": {"type": kind, "message": message}}));
    (status, wait.map(AppendHeaders), body).into_response()
}

pub(super) fn as_json(reply: &ModelReply, model: &str) -> Response {
    let mut message = opening(model, reply.usage);
    message["stop_reason"] = stop_reason(reply);
    let text = (!reply.text.is_empty()).then(|| json!({"type": "text", "text": reply.text}));
    message["content"] =
        text.into_iter().chain(reply.calls.iter().map(|call| block(&call.input, call))).collect();
    Json(message).into_response()
}

pub(super) fn as_stream(reply: &ModelReply, model: &str, chunk: Duration) -> Response {
    Sse::new(told(events(reply, model), chunk).map(Ok::<_, Infallible>)).into_response()
}

/// The connection is closed in the middle.
pub(super) fn as_half_a_stream(reply: &ModelReply, model: &str, chunk: Duration) -> Response {
    let mut events = events(reply, model);
    events.truncate(events.len() / 2);
    let told = told(events, chunk).map(Ok);
    let cut = streams::once(async { Err(io::Error::other("the rehearsal cuts it here")) });
    Sse::new(told.chain(cut)).into_response()
}

fn told(events: Vec<Value>, chunk: Duration) -> impl Stream<Item = Event> {
    streams::iter(events).then(move |data| async move {
        if data["type"] == "content_block_delta" {
            tokio::time::sleep(chunk).await;
        }
        let name = data["type"].as_str().unwrap_or_default().to_owned();
        Event::default().event(name).data(data.to_string())
    })
}

fn events(reply: &ModelReply, model: &str) -> Vec<Value> {
    // As the real API: what was put in is known at once, what comes out only at the end.
    let start = opening(model, Usage { output: 1, ..reply.usage });
    let mut events = vec![json!({"type": "message_start", "message": start})];
    let blocks = blocks(reply).into_iter().enumerate();
    events.extend(blocks.flat_map(|(index, block)| block.events(index)));
    let delta = json!({"stop_reason": stop_reason(reply), "stop_sequence": null});
    events.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": reply.usage.output}}));
    events.push(json!({"type": "message_stop"}));
    events
}

fn blocks(reply: &ModelReply) -> Vec<StreamedBlock> {
    let text = (!reply.text.is_empty()).then(|| text_block(&reply.text));
    text.into_iter().chain(reply.calls.iter().map(tool_block)).collect()
}

/// A content block, and the pieces in which it is streamed.
struct StreamedBlock {
    begin: Value,
    deltas: Vec<Value>,
}

fn text_block(text: &str) -> StreamedBlock {
    let deltas = pieces(text, WORDS_CHUNK).map(|text| json!({"type": "text_delta", "text": text}));
    StreamedBlock { begin: json!({"type": "text", "text": ""}), deltas: deltas.collect() }
}

fn tool_block(call: &ToolUse) -> StreamedBlock {
    let deltas = pieces(&call.input.to_string(), CODE_CHUNK)
        .map(|part| json!({"type": "input_json_delta", "partial_json": part}))
        .collect();
    StreamedBlock { begin: block(&json!({}), call), deltas }
}

impl StreamedBlock {
    fn events(self, index: usize) -> Vec<Value> {
        let begin =
            json!({"type": "content_block_start", "index": index, "content_block": self.begin});
        let deltas = self
            .deltas
            .into_iter()
            .map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta}));
        let end = json!({"type": "content_block_stop", "index": index});
        [begin].into_iter().chain(deltas).chain([end]).collect()
    }
}

fn block(input: &Value, call: &ToolUse) -> Value {
    json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input})
}

fn opening(model: &str, usage: Usage) -> Value {
    let usage = json!({
        "input_tokens": usage.input, "output_tokens": usage.output,
        "cache_read_input_tokens": usage.cache_read, "cache_creation_input_tokens": usage.cache_write + usage.cache_write_1h,
        "cache_creation": {"ephemeral_5m_input_tokens": usage.cache_write, "ephemeral_1h_input_tokens": usage.cache_write_1h},
    });
    let id = format!("msg_{}", Uuid::new_v4().simple());
    json!({"id": id, "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage})
}

fn stop_reason(reply: &ModelReply) -> Value {
    json!(match reply.calls.is_empty() {
        _ if reply.cut => "max_tokens",
        true => "end_turn",
        false => "tool_use",
    })
}

/// Parts of `size` characters each.
fn pieces(text: &str, size: usize) -> impl Iterator<Item = String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(size).map(|part| part.iter().collect()).collect::<Vec<String>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_a_stream_are_the_whole() {
        let text = "größe ".repeat(50);
        assert_eq!(pieces(&text, 7).collect::<String>(), text);
    }

    #[test]
    fn output_tokens_are_told_at_the_end() {
        let call = ToolUse {
            id: "toolu_0_0_0_call_a".into(),
            name: "Bash",
            input: json!({"command": "ls"}),
        };
        let usage = Usage { input: 4, output: 250, ..Usage::default() };
        let reply = ModelReply {
            text: "Listing.".into(),
            calls: vec![call],
            usage,
            cut: false,
            pause: Duration::ZERO,
            fault: None,
            place: None,
        };
        let events = events(&reply, "m");
        assert_eq!(events[0]["message"]["usage"]["output_tokens"], 1);
        let end = &events[events.len() - 2];
        assert_eq!(
            (&end["usage"]["output_tokens"], &end["delta"]["stop_reason"]),
            (&json!(250), &json!("tool_use"))
        );
    }
}
