//! How do we talk with the CLI?
//! Prompt and interrupt go in, lines come out; each line is kept in the log before it is understood.

use serde_json::{Value, json};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::stream::Reading;
use crate::agent::event::Teller;
use crate::agent::lines::Lines;
use crate::agent::{AgentError, Assignment};

pub(super) struct Talk {
    /// Closed once nothing more will be said: the CLI ends when it has answered.
    stdin: Option<ChildStdin>,
    lines: Lines<ChildStdout>,
    log: File,
    reading: Reading,
    teller: Teller,
}

impl Talk {
    pub async fn with(
        child: &mut Child,
        a: &Assignment,
        teller: Teller,
    ) -> Result<Self, AgentError> {
        let log = OpenOptions::new().create(true).append(true).open(&a.log).await;
        let log = log.map_err(AgentError::when(format!("opening {}", a.log.display())))?;
        let lines = Lines::new(child.stdout.take().expect("piped"));
        let reading = Reading::of(&a.worktree.display().to_string());
        Ok(Self { stdin: child.stdin.take(), lines, log, reading, teller })
    }

    /// Until it has said everything, or something that makes going on pointless.
    pub async fn work(&mut self, prompt: &str) -> Result<(), AgentError> {
        // A refused prompt is told better on standard error than by our broken pipe.
        let _ = self
            .say(&json!({"type": "user", "message": {"role": "user", "content": prompt}}))
            .await;
        while self.hear().await? {
            if self.reading.is_over() {
                self.stdin = None;
            }
            if self.reading.is_pointless() {
                break;
            }
        }
        Ok(())
    }

    /// Ends the running tool and asks for the bill.
    pub async fn interrupt(&mut self) -> Result<(), AgentError> {
        let before = self.reading.results;
        let _ = self.say(&json!({"type": "control_request", "request_id": "stop", "request": {"subtype": "interrupt"}})).await;
        while self.reading.results == before && self.hear().await? {}
        self.stdin = None;
        Ok(())
    }

    pub async fn close(mut self) -> Reading {
        // Else the last line may come after the report.
        let _ = self.log.flush().await;
        self.reading
    }

    async fn say(&mut self, line: &Value) -> std::io::Result<()> {
        let Some(stdin) = &mut self.stdin else { return Ok(()) };
        stdin.write_all(format!("{line}\n").as_bytes()).await?;
        stdin.flush().await
    }

    /// False at the end.
    async fn hear(&mut self) -> Result<bool, AgentError> {
        let line =
            self.lines.next().await.map_err(AgentError::when("reading the agent's output"))?;
        let Some(mut line) = line else { return Ok(false) };
        let events = self.reading.line(&line);
        line.push(b'\n');
        self.log.write_all(&line).await.map_err(AgentError::when("writing the agent's log"))?;
        self.teller.tell(events);
        Ok(true)
    }
}
