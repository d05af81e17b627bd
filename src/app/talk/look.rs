//! What can be looked at, at a shell: runs, what waits, events, a thread as Slack shows it.

use anyhow::Context;
use serde_json::{Value, json};
use url::Url;

use super::Talk;
use crate::app::cli::LookCommand;
use crate::app::{Failure, exit, parts};
use crate::commands::{self, CompareWords, Lookup, Said, Surroundings, Waiting};
use crate::run::Run;
use crate::thread::{self, DiffPart};

/// Most runs that are listed.
const MOST_LISTED: i64 = 1_000;

impl Talk<'_> {
    pub(super) async fn look(&mut self, look: LookCommand) -> Result<u8, Failure> {
        match look {
            LookCommand::Status { run } => {
                self.status(&Said::named(run.as_deref().unwrap_or_default())).await
            }
            LookCommand::Snapshots { run } => {
                self.snapshots(&Said::named(run.as_deref().unwrap_or_default())).await
            }
            LookCommand::List { limit } => self.list(limit).await,
            LookCommand::Costs { calibration: true, .. } => self.calibration().await,
            LookCommand::Costs { of, .. } => self.costs(&of.join(" ")).await,
            LookCommand::Failures { of } => self.failures(&of.join(" ")).await,
            LookCommand::Compare { first, second, diff } => {
                let words = CompareWords([first, second]);
                if diff { self.compare_code(&words).await } else { self.compare(&words).await }
            }
            LookCommand::Waiting => self.waiting().await,
            LookCommand::Queue => self.queue().await,
            LookCommand::Events { run } => self.events(&Said::named(&run)).await,
            LookCommand::Thread { run } => self.thread(&Said::named(&run)).await,
            LookCommand::Logs(logs) => self.logs(logs).await,
            LookCommand::Diff(diff) => self.diff(diff).await,
            LookCommand::History { run, output } => {
                self.history(&Said::named(&run), output.as_deref()).await
            }
            LookCommand::Replay { of } => self.replay(&Said::named(&of)).await,
        }
    }

    async fn status(&mut self, run: &Said) -> Result<u8, Failure> {
        match self.find(run).await? {
            Lookup::Found(named) => self.print_status(&named.run).await,
            Lookup::Unknown(reply) => self.reply(&reply),
        }
    }

    async fn snapshots(&mut self, run: &Said) -> Result<u8, Failure> {
        match self.find(run).await? {
            Lookup::Found(named) if self.json => {
                self.document(&commands::snapshots_json(&named.run))
            }
            Lookup::Found(named) => {
                let reply = commands::snapshots(&self.services, &named.run).await?;
                self.reply(&reply)
            }
            Lookup::Unknown(reply) => self.reply(&reply),
        }
    }

    pub(super) async fn print_status(&mut self, run: &Run) -> Result<u8, Failure> {
        let beside = Surroundings::of(run, &self.services, &self.asker).await?;
        if !self.json {
            return self.reply(&commands::status(run, &beside, parts::now()));
        }
        let thread = self.services.store.thread(run.id()).await?;
        let thread =
            thread.map(|(at, ts)| json!({ "team": at.team, "channel": at.channel, "ts": ts }));
        let diff_url = self.asked_diff_url(run).map(String::from);
        let beside = (&beside, parts::now());
        self.document(&commands::status_json(run, beside, thread.as_ref(), diff_url.as_deref()))
    }

    async fn queue(&mut self) -> Result<u8, Failure> {
        let look = commands::queue_look(&self.services, &self.asker).await?;
        if self.json { self.document(&look.json()) } else { self.reply(&look.reply()) }
    }

    /// Where the work that is asked about can be read.
    pub(super) fn asked_diff_url(&self, run: &Run) -> Option<Url> {
        let gate = run.gate.as_ref()?;
        let stage = run.stage(&gate.id.stage)?;
        let asked_about = stage.attempt(gate.attempt)?;
        thread::diff_url((run, stage, asked_about), DiffPart::default(), &self.render)
    }

    async fn list(&mut self, limit: i64) -> Result<u8, Failure> {
        let limit = limit.clamp(1, MOST_LISTED);
        let (runs, reply) = commands::list(&self.services, &self.asker, limit).await?;
        if !self.json {
            return self.reply(&reply);
        }
        for (run, spent) in runs {
            self.document(&json!({
                "run": run.id(), "project": run.request.project, "phase": run.phase(), "spent_usd": spent,
                "budget_usd": run.budget(), "started_at": run.started_at, "ended_at": run.ended_at,
            }))?;
        }
        Ok(exit::OK)
    }

    async fn waiting(&mut self) -> Result<u8, Failure> {
        let all = self.what_waits().await?;
        let stuck = commands::runs_without_worker(&self.services, &self.asker).await?;
        if !self.json {
            return self.reply(&commands::waiting(&all, &stuck, parts::now()));
        }
        for it in &all {
            self.document(&commands::waiting_json(it))?;
        }
        for run in &stuck {
            self.document(&commands::without_worker_json(run))?;
        }
        Ok(exit::OK)
    }

    /// All that waits, and whether it waits for whoever types.
    pub(super) async fn what_waits(&self) -> Result<Vec<Waiting>, Failure> {
        let runs = commands::waiting_runs(&self.services, &self.asker).await?;
        let me = self.user.person();
        let waiting = |run| Waiting { mine: commands::waits_for(&run, me, &[]), run };
        Ok(runs.into_iter().map(waiting).collect())
    }

    async fn events(&mut self, run: &Said) -> Result<u8, Failure> {
        let named = match self.find(run).await? {
            Lookup::Found(named) => named,
            Lookup::Unknown(reply) => return self.reply(&reply),
        };
        for event in self.services.store.raw_events(named.run.id()).await? {
            let line = if self.json { event.to_string() } else { one_line(&event) };
            writeln!(self.out, "{line}").context("printing")?;
        }
        Ok(exit::OK)
    }

    async fn thread(&mut self, run: &Said) -> Result<u8, Failure> {
        let named = match self.find(run).await? {
            Lookup::Found(named) => named,
            Lookup::Unknown(reply) => return self.reply(&reply),
        };
        let progress = self.services.store.progress(named.run.id()).await?;
        let children = self.services.store.children_of(&named.run).await?;
        let at_work = self.services.store.progress_of(children.iter().map(Run::id)).await?;
        let queued = commands::queued_attempt(&self.services, &named.run).await?;
        let batch = self.services.store.batch_of_ended(&named.run).await?;
        let input = thread::RenderInput {
            children: &children,
            children_queued: &[],
            children_progress: &at_work,
            batch: batch.as_ref(),
            run: &named.run,
            queued: queued.as_ref(),
            progress: progress.as_ref(),
            groups: &thread::Groups::default(),
        };
        // At a shell nothing can be pressed.
        let real_slack = self.json && self.render.real_slack;
        let render = thread::RenderContext { real_slack, ..self.render.clone() };
        let drawn = thread::render(input, parts::now(), &render);
        if self.json {
            let messages: Vec<Value> = drawn.iter().map(message_json).collect();
            return self.document(&json!(messages));
        }
        writeln!(self.out, "{}", thread::transcript(&drawn)).context("printing")?;
        Ok(exit::OK)
    }
}

fn message_json(it: &thread::Message) -> Value {
    let in_thread = it.to != thread::To::Channel;
    json!({ "key": it.key, "in_thread": in_thread, "text": it.text, "blocks": it.blocks })
}

/// An event for people.
fn one_line(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let about = ["stage", "outcome", "verdict", "by", "why"].map(text);
    let about: Vec<String> = about.into_iter().filter(|text| !text.is_empty()).collect();
    let about = about.join(" · ");
    let mark = if about.is_empty() { "" } else { " · " };
    let attempt = event["attempt"].as_u64().map(|n| format!(" · attempt {n}")).unwrap_or_default();
    format!("{:>3} {} {}{mark}{about}{attempt}", event["seq"], text("at"), text("kind"))
}
