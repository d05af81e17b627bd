//! The setup of a stage, alone: can the code be set up at all?
//! Asked before an agent is paid; and of what an attempt started from, where setup fails after it: then it is known whose fault that is.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::log::Log;
use super::shell::{CommandEnd, Shell};
use super::{CheckSpec, SetUp, set_up, verdict};
use crate::run::Stage;
use crate::sandbox::Network;

/// How a setup went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupEnd {
    Good,
    Failed(SetupFailure),
    Stopped,
}

/// What a setup that failed said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetupFailure {
    /// The command, how it ended, and its last line.
    pub why: String,
    /// The end of its log; at most `Checked::FEEDBACK` bytes.
    pub feedback: String,
    /// A host that it may reach and that did not answer, in words: then it may be nobody's fault here.
    pub unreachable: Option<String>,
}

/// Runs the stage's setup and nothing else. An error is our fault, as in `check`.
pub async fn try_setup(spec: CheckSpec<'_>, stop: &CancellationToken) -> anyhow::Result<SetupEnd> {
    let mut log = spec.make_log_and_home()?;
    let deadline = Instant::now() + Duration::from_secs(spec.stage.timeout_seconds);
    let shell = Shell { network: &Network::Closed, deadline, stop };
    let SetUp { end, unreachable } = set_up(spec, shell, &mut log).await?;
    Ok(match end {
        CommandEnd::Good => SetupEnd::Good,
        CommandEnd::Stopped => SetupEnd::Stopped,
        failed => {
            let failure = SetupFailure::of(spec.stage, &failed, &log);
            SetupEnd::Failed(SetupFailure { unreachable, ..failure })
        }
    })
}

impl SetupFailure {
    pub(super) fn of(stage: &Stage, end: &CommandEnd, log: &Log) -> Self {
        let why = verdict::why_setup_failed(stage, end, log);
        let feedback = verdict::feedback(&why, &[], &log.tail());
        Self { why, feedback, unreachable: None }
    }
}
