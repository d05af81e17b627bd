//! The log of an agent: what did it print?
//! Its beginning on disk as it comes, its end from memory when it ends; what is between them, where an agent prints without end, is counted.

use std::collections::VecDeque;

use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

use super::{AgentError, Assignment, Result};

/// Largest beginning; most sessions are smaller as a whole.
const HEAD_BYTES: u64 = 16 << 20;
/// Largest end.
const TAIL_BYTES: usize = 2 << 20;

/// `agent.jsonl`: lines are appended to what earlier processes of the attempt left.
pub(super) struct AgentLog {
    file: File,
    room: u64,
    tail: VecDeque<Vec<u8>>,
    tail_bytes: usize,
    left_out: u64,
}

impl AgentLog {
    pub async fn open(assignment: &Assignment) -> Result<Self> {
        let doing = || format!("opening {}", assignment.log.display());
        let log = OpenOptions::new().create(true).append(true).open(&assignment.log).await;
        let file = log.map_err(AgentError::when(doing()))?;
        let there = file.metadata().await.map_err(AgentError::when(doing()))?.len();
        let room = HEAD_BYTES.saturating_sub(there);
        Ok(Self { file, room, tail: VecDeque::new(), tail_bytes: 0, left_out: 0 })
    }

    /// Keeps a line, as it came.
    pub async fn write(&mut self, mut line: Vec<u8>) -> Result<()> {
        line.push(b'\n');
        let size = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if size <= self.room {
            self.room -= size;
            let written = self.file.write_all(&line).await;
            return written.map_err(AgentError::when("writing the agent's log"));
        }
        // What comes now comes after what was left out.
        self.room = 0;
        self.keep_for_the_end(line);
        Ok(())
    }

    fn keep_for_the_end(&mut self, line: Vec<u8>) {
        self.tail_bytes += line.len();
        self.tail.push_back(line);
        while self.tail_bytes > TAIL_BYTES {
            let Some(oldest) = self.tail.pop_front() else { return };
            self.tail_bytes -= oldest.len();
            self.left_out += u64::try_from(oldest.len()).unwrap_or(0);
        }
    }

    /// Writes out what is still in memory; else its last lines may come after the report. A full disk ends no agent.
    pub async fn close(&mut self) {
        if self.left_out > 0 {
            let line = format!("{{\"type\":\"left_out\",\"bytes\":{}}}\n", self.left_out);
            let _ = self.file.write_all(line.as_bytes()).await;
        }
        for line in self.tail.drain(..) {
            let _ = self.file.write_all(&line).await;
        }
        let _ = self.file.flush().await;
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;
    use crate::agent::Session;

    fn assignment(folder: &Path) -> Assignment {
        Assignment {
            worktree: folder.to_owned(),
            home: folder.to_owned(),
            log: folder.join("agent.jsonl"),
            prompt: String::new(),
            session: Session::New(Uuid::new_v4()),
            model: None,
            budget_left: None,
            timeout: Duration::from_secs(1),
            env: Vec::new(),
            tools: crate::agent::Tools::All,
        }
    }

    #[tokio::test]
    async fn a_flood_leaves_its_beginning_and_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = AgentLog::open(&assignment(folder.path())).await.expect("opened");
        log.write(b"the beginning".to_vec()).await.expect("written");
        for _ in 0..40 {
            log.write(vec![b'x'; 1 << 20]).await.expect("written");
        }
        log.write(b"the end".to_vec()).await.expect("written");
        log.close().await;
        let kept = std::fs::read_to_string(folder.path().join("agent.jsonl")).unwrap();
        assert!(
            kept.len() < 19 << 20
                && kept.starts_with("the beginning\n")
                && kept.ends_with("\nthe end\n")
        );
        assert!(kept.contains("{\"type\":\"left_out\",\"bytes\":25165848}\n"), "{}", kept.len());
    }
}
