//! A request to a model: what is asked for, and how much may come of it?
//! Its fields stay as they were written; only what bounds the answer is ever changed, so that a provider's cache still fits.

use std::collections::BTreeMap;

use axum::body::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::dialect::Dialect;
use super::usage::CallUsage;
use crate::store::TokenCounts;

/// What is asked for where nothing bounds the answer.
const UNBOUNDED: u64 = 32_000;
/// Longest name of a model, in bytes: it stands in the ledger, and people read it.
const LONGEST_MODEL: usize = 200;
/// An answer shorter than that is of no use to anybody.
const LEAST_OUTPUT: u64 = 256;
/// The least that a thinking model takes as its bound.
const LEAST_THINKING: u64 = 1_024;

/// What is refused, whatever is left to spend: a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotMetered(pub String);

/// One request that costs money.
#[derive(Debug)]
pub(super) struct ModelRequest {
    pub dialect: Dialect,
    pub model: String,
    /// Most tokens that all answers together may have.
    pub most_output: u64,
    /// In bytes, as it came.
    pub size: usize,
    fields: BTreeMap<String, Box<RawValue>>,
    original: Option<Bytes>,
}

impl ModelRequest {
    /// Reads what came.
    ///
    /// # Errors
    /// It is no request of this API, or it asks for what cannot be counted or leads out of the box.
    pub fn read(dialect: Dialect, body: Bytes) -> Result<Self, NotMetered> {
        let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(&body)
            .map_err(|e| NotMetered(format!("the request cannot be read: {e}")))?;
        let mut request = Self {
            dialect,
            model: String::new(),
            most_output: UNBOUNDED,
            size: body.len(),
            fields,
            original: Some(body),
        };
        let model = request.value("model").as_str().unwrap_or_default().to_owned();
        if model.is_empty() {
            return Err(NotMetered("the request names no model".to_owned()));
        }
        if model.len() > LONGEST_MODEL || model.chars().any(char::is_control) {
            return Err(NotMetered("the request names no model that there can be".to_owned()));
        }
        request.model = model;
        request.refuse_what_cannot_be_counted()?;
        request.most_output = request.bound().saturating_mul(request.answers());
        request.ask_for_usage();
        Ok(request)
    }

    /// With fewer tokens than these it is not worth asking. A bound of thinking has to be below that of the whole answer; were the thinking
    /// turned off instead, the provider would refuse what else such a request says of it.
    pub fn least_output(&self) -> u64 {
        let each = self.thinking_budget().map_or(LEAST_OUTPUT, |_| LEAST_THINKING + 1);
        each.saturating_mul(self.answers())
    }

    /// Lowers what may come of it to so many tokens. Nothing is raised.
    pub fn lower_output(&mut self, most: u64) {
        if most >= self.most_output {
            return;
        }
        self.most_output = most;
        let each = (most / self.answers()).max(1);
        let bounds = self.dialect.bounds();
        let there = bounds.iter().find(|name| self.fields.contains_key(**name));
        self.set(there.unwrap_or(&bounds[0]), &json!(each));
        self.lower_thinking(each);
    }

    /// What is passed on.
    pub fn into_body(self) -> Bytes {
        let written = || serde_json::to_vec(&self.fields).expect("it was read from JSON").into();
        self.original.unwrap_or_else(written)
    }

    /// So many tokens of this request, at what it says of its place and its speed.
    pub fn estimate(&self, counts: TokenCounts) -> CallUsage {
        let (geo, speed) = (self.value("inference_geo"), self.value("speed"));
        CallUsage::estimated(self.dialect, counts).asked_in(&geo, &speed)
    }

    fn value(&self, name: &str) -> Value {
        let raw = self.fields.get(name);
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }

    fn set(&mut self, name: &str, value: &Value) {
        let raw = RawValue::from_string(value.to_string()).expect("JSON is JSON");
        self.fields.insert(name.to_owned(), raw);
        self.original = None;
    }

    fn bound(&self) -> u64 {
        let bounds = self.dialect.bounds().iter();
        bounds.filter_map(|name| self.value(name).as_u64()).min().unwrap_or(UNBOUNDED)
    }

    /// How many answers are asked for at once.
    fn answers(&self) -> u64 {
        self.value("n").as_u64().filter(|_| self.dialect == Dialect::Chat).unwrap_or(1).max(1)
    }

    fn thinking_budget(&self) -> Option<u64> {
        self.value("thinking")["budget_tokens"].as_u64()
    }

    /// A bound of thinking is below that of the whole answer.
    fn lower_thinking(&mut self, most: u64) {
        if self.thinking_budget().is_some_and(|budget| budget >= most) {
            let mut thinking = self.value("thinking");
            thinking["budget_tokens"] = json!((most - 1).max(LEAST_THINKING));
            self.set("thinking", &thinking);
        }
    }

    /// A streamed chat says what it used only where it is asked to.
    fn ask_for_usage(&mut self) {
        if self.dialect != Dialect::Chat || self.value("stream") != json!(true) {
            return;
        }
        let mut options = self.value("stream_options");
        if options["include_usage"] == json!(true) {
            return;
        }
        if !options.is_object() {
            options = json!({});
        }
        options["include_usage"] = json!(true);
        self.set("stream_options", &options);
    }

    fn refuse_what_cannot_be_counted(&self) -> Result<(), NotMetered> {
        let refuse = |what: &str| Err(NotMetered(what.to_owned()));
        let is_set = |name: &str| {
            let value = self.value(name);
            !(value.is_null() || value == json!(false) || value == json!([]))
        };
        if is_set("background") {
            return refuse("what runs in the background at the provider cannot be counted");
        }
        if is_set("mcp_servers") || is_set("container") {
            return refuse("servers and containers at the provider's are outside of the box");
        }
        let tools = self.value("tools");
        for tool in tools.as_array().into_iter().flatten() {
            let kind = tool["type"].as_str().unwrap_or("custom");
            if !is_local(kind) {
                return refuse(&format!(
                    "the tool {kind} works at the provider's, which is outside of the box"
                ));
            }
        }
        Ok(())
    }
}

/// Whether a tool is worked by whoever asks. Those that the provider works reach the network, or cost what no usage tells.
fn is_local(kind: &str) -> bool {
    const LOCAL: [&str; 12] = [
        "custom",
        "function",
        "bash_",
        "text_editor_",
        "computer_",
        "memory_",
        "tool_search_tool_",
        "local_shell",
        "shell",
        "apply_patch",
        "namespace",
        "client_",
    ];
    LOCAL.iter().any(|name| kind == *name || name.ends_with('_') && kind.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dialect: Dialect, body: &Value) -> Result<ModelRequest, NotMetered> {
        ModelRequest::read(dialect, body.to_string().into())
    }

    fn sent(request: ModelRequest) -> Value {
        serde_json::from_slice(&request.into_body()).unwrap()
    }

    #[test]
    fn what_is_affordable_is_passed_on_byte_by_byte() {
        let body = "{ \"model\":\"m\",\n \"max_tokens\": 5, \"temperature\": 1.0 }";
        let mut request = ModelRequest::read(Dialect::Messages, body.into()).unwrap();
        request.lower_output(5);
        assert_eq!(request.into_body(), body);
    }

    #[test]
    fn an_answer_is_bounded_and_its_thinking_with_it() {
        let body = json!({"model": "m", "max_tokens": 9000, "thinking": {"type": "enabled", "budget_tokens": 8000}, "messages": [{"b": 1, "a": 2}]});
        let mut request = read(Dialect::Messages, &body).unwrap();
        request.lower_output(2000);
        let lowered = sent(request);
        assert_eq!(
            (&lowered["max_tokens"], &lowered["thinking"]["budget_tokens"]),
            (&json!(2000), &json!(1999))
        );
        let mut chat =
            read(Dialect::Chat, &json!({"model": "m", "n": 2, "max_tokens": 900})).unwrap();
        assert_eq!(chat.most_output, 1800);
        chat.lower_output(1000);
        assert_eq!(sent(chat)["max_tokens"], json!(500));
        let mut open = read(Dialect::Responses, &json!({"model": "m"})).unwrap();
        open.lower_output(700);
        assert_eq!(sent(open)["max_output_tokens"], json!(700));
    }

    #[test]
    fn who_thinks_is_not_asked_for_an_answer_without_room_for_it() {
        let least = |dialect, body: serde_json::Value| read(dialect, &body).unwrap().least_output();
        let thinking = |kind| json!({"model": "m", "max_tokens": 9000, "thinking": kind});
        let bounded = thinking(json!({"type": "enabled", "budget_tokens": 8000}));
        assert_eq!(least(Dialect::Messages, bounded.clone()), LEAST_THINKING + 1);
        let mut request = read(Dialect::Messages, &bounded).unwrap();
        request.lower_output(LEAST_THINKING + 1);
        assert_eq!(sent(request)["thinking"]["budget_tokens"], json!(LEAST_THINKING));
        for kind in ["disabled", "adaptive"] {
            assert_eq!(least(Dialect::Messages, thinking(json!({"type": kind}))), LEAST_OUTPUT);
        }
        assert_eq!(least(Dialect::Chat, json!({"model": "m", "n": 2})), 2 * LEAST_OUTPUT);
    }

    #[test]
    fn what_costs_more_is_known_before_it_is_asked() {
        let surcharged = |more: serde_json::Value| {
            let mut body = json!({"model": "m", "max_tokens": 9});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let usage = read(Dialect::Messages, &body).unwrap().estimate(TokenCounts::default());
            (usage.is_fast(), usage.in_one_region())
        };
        assert_eq!(surcharged(json!({})), (false, false));
        assert_eq!(surcharged(json!({"speed": "fast", "inference_geo": "us"})), (true, true));
        let usual = json!({"speed": "standard", "inference_geo": "global"});
        assert_eq!(surcharged(usual), (false, false));
    }

    #[test]
    fn a_streamed_chat_is_asked_what_it_used() {
        let streamed = read(Dialect::Chat, &json!({"model": "m", "stream": true})).unwrap();
        assert_eq!(sent(streamed)["stream_options"], json!({"include_usage": true}));
        let plain = read(Dialect::Chat, &json!({"model": "m"})).unwrap();
        assert_eq!(sent(plain), json!({"model": "m"}));
    }

    #[test]
    fn what_cannot_be_counted_or_leads_out_is_refused() {
        for (body, word) in [
            (
                json!({"model": "m", "tools": [{"type": "web_fetch_20250910", "name": "f"}]}),
                "web_fetch_20250910",
            ),
            (
                json!({"model": "m", "tools": [{"type": "code_execution_20250825"}]}),
                "code_execution",
            ),
            (json!({"model": "m", "mcp_servers": [{"url": "https://x.example"}]}), "servers"),
            (json!({"model": "m", "background": true}), "background"),
            (json!({"messages": []}), "no model"),
            (json!([1]), "cannot be read"),
        ] {
            let refused = read(Dialect::Messages, &body).unwrap_err();
            assert!(refused.0.contains(word), "{refused} has no {word}");
        }
        let fine = json!({"model": "m", "mcp_servers": [], "tools": [{"name": "Bash"}, {"type": "bash_20250124"}, {"type": "custom"}]});
        assert!(read(Dialect::Messages, &fine).is_ok());
    }
}
