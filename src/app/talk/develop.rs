//! `signoff develop`, at a shell: starts a run, and with `--wait` tells what happens until it has ended.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Talk, fresh_key};
use crate::app::{Failure, exit, parts};
use crate::commands::{self, AgainWords, Command, Place, Reply, ReplyKind, StartRun};
use crate::run::{Outcome, Run, RunId};
use crate::thread;

const POLL_INTERVAL: Duration = Duration::from_millis(200);

impl Talk<'_> {
    pub(super) async fn develop(
        &mut self,
        project: String,
        words: Vec<String>,
        wait: bool,
    ) -> Result<u8, Failure> {
        let line = std::iter::once(project).chain(words).collect::<Vec<_>>().join(" ");
        match commands::read(&line, Place::Shell, &self.services.projects.current()) {
            Ok(Command::Start(start)) => self.start(start, wait).await,
            Ok(_) => Err(anyhow::anyhow!("a shell's `develop` starts a run").into()),
            Err(misunderstood) => self.reply(&Reply::new(ReplyKind::Unknown, misunderstood.text)),
        }
    }

    pub(super) async fn features(
        &mut self,
        (project, mut features): (String, Vec<String>),
        file: Option<PathBuf>,
        wait: bool,
    ) -> Result<u8, Failure> {
        if let Some(file) = file {
            features.push(read_features(&file)?);
        }
        let line = format!("features {project}\n{}", features.join("\n"));
        match commands::read(&line, Place::Slash, &self.services.projects.current()) {
            Ok(Command::Start(start)) => self.start(start, wait).await,
            Ok(_) => {
                let told = format!(
                    "Name the features: `signoff features {project} 'Gemini provider' 'Token counting'`, or --file with one a line."
                );
                self.reply(&Reply::new(ReplyKind::Unknown, told))
            }
            Err(misunderstood) => self.reply(&Reply::new(ReplyKind::Unknown, misunderstood.text)),
        }
    }

    pub(super) async fn fix(
        &mut self,
        project: String,
        words: Vec<String>,
        wait: bool,
    ) -> Result<u8, Failure> {
        self.develop(format!("fix {project}"), commands::requoted(&words), wait).await
    }

    pub(super) async fn again(
        &mut self,
        run: String,
        words: Vec<String>,
        wait: bool,
    ) -> Result<u8, Failure> {
        let said = std::iter::once(run).chain(words).collect::<Vec<_>>().join(" ");
        let words = match AgainWords::read(&said) {
            Ok(words) => words,
            Err(why) => return self.reply(&Reply::new(ReplyKind::Unknown, why.text)),
        };
        match commands::start_again(&self.services, &self.asker, words).await? {
            Ok(start) => self.start(start, wait).await,
            Err(reply) => self.reply(&reply),
        }
    }

    async fn start(&mut self, start: StartRun, wait: bool) -> Result<u8, Failure> {
        let asker = self.asker.clone();
        let admitted = commands::admit_start_at_shell(start, asker, fresh_key(), &self.user);
        let reply = commands::start(&self.services, admitted).await?;
        match &reply.run {
            Some(run) if wait => {
                self.progress(&thread::shell_text(&reply.text, commands::is_verb))?;
                self.wait(run).await
            }
            _ => self.reply(&reply),
        }
    }

    /// Prints each thing that happens, until the run has ended.
    async fn wait(&mut self, id: &RunId) -> Result<u8, Failure> {
        let mut shown = BTreeSet::new();
        let mut asked = None;
        loop {
            let run = self.run(id).await?;
            let features = self.services.store.children_of(&run).await?;
            let of_features = thread::feature_lines(&run, &features, parts::now());
            let lines = of_features.into_iter().chain(thread::cli_lines(&run, parts::now()));
            for line in lines {
                if shown.insert(line.key) {
                    self.progress(&line.line)?;
                }
            }
            let asks = run.gate.as_ref().map(|open| open.id.clone());
            if asks.is_some() && asks != asked {
                self.what_to_look_at(&run)?;
            }
            asked = asks;
            if let Some(outcome) = run.outcome {
                self.print_status(&run).await?;
                return Ok(if outcome == Outcome::Done { exit::OK } else { exit::NOT_WELL });
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Beside a question: what was spent until now, and where the work can be read.
    fn what_to_look_at(&mut self, run: &Run) -> Result<(), Failure> {
        let budget = run.request.budget_usd.map(|budget| format!(" of {budget}"));
        self.progress(&format!("  spent   {}{}", run.spent(), budget.unwrap_or_default()))?;
        match self.asked_diff_url(run) {
            Some(url) => self.progress(&format!("  diff    {url}")),
            None => Ok(()),
        }
    }

    async fn run(&self, id: &RunId) -> Result<Run, Failure> {
        let run = self.services.store.run(id).await?;
        run.ok_or_else(|| Failure::from(anyhow::anyhow!("run {id} is gone from the database")))
    }
}

/// Of a file, or of standard input where that is `-`.
fn read_features(file: &Path) -> Result<String, Failure> {
    let read = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| {
        Failure::usage(anyhow::anyhow!("{} cannot be read: {error}", file.display()))
    })
}
