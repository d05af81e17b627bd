//! The shell of the checks: how does one command run?
//! In the box, with its output in the log, until it ends, is too slow or is stopped; nothing of it is left running.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::log::Log;
use crate::sandbox::{self, BoxSpec, Boxed, Exceeded, Network, Sandbox};

/// Without a box a forgotten background program may hold the output open; the command itself has ended.
const OUTPUT_TIMEOUT: Duration = Duration::from_millis(500);

/// What helps where a box may use too little.
const MORE: &str = "How much it may is set under [box] in signoff.toml";

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CommandEnd {
    Good,
    /// No code where a signal killed it.
    Failed {
        command: String,
        code: Option<i32>,
    },
    /// Its box used more of this than it may.
    Exceeded {
        command: String,
        exceeded: Exceeded,
    },
    /// It was not started; why, for people.
    Refused(String),
    Slow,
    Stopped,
}

/// What all commands of one kind share.
#[derive(Clone, Copy)]
pub(super) struct Shell<'a> {
    pub network: &'a Network,
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
    ) -> anyhow::Result<CommandEnd> {
        let mut started = start(sandbox, place, command)?;
        let group = started.child.id();
        let end = self.wait(&mut started, command, log).await?;
        if let Some(group) = group {
            sandbox::sweep(group);
        }
        if let CommandEnd::Exceeded { exceeded, .. } = &end {
            log.write(format!("signoff: ended: {exceeded}. {MORE}\n").as_bytes())?;
        }
        Ok(end)
    }

    async fn wait(
        self,
        started: &mut Boxed,
        command: &str,
        log: &mut Log,
    ) -> anyhow::Result<CommandEnd> {
        let Boxed { child, limits } = started;
        let out = child.stdout.take().context("a command without output")?;
        let used_too_much =
            |exceeded| CommandEnd::Exceeded { command: command.to_owned(), exceeded };
        let cut_short = tokio::select! {
            biased;
            () = self.stop.cancelled() => CommandEnd::Stopped,
            () = sleep_until(self.deadline) => CommandEnd::Slow,
            exceeded = limits.exceeded() => used_too_much(exceeded),
            status = listen(child, out, log) => {
                let end = CommandEnd::of(command, status?);
                return Ok(limits.exceeded_before_its_end().map_or(end, used_too_much));
            }
        };
        sandbox::end(child).await;
        Ok(cut_short)
    }
}

impl CommandEnd {
    fn of(command: &str, status: ExitStatus) -> Self {
        if status.success() {
            Self::Good
        } else {
            Self::Failed { command: command.to_owned(), code: status.code() }
        }
    }
}

fn start(sandbox: &Sandbox, place: &BoxSpec, command: &str) -> anyhow::Result<Boxed> {
    // One pipe for both, so that the log has them in the order they were said.
    let words = ["-c", "exec sh -c \"$0\" 2>&1", command];
    let mut shell = sandbox.command(place, Path::new("sh"), &words);
    shell.command.stdout(Stdio::piped()).stderr(Stdio::null());
    shell.spawn().with_context(|| format!("starting `{command}`"))
}

/// Its exit status. What it prints goes into the log until it ends.
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
    if let Ok(copied) = timeout(OUTPUT_TIMEOUT, copy(&mut out, log)).await {
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
