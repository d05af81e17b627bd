//! The stream-json output of Claude Code: what does it say on standard output?
//! One JSON object per line, read tolerantly: unknown lines and fields are nobody's error. How it ended is not decided here.

use serde_json::Value;

use super::command::PERMISSIONS;
use super::usage::UsageCounter;
use crate::agent::AgentEvent;
use crate::agent::event::digest;
use crate::agent::lines::was_to_be;
use crate::run::foreign_text::{self, PATH, read_json_line};
use crate::run::{AgentInfo, Tokens, Usd};

/// Longest title of a tool call, in characters.
const TITLE: usize = 80;
/// Longest answer that is kept, in characters: more than any card quotes.
const ANSWER: usize = 4_000;

/// Reads line by line, and remembers what the end is classified by.
#[derive(Debug, Default)]
pub(super) struct StreamReader {
    /// Paths in titles are relative to it.
    worktree: String,
    pub session: Option<String>,
    pub info: Option<AgentInfo>,
    pub permission_mode: Option<String>,
    /// The newest by `result_index`: with sub-agents there may be several.
    pub result: Option<CliResult>,
    /// The API refuses our key, and the CLI would go on trying.
    pub refused: Option<String>,
    /// The kind of the newest API error: `billing_error`, `overloaded`.
    pub error: String,
    /// How many results there were.
    pub results: u32,
    usage: UsageCounter,
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

impl StreamReader {
    pub fn new(worktree: &str) -> Self {
        Self { worktree: format!("{}/", worktree.trim_end_matches('/')), ..Self::default() }
    }

    /// It answered the last prompt.
    pub fn is_over(&self) -> bool {
        self.result.as_ref().is_some_and(|result| result.queued == 0)
    }

    /// Whether going on cannot help.
    pub fn is_pointless(&self) -> bool {
        self.refused.is_some() || self.wrong_permissions().is_some()
    }

    /// The permission mode it took, where that is not the one it was given.
    pub fn wrong_permissions(&self) -> Option<&str> {
        self.permission_mode.as_deref().filter(|mode| *mode != PERMISSIONS)
    }

    /// It was asked to go on with a conversation that it does not have.
    pub fn lost_its_transcript(&self) -> bool {
        self.result.as_ref().is_some_and(|result| result.errors.contains("No conversation found"))
    }

    /// Tokens and money of this process so far; an estimate since the last result.
    pub fn used(&self) -> (Tokens, Usd) {
        self.usage.used()
    }

    /// The events of a line.
    pub fn read_line(&mut self, line: &[u8]) -> Vec<AgentEvent> {
        let text = String::from_utf8_lossy(line);
        let read = read_json_line(&text);
        let mut events: Vec<AgentEvent> =
            read.values.iter().flat_map(|value| self.events_of(value)).collect();
        if read.broken && was_to_be(&text, "result") {
            events.push(self.unreadable_result());
        }
        events.into_iter().map(AgentEvent::cleaned).collect()
    }

    fn events_of(&mut self, line: &Value) -> Vec<AgentEvent> {
        let kind = |name: &str| line[name].as_str().unwrap_or_default();
        match (kind("type"), kind("subtype")) {
            ("system", "init") => self.init(line).into_iter().collect(),
            ("system", "api_retry") => vec![self.retry(line)],
            ("system", "permission_denied") => vec![denied(line)],
            ("assistant", _) => self.assistant(line),
            ("user", _) => tools_ended(line),
            ("stream_event", _) => self.streamed(&line["event"]).into_iter().collect(),
            ("result", _) => vec![self.result(line)],
            _ => Vec::new(),
        }
    }

    /// Comes again with every turn; only the first makes an event.
    fn init(&mut self, line: &Value) -> Option<AgentEvent> {
        let is_first = self.info.is_none();
        let short = |value: &Value| some_text(value).map(|text| foreign_text::line(&text, PATH));
        self.session = short(&line["session_id"]).or(self.session.take());
        self.permission_mode = short(&line["permissionMode"]);
        let agent = agent_info(line).cleaned();
        self.info = Some(agent.clone());
        is_first.then(|| AgentEvent::Started { session: self.session.clone(), agent })
    }

    fn retry(&mut self, line: &Value) -> AgentEvent {
        let kind = text(&line["error"]);
        let why = why_retrying(line["error_status"].as_u64(), &kind);
        if kind == "authentication_failed" {
            self.refused = Some(why.clone());
        }
        let attempt = line["attempt"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
        AgentEvent::Retrying { attempt, delay_ms: whole(&line["retry_delay_ms"]), why }
    }

    /// One line per content block.
    fn assistant(&mut self, line: &Value) -> Vec<AgentEvent> {
        let message = &line["message"];
        self.usage.count(message);
        if let Some(kind) = line["error"].as_str() {
            self.error = foreign_text::line(kind, PATH);
        }
        let blocks = message["content"].as_array().into_iter().flatten();
        blocks.filter_map(|block| self.block_event(block)).collect()
    }

    fn block_event(&self, block: &Value) -> Option<AgentEvent> {
        match block["type"].as_str()? {
            "text" => Some(AgentEvent::Text { text: text(&block["text"]) }),
            "tool_use" => {
                let (id, name) = (text(&block["id"]), text(&block["name"]));
                let title = self.title(&name, &block["input"]);
                let input = digest(&block["input"]);
                Some(AgentEvent::ToolStarted { id, name, title, input })
            }
            _ => None,
        }
    }

    /// `Write src/stream.js`, `node --test`, or just the tool's name.
    fn title(&self, name: &str, input: &Value) -> String {
        let keys = ["file_path", "path", "command", "pattern"];
        let what = keys.iter().find_map(|key| input[*key].as_str()).unwrap_or_default();
        let what = what.strip_prefix(&self.worktree).unwrap_or(what);
        foreign_text::line(
            &if name == "Bash" { what.to_owned() } else { format!("{name} {what}") },
            TITLE,
        )
    }

    fn streamed(&mut self, event: &Value) -> Option<AgentEvent> {
        match event["type"].as_str()? {
            "message_start" => self.usage.begin_message(&event["message"]),
            "message_delta" => self.usage.count_streaming(&event["usage"]),
            _ => return None,
        }
        Some(self.usage_event())
    }

    fn result(&mut self, line: &Value) -> AgentEvent {
        self.usage.settle(line["model_usage_since_last_result"].as_object());
        self.ended_by(CliResult::of(line))
    }

    /// It says that it is the end, and nobody knows which: a failure, with what is known of its money.
    fn unreadable_result(&mut self) -> AgentEvent {
        let index = self.result.as_ref().map_or(0, |known| known.index);
        let text = "its last line, which says how it ended, cannot be read".to_owned();
        self.ended_by(CliResult { index, is_error: true, text, ..CliResult::default() })
    }

    fn ended_by(&mut self, result: CliResult) -> AgentEvent {
        self.results += 1;
        if self.result.as_ref().is_none_or(|known| known.index <= result.index) {
            self.result = Some(result);
        }
        self.usage_event()
    }

    fn usage_event(&self) -> AgentEvent {
        let (tokens, cost_usd) = self.used();
        AgentEvent::Usage { tokens, cost_usd }
    }
}

impl CliResult {
    fn of(line: &Value) -> Self {
        let errors = line["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Self {
            index: line["result_index"].as_u64().unwrap_or(0),
            subtype: text(&line["subtype"]),
            is_error: line["is_error"] != false,
            terminal_reason: text(&line["terminal_reason"]),
            api_status: line["api_error_status"].as_u64(),
            text: foreign_text::prose(&text(&line["result"]), ANSWER),
            errors: foreign_text::prose(&errors.collect::<Vec<_>>().join("; "), ANSWER),
            queued: line["queued_turn_count"].as_u64().unwrap_or(0),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn why_retrying(status: Option<u64>, kind: &str) -> String {
    match status {
        Some(status) => format!("the model answered {status} ({kind})"),
        None => format!("no answer from the model ({kind})"),
    }
}

fn some_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn agent_info(line: &Value) -> AgentInfo {
    AgentInfo {
        name: "claude".to_owned(),
        version: some_text(&line["claude_code_version"]),
        model: some_text(&line["model"]),
    }
}

fn denied(line: &Value) -> AgentEvent {
    AgentEvent::Denied { tool: text(&line["tool_name"]), why: text(&line["message"]) }
}

/// Results of tools come back as the user's words.
fn tools_ended(line: &Value) -> Vec<AgentEvent> {
    let blocks = line["message"]["content"].as_array().into_iter().flatten();
    let results = blocks.filter(|block| block["type"] == "tool_result");
    let ended = results.map(|block| AgentEvent::ToolEnded {
        id: text(&block["tool_use_id"]),
        ok: block["is_error"] != true,
    });
    ended.collect()
}

/// A number that is a float with noise in some versions.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a delay in milliseconds; `as` saturates"
)]
fn whole(number: &Value) -> u64 {
    number.as_u64().or_else(|| number.as_f64().map(|float| float as u64)).unwrap_or(0)
}
