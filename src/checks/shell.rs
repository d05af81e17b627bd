//! How does one command run?
//! In the box, with its output into the log, until it ends, takes too long or is stopped; nothing of it stays.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::log::Log;
use crate::sandbox::{self, BoxSpec, Network, Sandbox};

/// Without a box a forgotten background program may hold the output open; the command itself has ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How the commands ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Good,
    /// No code where a signal killed it.
    Failed {
        command: String,
        code: Option<i32>,
    },
    Slow,
    Stopped,
}

/// What all commands of one kind share.
#[derive(Clone, Copy)]
pub(super) struct Shell<'a> {
    pub network: Network,
    pub deadline: Instant,
    pub stop: &'a CancellationToken,
}

impl Shell<'_> {
    pub async fn run(
        self,
        sandbox: &Sandbox,
        place: &BoxSpec,
        command: &str,
        log: &mut Log,
    ) -> anyhow::Result<Ending> {
        // One pipe for both, so that the log has them in the order they were said.
        let mut shell =
            sandbox.command(place, Path::new("sh"), &["-c", "exec sh -c \"$0\" 2>&1", command]);
        let mut child = shell
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting `{command}`"))?;
        let group = child.id();
        let out = child.stdout.take().context("a command without output")?;
        let ended = tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Ending::Stopped),
            () = sleep_until(self.deadline) => Err(Ending::Slow),
            status = listen(&mut child, out, log) => Ok(status?),
        };
        let ending = match ended {
            Ok(status) if status.success() => Ending::Good,
            Ok(status) => Ending::Failed { command: command.to_owned(), code: status.code() },
            Err(cut_short) => {
                sandbox::end(&mut child).await;
                cut_short
            }
        };
        if let Some(group) = group {
            sandbox::sweep(group);
        }
        Ok(ending)
    }
}

async fn listen(
    child: &mut Child,
    mut out: ChildStdout,
    log: &mut Log,
) -> anyhow::Result<ExitStatus> {
    let status = tokio::select! {
        status = child.wait() => status?,
        copied = copy(&mut out, log) => {
            copied?;
            return Ok(child.wait().await?);
        }
    };
    if let Ok(copied) = timeout(LAST_WORDS, copy(&mut out, log)).await {
        copied?;
    }
    Ok(status)
}

async fn copy(out: &mut ChildStdout, log: &mut Log) -> anyhow::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match out.read(&mut buffer).await.context("listening to a command")? {
            0 => return Ok(()),
            read => log.write(&buffer[..read])?,
        }
    }
}
