//! A run as people see it, and as its worker keeps it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use signoff::run::{Decision, OpenGate, RequestId, Run, RunId, Verdict, Via};
use tokio::process::Command;

use super::{World, wait};
use crate::world::slack::{FakeSlack, Message, MessageAt, Spot, State, Target};

/// A run and its thread.
pub struct RunOf<'w> {
    world: &'w World,
    pub root: String,
    pub id: RunId,
}

impl<'w> RunOf<'w> {
    pub fn at(world: &'w World, root: String) -> Result<Self> {
        let message = world.slack.message(&root).context("no such card")?;
        let key = message.key().context("a card without a key")?;
        let id = key.split('/').next().unwrap_or_default().parse()?;
        Ok(Self { world, root, id })
    }

    /// Waits until some message of the thread shows the words.
    pub async fn shows(&self, words: &str) -> Result<String> {
        let root = &self.root;
        self.world
            .slack
            .until(&format!("{words:?} in the thread"), |state| {
                let mut thread = state.messages.iter().filter(|m| m.root() == root);
                thread.find(|m| state.shown(m).contains(words)).map(|m| m.ts.clone())
            })
            .await
    }

    /// Waits until it asks somebody; the newest message of a gate.
    pub async fn asks(&self) -> Result<MessageAt> {
        let slack = &self.world.slack;
        let gate = format!("{}/gate:", self.id);
        let asked = |state: &State| {
            let mut newest = state.messages.iter().rev();
            newest
                .find(|it| it.key().is_some_and(|key| key.starts_with(&gate)))
                .map(|it| it.ts.clone())
        };
        Ok(slack.at(&slack.until("a gate card", asked).await?))
    }

    /// Waits until it asks again, and everybody sees it.
    pub async fn asks_again(&self, round: u32) -> Result<Run> {
        let asked = self
            .becomes(&format!("asked in round {round}"), |run| {
                run.gate.as_ref().is_some_and(|open| open.id.round == round)
            })
            .await?;
        let (gate, key) = (format!("{}/gate:", self.id), format!(":{round}"));
        let there = |state: &State| {
            state
                .messages
                .iter()
                .any(|m| m.key().is_some_and(|k| k.starts_with(&gate) && k.ends_with(&key)))
        };
        self.world.slack.until("the new gate card", |state| there(state).then_some(())).await?;
        Ok(asked)
    }

    /// A folder or a file of it, as its worker keeps them: of an attempt, `draft-1/…`.
    pub fn folder(&self, within: &str) -> PathBuf {
        let home = PathBuf::from(self.world.worker.setting("SIGNOFF_HOME"));
        home.join("runs").join(self.id.as_str()).join(within)
    }

    /// What an attempt was told.
    pub fn prompt(&self, attempt: &str) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder(attempt).join("prompt.txt"))?)
    }

    /// The message that the thread hangs from.
    pub fn card(&self) -> MessageAt {
        self.world.slack.at(&self.root)
    }

    /// Everything people see of it.
    pub fn transcript(&self) -> String {
        self.world.slack.peek(|state| state.thread(&self.root))
    }

    pub async fn run(&self) -> Result<Run> {
        self.world.store.run(&self.id).await?.context("the run is not stored")
    }

    /// Waits until its events add up to this.
    pub async fn becomes(&self, what: &str, so: impl Fn(&Run) -> bool) -> Result<Run> {
        wait::until(&format!("{} to be {what}", self.id), async || Ok(so(&self.run().await?)))
            .await?;
        self.run().await
    }

    /// Waits until its open question is so.
    pub async fn gate_is(&self, what: &str, so: impl Fn(&OpenGate) -> bool) -> Result<OpenGate> {
        let run = self.becomes(what, |run| run.gate.as_ref().is_some_and(&so)).await?;
        run.gate.context("it was answered meanwhile")
    }

    /// Waits until our side knows that the message is there.
    pub async fn knows(&self, ts: &str) -> Result<()> {
        let known = async || {
            Ok(self
                .world
                .store
                .messages(&self.id)
                .await?
                .iter()
                .any(|it| it.ts.as_deref() == Some(ts)))
        };
        wait::until(&format!("{ts} to be known"), known).await
    }

    /// The kinds of its events from its first question on, as a shell tells them.
    pub async fn happened_since_it_asked(&self) -> Result<Vec<String>> {
        let (_, events) = self.world.types(&["--json", "events", self.id.as_str()]).await?;
        let events: Vec<Value> =
            events.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let kinds = events.iter().filter_map(|event| event["kind"].as_str().map(str::to_owned));
        Ok(kinds.skip_while(|kind| kind != "gate_opened").collect())
    }

    /// What a door sends to the workflow: an answer of ana's to the question that is open, or one like it.
    pub async fn signals(
        &self,
        verdict: Verdict,
        like: impl FnOnce(Decision) -> Decision,
    ) -> Result<RequestId> {
        let gate = self.run().await?.gate.map(|open| open.id);
        let request = RequestId(format!("{verdict:?}-{}", uuid::Uuid::new_v4()));
        let decision = like(Decision {
            gate,
            ..Decision::new(request.clone(), verdict, "slack:T01ACME:U01ANA".parse()?, Via::Button)
        });
        self.world.engine.decide(&self.id, &decision).await?;
        Ok(request)
    }

    /// Where the page of the diff is that it asks about, as a shell tells it.
    pub async fn diff_path(&self) -> Result<String> {
        let (_, status) = self.world.types(&["--json", "status", self.id.as_str()]).await?;
        let status: Value = serde_json::from_str(&status)?;
        let url = status["gate"]["diff_url"].as_str().context("it asks nothing")?;
        Ok(url.strip_prefix(&self.world.web).context("a link to this machine")?.to_owned())
    }

    /// Its own page, by the link that its card has.
    pub async fn page(&self) -> Result<String> {
        let (_, thread) = self.world.types(&["--json", "thread", self.id.as_str()]).await?;
        let path = self.link_in(&thread, &format!("/runs/{}?s=", self.id))?;
        self.world.page(&path).await
    }

    /// The path of the first link in a text that has these words in it.
    pub fn link_in(&self, text: &str, words: &str) -> Result<String> {
        let links = text.split(&self.world.web).skip(1);
        let ends = |c: char| !c.is_ascii_alphanumeric() && !"/-_.?=".contains(c);
        let mut paths = links.map(|link| link.split(ends).next().unwrap_or_default());
        let path = paths.find(|path| path.contains(words));
        path.map(str::to_owned).with_context(|| format!("no link to {words} in {text}"))
    }

    /// Git on its shadow repository; what it printed.
    pub async fn git(&self, words: &[&str]) -> Result<String> {
        git(&self.folder("shadow.git"), words).await
    }

    /// Git on a repository of the story; what it printed.
    pub async fn git_in(&self, repository: &str, words: &[&str]) -> Result<String> {
        git(&self.world.folder.path().join(repository), words).await
    }

    /// Somebody takes its result over into the project's default branch.
    pub async fn is_merged(&self) -> Result<()> {
        let (shadow, branch) = (self.folder("shadow.git"), format!("signoff/{}", self.id));
        let from = shadow.to_str().context("a path that can be read")?;
        let repository = self.world.folder.path().join("repository");
        git(&repository, &["pull", "-q", "--ff-only", from, &branch]).await.map(drop)
    }

    /// Messages of the thread that mention anybody.
    pub fn mentions(&self) -> usize {
        let root = &self.root;
        self.world.slack.peek(|state| {
            let thread = state.messages.iter().filter(|m| m.root() == root && m.is_ours());
            thread
                .filter(|m| {
                    serde_json::to_string(&m.blocks).is_ok_and(|blocks| blocks.contains("<@"))
                })
                .count()
        })
    }

    /// The file `go` that the project `slow` waits for.
    pub async fn gets_its_sign(&self) -> Result<()> {
        let work = self.folder("wait-1/work");
        wait::until("the agent's clone", async || Ok(work.is_dir())).await?;
        std::fs::write(work.join("go"), "")?;
        Ok(())
    }

    /// The files of the result, from its branch in the shadow repository.
    pub async fn result(&self) -> Result<Vec<String>> {
        let branch = format!("signoff/{}", self.id);
        Ok(self
            .git(&["ls-tree", "-r", "--name-only", &branch])
            .await?
            .lines()
            .map(str::to_owned)
            .collect())
    }
}

/// To press means its newest gate, to say something its thread.
impl Target for RunOf<'_> {
    async fn message(&self, _: &FakeSlack) -> Result<Message> {
        self.asks().await?.saved()
    }

    async fn place(&self, slack: &FakeSlack) -> Result<Spot> {
        self.root.as_str().place(slack).await
    }
}

async fn git(folder: &Path, words: &[&str]) -> Result<String> {
    let output = Command::new("git").current_dir(folder).args(words).output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
