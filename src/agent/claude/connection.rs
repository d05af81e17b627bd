//! The connection with the CLI: how do we talk with it?
//! Prompt and interrupt go in, lines come out; each line is kept in the log before it is understood.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::stream::StreamReader;
use crate::agent::event::EventSender;
use crate::agent::lines::LineReader;
use crate::agent::log::AgentLog;
use crate::agent::{AgentError, Assignment, Result};

pub(super) struct CliConnection {
    /// Closed once nothing more will be said: the CLI ends when it has answered.
    stdin: Option<ChildStdin>,
    lines: LineReader<ChildStdout>,
    log: AgentLog,
    reader: StreamReader,
    events: EventSender,
}

impl CliConnection {
    pub async fn open(child: &mut Child, a: &Assignment, events: EventSender) -> Result<Self> {
        let log = AgentLog::open(a).await?;
        let lines = LineReader::new(child.stdout.take().expect("piped"));
        let reader = StreamReader::new(&a.worktree.display().to_string());
        Ok(Self { stdin: child.stdin.take(), lines, log, reader, events })
    }

    /// Until it has said everything, or something that makes going on pointless.
    pub async fn run_prompt(&mut self, prompt: &str) -> Result<()> {
        let message = json!({"type": "user", "message": {"role": "user", "content": prompt}});
        // Where the CLI refuses the prompt, its standard error says more than our broken pipe.
        let _ = self.send(&message).await;
        while self.receive().await? {
            if self.reader.is_over() {
                self.stdin = None;
            }
            if self.reader.is_pointless() {
                break;
            }
        }
        Ok(())
    }

    /// Ends the running tool, and waits for what was spent.
    pub async fn interrupt(&mut self) -> Result<()> {
        let before = self.reader.results;
        let interrupt = json!({"type": "control_request", "request_id": "stop", "request": {"subtype": "interrupt"}});
        let _ = self.send(&interrupt).await;
        while self.reader.results == before && self.receive().await? {}
        self.stdin = None;
        Ok(())
    }

    pub async fn close(mut self) -> StreamReader {
        // Else the last line may come after the report.
        self.log.close().await;
        self.reader
    }

    async fn send(&mut self, line: &Value) -> std::io::Result<()> {
        let Some(stdin) = &mut self.stdin else { return Ok(()) };
        stdin.write_all(format!("{line}\n").as_bytes()).await?;
        stdin.flush().await
    }

    /// Takes the next line in; false at the end.
    async fn receive(&mut self) -> Result<bool> {
        let line =
            self.lines.next().await.map_err(AgentError::when("reading the agent's output"))?;
        let Some(line) = line else { return Ok(false) };
        let events = self.reader.read_line(&line);
        self.log.write(line).await?;
        self.events.send(events);
        Ok(true)
    }
}
