//! How does the command line say what people can say?
//! The same commands as in Slack; only printing and exit codes are its own.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use chrono::{Local, Offset as _};
use serde_json::{Value, json};

use super::cli::{Decide, Verb};
use super::{Failure, exit, parts};
use crate::commands::{
    self, Answer, AnswerOutcome, Asker, Command, Lookup, Misunderstood, Moment, Reply, ReplyKind,
    Services, ShellUser, Terms, Waiting,
};
use crate::config::Config;
use crate::run::{Outcome, RequestId, Rework, Run, RunId, Verdict, Via, Zone};
use crate::thread::{self, RenderContext, words};

const LOOK_EVERY: Duration = Duration::from_millis(200);

struct Talk<'a> {
    services: Services,
    user: ShellUser,
    asker: Asker,
    render: RenderContext,
    json: bool,
    out: &'a mut dyn Write,
}

pub async fn talk(
    verb: Verb,
    config: Config,
    json: bool,
    out: &mut dyn Write,
) -> Result<u8, Failure> {
    let store = parts::store(&config).await?;
    let render = parts::place(
        &config,
        parts::link_key(&store).await?,
        Some(parts::linked_from_here(&config)),
    );
    let user = ShellUser::new(config.os_user.clone(), zone());
    let asker = Asker::new(user.person().clone(), Via::Cli, Moment::now(parts::now()));
    let mut talk = Talk { services: parts::doors(&config, store), user, asker, render, json, out };
    match verb {
        Verb::Develop { project, words, wait } => talk.develop(project, words, wait).await,
        Verb::Status { run } => talk.status(run).await,
        Verb::List { limit } => talk.list(limit).await,
        Verb::Waiting => talk.waiting().await,
        Verb::Approve(decide) => talk.decide(Verdict::Approve, decide).await,
        Verb::Changes { decide, from_base } => talk.changes(decide, from_base).await,
        Verb::Reject(decide) => talk.decide(Verdict::Reject, decide).await,
        Verb::Extend { run, time } => {
            talk.decide(Verdict::Extend, Decide { run, words: vec![time] }).await
        }
        Verb::Snooze { run } => {
            talk.decide(Verdict::Snooze, Decide { run, words: Vec::new() }).await
        }
        Verb::Stop(decide) => talk.decide(Verdict::Stop, decide).await,
        Verb::Events { run } => talk.events(run).await,
        Verb::Thread { run } => talk.thread(run).await,
        Verb::Up(_)
        | Verb::Serve
        | Verb::Worker { .. }
        | Verb::Doctor
        | Verb::Slack { .. }
        | Verb::Child(_) => Err(anyhow::anyhow!("not said to a run").into()),
    }
}

impl Talk<'_> {
    async fn develop(
        &mut self,
        project: String,
        words: Vec<String>,
        wait: bool,
    ) -> Result<u8, Failure> {
        let line = std::iter::once(project).chain(words).collect::<Vec<_>>().join(" ");
        let start = match commands::parse(&line, &self.services.projects) {
            Ok(Command::Start(start)) => start,
            Ok(_) => {
                return self.reply(&Reply::new(
                    ReplyKind::Unknown,
                    "That is a command, not a project: type it without `develop`.",
                ));
            }
            Err(misunderstood) => {
                return self.reply(&Reply::new(ReplyKind::Unknown, misunderstood.text));
            }
        };
        let asker = self.asker.clone();
        let admitted = commands::admit_start_at_shell(start, asker, fresh_key(), &self.user);
        let reply = commands::start(&self.services, admitted).await?;
        match &reply.run {
            Some(run) if wait => {
                self.progress(&thread::shell_text(&reply.text))?;
                let run = run.clone();
                self.wait(&run).await
            }
            _ => self.reply(&reply),
        }
    }

    /// Prints each thing that happens, until the run has ended.
    async fn wait(&mut self, id: &RunId) -> Result<u8, Failure> {
        let mut shown = BTreeSet::new();
        loop {
            let run = self.run(id).await?;
            for line in thread::cli_lines(&run, parts::now()) {
                if shown.insert(line.key) {
                    self.progress(&line.line)?;
                }
            }
            if let Some(outcome) = run.outcome {
                self.print_status(&run).await?;
                return Ok(if outcome == Outcome::Done { exit::OK } else { exit::NOT_WELL });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn status(&mut self, run: Option<String>) -> Result<u8, Failure> {
        match self.find(run.as_deref().unwrap_or_default()).await? {
            Lookup::Found(named) => self.print_status(&named.run).await,
            Lookup::Unknown(reply) => self.reply(&reply),
        }
    }

    async fn print_status(&mut self, run: &Run) -> Result<u8, Failure> {
        if !self.json {
            return self.reply(&commands::status(run, parts::now()));
        }
        let thread = self.services.store.thread(run.id()).await?;
        let thread =
            thread.map(|(at, ts)| json!({ "team": at.team, "channel": at.channel, "ts": ts }));
        let asked = run.gate.as_ref().and_then(|gate| run.stage(&gate.id.stage));
        let diff_url = asked
            .and_then(|stage| thread::diff_url(run, stage, stage.good_attempt()?, &self.render))
            .map(String::from);
        self.document(&commands::status_json(run, thread.as_ref(), diff_url.as_deref()))
    }

    async fn list(&mut self, limit: i64) -> Result<u8, Failure> {
        let (runs, reply) =
            commands::list(&self.services, &self.asker, limit.clamp(1, 1_000)).await?;
        if !self.json {
            return self.reply(&reply);
        }
        for run in runs {
            self.document(&json!({
                "run": run.id(), "project": run.request.project, "phase": run.phase(), "spent_usd": run.spent(),
                "budget_usd": run.request.budget_usd, "started_at": run.started_at, "ended_at": run.ended_at,
            }))?;
        }
        Ok(exit::OK)
    }

    async fn waiting(&mut self) -> Result<u8, Failure> {
        let person = self.asker.person.clone();
        let runs = commands::waiting_runs(&self.services, &self.asker).await?;
        let all: Vec<Waiting> = runs
            .into_iter()
            .map(|run| Waiting { mine: commands::waits_for(&run, &person, &[]), run })
            .collect();
        if !self.json {
            return self.reply(&commands::waiting(&all, parts::now()));
        }
        for it in &all {
            self.document(&commands::waiting_json(it))?;
        }
        Ok(exit::OK)
    }

    async fn decide(&mut self, verdict: Verdict, decide: Decide) -> Result<u8, Failure> {
        self.answer(verdict, decide, |said| Terms::read(verdict, said)).await
    }

    async fn changes(&mut self, decide: Decide, from_base: bool) -> Result<u8, Failure> {
        let base =
            |terms: Terms| if from_base { Terms { rework: Rework::Base, ..terms } } else { terms };
        self.answer(Verdict::Changes, decide, |said| Terms::read(Verdict::Changes, said).map(base))
            .await
    }

    async fn answer(
        &mut self,
        verdict: Verdict,
        decide: Decide,
        read: impl FnOnce(&str) -> Result<Terms, Misunderstood>,
    ) -> Result<u8, Failure> {
        let said = std::iter::once(decide.run).chain(decide.words).collect::<Vec<_>>().join(" ");
        let named = match self.find(&said).await? {
            Lookup::Found(named) => named,
            Lookup::Unknown(reply) => return self.reply(&reply),
        };
        let terms = match read(&named.said) {
            Ok(terms) => terms,
            Err(misunderstood) => {
                return self.reply(&Reply::new(ReplyKind::Refused, misunderstood.text));
            }
        };
        let answer = Answer { terms, ..Answer::new(verdict, self.asker.clone(), fresh_key()) };
        let admitted = match commands::admit_at_shell(&named.run, &answer, &self.user) {
            Ok(admitted) => admitted,
            Err(refused) => return self.reply(&refused.reply().about(named.run.id())),
        };
        let sent = admitted.sent();
        let reply = commands::decide(&self.services, admitted).await?;
        if reply.kind != ReplyKind::Done {
            return self.reply(&reply);
        }
        match commands::wait_for_outcome(&self.services, &sent).await? {
            AnswerOutcome::Counted => self.outcome("decided", &reply),
            AnswerOutcome::Refused(refused) => self.reply(&refused),
            AnswerOutcome::NotTakenUpYet => self.outcome(
                "recorded",
                &Reply::new(ReplyKind::Done, words::not_taken_up_yet()).about(&sent.run),
            ),
        }
    }

    async fn events(&mut self, run: String) -> Result<u8, Failure> {
        let named = match self.find(&run).await? {
            Lookup::Found(named) => named,
            Lookup::Unknown(reply) => return self.reply(&reply),
        };
        for event in self.services.store.raw_events(named.run.id()).await? {
            let line = if self.json { event.to_string() } else { one_line(&event) };
            writeln!(self.out, "{line}").context("printing")?;
        }
        Ok(exit::OK)
    }

    async fn thread(&mut self, run: String) -> Result<u8, Failure> {
        let named = match self.find(&run).await? {
            Lookup::Found(named) => named,
            Lookup::Unknown(reply) => return self.reply(&reply),
        };
        let progress = self.services.store.progress(named.run.id()).await?;
        let input = thread::RenderInput {
            run: &named.run,
            progress: progress.as_ref(),
            groups: &thread::Groups::default(),
        };
        let drawn = thread::render(input, parts::now(), &self.render);
        if self.json {
            let messages: Vec<Value> =
                drawn.iter().map(|m| json!({ "key": m.key, "in_thread": m.to != thread::To::Channel, "text": m.text, "blocks": m.blocks })).collect();
            return self.document(&json!(messages));
        }
        writeln!(self.out, "{}", thread::transcript(&drawn)).context("printing")?;
        Ok(exit::OK)
    }

    async fn find(&self, said: &str) -> Result<Lookup, Failure> {
        Ok(commands::find(&self.services, &self.asker, said).await?)
    }

    async fn run(&self, id: &RunId) -> Result<Run, Failure> {
        let run = self.services.store.run(id).await?;
        run.ok_or_else(|| Failure::from(anyhow::anyhow!("run {id} is gone from the database")))
    }

    fn reply(&mut self, reply: &Reply) -> Result<u8, Failure> {
        let word = match reply.kind {
            ReplyKind::Done => "ok",
            ReplyKind::Unknown => "unknown",
            ReplyKind::Refused => "refused",
            ReplyKind::Away => "away",
            ReplyKind::Unsure => "unsure",
        };
        self.outcome(word, reply)
    }

    fn outcome(&mut self, word: &str, reply: &Reply) -> Result<u8, Failure> {
        if self.json {
            self.document(&json!({ "outcome": word, "run": reply.run, "text": thread::shell_text(&reply.text) }))?;
        } else {
            writeln!(self.out, "{}", thread::shell_text(&reply.text)).context("printing")?;
        }
        Ok(match reply.kind {
            ReplyKind::Done => exit::OK,
            ReplyKind::Unknown => exit::USAGE,
            ReplyKind::Refused => exit::REFUSED,
            ReplyKind::Away | ReplyKind::Unsure => exit::MISSING,
        })
    }

    fn document(&mut self, value: &Value) -> Result<u8, Failure> {
        writeln!(self.out, "{value}").context("printing")?;
        Ok(exit::OK)
    }

    /// A line on the way; in JSON only the end is printed.
    fn progress(&mut self, line: &str) -> Result<(), Failure> {
        if !self.json {
            writeln!(self.out, "{line}").context("printing")?;
        }
        Ok(())
    }
}

fn one_line(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let about = ["stage", "outcome", "verdict", "by", "why"]
        .iter()
        .map(|f| text(f))
        .filter(|t| !t.is_empty())
        .collect::<Vec<_>>()
        .join(" · ");
    let attempt = event["attempt"].as_u64().map(|n| format!(" · attempt {n}")).unwrap_or_default();
    format!(
        "{:>3} {} {}{}{}{attempt}",
        event["seq"],
        text("at"),
        text("kind"),
        if about.is_empty() { "" } else { " · " },
        about
    )
}

/// The shell's own clock; that of the machine, where the shell has none of its own.
fn zone() -> Zone {
    let now = parts::now();
    let here = now.with_timezone(&Local).offset().fix();
    let machine =
        Zone::new(&iana_time_zone::get_timezone().unwrap_or_default(), here.local_minus_utc());
    if machine.offset(now) == here { machine } else { Zone::Offset(here) }
}

fn fresh_key() -> RequestId {
    RequestId(format!("cli:{}", uuid::Uuid::new_v4()))
}
