//! The command line of Claude Code: with which flags and environment does it run?
//! It never reads a checkout's settings (hooks, key helpers, redirects would run), and it may do all within the box.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::fs;
use uuid::Uuid;

use super::{ClaudeCode, Launch, instructions};
use crate::agent::{AgentError, Assignment, Result, Session, Tools};
use crate::files;
use crate::sandbox::{BoxSpec, Boxed, Network};

/// Compared with what the CLI says it took: some modes change silently.
pub(super) const PERMISSIONS: &str = "bypassPermissions";
const INSIDE_PROGRAM: &str = "/opt/claude";
const INSIDE_HOME: &str = "/home/agent";
const TMP: &str = "tmp";
/// Its owner may do all there.
const OWNER: u32 = 0o700;

const ALL_TOOLS: &str = "Bash,Edit,Read,Write,Grep,Glob";
const READ_ONLY_TOOLS: &str = "Read,Grep,Glob";

const FLAGS: [&str; 12] = [
    "-p",
    "--input-format",
    "stream-json",
    "--output-format",
    "stream-json",
    "--verbose",
    "--include-partial-messages",
    "--setting-sources",
    "",
    "--strict-mcp-config",
    "--permission-mode",
    PERMISSIONS,
];

const ENVIRONMENT: [(&str, &str); 10] = [
    ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
    ("DISABLE_TELEMETRY", "1"),
    ("DISABLE_AUTOUPDATER", "1"),
    // Else a shell it left behind would keep the process alive after its result.
    ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1"),
    // Long waits are for the workflow, which survives crashes.
    ("CLAUDE_CODE_MAX_RETRIES", "3"),
    ("CLAUDE_CODE_STARTUP_FAILURE_RESULTS", "1"),
    ("API_TIMEOUT_MS", "300000"),
    ("CLAUDE_ENABLE_BYTE_WATCHDOG", "1"),
    ("CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS", "60000"),
    // Without it, the CLI refuses to bypass permissions as root.
    ("IS_SANDBOX", "1"),
];

impl ClaudeCode {
    pub(super) async fn start(&self, launch: &Launch<'_>) -> Result<Boxed> {
        make_home(&launch.assignment.home).await?;
        let args = self.arguments(launch).await?;
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let program = self.sandbox.inside(&self.binary(), Path::new(INSIDE_PROGRAM));
        let mut confined = self.sandbox.command(&self.box_spec(launch.assignment), &program, &args);
        confined.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        confined.spawn().map_err(AgentError::when(format!("starting {}", self.program.display())))
    }

    async fn arguments(&self, launch: &Launch<'_>) -> Result<Vec<String>> {
        let a = launch.assignment;
        let instructions = instructions::write(&a.worktree, &a.home).await?;
        let outside = a.home.join(&instructions);
        let inside = self.sandbox.inside(&outside, &Path::new(INSIDE_HOME).join(&instructions));
        let mut args: Vec<String> = FLAGS.map(str::to_owned).into();
        let tools = match a.tools {
            Tools::All => ALL_TOOLS,
            Tools::ReadOnly => READ_ONLY_TOOLS,
        };
        args.extend(["--tools", tools].map(str::to_owned));
        args.extend(["--append-system-prompt-file".to_owned(), inside.display().to_string()]);
        args.extend(flags_of(launch));
        Ok(args)
    }

    /// The program itself, where the path is a link: only its target is visible in the box.
    fn binary(&self) -> PathBuf {
        self.program.canonicalize().unwrap_or_else(|_| self.program.clone())
    }

    fn box_spec(&self, a: &Assignment) -> BoxSpec {
        BoxSpec {
            work: a.worktree.clone(),
            home: a.home.clone(),
            read_only: vec![(self.binary(), PathBuf::from(INSIDE_PROGRAM))],
            sockets: vec![self.access.mount()],
            env: a.env.iter().cloned().chain(self.environment(&a.home)).collect(),
            network: Network::Closed,
        }
    }

    fn environment(&self, home: &Path) -> Vec<(String, String)> {
        let home = self.sandbox.inside(home, Path::new(INSIDE_HOME));
        let tmp = ("CLAUDE_CODE_TMPDIR", home.join(TMP).display().to_string());
        let fixed = ENVIRONMENT.map(|(name, value)| (name, value.to_owned()));
        let access = self.access.variables(&self.sandbox);
        let all = fixed.into_iter().chain([tmp]).chain(access);
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// A HOME that can be written, whatever an agent that goes on in it has made of it.
async fn make_home(home: &Path) -> Result<()> {
    let making = async {
        make_folder(home).await?;
        make_folder(&home.join(TMP)).await
    };
    making.await.map_err(AgentError::when(format!("making {}", home.display())))
}

/// In place of whatever else has its name.
async fn make_folder(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path).await.is_ok_and(|found| !found.is_dir()) {
        files::remove(path).await?;
    }
    fs::create_dir_all(path).await?;
    let mode = fs::metadata(path).await?.permissions().mode();
    if mode & OWNER == OWNER {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode | OWNER)).await
}

fn flags_of(launch: &Launch<'_>) -> Vec<String> {
    let (flag, id) = match launch.session {
        Session::New(id) => ("--session-id", id),
        Session::Resume(id) => ("--resume", id),
    };
    let mut args = vec![flag.to_owned(), id.to_string()];
    if let Some(model) = &launch.assignment.model {
        args.extend(["--model".to_owned(), model.clone()]);
    }
    args
}

/// Whether the CLI kept a conversation: `<home>/.claude/projects/<folder's name>/<id>.jsonl`.
pub(super) async fn has_transcript(home: &Path, id: Uuid) -> bool {
    let Ok(mut projects) = fs::read_dir(home.join(ClaudeCode::CONVERSATIONS)).await else {
        return false;
    };
    while let Ok(Some(project)) = projects.next_entry().await {
        let transcript = project.path().join(format!("{id}.jsonl"));
        if fs::metadata(transcript).await.is_ok_and(|file| file.len() > 0) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_home_is_made_again_whatever_was_left_in_it() {
        let root = tempfile::tempdir().expect("a folder");
        let (home, session) = (root.path().join("home"), Uuid::from_u128(7));
        let project = home.join(ClaudeCode::CONVERSATIONS).join("-work");
        std::fs::create_dir_all(&project).expect("made");
        std::fs::write(project.join(format!("{session}.jsonl")), "{}\n").expect("written");
        std::fs::write(home.join(TMP), "").expect("written");
        std::fs::set_permissions(&home, Permissions::from_mode(0o555)).expect("locked");
        make_home(&home).await.expect("made again");
        assert!(home.join(TMP).is_dir() && has_transcript(&home, session).await);
        let mode = std::fs::metadata(&home).expect("a folder").permissions().mode();
        assert_eq!(mode & OWNER, OWNER);
    }
}
