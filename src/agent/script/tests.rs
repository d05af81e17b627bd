//! Tests of the script agent: what it may print, and how its work ends.

use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Script;
use crate::agent::{Agent, AgentEvent, AgentReport, Assignment, ModelAccess, Session};
use crate::run::{AgentEnd, Trouble, Usd};
use crate::sandbox::{self, Sandbox};

async fn run(command: &str) -> (AgentReport, Vec<AgentEvent>, TempDir) {
    run_for(command, Duration::from_secs(30), &CancellationToken::new()).await
}

async fn run_for(
    command: &str,
    timeout: Duration,
    stop: &CancellationToken,
) -> (AgentReport, Vec<AgentEvent>, TempDir) {
    run_in(sandbox::for_tests().await, command, timeout, stop).await
}

async fn run_in(
    sandbox: Sandbox,
    command: &str,
    timeout: Duration,
    stop: &CancellationToken,
) -> (AgentReport, Vec<AgentEvent>, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let (worktree, home, log) =
        (folder.path().join("work"), folder.path().join("home"), folder.path().join("agent.jsonl"));
    std::fs::create_dir_all(&worktree).expect("made");
    let (prompt, session) = ("Write a file.".to_owned(), Session::New(Uuid::new_v4()));
    let assignment = Assignment {
        env: Vec::new(),
        tools: crate::agent::Tools::All,
        worktree,
        home,
        log,
        prompt,
        session,
        model: None,
        budget_left: None,
        timeout,
    };
    let socket = folder.path().join("model.sock");
    let _model = std::os::unix::net::UnixListener::bind(&socket).expect("bound");
    let access = ModelAccess { socket, token: "none".into() };
    let script = Script { command: command.to_owned(), access, sandbox };
    let (tell, mut told) = mpsc::channel(100);
    let report = script.work(&assignment, tell, stop).await.expect("a report");
    let mut events = Vec::new();
    told.recv_many(&mut events, 100).await;
    (report, events, folder)
}

fn why(report: &AgentReport) -> &str {
    if let AgentEnd::Failed { why, .. } = &report.end { why } else { "" }
}

#[tokio::test]
async fn the_prompt_comes_in_and_files_stay() {
    let (report, events, folder) = run("cat > prompt.txt; echo working").await;
    assert_eq!(report.end, AgentEnd::Finished);
    assert_eq!(
        std::fs::read_to_string(folder.path().join("work/prompt.txt")).expect("written"),
        "Write a file."
    );
    assert_eq!(events, [AgentEvent::Text { text: "working".into() }, report.event()]);
}

#[tokio::test]
async fn its_own_account_is_kept() {
    let command = r#"echo '{"type":"started","agent":{"name":"mine"}}'
        echo '{"type":"tool_started","id":"1","name":"Write","title":"Write a.txt"}'
        echo '{"type":"usage","tokens":{"output":7},"cost_usd":"0.5"}'
        echo '{"type":"from_the_future","x":1}'
        echo '{"type":"finished","end":"finished","words":"Done."}'; exit 3"#;
    let (report, events, _) = run(command).await;
    assert_eq!(
        (&report.end, report.tokens.output, report.cost_usd),
        (&AgentEnd::Finished, 7, Usd::from_nanos(500_000_000))
    );
    assert_eq!(
        (report.words.as_deref(), report.info.as_ref().map(|i| i.name.as_str())),
        (Some("Done."), Some("mine"))
    );
    assert_eq!(events.len(), 4);
}

#[tokio::test]
async fn a_failure_quotes_its_last_words() {
    let (report, _, _) = run("echo no compiler >&2; exit 3").await;
    assert_eq!(why(&report), "it ended with exit code 3: no compiler");
    let (report, _, _) =
        run(r#"echo '{"type":"finished","end":"failed","trouble":"model_busy","why":"529"}'"#)
            .await;
    assert_eq!(report.end, AgentEnd::Failed { trouble: Trouble::ModelBusy, why: "529".into() });
}

#[tokio::test]
async fn it_is_ended_by_a_stop_and_by_time() {
    let stop = CancellationToken::new();
    let (stopped, ()) = tokio::join!(run_for("sleep 60", Duration::from_secs(30), &stop), async {
        sleep(Duration::from_millis(500)).await;
        stop.cancel();
    });
    assert_eq!(stopped.0.end, AgentEnd::Stopped);
    let (report, _, _) =
        run_for("sleep 60", Duration::from_secs(1), &CancellationToken::new()).await;
    assert_eq!(why(&report), "it did not finish in 1 s");
}

#[tokio::test]
async fn without_a_box_nothing_that_it_left_in_the_background_goes_on() {
    for output in ["", ">/dev/null 2>&1"] {
        let beats = "while :; do echo x >> beat; sleep 0.02; done";
        let finished = r#"{"type":"finished","end":"finished"}"#;
        let command = format!(
            "({beats}) {output} & until test -e beat; do sleep 0.02; done; echo '{finished}'"
        );
        let (time, stop) = (Duration::from_secs(20), CancellationToken::new());
        let (report, _, folder) = run_in(Sandbox::None, &command, time, &stop).await;
        assert_eq!(report.end, AgentEnd::Finished, "{output}");
        let size = || std::fs::metadata(folder.path().join("work/beat")).expect("written").len();
        let before = size();
        sleep(Duration::from_millis(150)).await;
        assert_eq!(before, size(), "{output}");
    }
}
