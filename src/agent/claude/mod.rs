//! Claude Code as an agent: how is it driven?
//! One process per attempt, in the box, by stream-json on both ends. Its result line says how it ended; its exit code is not believed.

mod command;
mod connection;
mod end;
mod instructions;
mod stream;
mod usage;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::event::{EventSender, failed};
use super::process::{self, Exit, StderrTail};
use super::{Agent, AgentEvent, AgentReport, Assignment, ModelAccess, Result, Session};
use crate::run::{AgentEnd, Trouble, Usd};
use crate::sandbox::{Boxed, Sandbox};
use connection::CliConnection;
use end::{classify_end, last_words};
use stream::StreamReader;

/// After an interrupt it still says what it spent.
const INTERRUPT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// From the last result to the end of the process.
const EXIT_TIMEOUT: Duration = Duration::from_secs(10);

/// Claude Code, native.
#[derive(Clone, Debug)]
pub struct ClaudeCode {
    /// The CLI's own binary.
    pub program: PathBuf,
    pub access: ModelAccess,
    pub sandbox: Sandbox,
}

impl Agent for ClaudeCode {
    fn work<'a>(
        &'a self,
        assignment: &'a Assignment,
        events: mpsc::Sender<AgentEvent>,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<AgentReport>> {
        self.run(assignment, EventSender(events), stop).boxed()
    }
}

/// What one process is told.
struct Launch<'a> {
    assignment: &'a Assignment,
    session: Session,
    prompt: String,
}

impl ClaudeCode {
    /// Where it keeps its conversations, in a HOME.
    pub const CONVERSATIONS: &str = ".claude/projects";

    /// The folder there of conversations that are had in this folder.
    #[must_use]
    pub fn folder_of_conversations(work: &Path) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        work.to_string_lossy().chars().map(plain).collect()
    }

    /// Whether the conversation can be resumed: its transcript is in this HOME.
    pub async fn has_session(home: &Path, session: Uuid) -> bool {
        command::has_transcript(home, session).await
    }

    async fn run(
        &self,
        a: &Assignment,
        events: EventSender,
        stop: &CancellationToken,
    ) -> Result<AgentReport> {
        if let Some(end) = self.end_before_it_starts(a, stop) {
            return Ok(AgentReport::unstarted(end));
        }
        let work = async |launch: Launch<'_>| self.process(&launch, &events, stop).await;
        let (mut end, mut reader) = work(Launch::of(a).await).await?;
        if reader.lost_its_transcript() && !stop.is_cancelled() {
            (end, reader) = work(Launch::anew(a)).await?;
        }
        let report = report(&reader, end);
        events.send(vec![report.event()]);
        Ok(report)
    }

    fn end_before_it_starts(&self, a: &Assignment, stop: &CancellationToken) -> Option<AgentEnd> {
        if !self.program.is_file() {
            let why = format!("there is no program {}", self.program.display());
            Some(failed(Trouble::Program, &why))
        } else if a.budget_left == Some(Usd::ZERO) {
            Some(failed(Trouble::Budget, "its allowance is spent"))
        } else {
            stop.is_cancelled().then_some(AgentEnd::Stopped)
        }
    }

    /// One process from start to end; nothing of it is left running.
    async fn process(
        &self,
        launch: &Launch<'_>,
        events: &EventSender,
        stop: &CancellationToken,
    ) -> Result<(AgentEnd, StreamReader)> {
        let Boxed { mut child, limits } = self.start(launch).await?;
        let group = child.id();
        let stderr = StderrTail::of(&mut child);
        let mut connection =
            CliConnection::open(&mut child, launch.assignment, events.clone()).await?;
        let exit = tokio::select! {
            exit = run_prompt(&mut connection, launch, stop) => exit,
            exceeded = limits.exceeded() => Ok(Exit::Exceeded(exceeded)),
        };
        let reader = connection.close().await;
        let exit = if reader.is_pointless() { exit? } else { wait(&mut child, exit?).await };
        process::end(&mut child, group).await;
        let stderr = stderr.read_within(INTERRUPT_TIMEOUT).await;
        let exit = exit.unless(limits.exceeded_before_its_end());
        Ok((classify_end(&reader, &exit, &stderr), reader))
    }
}

/// Lets it answer its prompt, and interrupts it where a stop or its time-out comes first.
async fn run_prompt(
    connection: &mut CliConnection,
    launch: &Launch<'_>,
    stop: &CancellationToken,
) -> Result<Exit> {
    let limit = launch.assignment.timeout;
    let exit = tokio::select! {
        ended = connection.run_prompt(&launch.prompt) => ended.map(|()| Exit::Ended(None)),
        () = stop.cancelled() => Ok(Exit::Stopped),
        () = sleep(limit) => Ok(Exit::TimedOut(limit)),
    };
    if matches!(exit, Ok(Exit::Stopped | Exit::TimedOut(_))) {
        // It does not matter if this is not read: the process is killed next.
        let _ = timeout(INTERRUPT_TIMEOUT, connection.interrupt()).await;
    }
    exit
}

/// Lets it leave by itself for a while, so that its transcript is whole.
async fn wait(child: &mut Child, exit: Exit) -> Exit {
    let limit = match exit {
        Exit::Ended(_) => EXIT_TIMEOUT,
        Exit::Stopped | Exit::TimedOut(_) => INTERRUPT_TIMEOUT,
        Exit::Exceeded(_) => return exit,
    };
    match (timeout(limit, child.wait()).await, exit) {
        (Ok(Ok(status)), Exit::Ended(_)) => Exit::Ended(status.code()),
        (_, exit) => exit,
    }
}

/// What stands in a log that it left; it worked in the folder that it says, else in that one.
pub(super) fn told(log: &str, worktree: &Path) -> Vec<AgentEvent> {
    let said = log.lines().filter(|line| line.contains("\"cwd\"")).find_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        (line["type"] == "system").then(|| line["cwd"].as_str().map(str::to_owned))?
    });
    let worktree = said.unwrap_or_else(|| worktree.display().to_string());
    let mut reader = StreamReader::new(&worktree);
    log.lines().flat_map(|line| reader.read_line(line.as_bytes())).collect()
}

fn report(reader: &StreamReader, end: AgentEnd) -> AgentReport {
    let (tokens, cost_usd) = reader.used();
    AgentReport {
        end,
        info: reader.info.clone(),
        tokens,
        cost_usd,
        words: last_words(reader),
        session: reader.session.clone(),
    }
}

impl<'a> Launch<'a> {
    /// Resumes only what has a transcript, and never starts what has one: the CLI refuses an id that is in use.
    async fn of(assignment: &'a Assignment) -> Self {
        let (Session::New(id) | Session::Resume(id)) = assignment.session;
        let has_transcript = command::has_transcript(&assignment.home, id).await;
        match assignment.session {
            Session::Resume(_) if has_transcript => Self::resumed(assignment),
            Session::New(_) if has_transcript => Self::anew(assignment),
            Session::New(id) | Session::Resume(id) => Self::with_session(assignment, id),
        }
    }

    fn resumed(assignment: &'a Assignment) -> Self {
        let prompt = format!(
            "You were interrupted, and everything you had running was ended. Look at what is already done, then finish your task. \
             It was:\n\n{}",
            assignment.prompt
        );
        Self { assignment, session: assignment.session, prompt }
    }

    fn anew(assignment: &'a Assignment) -> Self {
        Self::with_session(assignment, Uuid::new_v4())
    }

    fn with_session(assignment: &'a Assignment, id: Uuid) -> Self {
        Self { assignment, session: Session::New(id), prompt: assignment.prompt.clone() }
    }
}

#[cfg(test)]
mod real_cli_test;
#[cfg(test)]
mod recorded_output_test;
