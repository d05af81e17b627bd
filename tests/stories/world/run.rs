//! A run as people see it, and what must be true of its thread.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::Offset;
use serde_json::{Value, json};
use signoff::run::{Decision, GroupId, Phase, RequestId, Run, RunId, Verdict, Via};
use signoff::thread::{Groups, Links, RenderContext, RenderInput, To, render};

use super::{World, now, wait};
use crate::world::slack::{FakeSlack, Message, MessageAt, Spot, State, TEAM, Target};

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

    /// What an attempt was told.
    pub fn prompt(&self, attempt: &str) -> Result<String> {
        Ok(std::fs::read_to_string(
            self.world.runs_folder().join(self.id.as_str()).join(attempt).join("prompt.txt"),
        )?)
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

    /// Git on its shadow repository; what it printed.
    pub async fn git(&self, words: &[&str]) -> Result<String> {
        let git_dir = self.world.runs_folder().join(self.id.as_str()).join("shadow.git");
        let output = tokio::process::Command::new("git")
            .arg("--git-dir")
            .arg(git_dir)
            .args(words)
            .output()
            .await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Somebody takes its result over into the project's default branch.
    pub async fn is_merged(&self) -> Result<()> {
        let shadow = self.world.runs_folder().join(self.id.as_str()).join("shadow.git");
        let mut git = tokio::process::Command::new("git");
        git.current_dir(self.world.folder.path().join("repository"))
            .args(["pull", "-q", "--ff-only"])
            .arg(shadow);
        let output = git.arg(format!("signoff/{}", self.id)).output().await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
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
        let work = self.world.runs_folder().join(self.id.as_str()).join("wait-1/work");
        self.world.slack.until("the agent's clone", |_| work.is_dir().then_some(())).await?;
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

/// Each message that should exist does, once, and shows what the drawing code makes of the events now.
pub async fn is_drawn(world: &World, id: &RunId) -> Result<()> {
    let run = world.store.run(id).await?.context("a run that is listed")?;
    if !matches!(
        run.phase(),
        Phase::Done | Phase::Failed | Phase::Rejected | Phase::Stopped | Phase::Waiting
    ) || run.request.channel.is_none()
    {
        return Ok(());
    }
    let key = world.store.key("links", &[]).await?;
    // Links are there where people can open them: not where `serve` listens on all addresses and has no public one.
    let linked = world.serve.setting("SIGNOFF_LISTEN").starts_with("127.");
    let (channel, root) = world.store.thread(id).await?.context("a run without a thread")?;
    let thread = root
        .map(|ts| {
            format!("https://acme.slack.com/archives/{}/p{}", channel.channel, ts.replace('.', ""))
                .parse()
        })
        .transpose()?;
    let place = RenderContext {
        links: linked.then(|| world.web.parse().map(|base| Links::new(key, base))).transpose()?,
        clock_zone: chrono::Utc.fix(),
        slack_dates: false,
        thread,
    };
    let what = format!("the thread of {id} to agree with its events");
    let agreed = world
        .slack
        .until(&what, |state| differs(state, &run, &place).is_none().then_some(()))
        .await;
    agreed
        .with_context(|| world.slack.peek(|state| differs(state, &run, &place)).unwrap_or_default())
}

/// What the thread shows otherwise than the events say; none where they agree.
fn differs(state: &State, run: &Run, place: &RenderContext) -> Option<String> {
    let groups = state
        .groups
        .iter()
        .map(|it| (GroupId { team: TEAM.to_owned(), group: it.id.clone() }, it.members.clone()));
    let input = RenderInput { run, progress: None, groups: &Groups(groups.collect()) };
    render(input, now(), place).into_iter().find_map(|message| {
        let there = state.with_key(&format!("{}/{}", run.id(), message.key));
        if there.is_empty() && matches!(message.to, To::Person(_)) && !message.asks() {
            return None; // Who was not called before it was over is not called any more.
        }
        let [shown] = there.as_slice() else {
            return Some(format!("{} is there {} times", message.key, there.len()));
        };
        let (shown, drawn) = (nameless(&json!(shown.blocks)), nameless(&json!(message.blocks)));
        (shown != drawn)
            .then(|| format!("{} shows\n{shown}\nand should show\n{drawn}", message.key))
    })
}

/// Blocks without their ids: Slack makes up those that are left out.
fn nameless(blocks: &Value) -> Value {
    let without = |block: &Value| {
        let mut block = block.clone();
        block.as_object_mut().map(|fields| fields.remove("block_id"));
        block
    };
    blocks.as_array().into_iter().flatten().map(without).collect()
}

/// The workflow's own view of its run is the fold of the events.
pub async fn agrees_with_its_workflow(world: &World, id: &RunId) -> Result<()> {
    let asked = tokio::time::timeout(Duration::from_secs(20), world.engine.state(id)).await;
    // Without a worker nobody can be asked.
    let Ok(Ok(state)) = asked else { return Ok(()) };
    let run = world.store.run(id).await?.context("a run that is listed")?;
    ensure!(
        state.seq != run.seq || state == run,
        "the workflow's state is not the fold of its events:\n{state:#?}\n{run:#?}"
    );
    Ok(())
}
