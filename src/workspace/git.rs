//! The git program: how is it run?
//! It asks nobody, runs no hooks and has a timeout; the user's configuration counts only where their host must be reached.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::{Result, WorkspaceError};
use crate::sandbox;

/// Settings of every git, whatever a repository's own configuration says.
const SETTINGS: [&str; 7] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
];

/// Variables taken away where git inherits our environment: what points it at another repository, and our own secrets.
const REMOVED_VARIABLES: [&str; 22] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
    "DATABASE_URL",
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN",
    "ANTHROPIC_API_KEY",
];

/// One call of git.
pub(super) struct Git {
    command: Command,
    what: String,
    limit: Duration,
    input: Vec<u8>,
}

/// The output of one call of git.
pub(super) struct GitOutput {
    pub status: ExitStatus,
    pub out: Vec<u8>,
    pub err: String,
}

impl GitOutput {
    /// What it printed; any refusal is an error of the call `what`.
    pub fn success(self, what: &str) -> Result<Vec<u8>> {
        if self.status.success() { Ok(self.out) } else { Err(self.error(what)) }
    }

    pub fn error(&self, what: &str) -> WorkspaceError {
        WorkspaceError::Git { what: what.to_owned(), why: self.err.trim().to_owned() }
    }
}

impl Git {
    /// For a repository of ours: without configuration of the machine or of a user, in an empty environment.
    pub fn ours(git_dir: &Path) -> Self {
        let mut git = Self::new();
        git.command.env_clear().env("PATH", sandbox::search_path()).env("HOME", "/nonexistent");
        git.command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1");
        git.common().args(["-c", "safe.directory=*", "--git-dir"]).arg(git_dir);
        git
    }

    /// For a remote host: with the configuration, keys and proxies of the account we run as.
    pub fn reaching(git_dir: &Path) -> Self {
        let mut git = Self::new();
        for name in REMOVED_VARIABLES {
            git.command.env_remove(name);
        }
        git.common().arg("--git-dir").arg(git_dir);
        git
    }

    fn new() -> Self {
        Self {
            command: Command::new("git"),
            what: String::new(),
            limit: Duration::from_mins(2),
            input: vec![],
        }
    }

    fn common(&mut self) -> &mut Command {
        self.command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C").stdin(Stdio::null());
        self.command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .process_group(0);
        self.command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]))
    }

    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        for arg in args {
            if self.what.is_empty() {
                self.what = arg.as_ref().to_string_lossy().into_owned();
            }
            self.command.arg(arg);
        }
        self
    }

    /// On the files of `folder`, with an index of the caller's.
    pub fn on(mut self, folder: &Path, index: &Path) -> Self {
        self.command
            .current_dir(folder)
            .arg("--work-tree")
            .arg(folder)
            .env("GIT_INDEX_FILE", index);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn input(mut self, bytes: Vec<u8>) -> Self {
        self.command.stdin(Stdio::piped());
        self.input = bytes;
        self
    }

    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Its output; any refusal is an error.
    pub async fn bytes(self) -> Result<Vec<u8>> {
        let what = self.what.clone();
        self.output(u64::MAX).await?.success(&what)
    }

    /// The same as one line of text.
    pub async fn line(self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.bytes().await?).trim().to_owned())
    }

    /// The first `most` bytes of its output, and how it ended.
    pub async fn output(mut self, most: u64) -> Result<GitOutput> {
        let mut child = self.command.spawn().map_err(WorkspaceError::io("starting git"))?;
        let exchanged = timeout(self.limit, exchange(&mut child, &self.input, most)).await;
        if let Ok(output) = exchanged {
            return output.map_err(WorkspaceError::io(format!("talking to git {}", self.what)));
        }
        sandbox::end(&mut child).await;
        Err(WorkspaceError::Slow { what: self.what, seconds: self.limit.as_secs() })
    }
}

async fn exchange(child: &mut Child, input: &[u8], most: u64) -> std::io::Result<GitOutput> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let ((), out, err) =
        tokio::join!(write(stdin, input), read(stdout, most), read(stderr, 1 << 16));
    let status = child.wait().await?;
    Ok(GitOutput { status, out: out?, err: String::from_utf8_lossy(&err?).into_owned() })
}

async fn write(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        // It may end without reading everything; its exit code says whether that is bad.
        let _ = stdin.write_all(input).await;
    }
}

/// Dropping the pipe afterwards ends a git that has more to say.
async fn read(pipe: Option<impl AsyncRead + Unpin>, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![];
    if let Some(pipe) = pipe {
        pipe.take(most).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}
