//! How can any program be an agent?
//! A shell command in the box: the prompt on standard input, the event protocol on standard output. No network, no key.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::event::{Teller, failed, late};
use super::lines::{Lines, tail};
use super::{Agent, AgentError, AgentEvent, Assignment, Report};
use crate::run::{AgentEnd, AgentInfo, Tokens, Trouble, Usd, Written};
use crate::sandbox::{self, BoxSpec, Network, Sandbox};

/// From its last line to its end.
const GOODBYE: Duration = Duration::from_secs(10);

/// `agent = "script"`: any command that speaks [`AgentEvent`], or nothing at all.
///
/// It has done its work if it printed `{"type":"finished","end":"finished"}`, or printed no `finished` line and exited with 0.
#[derive(Clone, Debug)]
pub struct Script {
    /// For `sh -c`.
    pub command: String,
    pub sandbox: Sandbox,
}

impl Agent for Script {
    fn work<'a>(
        &'a self,
        assignment: &'a Assignment,
        events: mpsc::Sender<AgentEvent>,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Report, AgentError>> {
        self.whole(assignment, Teller(events), stop).boxed()
    }
}

impl Script {
    async fn whole(
        &self,
        a: &Assignment,
        teller: Teller,
        stop: &CancellationToken,
    ) -> Result<Report, AgentError> {
        if stop.is_cancelled() {
            return Ok(Report {
                end: AgentEnd::Stopped,
                info: None,
                tokens: Tokens::default(),
                cost_usd: Usd::ZERO,
                words: None,
                session: None,
            });
        }
        let mut child = self.start(a).await?;
        let stderr = tokio::spawn(tail(child.stderr.take().expect("piped")));
        let mut hearing = Hearing::of(&mut child, a, teller.clone()).await?;
        let stdin = child.stdin.take().expect("piped");
        let outcome = tokio::select! {
            heard = async { tokio::join!(tell(stdin, &a.prompt), hearing.listen()).1 } => heard.map(|()| None),
            () = stop.cancelled() => Ok(Some(AgentEnd::Stopped)),
            () = sleep(a.timeout) => Ok(Some(late(a.timeout))),
        };
        let code = if matches!(outcome, Ok(None)) {
            timeout(GOODBYE, child.wait()).await.ok().and_then(Result::ok)
        } else {
            None
        };
        sandbox::end(&mut child).await;
        let stderr = timeout(Duration::from_secs(1), stderr)
            .await
            .ok()
            .and_then(Result::ok)
            .unwrap_or_default();
        let _ = hearing.log.flush().await;
        let report = hearing.report(outcome?, code.and_then(|status| status.code()), &stderr);
        teller.tell(vec![report.event()]);
        Ok(report)
    }

    async fn start(&self, a: &Assignment) -> Result<Child, AgentError> {
        tokio::fs::create_dir_all(&a.home)
            .await
            .map_err(AgentError::when(format!("making {}", a.home.display())))?;
        let (work, home) = (a.worktree.clone(), a.home.clone());
        let spec = BoxSpec {
            work,
            home,
            read_only: Vec::new(),
            sockets: Vec::new(),
            env: Vec::new(),
            network: Network::Closed,
        };
        let mut command = self.sandbox.command(&spec, Path::new("/bin/sh"), &["-c", &self.command]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(AgentError::when("starting the script agent"))
    }
}

/// A script need not read its prompt.
async fn tell(mut stdin: ChildStdin, prompt: &str) {
    let _ = stdin.write_all(prompt.as_bytes()).await;
}

/// What it said so far.
struct Hearing {
    lines: Lines<ChildStdout>,
    log: File,
    teller: Teller,
    info: Option<AgentInfo>,
    session: Option<String>,
    tokens: Tokens,
    cost_usd: Usd,
    end: Option<AgentEnd>,
    words: Option<String>,
}

impl Hearing {
    async fn of(child: &mut Child, a: &Assignment, teller: Teller) -> Result<Self, AgentError> {
        let log = OpenOptions::new().create(true).append(true).open(&a.log).await;
        let log = log.map_err(AgentError::when(format!("opening {}", a.log.display())))?;
        let lines = Lines::new(child.stdout.take().expect("piped"));
        Ok(Self {
            lines,
            log,
            teller,
            info: None,
            session: None,
            tokens: Tokens::default(),
            cost_usd: Usd::ZERO,
            end: None,
            words: None,
        })
    }

    async fn listen(&mut self) -> Result<(), AgentError> {
        while let Some(mut line) =
            self.lines.next().await.map_err(AgentError::when("reading the agent's output"))?
        {
            let event = understand(&String::from_utf8_lossy(&line));
            line.push(b'\n');
            self.log.write_all(&line).await.map_err(AgentError::when("writing the agent's log"))?;
            if let Some(event) = event {
                self.note(event);
            }
        }
        Ok(())
    }

    fn note(&mut self, event: AgentEvent) {
        match &event {
            AgentEvent::Started { session, agent } => {
                (self.session, self.info) = (session.clone(), Some(agent.clone()));
            }
            AgentEvent::Usage { tokens, cost_usd } => {
                (self.tokens, self.cost_usd) = (*tokens, *cost_usd);
            }
            AgentEvent::Finished { end, tokens, cost_usd, words } => {
                self.end = Some(end.clone());
                // A script that told its usage before need not repeat it.
                if tokens.total() > 0 {
                    self.tokens = *tokens;
                }
                self.cost_usd = self.cost_usd.max(*cost_usd);
                self.words.clone_from(words);
                // Told by us, once, when it has really ended.
                return;
            }
            _ => {}
        }
        self.teller.tell(vec![event]);
    }

    fn report(self, ours: Option<AgentEnd>, code: Option<i32>, stderr: &str) -> Report {
        let last = stderr
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty())
            .unwrap_or("it said nothing on standard error");
        let end = match (ours, self.end, code) {
            (_, Some(AgentEnd::Finished), _) | (None, None, Some(0)) => AgentEnd::Finished,
            (Some(ours), _, _) => ours,
            (None, Some(end @ AgentEnd::Failed { .. }), _) => end,
            (None, Some(AgentEnd::Stopped), _) => failed(Trouble::Agent, "it stopped by itself"),
            (None, None, Some(code)) => {
                failed(Trouble::Agent, &format!("it ended with exit code {code}: {last}"))
            }
            (None, None, None) => failed(Trouble::Agent, &format!("it was killed: {last}")),
        };
        let words = self.words.map(|words| words.trim().chars().take(Written::WORDS).collect());
        Report {
            end,
            info: self.info,
            tokens: self.tokens,
            cost_usd: self.cost_usd,
            words,
            session: self.session,
        }
    }
}

/// An event, plain text, or nothing: objects of a kind we do not know may be from a newer protocol.
fn understand(line: &str) -> Option<AgentEvent> {
    const KINDS: [&str; 8] = [
        "started",
        "text",
        "tool_started",
        "tool_ended",
        "usage",
        "retrying",
        "denied",
        "finished",
    ];
    let as_text = || (!line.trim().is_empty()).then(|| AgentEvent::Text { text: line.to_owned() });
    let Ok(object @ Value::Object(_)) = serde_json::from_str::<Value>(line) else {
        return as_text();
    };
    match object["type"].as_str() {
        Some(kind) if KINDS.contains(&kind) => serde_json::from_value(object).ok().or_else(as_text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;
    use uuid::Uuid;

    use super::*;
    use crate::agent::Session;

    async fn run(command: &str) -> (Report, Vec<AgentEvent>, TempDir) {
        run_for(command, Duration::from_secs(30), &CancellationToken::new()).await
    }

    async fn run_for(
        command: &str,
        timeout: Duration,
        stop: &CancellationToken,
    ) -> (Report, Vec<AgentEvent>, TempDir) {
        let folder = TempDir::new().expect("a folder");
        let (worktree, home, log) = (
            folder.path().join("work"),
            folder.path().join("home"),
            folder.path().join("agent.jsonl"),
        );
        std::fs::create_dir_all(&worktree).expect("made");
        let (prompt, session) = ("Write a file.".to_owned(), Session::New(Uuid::new_v4()));
        let assignment = Assignment {
            worktree,
            home,
            log,
            prompt,
            session,
            model: None,
            budget_left: None,
            timeout,
        };
        let script = Script { command: command.to_owned(), sandbox: sandbox::for_tests().await };
        let (tell, mut told) = mpsc::channel(100);
        let report = script.work(&assignment, tell, stop).await.expect("a report");
        let mut events = Vec::new();
        told.recv_many(&mut events, 100).await;
        (report, events, folder)
    }

    fn why(report: &Report) -> &str {
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
        let (stopped, ()) =
            tokio::join!(run_for("sleep 60", Duration::from_secs(30), &stop), async {
                sleep(Duration::from_millis(500)).await;
                stop.cancel();
            });
        assert_eq!(stopped.0.end, AgentEnd::Stopped);
        let (report, _, _) =
            run_for("sleep 60", Duration::from_secs(1), &CancellationToken::new()).await;
        assert_eq!(why(&report), "it did not finish in 1 s");
    }
}
