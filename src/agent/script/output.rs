//! The output of a script agent: what do its lines say, and how did it end?
//! Each line is kept in the log, as it came.

use serde_json::Value;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdout};

use crate::agent::event::{EventSender, failed, timed_out};
use crate::agent::lines::LineReader;
use crate::agent::process::{Exit, last_line, open_log};
use crate::agent::{AgentError, AgentEvent, AgentReport, Assignment, Result};
use crate::run::{AgentEnd, AgentInfo, Tokens, Trouble, Usd, Written};

/// The kinds of lines that we know.
const KINDS: [&str; 8] =
    ["started", "text", "tool_started", "tool_ended", "usage", "retrying", "denied", "finished"];

/// What a script said so far.
pub(super) struct ScriptOutput {
    lines: LineReader<ChildStdout>,
    log: File,
    events: EventSender,
    info: Option<AgentInfo>,
    session: Option<String>,
    tokens: Tokens,
    cost_usd: Usd,
    end: Option<AgentEnd>,
    words: Option<String>,
}

impl ScriptOutput {
    pub async fn open(
        child: &mut Child,
        assignment: &Assignment,
        events: EventSender,
    ) -> Result<Self> {
        Ok(Self {
            log: open_log(assignment).await?,
            lines: LineReader::new(child.stdout.take().expect("piped")),
            events,
            info: None,
            session: None,
            tokens: Tokens::default(),
            cost_usd: Usd::ZERO,
            end: None,
            words: None,
        })
    }

    /// Reads until it closes its output.
    pub async fn read(&mut self) -> Result<()> {
        let reading = "reading the agent's output";
        while let Some(mut line) = self.lines.next().await.map_err(AgentError::when(reading))? {
            let event = event_of(&String::from_utf8_lossy(&line));
            line.push(b'\n');
            self.log.write_all(&line).await.map_err(AgentError::when("writing the agent's log"))?;
            if let Some(event) = event {
                self.apply(event);
            }
        }
        Ok(())
    }

    fn apply(&mut self, event: AgentEvent) {
        match event {
            AgentEvent::Finished { end, tokens, cost_usd, words } => {
                self.end = Some(end);
                // A script that told its usage before need not repeat it.
                if tokens.total() > 0 {
                    self.tokens = tokens;
                }
                self.cost_usd = self.cost_usd.max(cost_usd);
                self.words = words;
                // The event is sent by us, once, when it has really ended.
                return;
            }
            AgentEvent::Started { ref session, ref agent } => {
                (self.session, self.info) = (session.clone(), Some(agent.clone()));
            }
            AgentEvent::Usage { tokens, cost_usd } => {
                (self.tokens, self.cost_usd) = (tokens, cost_usd);
            }
            _ => {}
        }
        self.events.send(vec![event]);
    }

    /// Writes out what the log still holds; else its last line may come after the report.
    pub async fn flush(&mut self) {
        let _ = self.log.flush().await;
    }

    /// What came of the work.
    pub fn report(self, exit: &Exit, stderr: &str) -> AgentReport {
        let end = end(exit, self.end, last_line(stderr, "it said nothing on standard error"));
        let words = self.words.map(|words| words.trim().chars().take(Written::WORDS).collect());
        AgentReport {
            end,
            info: self.info,
            tokens: self.tokens,
            cost_usd: self.cost_usd,
            words,
            session: self.session,
        }
    }
}

/// What its exit and its own `finished` line mean together.
fn end(exit: &Exit, told: Option<AgentEnd>, last_line: &str) -> AgentEnd {
    match (exit, told) {
        (_, Some(AgentEnd::Finished)) | (Exit::Ended(Some(0)), None) => AgentEnd::Finished,
        (Exit::Stopped, _) => AgentEnd::Stopped,
        (Exit::TimedOut(limit), _) => timed_out(*limit),
        (Exit::Ended(_), Some(end @ AgentEnd::Failed { .. })) => end,
        (Exit::Ended(_), Some(AgentEnd::Stopped)) => failed(Trouble::Agent, "it stopped by itself"),
        (Exit::Ended(Some(code)), None) => {
            failed(Trouble::Agent, &format!("it ended with exit code {code}: {last_line}"))
        }
        (Exit::Ended(None), None) => failed(Trouble::Agent, &format!("it was killed: {last_line}")),
    }
}

/// An event, plain text, or nothing: objects of a kind we do not know may be from a newer protocol.
fn event_of(line: &str) -> Option<AgentEvent> {
    let as_text = || (!line.trim().is_empty()).then(|| AgentEvent::Text { text: line.to_owned() });
    let Ok(object @ Value::Object(_)) = serde_json::from_str::<Value>(line) else {
        return as_text();
    };
    match object["type"].as_str() {
        Some(kind) if KINDS.contains(&kind) => serde_json::from_value(object).ok().or_else(as_text),
        _ => None,
    }
}
