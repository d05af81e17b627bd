//! The git program: how is it run?
//! It asks nobody, runs no hooks and has a timeout; the user's configuration counts only where their host must be reached.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::repository::is_here;
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

/// What a git that reaches a repository sees of our own environment. Hooks of a repository on this machine see it too.
const PASSED_ON: [&str; 15] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "TZ",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
];

/// What it sees besides where the repository is on another host: how to get there, whom to trust, and who we are.
const PASSED_ON_TO_HOSTS: [&str; 26] = [
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "SSH_ASKPASS",
    "SSH_ASKPASS_REQUIRE",
    "GIT_ASKPASS",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GITLAB_TOKEN",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
];

/// ssh asks for a passphrase, and whether to trust a host, at the terminal that we were started from. A git of ours is not in the foreground
/// there: its ssh would be stopped and never say why. One that asks a program instead, and hears nothing, says so at once.
const NOBODY_TO_ASK: [(&str, &str); 2] =
    [("SSH_ASKPASS", "false"), ("SSH_ASKPASS_REQUIRE", "force")];

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

/// Complaints of git that are about this machine or the shadow repository, whatever files it was given.
const OURS: [&str; 9] = [
    ".lock': File exists",
    "unable to create temporary file",
    "insufficient permission for adding an object",
    "unable to write",
    "Input/output error",
    "Cannot allocate memory",
    "out of memory",
    "Too many open files",
    "not a git repository",
];

fn is_ours(complaint: &str) -> bool {
    OURS.iter().any(|sign| complaint.contains(sign))
}

/// The first complaints: they name files. The rest says that they are complaints.
fn complaints(text: &str) -> String {
    let said = |line: &'_ str| {
        let said = line.strip_prefix("error: ").or_else(|| line.strip_prefix("fatal: "))?;
        (said != "adding files failed").then(|| said.to_owned())
    };
    let first: Vec<String> = text.lines().filter_map(said).take(3).collect();
    if first.is_empty() { text.trim().to_owned() } else { first.join("; ") }
}

impl GitOutput {
    /// What it printed; any refusal is an error of the call `what`.
    pub fn success(self, what: &str) -> Result<Vec<u8>> {
        if self.status.success() { Ok(self.out) } else { Err(self.error(what)) }
    }

    /// The same, of a call that reads what an agent left.
    pub fn about_the_work(self, what: &str) -> Result<Vec<u8>> {
        if self.status.success() { Ok(self.out) } else { Err(self.refusal(what)) }
    }

    pub fn error(&self, what: &str) -> WorkspaceError {
        WorkspaceError::git(what, &self.err)
    }

    /// The error of a call that reads what an agent left: what git says against that is about the work.
    pub fn refusal(&self, what: &str) -> WorkspaceError {
        match self.error(what) {
            WorkspaceError::Git { why, .. } if self.status.code().is_some() && !is_ours(&why) => {
                WorkspaceError::Unkeepable { why: complaints(&why) }
            }
            other => other,
        }
    }
}

impl Git {
    /// For a repository of ours: without configuration of the machine or of a user, in an empty environment.
    pub fn ours(git_dir: &Path) -> Self {
        let path = sandbox::search_path();
        // By its path: a name with another PATH is looked for in a copy of this whole process, each time.
        let program = sandbox::on_path(&path, "git").unwrap_or_else(|| "git".into());
        let mut git = Self::new(program.as_os_str());
        git.command.env_clear().env("PATH", path).env("HOME", "/nonexistent");
        git.command
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1");
        git.common().args(["-c", "safe.directory=*", "--git-dir"]).arg(git_dir);
        git
    }

    /// For the project's repository: with the configuration of the account we run as, and its keys and proxies where the
    /// repository is on another host.
    pub fn reaching(repository: &str, git_dir: &Path) -> Self {
        let mut git = Self::of_our_account(repository);
        git.command.arg("--git-dir").arg(git_dir);
        git
    }

    /// The same, in no repository of ours.
    pub fn reaching_from_nowhere(repository: &str) -> Self {
        let mut git = Self::of_our_account(repository);
        git.command.current_dir("/");
        git
    }

    /// In a person's clone that `folder` is in, as they would type it there.
    pub fn in_clone(folder: &Path, repository: &str) -> Self {
        let mut git = Self::of_our_account(repository);
        git.command.current_dir(folder);
        git
    }

    fn of_our_account(repository: &str) -> Self {
        let mut git = Self::new("git".as_ref());
        git.command.env_clear();
        let to_hosts = if is_here(repository) {
            &[][..]
        } else {
            git.command.envs(NOBODY_TO_ASK);
            &PASSED_ON_TO_HOSTS
        };
        for name in PASSED_ON.iter().chain(to_hosts) {
            if let Some(value) = from_this_process(name) {
                git.command.env(name, value);
            }
        }
        git.common();
        git
    }

    fn new(program: &OsStr) -> Self {
        Self {
            command: Command::new(program),
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

#[expect(
    clippy::disallowed_methods,
    reason = "what of our own environment a git sees is this file's question, and none of it is configuration of ours"
)]
fn from_this_process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ssh_finds_nobody_to_ask_unless_somebody_named_a_program() {
        let git = Git::reaching_from_nowhere("git@git.example:a.git");
        let asks = |name: &str| {
            let set = git.command.as_std().get_envs().find(|(key, _)| *key == name);
            set.and_then(|(_, value)| value.map(OsStr::to_owned))
        };
        for (name, nobody) in NOBODY_TO_ASK {
            assert_eq!(asks(name), from_this_process(name).or_else(|| Some(nobody.into())));
        }
    }
}
