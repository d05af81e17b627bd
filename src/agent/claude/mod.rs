//! How is Claude Code driven?
//! One process per attempt, in the box, by stream-json on both ends. Its result is judged; its exit code is not believed.

mod command;
mod end;
mod instructions;
mod price;
mod stream;
mod talk;

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use secrecy::SecretString;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::event::{Teller, failed};
use super::lines::tail;
use super::{Agent, AgentError, AgentEvent, Assignment, Report, Session};
use crate::run::{AgentEnd, Trouble, Usd};
use crate::sandbox::{self, Sandbox};
use end::{Exit, judge, words};
use stream::Reading;
use talk::Talk;

/// After an interrupt it still says what it spent.
const LAST_WORDS: Duration = Duration::from_millis(1_500);
/// From the last result to the end of the process.
const GOODBYE: Duration = Duration::from_secs(10);

/// Claude Code, native.
#[derive(Clone, Debug)]
pub struct ClaudeCode {
    /// The CLI's own binary.
    pub program: PathBuf,
    pub access: ModelAccess,
    pub sandbox: Sandbox,
}

/// How the CLI reaches its model.
#[derive(Clone, Debug)]
pub enum ModelAccess {
    /// Through the meter or the rehearsal: no network, no key.
    Socket(PathBuf),
    /// Directly, over the machine's network, with a key the agent can see.
    Key(SecretString),
}

impl Agent for ClaudeCode {
    fn work<'a>(
        &'a self,
        assignment: &'a Assignment,
        events: mpsc::Sender<AgentEvent>,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Report, AgentError>> {
        self.whole(assignment, Teller(events), stop).boxed()
    }
}

/// What one process is told.
struct Launch<'a> {
    assignment: &'a Assignment,
    session: Session,
    prompt: String,
}

impl ClaudeCode {
    /// Whether the conversation can be gone on with: its transcript is in this HOME.
    pub async fn has_session(home: &Path, session: Uuid) -> bool {
        command::has_transcript(home, session).await
    }

    async fn whole(
        &self,
        a: &Assignment,
        teller: Teller,
        stop: &CancellationToken,
    ) -> Result<Report, AgentError> {
        let end = if !self.program.is_file() {
            Some(failed(Trouble::Setup, &format!("there is no program {}", self.program.display())))
        } else if a.budget_left == Some(Usd::ZERO) {
            Some(failed(Trouble::Budget, "its allowance is spent"))
        } else {
            stop.is_cancelled().then_some(AgentEnd::Stopped)
        };
        if let Some(end) = end {
            return Ok(report(&Reading::default(), end));
        }
        let (told, mut reading) = self.process(&Launch::of(a).await, &teller, stop).await?;
        let mut end = told;
        if reading.lost_its_transcript() && !stop.is_cancelled() {
            (end, reading) = self.process(&Launch::anew(a), &teller, stop).await?;
        }
        let report = report(&reading, end);
        teller.tell(vec![report.event()]);
        Ok(report)
    }

    /// One process from start to end; nothing of it is left running.
    async fn process(
        &self,
        order: &Launch<'_>,
        teller: &Teller,
        stop: &CancellationToken,
    ) -> Result<(AgentEnd, Reading), AgentError> {
        let mut child = self.start(order).await?;
        let stderr = tokio::spawn(tail(child.stderr.take().expect("piped")));
        let mut talk = Talk::with(&mut child, order.assignment, teller.clone()).await?;
        let limit = order.assignment.timeout;
        let silence = tokio::select! {
            heard = talk.work(&order.prompt) => heard.map(|()| Exit::Ended(None)),
            () = stop.cancelled() => Ok(Exit::Stopped),
            () = sleep(limit) => Ok(Exit::TimedOut(limit)),
        };
        if matches!(silence, Ok(Exit::Stopped | Exit::TimedOut(_))) {
            // Nobody minds if it cannot hear this: it is killed next.
            let _ = timeout(LAST_WORDS, talk.interrupt()).await;
        }
        let reading = talk.close().await;
        let silence =
            if reading.is_pointless() { silence? } else { wait(&mut child, silence?).await };
        sandbox::end(&mut child).await;
        // Without a box, a process it left behind may hold the other end open.
        let stderr =
            timeout(LAST_WORDS, stderr).await.ok().and_then(Result::ok).unwrap_or_default();
        Ok((judge(&reading, &silence, &stderr), reading))
    }
}

/// Lets it leave by itself for a while, so that its transcript is whole.
async fn wait(child: &mut Child, silence: Exit) -> Exit {
    let patience = if matches!(silence, Exit::Ended(_)) { GOODBYE } else { LAST_WORDS };
    match (timeout(patience, child.wait()).await, silence) {
        (Ok(Ok(status)), Exit::Ended(_)) => Exit::Ended(status.code()),
        (_, silence) => silence,
    }
}

fn report(reading: &Reading, end: AgentEnd) -> Report {
    let (tokens, cost_usd) = reading.used();
    Report {
        end,
        info: reading.info.clone(),
        tokens,
        cost_usd,
        words: words(reading),
        session: reading.session.clone(),
    }
}

impl<'a> Launch<'a> {
    /// Resumes only what has a transcript, and never starts what has one: the CLI refuses an id that is in use.
    async fn of(assignment: &'a Assignment) -> Self {
        match assignment.session {
            Session::Resume(id) if command::has_transcript(&assignment.home, id).await => {
                let prompt = format!(
                    "You were interrupted, and everything you had running was ended. Look at what is already done, then finish your task. \
                     It was:\n\n{}",
                    assignment.prompt
                );
                Self { assignment, session: assignment.session, prompt }
            }
            Session::New(id) | Session::Resume(id)
                if !command::has_transcript(&assignment.home, id).await =>
            {
                Self { assignment, session: Session::New(id), prompt: assignment.prompt.clone() }
            }
            Session::New(_) | Session::Resume(_) => Self::anew(assignment),
        }
    }

    fn anew(assignment: &'a Assignment) -> Self {
        Self {
            assignment,
            session: Session::New(Uuid::new_v4()),
            prompt: assignment.prompt.clone(),
        }
    }
}

#[cfg(test)]
mod real;
#[cfg(test)]
mod recorded;
