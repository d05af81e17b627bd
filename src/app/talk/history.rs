//! A run's history in Temporal, at a shell: saved, and gone through again.

use std::path::Path;

use anyhow::{Context, anyhow};

use super::Talk;
use crate::app::replay::replay_run;
use crate::app::{Failure, exit};
use crate::commands::{Lookup, Reply, ReplyKind, Said};
use crate::engine::EngineError;
use crate::files;
use crate::run::RunId;

/// Where a history goes that is printed.
const STANDARD_OUTPUT: &str = "-";

impl Talk<'_> {
    pub(super) async fn history(
        &mut self,
        run: &Said,
        output: Option<&str>,
    ) -> Result<u8, Failure> {
        let run = match self.find(run).await? {
            Lookup::Found(named) => named.run.id().clone(),
            Lookup::Unknown(reply) => return self.reply(&reply),
        };
        let history = match self.recorded(&run).await {
            Ok(history) => history,
            Err(reply) => return self.reply(&reply),
        };
        if output == Some(STANDARD_OUTPUT) {
            self.out.write_all(&history).context("printing")?;
            return Ok(exit::OK);
        }
        let file = output.map_or_else(|| format!("{run}.history.json"), str::to_owned);
        let kilobytes = history.len().div_ceil(1_000);
        files::write(Path::new(&file), history)
            .map_err(|e| Failure::usage(anyhow!(e).context(format!("writing {file}"))))?;
        let text = format!(
            "The history of `{run}` is in {file}, {kilobytes} kB. `signoff replay {file}` goes through it."
        );
        self.reply(&Reply::new(ReplyKind::Done, text).about(&run))
    }

    pub(super) async fn replay(&mut self, of: &Said) -> Result<u8, Failure> {
        if let Some(word) = of
            .run
            .as_deref()
            .filter(|word| Path::new(word).extension().is_some() || word.contains('/'))
        {
            return Err(Failure::usage(anyhow!(
                "there is no file {word}; `signoff history <run>` saves one"
            )));
        }
        let run = match self.find(of).await? {
            Lookup::Found(named) => named.run.id().clone(),
            Lookup::Unknown(reply) => return self.reply(&reply),
        };
        match self.recorded(&run).await {
            Ok(history) => replay_run(&run, &history, self.json, self.out).await,
            Err(reply) => self.reply(&reply),
        }
    }

    async fn recorded(&self, run: &RunId) -> Result<Vec<u8>, Reply> {
        self.services.engine.history(run).await.map_err(|error| {
            let (kind, text) = match &error {
                EngineError::Gone => (
                    ReplyKind::Unknown,
                    format!("Temporal has no history of `{run}`: it keeps that of a run that is over for as long as its namespace says. `signoff events {run}` is still there."),
                ),
                EngineError::Refused(_) => (ReplyKind::Refused, format!("{error}.")),
                EngineError::NotSent(_) | EngineError::Unsure(_) => {
                    (ReplyKind::Away, format!("{error}. TEMPORAL_ADDRESS says where it is; `signoff doctor` tries it."))
                }
            };
            Reply::new(kind, text).about(run)
        })
    }
}
