//! Tests with the real CLI: does it do in the box what we think?
//! Skipped where there is no `claude` on the search path, nor named by `SIGNOFF_TEST_CLAUDE`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::ClaudeCode;
use crate::agent::rehearsal::{Scenario, serve};
use crate::agent::{Agent, AgentEvent, AgentReport, Assignment, ModelAccess, Session};
use crate::run::{AgentEnd, Tokens, Trouble, Usd};
use crate::sandbox;

const PLAY: &str = r"
model = 'claude-sonnet-4-5'
[[scene]]
name = 'short'
prompt = 'Stage: short'
turn = [
    { write = [{ file = 'a.js', text = '1' }], usage = { input = 4, output = 310, cache_read = 9000, cache_write = 2100 } },
    { edit = [{ file = 'a.js', old = '1', new = '2' }], run = ['test ! -e /etc/hostname && echo boxed > boxed.txt'] },
    { text = 'All done.' },
]
[[scene]]
name = 'long'
prompt = 'Stage: long'
turn = [
    { write = [{ file = 'a.js', text = '1' }] },
    { run = ['test -e second.txt && echo done > done.txt || { touch second.txt; sleep 60; }'] },
    { edit = [{ file = 'a.js', old = '1', new = '2' }] },
    { text = 'All done.' },
]
[[scene]]
name = 'refused'
prompt = 'Stage: refused'
turn = [{ text = 'Hi', fault = { status = 401, times = 99 } }]
";

/// Folders, a model and the CLI: everything an attempt needs.
struct RealCli {
    folder: TempDir,
    agent: ClaudeCode,
    assignment: Assignment,
}

impl RealCli {
    async fn with(prompt: &str) -> Option<Self> {
        let program = claude()?;
        let folder = TempDir::new().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("work")).expect("made");
        let socket = path("model.sock");
        let scenario = Arc::new(Scenario::parse("play.toml", PLAY).expect("a scenario"));
        tokio::spawn(serve(UnixListener::bind(&socket).expect("bound"), scenario));
        let agent = ClaudeCode {
            program,
            access: ModelAccess { socket, token: "none".into() },
            sandbox: sandbox::for_tests().await,
        };
        let model = Some("claude-sonnet-4-5".to_owned());
        let (session, timeout) = (Session::New(Uuid::new_v4()), Duration::from_mins(1));
        let (worktree, home, log, prompt) =
            (path("work"), path("home"), path("agent.jsonl"), prompt.to_owned());
        let assignment = Assignment {
            worktree,
            home,
            log,
            prompt,
            session,
            model,
            budget_left: None,
            timeout,
            env: Vec::new(),
            tools: crate::agent::Tools::All,
        };
        Some(Self { folder, agent, assignment })
    }

    async fn works(&self, stop: &CancellationToken) -> (AgentReport, Vec<AgentEvent>) {
        let (tell, mut told) = mpsc::channel(1000);
        let report = self.agent.work(&self.assignment, tell, stop).await.expect("a report");
        let mut events = Vec::new();
        told.recv_many(&mut events, 1000).await;
        (report, events)
    }

    /// Works until the long command runs; then the worker is gone, and the box with it.
    async fn is_cut_off(&self) {
        let (tell, mut told) = mpsc::channel(1000);
        let stop = CancellationToken::new();
        tokio::select! {
            _ = self.agent.work(&self.assignment, tell, &stop) => panic!("it should sleep"),
            () = long_command(&mut told) => {}
        }
    }

    fn file(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join("work").join(name)).ok()
    }
}

async fn long_command(told: &mut mpsc::Receiver<AgentEvent>) {
    while let Some(event) = told.recv().await {
        if matches!(&event, AgentEvent::ToolStarted { name, .. } if name == "Bash") {
            // The command itself starts a moment after the CLI says so.
            tokio::time::sleep(Duration::from_millis(300)).await;
            return;
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is a door: which CLI is on this machine is nobody's configuration"
)]
fn claude() -> Option<PathBuf> {
    let named = std::env::var_os("SIGNOFF_TEST_CLAUDE").map(PathBuf::from);
    named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        let mut programs = std::env::split_paths(&path).map(|folder| folder.join("claude"));
        programs.find(|program| program.is_file())
    })
}

#[tokio::test]
async fn the_cli_writes_what_the_rehearsal_says() {
    let Some(cli) = RealCli::with("Stage: short").await else { return };
    let (report, events) = cli.works(&CancellationToken::new()).await;
    let tokens = Tokens { input: 4, output: 310, cache_read: 9_000, cache_write: 2_100 };
    assert_eq!(
        (&report.end, report.tokens, report.cost_usd),
        (&AgentEnd::Finished, tokens, Usd::from_nanos(15_237_000))
    );
    assert_eq!(
        (cli.file("a.js").as_deref(), report.words.as_deref()),
        (Some("2"), Some("All done."))
    );
    let steps: Vec<&str> = events
        .iter()
        .filter_map(|e| {
            if let AgentEvent::ToolStarted { title, .. } = e { Some(title.as_str()) } else { None }
        })
        .collect();
    assert_eq!(steps[..2], ["Write a.js", "Edit a.js"]);
    assert_eq!(events.last(), Some(&report.event()));
    assert!(
        std::fs::read_to_string(&cli.assignment.log)
            .expect("a log")
            .contains("\"type\":\"result\"")
    );
}

#[tokio::test]
async fn a_stop_ends_it_soon() {
    let Some(cli) = RealCli::with("Stage: long").await else { return };
    let stop = CancellationToken::new();
    let (tell, mut told) = mpsc::channel(1000);
    let watch = async {
        long_command(&mut told).await;
        stop.cancel();
        Instant::now()
    };
    let (report, stopped) = tokio::join!(cli.agent.work(&cli.assignment, tell, &stop), watch);
    assert_eq!(report.expect("a report").end, AgentEnd::Stopped);
    assert!(stopped.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn a_successor_finishes_what_a_lost_worker_began() {
    let Some(mut cli) = RealCli::with("Stage: long").await else { return };
    cli.is_cut_off().await;
    let Session::New(id) = cli.assignment.session else { unreachable!("it is new") };
    cli.assignment.session = Session::Resume(id);
    let (report, _) = cli.works(&CancellationToken::new()).await;
    assert_eq!((report.end, report.session), (AgentEnd::Finished, Some(id.to_string())));
    assert_eq!(
        (cli.file("a.js").as_deref(), cli.file("done.txt").as_deref()),
        (Some("2"), Some("done\n"))
    );
}

#[tokio::test]
async fn a_lost_transcript_means_a_new_start() {
    let Some(mut cli) = RealCli::with("Stage: short").await else { return };
    cli.assignment.session = Session::Resume(Uuid::new_v4());
    assert_eq!(cli.works(&CancellationToken::new()).await.0.end, AgentEnd::Finished);
}

#[tokio::test]
async fn a_refused_key_is_not_tried_for_minutes() {
    let Some(cli) = RealCli::with("Stage: refused").await else { return };
    let began = Instant::now();
    let (report, _) = cli.works(&CancellationToken::new()).await;
    assert!(
        matches!(report.end, AgentEnd::Failed { trouble: Trouble::SignIn, .. }),
        "{:?}",
        report.end
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}
