//! The script agent: how can any program be an agent?
//! A shell command in the box: the prompt on standard input, the event protocol on standard output. No network, no key; a way to the model.

mod output;
mod protocol;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::event::EventSender;
use super::process::{self, Exit, StderrTail};
use super::{Agent, AgentError, AgentEvent, AgentReport, Assignment, ModelAccess, Result};
use crate::run::AgentEnd;
use crate::sandbox::{self, BoxSpec, Boxed, Network, Sandbox};
use output::ScriptOutput;

/// From its last line to its end.
const EXIT_TIMEOUT: Duration = Duration::from_secs(10);
/// For the rest of what it printed, once it is ended.
const REST_TIMEOUT: Duration = Duration::from_secs(1);

/// `agent = "script"`: any command that speaks [`AgentEvent`], or nothing at all.
///
/// What it asks models passes the meter, and then what it says of its money by itself does not count.
/// It has done its work if it printed `{"type":"finished","end":"finished"}`, or printed no `finished` line and exited with 0.
#[derive(Clone, Debug)]
pub struct Script {
    /// For `sh -c`.
    pub command: String,
    pub access: ModelAccess,
    pub sandbox: Sandbox,
}

/// What stands on a line of a log that a script left.
pub(super) fn told(line: &str) -> Vec<AgentEvent> {
    protocol::read_line(line).into_iter().map(|told| told.event().cleaned()).collect()
}

impl Agent for Script {
    fn work<'a>(
        &'a self,
        assignment: &'a Assignment,
        events: mpsc::Sender<AgentEvent>,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<AgentReport>> {
        self.run(assignment, EventSender(events), stop).boxed()
    }
}

impl Script {
    async fn run(
        &self,
        assignment: &Assignment,
        events: EventSender,
        stop: &CancellationToken,
    ) -> Result<AgentReport> {
        if stop.is_cancelled() {
            return Ok(AgentReport::unstarted(AgentEnd::Stopped));
        }
        let Boxed { mut child, limits } = self.start(assignment).await?;
        let group = child.id();
        let stderr = StderrTail::of(&mut child);
        let mut output = ScriptOutput::open(&mut child, assignment, events.clone()).await?;
        let stdin = child.stdin.take().expect("piped");
        let talk = async { tokio::join!(send_prompt(stdin, &assignment.prompt), output.read()).1 };
        let exit = tokio::select! {
            exit = listen(&mut child, talk) => exit,
            () = stop.cancelled() => Ok(Exit::Stopped),
            () = sleep(assignment.timeout) => Ok(Exit::TimedOut(assignment.timeout)),
            exceeded = limits.exceeded() => Ok(Exit::Exceeded(exceeded)),
        };
        process::end(&mut child, group).await;
        let stderr = stderr.read_within(REST_TIMEOUT).await;
        output.close_log().await;
        let exit = exit?.unless(limits.exceeded_before_its_end());
        let report = output.report(&exit, &stderr);
        events.send(vec![report.event()]);
        Ok(report)
    }

    async fn start(&self, assignment: &Assignment) -> Result<Boxed> {
        let (work, home) = (assignment.worktree.clone(), assignment.home.clone());
        tokio::fs::create_dir_all(&home)
            .await
            .map_err(AgentError::when(format!("making {}", home.display())))?;
        let variables = self.access.variables(&self.sandbox);
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        let spec = BoxSpec {
            work,
            home,
            read_only: Vec::new(),
            sockets: vec![self.access.mount()],
            env: assignment.env.iter().cloned().chain(variables).collect(),
            network: Network::Closed,
        };
        let mut confined =
            self.sandbox.command(&spec, Path::new("/bin/sh"), &["-c", &self.command]);
        confined.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        confined.spawn().map_err(AgentError::when("starting the script agent"))
    }
}

/// A script need not read its prompt.
async fn send_prompt(mut stdin: ChildStdin, prompt: &str) {
    let _ = stdin.write_all(prompt.as_bytes()).await;
}

/// Until it has ended. It may close its output before; and without a box, what it left in the background may hold that open.
async fn listen(child: &mut Child, talk: impl Future<Output = Result<()>>) -> Result<Exit> {
    let mut talk = std::pin::pin!(talk);
    let group = child.id();
    let status = tokio::select! {
        biased;
        read = &mut talk => {
            read?;
            // So that its exit code is known.
            timeout(EXIT_TIMEOUT, child.wait()).await.ok()
        }
        status = child.wait() => {
            if let Some(group) = group {
                sandbox::sweep(group);
            }
            timeout(REST_TIMEOUT, talk).await.unwrap_or(Ok(()))?;
            Some(status)
        }
    };
    Ok(Exit::Ended(status.and_then(Result::ok).and_then(|status| status.code())))
}
