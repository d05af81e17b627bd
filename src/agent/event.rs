//! The event protocol: what does an agent tell while it works?
//! One JSON object per line; `type` says which. It is the script agent's protocol and our own, so it changes only by growing.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};
use tokio::sync::mpsc;

use crate::run::{AgentEnd, AgentInfo, Tokens, Trouble, Usd};

/// One line of the event protocol: `{"type": "text", "text": "Reading the tests."}`.
///
/// Fields marked *optional* may be left out by a script. Lines of other types are ignored; lines that are no JSON object are `text`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AgentEvent {
    /// The agent runs.
    Started {
        /// Optional. With which id this conversation can be resumed.
        #[serde(default)]
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
        #[serde(default, deserialize_with = "tokens")]
        tokens: Tokens,
        /// Optional. Dollars as a decimal string: `"0.0421"`.
        #[serde(default)]
        cost_usd: Usd,
    },
    /// The model did not answer; it tries again by itself.
    Retrying {
        /// From 1.
        attempt: u32,
        /// How long it waits first.
        #[serde(default)]
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
        #[serde(default, deserialize_with = "tokens")]
        tokens: Tokens,
        /// Optional; as in `usage`.
        #[serde(default)]
        cost_usd: Usd,
        /// Optional. The agent's own summary.
        #[serde(default)]
        words: Option<String>,
    },
}

/// Tokens of which a script need not name every kind.
#[derive(Default, Deserialize)]
#[serde(default)]
struct SomeTokens {
    input: u64,
    output: u64,
    cache_read: u64,
    cache_write: u64,
}

fn tokens<'de, D: Deserializer<'de>>(input: D) -> Result<Tokens, D::Error> {
    let SomeTokens { input, output, cache_read, cache_write } = SomeTokens::deserialize(input)?;
    Ok(Tokens { input, output, cache_read, cache_write })
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

/// Longest reason, in characters.
const WHY: usize = 300;

pub(super) fn failed(trouble: Trouble, why: &str) -> AgentEnd {
    AgentEnd::Failed { trouble, why: one_line(why, WHY) }
}

pub(super) fn timed_out(limit: Duration) -> AgentEnd {
    let seconds = limit.as_secs();
    let limit = if seconds.is_multiple_of(60) {
        format!("{} min", seconds / 60)
    } else {
        format!("{seconds} s")
    };
    failed(Trouble::Agent, &format!("it did not finish in {limit}"))
}

/// The first line of `text`, at most `longest` characters: agents put whole files into titles.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    if line.chars().count() <= longest {
        line.to_owned()
    } else {
        format!("{}…", line.chars().take(longest - 1).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> AgentEvent {
        serde_json::from_str(line).expect("an event")
    }

    #[test]
    fn a_script_may_leave_out_what_it_does_not_know() {
        let usage = AgentEvent::Usage {
            tokens: Tokens { output: 7, ..Tokens::default() },
            cost_usd: Usd::ZERO,
        };
        assert_eq!(read(r#"{"type":"usage","tokens":{"output":7}}"#), usage);
        assert!(matches!(
            read(r#"{"type":"finished","end":"finished"}"#),
            AgentEvent::Finished { end: AgentEnd::Finished, words: None, .. }
        ));
    }

    #[test]
    fn a_failure_says_what_kind_of_trouble() {
        let failed = read(
            r#"{"type":"finished","end":"failed","trouble":"model_busy","why":"529","cost_usd":"0.5"}"#,
        );
        let end = AgentEnd::Failed { trouble: Trouble::ModelBusy, why: "529".to_owned() };
        assert_eq!(
            failed,
            AgentEvent::Finished {
                end,
                tokens: Tokens::default(),
                cost_usd: Usd::from_nanos(500_000_000),
                words: None
            }
        );
    }

    #[test]
    fn what_is_written_can_be_read() {
        let event = AgentEvent::ToolStarted {
            id: "1".into(),
            name: "Write".into(),
            title: "Write src/stream.js".into(),
        };
        let line = serde_json::to_string(&event).expect("JSON");
        assert_eq!(
            line,
            r#"{"type":"tool_started","id":"1","name":"Write","title":"Write src/stream.js"}"#
        );
        assert_eq!(read(&line), event);
    }

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(one_line("\n ls -l\nrm x", 60), "ls -l");
        assert_eq!(one_line("abcdef", 4), "abc…");
    }
}
