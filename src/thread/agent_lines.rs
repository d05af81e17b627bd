//! What an agent did, line by line: how do its steps read?
//! Its own words stand between quotes; what it used is told elsewhere.

use super::figures;
use crate::agent::AgentEvent;
use crate::run::AgentEnd;
use crate::slack::one_line;

/// Longest line, in characters.
const LINE: usize = 240;

/// A line for people; none where there is nothing to tell.
#[must_use]
pub fn agent_line(event: &AgentEvent) -> Option<String> {
    Some(match event {
        AgentEvent::Started { agent, .. } => format!("began: {}", figures::agent(agent)),
        AgentEvent::Text { text } if text.trim().is_empty() => return None,
        AgentEvent::Text { text } => format!("“{}”", one_line(text, LINE)),
        AgentEvent::ToolStarted { title, .. } => format!("→ {}", one_line(title, LINE)),
        AgentEvent::ToolEnded { ok: true, .. } | AgentEvent::Usage { .. } => return None,
        AgentEvent::ToolEnded { ok: false, .. } => "✗ that did not work".to_owned(),
        AgentEvent::Retrying { why, .. } => {
            format!("waits and tries again: {}", one_line(why, LINE))
        }
        AgentEvent::Denied { tool, why } => {
            format!("was not allowed {}: {}", one_line(tool, LINE), one_line(why, LINE))
        }
        AgentEvent::Finished { end: AgentEnd::Failed { why, .. }, .. } => {
            format!("failed: {}", one_line(why, LINE))
        }
        AgentEvent::Finished { end: AgentEnd::Stopped, .. } => "was stopped".to_owned(),
        AgentEvent::Finished { words, .. } => match words {
            Some(words) => format!("is done: “{}”", one_line(words, LINE)),
            None => "is done".to_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_short_lines_and_figures_are_none() {
        let step = |title: &str| AgentEvent::ToolStarted {
            id: String::new(),
            name: "Write".to_owned(),
            title: title.to_owned(),
            input: None,
        };
        assert_eq!(agent_line(&step("Write a\nb.js")).as_deref(), Some("→ Write a b.js"));
        let long = agent_line(&AgentEvent::Text { text: "x".repeat(9_000) });
        assert!(long.is_some_and(|line| line.chars().count() < 300));
        let ended = |ok| AgentEvent::ToolEnded { id: String::new(), ok };
        assert_eq!(agent_line(&ended(true)), None);
        assert_eq!(agent_line(&ended(false)).as_deref(), Some("✗ that did not work"));
    }
}
