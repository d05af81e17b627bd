//! The storing of an attempt's work: what becomes of what an agent left?
//! It is kept, or refused with words for the next attempt. The agent was paid already: nothing here lets it work again.

use anyhow::{Context, Error, Result};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::artifacts::WRITTEN_FILES;
use super::handover::AgentDone;
use super::heartbeat::with_heartbeat_to_the_end;
use super::unfit::Unfit;
use super::write_attempt::WriteAttempt;
use crate::engine::retry_policy::{ATTEMPT_PUSH_TIMEOUT, STORE_TRIES};
use crate::run::{AgentEnd, RunId, Snapshot, Trouble, Written};
use crate::workspace::{Shadow, WorkspaceError};

/// What an attempt's work is kept in, and what it began with.
#[derive(Clone, Copy)]
pub(super) struct BaseOf<'a> {
    pub shadow: &'a Shadow,
    pub base: &'a Snapshot,
}

impl WriteAttempt<'_> {
    /// What a worker left that let the agent work and could not keep what it wrote; none where that is gone with its machine.
    pub(super) async fn store_what_is_done(
        &self,
        ctx: &ActivityContext,
        done: AgentDone,
    ) -> Result<Option<Written>, ActivityError> {
        let finding = Box::pin(self.find_what_is_done(&done));
        match with_heartbeat_to_the_end(ctx, &self.spent.known(), finding).await?? {
            Some(shadow) => self.store_work(ctx, &shadow, done).await.map(Some),
            None => Ok(None),
        }
    }

    /// Where its work can be kept, if that is here or kept already.
    async fn find_what_is_done(&self, done: &AgentDone) -> Result<Option<Shadow>> {
        let run = &self.input.run;
        let shadow = match self.bench.shadow_with(run, &self.needed(&done.base)).await {
            // The run began on that machine, and nothing of it ever came to the store.
            Err(WorkspaceError::Elsewhere { .. }) if self.input.base.is_none() => return Ok(None),
            shadow => shadow.context("opening the shadow repository")?,
        };
        let from = BaseOf { shadow: &shadow, base: &done.base };
        let kept = self.kept_elsewhere(&from).await.context("looking for its work")?;
        Ok((kept.is_some() || self.has_work()).then_some(shadow))
    }

    /// What is paid for is kept, also where the run was stopped or this worker is asked to end.
    pub(super) async fn store_work(
        &self,
        ctx: &ActivityContext,
        shadow: &Shadow,
        done: AgentDone,
    ) -> Result<Written, ActivityError> {
        let AgentDone { base, written } = done;
        let from = BaseOf { shadow, base: &base };
        let tries = ctx.info().attempt;
        let storing = async {
            let stored = match written.end {
                AgentEnd::Finished => self.store_finished(&from, written, tries).await,
                AgentEnd::Stopped => Ok(self.store_unfinished(&from, written).await),
                // It may be nearly done; nobody judged it.
                AgentEnd::Failed { trouble: Trouble::Stall, .. } => {
                    let written = self.store_unfinished(&from, written).await;
                    self.folder.clear().await;
                    Ok(written)
                }
                AgentEnd::Failed { .. } => {
                    self.folder.clear().await;
                    Ok(written)
                }
            };
            if stored.is_ok() {
                self.keep_written_files().await;
            }
            stored
        };
        Ok(with_heartbeat_to_the_end(ctx, &self.spent.known(), Box::pin(storing)).await??)
    }

    /// Of attempts that failed, too: those are read most of all. Where another worker has the attempt by now, its files count.
    async fn keep_written_files(&self) {
        if self.holds().await.unwrap_or(false) {
            self.bench.keep_files(self.input.into(), &self.folder, &WRITTEN_FILES).await;
        }
    }

    async fn store_finished(
        &self,
        from: &BaseOf<'_>,
        mut written: Written,
        tries: u32,
    ) -> Result<Written> {
        match self.keep_work_that_is_there(from).await {
            Ok(work) => {
                written.conflicts.extend(self.left_marked(from.shadow, &work.snapshot).await?);
                written.work = Some(self.push(from, work, ATTEMPT_PUSH_TIMEOUT).await);
            }
            Err(error) => {
                let why = refusal(&error, &self.input.run, tries).ok_or(error)?;
                written.end = AgentEnd::Failed { trouble: Trouble::Agent, why };
            }
        }
        self.folder.save_written(&written)?;
        self.folder.clear().await;
        Ok(written)
    }
}

/// Why work is refused, for people and for the next attempt; none where it is to be tried again.
fn refusal(error: &Error, run: &RunId, tries: u32) -> Option<String> {
    let workspace = error.downcast_ref::<WorkspaceError>();
    if let Some(about_the_work) = workspace.filter(|e| e.is_about_the_work()) {
        return Some(about_the_work.to_string());
    }
    // Nobody knows what is wrong with it: it is not tried for ever.
    let is_lost = tries >= STORE_TRIES && !Unfit::is_behind(error, run);
    is_lost.then(|| format!("its work cannot be kept: {error:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: &Error, tries: u32) -> Option<String> {
        refusal(error, &"tale-k3f9qdx".parse().expect("an id"), tries)
    }

    fn git(why: &str) -> Error {
        Error::from(WorkspaceError::Git { what: "add".to_owned(), why: why.to_owned() })
            .context("taking the snapshot")
    }

    #[test]
    fn what_another_attempt_can_mend_is_refused_at_once() {
        let unkeepable =
            WorkspaceError::Unkeepable { why: "BOM is required in 'app.rc'".to_owned() };
        let said = refused(&Error::from(unkeepable).context("taking the snapshot"), 1);
        assert_eq!(said.as_deref(), Some("the work cannot be kept: BOM is required in 'app.rc'"));
    }

    #[test]
    fn what_nobody_knows_is_tried_a_few_times_and_what_the_operator_mends_for_long() {
        assert_eq!(refused(&git("weird"), 1), None);
        assert!(refused(&git("weird"), STORE_TRIES).is_some_and(|why| why.contains("weird")));
        let full = WorkspaceError::DiskFull { what: "git add".to_owned() };
        assert_eq!(refused(&full.into(), STORE_TRIES), None);
        let (address, why) = ("s3://runs".to_owned(), "no answer".to_owned());
        let away = Error::from(WorkspaceError::Artifacts { address, why });
        assert_eq!(refused(&away.context("keeping its bundle"), STORE_TRIES), None);
    }
}
