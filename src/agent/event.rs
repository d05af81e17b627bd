//! The event protocol: what does an agent tell while it works?
//! One JSON object per line; `type` says which. It is the script agent's protocol and our own, so it changes only by growing.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::run::foreign_text::{self, LINE, NAME, PATH};
use crate::run::{AgentEnd, AgentInfo, Tokens, Trouble, Usd, Written};
use crate::sandbox::Exceeded;

/// One line of the event protocol: `{"type": "text", "text": "Reading the tests."}`.
///
/// Fields marked *optional* may be left out by a script. Lines of other types are ignored; lines that are no JSON object are `text`. How a
/// script's lines are read is told in `script/protocol.rs`: what programs get wrong now and then costs nobody a failure or money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentEvent {
    /// The agent runs.
    Started {
        /// Optional. With which id this conversation can be resumed.
        session: Option<String>,
        /// Who works: `{"name": "…", "version": "…", "model": "…"}`, the last two optional.
        agent: AgentInfo,
    },
    /// It said something to nobody in particular.
    Text { text: String },
    /// It began to use a tool.
    ToolStarted {
        /// Pairs with `tool_ended`.
        id: String,
        /// The tool: `Write`, `Bash`.
        name: String,
        /// One line for people: `Write src/stream.js`. The running row of the ledger shows it.
        title: String,
        /// Optional. What it is used for, as any JSON; here only what tells whether it is the same as before.
        #[serde(skip_serializing_if = "Option::is_none")]
        input: Option<u64>,
    },
    /// The tool is done.
    ToolEnded {
        id: String,
        /// Whether it went well.
        ok: bool,
    },
    /// What was used so far by this process: cumulative, not a difference.
    Usage {
        /// `{"input": 1, "output": 2, "cache_read": 3, "cache_write": 4}`, each optional.
        tokens: Tokens,
        /// Optional. Dollars as a decimal string: `"0.0421"`.
        cost_usd: Usd,
    },
    /// The model did not answer; it tries again by itself.
    Retrying {
        /// From 1.
        attempt: u32,
        /// How long it waits first.
        delay_ms: u64,
        /// For people.
        why: String,
    },
    /// It was not allowed to use a tool.
    Denied { tool: String, why: String },
    /// It is done: the last line.
    Finished {
        /// `"end": "finished"`, or `"end": "failed"` with `trouble` (`model_busy`, `agent`, `budget`, `setup`) and `why`.
        #[serde(flatten)]
        end: AgentEnd,
        /// Optional; as in `usage`, the whole process.
        tokens: Tokens,
        /// Optional; as in `usage`.
        cost_usd: Usd,
        /// Optional. The agent's own summary.
        words: Option<String>,
    },
}

/// Longest text that is passed on, in characters: what an agent says to nobody in particular is only looked at.
const TEXT: usize = 2_000;

impl AgentEvent {
    /// The same in our words: whatever an agent says passes here before anybody else sees it.
    pub(super) fn cleaned(self) -> Self {
        let line = |text: String| foreign_text::line(&text, LINE);
        let name = |text: String| foreign_text::line(&text, NAME);
        match self {
            Self::Started { session, agent } => Self::Started {
                session: session.map(|id| foreign_text::line(&id, PATH)),
                agent: agent.cleaned(),
            },
            Self::Text { text } => Self::Text { text: foreign_text::prose(&text, TEXT) },
            Self::ToolStarted { id, name: tool, title, input } => {
                Self::ToolStarted { id: name(id), name: name(tool), title: line(title), input }
            }
            Self::ToolEnded { id, ok } => Self::ToolEnded { id: name(id), ok },
            Self::Retrying { attempt, delay_ms, why } => {
                Self::Retrying { attempt, delay_ms, why: line(why) }
            }
            Self::Denied { tool, why } => Self::Denied { tool: name(tool), why: line(why) },
            Self::Finished { end, tokens, cost_usd, words } => Self::Finished {
                end: end.cleaned(),
                tokens,
                cost_usd,
                words: Written::cleaned_words(words),
            },
            usage @ Self::Usage { .. } => usage,
        }
    }
}

/// Sends events and never waits: a slow receiver misses some.
#[derive(Clone, Debug)]
pub(super) struct EventSender(pub mpsc::Sender<AgentEvent>);

impl EventSender {
    pub fn send(&self, events: Vec<AgentEvent>) {
        for event in events {
            // Where the channel is full or closed, the event is dropped: the report says everything again.
            let _ = self.0.try_send(event);
        }
    }
}

pub(super) fn failed(trouble: Trouble, why: &str) -> AgentEnd {
    AgentEnd::Failed { trouble, why: foreign_text::line(why, LINE) }.cleaned()
}

pub(super) fn timed_out(limit: Duration) -> AgentEnd {
    failed(Trouble::TimeOut, &format!("it did not finish in {}", in_words(limit)))
}

/// `45 min`, `90 s`.
pub(crate) fn in_words(limit: Duration) -> String {
    let seconds = limit.as_secs();
    if seconds.is_multiple_of(60) {
        format!("{} min", seconds / 60)
    } else {
        format!("{seconds} s")
    }
}

/// Equal for equal input, as long as this process lives; none where nothing is known of it.
pub(super) fn digest(input: &Value) -> Option<u64> {
    if input.is_null() {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    input.to_string().hash(&mut hasher);
    Some(hasher.finish())
}

pub(super) fn used_too_much(exceeded: Exceeded) -> AgentEnd {
    failed(Trouble::Agent, &format!("ended: {exceeded}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_the_protocol() {
        let event = AgentEvent::ToolStarted {
            id: "1".into(),
            name: "Write".into(),
            title: "Write src/stream.js".into(),
            input: None,
        };
        let line = serde_json::to_string(&event).expect("JSON");
        assert_eq!(
            line,
            r#"{"type":"tool_started","id":"1","name":"Write","title":"Write src/stream.js"}"#
        );
    }

    #[test]
    fn whatever_is_said_is_short_and_can_be_kept() {
        let long = "x\u{0}\u{202e}".repeat(1_000_000);
        let agent = AgentInfo {
            name: long.clone(),
            version: Some("\u{0}".to_owned()),
            model: Some(long.clone()),
        };
        let started = AgentEvent::Started { session: Some(long.clone()), agent }.cleaned();
        let title = AgentEvent::ToolStarted {
            id: long.clone(),
            name: long.clone(),
            title: long.clone(),
            input: None,
        };
        let end = AgentEnd::Failed { trouble: Trouble::Agent, why: long.clone() };
        let ended = AgentEvent::Finished {
            end,
            tokens: Tokens::default(),
            cost_usd: Usd::ZERO,
            words: Some(long),
        };
        for event in [started, title.cleaned(), ended.cleaned()] {
            let said = serde_json::to_string(&event).expect("JSON");
            assert!(
                said.len() < 2_000 && !said.contains("\\u0000") && !said.contains('\u{202e}'),
                "{said}"
            );
        }
    }
}
