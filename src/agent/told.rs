//! What an agent told: how is its log read again?
//! Line by line, by the reader of whichever agent wrote it; what neither knows tells nothing.

use std::path::Path;

use super::AgentEvent;
use super::{claude, script};

/// Kinds of lines that Claude Code prints, and no script.
const CLAUDES: [&str; 5] = ["system", "assistant", "user", "stream_event", "result"];

/// The events of these lines of an agent that worked in that folder.
#[must_use]
pub fn told(log: &str, worktree: &Path) -> Vec<AgentEvent> {
    if log.lines().any(is_claudes) {
        claude::told(log, worktree)
    } else {
        log.lines().flat_map(script::told).collect()
    }
}

fn is_claudes(line: &str) -> bool {
    let object: Option<serde_json::Value> = serde_json::from_str(line).ok();
    object.is_some_and(|it| it["type"].as_str().is_some_and(|kind| CLAUDES.contains(&kind)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(log: &str) -> Vec<String> {
        let events = told(log, Path::new("/home/work"));
        let title = |event| match event {
            AgentEvent::ToolStarted { title, .. } => Some(title),
            AgentEvent::Text { text } => Some(format!("“{text}”")),
            _ => None,
        };
        events.into_iter().filter_map(title).collect()
    }

    #[test]
    fn both_kinds_of_logs_are_read() {
        let claude = r#"{"type":"system","subtype":"init","session_id":"s","model":"m"}
{"type":"assistant","message":{"content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"1","name":"Read","input":{"file_path":"/home/work/src/a.js"}}]}}
{"type":"assistant","mess"#;
        assert_eq!(titles(claude), ["“I look.”", "Read src/a.js"]);
        let script = r#"{"type":"tool_started","id":"1","name":"Bash","title":"npm test"}
plain words
{"type":"usage","tokens":{"output":7}}"#;
        assert_eq!(titles(script), ["npm test", "“plain words”"]);
    }
}
