//! The conversation with the scripted model: what was said so far?
//! Only what a scripted model needs of a Messages API request: the prompts, and how each tool call of ours went.

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// A request, as far as it matters.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Conversation {
    /// The user's words, oldest first; the CLI's own reminders are taken out.
    pub prompts: Vec<String>,
    /// Our tool calls in order.
    pub tried: Vec<TriedCall>,
    /// The agent's current folder: its tools want absolute paths.
    pub folder: String,
}

/// One tool call of ours, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TriedCall {
    pub id: CallId,
    pub result: CallResult,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallResult {
    Good,
    Bad,
    /// The tool wants the file to be read first.
    Unread,
    /// It was cut off: nobody knows what it did.
    Lost,
}

/// Says which call of which turn of which scene this was, so that the conversation itself remembers how far the scene is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallId {
    pub scene: usize,
    pub turn: usize,
    pub call: usize,
    /// A read that only prepares for the call.
    pub prepares: bool,
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scene, turn, call, prepares } = self;
        write!(f, "toolu_{scene}_{turn}_{call}_{}", if *prepares { "read" } else { "call" })
    }
}

impl CallId {
    /// `toolu_<scene>_<turn>_<call>_<call|read>_<anything>`; none if it is not ours.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("toolu_")?.split('_');
        let mut number = || parts.next()?.parse().ok();
        Some(Self {
            scene: number()?,
            turn: number()?,
            call: number()?,
            prepares: parts.next()? == "read",
        })
    }
}

static REMINDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)<system-reminder>.*?</system-reminder>").expect("a constant")
});
static FOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)working directory: (\S+)").expect("a constant"));

impl Conversation {
    pub fn read(request: &Value) -> Self {
        let messages = || request["messages"].as_array().into_iter().flatten();
        let blocks = || messages().flat_map(|m| m["content"].as_array().into_iter().flatten());
        let prompts = messages().filter(|m| m["role"] == "user").map(words_of);
        Self {
            prompts: prompts.filter(|words| !words.is_empty()).collect(),
            tried: tried(blocks),
            folder: folder(request),
        }
    }
}

/// What a message says, without the CLI's own reminders.
fn words_of(message: &Value) -> String {
    let content = &message["content"];
    let mut words = content.as_str().unwrap_or_default().to_owned();
    let blocks = content.as_array().into_iter().flatten().filter(|block| block["type"] == "text");
    for block in blocks {
        words = words + "\n" + block["text"].as_str().unwrap_or_default();
    }
    REMINDER.replace_all(&words, "").trim().to_owned()
}

/// Our tool calls in order, each with its result.
fn tried<'v, B: Iterator<Item = &'v Value>>(blocks: impl Fn() -> B) -> Vec<TriedCall> {
    let of_type = |kind: &'static str| blocks().filter(move |block| block["type"] == kind);
    let results: HashMap<&str, CallResult> = of_type("tool_result")
        .map(|block| (block["tool_use_id"].as_str().unwrap_or_default(), result(block)))
        .collect();
    let calls = of_type("tool_use").filter_map(|block| block["id"].as_str());
    let ours = calls.filter_map(|text| Some((text, CallId::parse(text)?)));
    ours.map(|(text, id)| TriedCall {
        id,
        result: results.get(text).copied().unwrap_or(CallResult::Lost),
    })
    .collect()
}

fn result(block: &Value) -> CallResult {
    let text = block["content"].to_string().to_lowercase();
    let bad = block["is_error"] == true;
    if bad && (text.contains("interrupted") || text.contains("want to proceed")) {
        CallResult::Lost
    } else if bad && (text.contains("has not been read") || text.contains("modified since read")) {
        CallResult::Unread
    } else if bad {
        CallResult::Bad
    } else {
        CallResult::Good
    }
}

/// The CLI names it in its system prompt, or in a reminder of the first message.
fn folder(request: &Value) -> String {
    let (system, first) = (&request["system"], &request["messages"][0]["content"]);
    let places = texts(system).chain(system.as_str()).chain(texts(first));
    let found = places.into_iter().find_map(|text| FOLDER.captures(text));
    found.map(|groups| groups[1].trim_end_matches(['.', ',', ';']).to_owned()).unwrap_or_default()
}

fn texts(content: &Value) -> impl Iterator<Item = &str> {
    content.as_array().into_iter().flatten().filter_map(|block| block["text"].as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(id: &str) -> Value {
        json!({"role": "assistant", "content": [{"type": "tool_use", "id": id, "name": "Write", "input": {}}]})
    }

    fn result(id: &str, is_error: bool, text: &str) -> Value {
        json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "is_error": is_error, "content": text}]})
    }

    #[test]
    fn the_conversation_says_how_far_a_scene_is() {
        let read = Conversation::read(&json!({
            "system": [{"type": "text", "text": "# Environment\n - Primary working directory: /w/x.\n"}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "<system-reminder>a\nb</system-reminder>"}, {"type": "text", "text": "Stage: one"}]},
                call("toolu_0_0_0_call_a"), result("toolu_0_0_0_call_a", false, "ok"),
                call("toolu_0_1_0_call_b"), result("toolu_0_1_0_call_b", true, "[Request interrupted by user]"),
                call("toolu_0_1_0_call_c"),
            ]
        }));
        let id = |turn| CallId { scene: 0, turn, call: 0, prepares: false };
        let tried = vec![
            TriedCall { id: id(0), result: CallResult::Good },
            TriedCall { id: id(1), result: CallResult::Lost },
            TriedCall { id: id(1), result: CallResult::Lost },
        ];
        assert_eq!(
            read,
            Conversation {
                prompts: vec!["Stage: one".to_owned()],
                tried,
                folder: "/w/x".to_owned()
            }
        );
    }

    #[test]
    fn calls_of_others_are_not_ours() {
        assert_eq!(CallId::parse("toolu_01AbC"), None);
        let id = CallId { scene: 3, turn: 12, call: 1, prepares: true };
        assert_eq!(CallId::parse(&format!("{id}_9f")), Some(id));
    }
}
