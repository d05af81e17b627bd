//! `signoff fetch`, at a shell: the work of an attempt, into the repository of the current folder.

use anyhow::Context;
use serde_json::json;

use super::Talk;
use crate::app::cli::FetchArgs;
use crate::app::{Failure, exit};
use crate::commands::{self, Lookup, Said};
use crate::run::{RollbackTo, Run};
use crate::thread::shell_word;
use crate::workspace::{FetchedWork, WorkspaceError};

impl Talk<'_> {
    pub(super) async fn fetch(&mut self, of: FetchArgs) -> Result<u8, Failure> {
        let named = match self.find(&Said::named(&of.run)).await? {
            Lookup::Found(named) => named,
            Lookup::Unknown(reply) => return self.reply(&reply),
        };
        let run = &named.run;
        let work = match commands::work_to_fetch(run, of.work.as_deref()) {
            Ok(work) => work,
            Err(reply) => return self.reply(&reply),
        };
        let archived = self.services.archive.of(run);
        let repository = match archived.repository_with(&work).await {
            Ok(repository) => repository,
            Err(WorkspaceError::Elsewhere { .. } | WorkspaceError::NoCommit { .. }) => {
                let elsewhere = commands::work_elsewhere(archived, &work);
                let pruned = commands::pruned(&self.services, run).await?;
                return self.reply(&pruned.unwrap_or(elsewhere));
            }
            Err(e) => return Err(anyhow::Error::from(e).context("finding the work").into()),
        };
        let fetched = FetchedWork::new(repository, run.id(), &work);
        if of.print {
            return self.print_command(&fetched);
        }
        self.fetch_here(run, &work, &fetched).await
    }

    fn print_command(&mut self, fetched: &FetchedWork) -> Result<u8, Failure> {
        let command = format!("git {}", fetched.words().map(|word| shell_word(&word)).join(" "));
        if self.json {
            return self.document(&json!({ "command": command }));
        }
        writeln!(self.out, "{command}").context("printing")?;
        Ok(exit::OK)
    }

    async fn fetch_here(
        &mut self,
        run: &Run,
        work: &RollbackTo,
        fetched: &FetchedWork,
    ) -> Result<u8, Failure> {
        let here = std::env::current_dir().context("finding the current folder")?;
        match fetched.into_repository_at(&here).await {
            Ok(()) => {}
            Err(e @ WorkspaceError::Repository { .. }) => {
                return self.reply(&commands::not_fetched(run, &e.to_string()));
            }
            Err(e) => return Err(anyhow::Error::from(e).context("fetching the work").into()),
        }
        if self.json {
            let (name, branch) = (work.to_string(), fetched.branch());
            return self.document(&json!({ "run": run.id(), "work": name, "branch": branch }));
        }
        self.reply(&commands::fetched(run, work, fetched.branch()))
    }
}
