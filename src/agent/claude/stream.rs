//! What does Claude Code say on standard output?
//! One JSON object per line, read tolerantly: unknown lines and fields are nobody's error. Nothing is judged here.

use std::collections::HashMap;

use serde_json::Value;

use super::command::PERMISSIONS;
use super::price;
use crate::agent::AgentEvent;
use crate::agent::event::one_line;
use crate::run::{AgentInfo, Tokens, Usd};

/// Longest title of a tool call, in characters.
const TITLE: usize = 80;

/// Reads line by line and remembers what the end is judged by.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Paths in titles are relative to it.
    worktree: String,
    pub session: Option<String>,
    pub info: Option<AgentInfo>,
    pub permission_mode: Option<String>,
    /// The newest by `result_index`: with sub-agents there may be several.
    pub result: Option<CliResult>,
    /// The API refuses our key, and the CLI would go on trying.
    pub refused: Option<String>,
    /// What kind of API error was last put into words: `billing_error`, `overloaded`.
    pub error: String,
    /// How many results there were.
    pub results: u32,
    /// What results have settled.
    settled: (Tokens, Usd),
    /// Messages since the last result, by id: their lines repeat the usage.
    open: HashMap<String, Tokens>,
    streaming: String,
}

/// A `result` line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CliResult {
    pub index: u64,
    pub subtype: String,
    pub is_error: bool,
    pub terminal_reason: String,
    pub api_status: Option<u64>,
    pub text: String,
    pub errors: String,
    /// Prompts that wait behind this one.
    pub queued: u64,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Reading {
    pub fn of(worktree: &str) -> Self {
        Self { worktree: format!("{}/", worktree.trim_end_matches('/')), ..Self::default() }
    }

    /// It answered the last prompt.
    pub fn is_over(&self) -> bool {
        self.result.as_ref().is_some_and(|outcome| outcome.queued == 0)
    }

    /// Nothing good can come of going on.
    pub fn is_pointless(&self) -> bool {
        self.refused.is_some()
            || self.permission_mode.as_deref().is_some_and(|mode| mode != PERMISSIONS)
    }

    /// It was asked to go on with a conversation that it does not have.
    pub fn lost_its_transcript(&self) -> bool {
        self.result.as_ref().is_some_and(|outcome| outcome.errors.contains("No conversation found"))
    }

    /// Tokens and money of this process so far; an estimate since the last result.
    pub fn used(&self) -> (Tokens, Usd) {
        let (mut tokens, cost) = self.settled;
        let mut open = Tokens::default();
        self.open.values().for_each(|t| open += *t);
        tokens += open;
        (tokens, cost + price::estimate(self.info.as_ref().and_then(|i| i.model.as_deref()), open))
    }

    /// What a line tells.
    pub fn line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let Ok(line) = serde_json::from_slice::<Value>(line) else { return Vec::new() };
        match (
            line["type"].as_str().unwrap_or_default(),
            line["subtype"].as_str().unwrap_or_default(),
        ) {
            ("system", "init") => self.init(&line),
            ("system", "api_retry") => self.retry(&line),
            ("system", "permission_denied") => {
                vec![AgentEvent::Denied {
                    tool: text(&line["tool_name"]),
                    why: one_line(&text(&line["message"]), 200),
                }]
            }
            ("assistant", _) => self.assistant(&line),
            ("user", _) => ended(&line),
            ("stream_event", _) => self.streamed(&line["event"]),
            ("result", _) => self.result(&line),
            _ => Vec::new(),
        }
    }

    /// Repeats with every turn; only the first is news.
    fn init(&mut self, line: &Value) -> Vec<AgentEvent> {
        let first = self.info.is_none();
        let some = |value: &Value| value.as_str().map(str::to_owned);
        self.session = some(&line["session_id"]).or(self.session.take());
        self.permission_mode = some(&line["permissionMode"]);
        let agent = AgentInfo {
            name: "claude".to_owned(),
            version: some(&line["claude_code_version"]),
            model: some(&line["model"]),
        };
        self.info = Some(agent.clone());
        if first {
            vec![AgentEvent::Started { session: self.session.clone(), agent }]
        } else {
            Vec::new()
        }
    }

    fn retry(&mut self, line: &Value) -> Vec<AgentEvent> {
        let kind = text(&line["error"]);
        let status = line["error_status"].as_u64();
        let why = status.map_or_else(
            || format!("no answer from the model ({kind})"),
            |status| format!("the model answered {status} ({kind})"),
        );
        if kind == "authentication_failed" {
            self.refused = Some(why.clone());
        }
        let attempt = line["attempt"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
        // A float with noise in some versions.
        let delay_ms = line["retry_delay_ms"]
            .as_u64()
            .or_else(|| line["retry_delay_ms"].as_f64().map(whole))
            .unwrap_or(0);
        vec![AgentEvent::Retrying { attempt, delay_ms, why }]
    }

    /// One line per content block.
    fn assistant(&mut self, line: &Value) -> Vec<AgentEvent> {
        let message = &line["message"];
        self.count(&text(&message["id"]), &message["usage"]);
        if let Some(kind) = line["error"].as_str() {
            kind.clone_into(&mut self.error);
        }
        let blocks = message["content"].as_array().into_iter().flatten();
        let told = blocks.filter_map(|block| match block["type"].as_str()? {
            "text" => Some(AgentEvent::Text { text: text(&block["text"]) }),
            "tool_use" => {
                let name = text(&block["name"]);
                Some(AgentEvent::ToolStarted {
                    id: text(&block["id"]),
                    title: self.title(&name, &block["input"]),
                    name,
                })
            }
            _ => None,
        });
        told.collect()
    }

    /// `Write src/stream.js`, `node --test`, or just the tool's name.
    fn title(&self, name: &str, input: &Value) -> String {
        let file = input["file_path"].as_str().or_else(|| input["path"].as_str());
        let what = file
            .or_else(|| input["command"].as_str())
            .or_else(|| input["pattern"].as_str())
            .unwrap_or_default();
        let what = what.strip_prefix(&self.worktree).unwrap_or(what);
        one_line(&if name == "Bash" { what.to_owned() } else { format!("{name} {what}") }, TITLE)
    }

    fn streamed(&mut self, event: &Value) -> Vec<AgentEvent> {
        match event["type"].as_str() {
            Some("message_start") => {
                self.streaming = text(&event["message"]["id"]);
                self.count(&self.streaming.clone(), &event["message"]["usage"]);
            }
            Some("message_delta") => self.count(&self.streaming.clone(), &event["usage"]),
            _ => return Vec::new(),
        }
        let (tokens, cost_usd) = self.used();
        vec![AgentEvent::Usage { tokens, cost_usd }]
    }

    /// The largest figure per message is the true one: lines repeat, and output starts at 1.
    fn count(&mut self, message: &str, usage: &Value) {
        if !message.is_empty() && usage.is_object() {
            let n = |name: &str| usage[name].as_u64().unwrap_or(0);
            let known = self.open.entry(message.to_owned()).or_default();
            known.input = known.input.max(n("input_tokens"));
            known.output = known.output.max(n("output_tokens"));
            known.cache_read = known.cache_read.max(n("cache_read_input_tokens"));
            known.cache_write = known.cache_write.max(n("cache_creation_input_tokens"));
        }
    }

    fn result(&mut self, line: &Value) -> Vec<AgentEvent> {
        // `total_cost_usd` goes on counting from an earlier process after a resume; this field never does.
        if let Some(models) = line["model_usage_since_last_result"].as_object() {
            for model in models.values() {
                let n = |name: &str| model[name].as_u64().unwrap_or(0);
                let (input, output) = (n("inputTokens"), n("outputTokens"));
                self.settled.0 += Tokens {
                    input,
                    output,
                    cache_read: n("cacheReadInputTokens"),
                    cache_write: n("cacheCreationInputTokens"),
                };
                self.settled.1 += Usd::from_float(model["costUSD"].as_f64().unwrap_or(0.0));
            }
        } else {
            self.settled = self.used();
        }
        self.open.clear();
        self.results += 1;
        let errors: Vec<&str> =
            line["errors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let outcome = CliResult {
            index: line["result_index"].as_u64().unwrap_or(0),
            subtype: text(&line["subtype"]),
            is_error: line["is_error"] != false,
            terminal_reason: text(&line["terminal_reason"]),
            api_status: line["api_error_status"].as_u64(),
            text: text(&line["result"]),
            errors: errors.join("; "),
            queued: line["queued_turn_count"].as_u64().unwrap_or(0),
        };
        if self.result.as_ref().is_none_or(|known| known.index <= outcome.index) {
            self.result = Some(outcome);
        }
        let (tokens, cost_usd) = self.used();
        vec![AgentEvent::Usage { tokens, cost_usd }]
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a delay in milliseconds; `as` saturates"
)]
const fn whole(number: f64) -> u64 {
    number as u64
}

/// Results of tools come back as the user's words.
fn ended(line: &Value) -> Vec<AgentEvent> {
    let blocks = line["message"]["content"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|block| block["type"] == "tool_result");
    blocks
        .map(|block| AgentEvent::ToolEnded {
            id: text(&block["tool_use_id"]),
            ok: block["is_error"] != true,
        })
        .collect()
}
