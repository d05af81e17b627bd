//! Agents: who writes the code?
//! An agent is given a folder, a prompt and an allowance; it reports, and never judges its own work.

mod access;
mod claude;
mod event;
mod lines;
mod log;
mod money;
mod process;
pub mod rehearsal;
mod script;
mod told;

use std::path::PathBuf;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::run::{AgentEnd, AgentInfo, Tokens, Usd};

pub use access::ModelAccess;
pub use claude::ClaudeCode;
pub use event::AgentEvent;
pub(crate) use event::in_words;
pub use script::Script;
pub use told::told;

/// What one process of an agent is asked to do.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The clone it may write in; its current folder.
    pub worktree: PathBuf,
    /// Its private HOME, kept between attempts that resume.
    pub home: PathBuf,
    /// Every line it prints, in `agent.jsonl`; appended to.
    pub log: PathBuf,
    /// The whole task.
    pub prompt: String,
    pub session: Session,
    /// The model's full id; none = the agent's own default.
    pub model: Option<String>,
    /// What may still be spent; none = no limit here.
    pub budget_left: Option<Usd>,
    /// Wall time.
    pub timeout: Duration,
    /// Variables that tell it of its run.
    pub env: Vec<(String, String)>,
    pub tools: Tools,
}

/// What an agent may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tools {
    All,
    /// It reads and searches, and that is all.
    ReadOnly,
}

/// Which conversation the work belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    /// Starts with nothing.
    New(Uuid),
    /// Goes on where a killed process stopped; a new one where its transcript is lost.
    Resume(Uuid),
}

/// What came of it. Money and tokens are of this process alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentReport {
    pub end: AgentEnd,
    pub info: Option<AgentInfo>,
    pub tokens: Tokens,
    pub cost_usd: Usd,
    /// The agent's last words, cut to `run::Written::WORDS` characters.
    pub words: Option<String>,
    /// With which id a successor can resume.
    pub session: Option<String>,
}

impl AgentReport {
    /// Nothing was started, or nothing can be said of it.
    pub(crate) const fn unstarted(end: AgentEnd) -> Self {
        Self {
            end,
            info: None,
            tokens: Tokens { input: 0, output: 0, cache_read: 0, cache_write: 0 },
            cost_usd: Usd::ZERO,
            words: None,
            session: None,
        }
    }

    /// The same as the last event.
    pub(crate) fn event(&self) -> AgentEvent {
        AgentEvent::Finished {
            end: self.end.clone(),
            tokens: self.tokens,
            cost_usd: self.cost_usd,
            words: self.words.clone(),
        }
    }
}

/// What every step of this room returns.
type Result<T, E = AgentError> = std::result::Result<T, E>;

/// Our own machine failed; whatever the agent itself does wrong is an `AgentReport`.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub struct AgentError {
    pub doing: String,
    #[source]
    pub source: std::io::Error,
}

impl AgentError {
    /// For `map_err`: what we were doing when it went wrong.
    pub(crate) fn when(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |source| Self { doing, source }
    }
}

/// Something that writes code.
pub trait Agent: Send + Sync {
    /// Works until the end, the stop or the time-out; afterwards nothing of it is left running.
    fn work<'a>(
        &'a self,
        assignment: &'a Assignment,
        events: mpsc::Sender<AgentEvent>,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<AgentReport>>;
}
