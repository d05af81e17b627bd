//! What is kept of an attempt?
//! A snapshot of what its agent wrote, and what that changes: of work that is done, and of work that a stop cut short.

use anyhow::{Context, Result};
use tokio::time::timeout;

use super::WriteInput;
use super::attempt_folder::AttemptFolder;
use super::bench::Bench;
use super::database_retry::patiently;
use crate::engine::retry_policy::{STOPPED_DATABASE_TIMEOUT, STOPPED_SNAPSHOT_TIMEOUT};
use crate::run::{AgentEnd, Diff, Snapshot, Trouble, Work, Written};
use crate::workspace::{Patch, Shadow, WorkspaceError};

/// Longest patch that is kept for the diff page, in bytes.
const PATCH_BYTES: usize = 400_000;
impl Bench {
    /// The work of an agent that is done.
    pub(super) async fn keep(
        &self,
        input: &WriteInput,
        desk: &AttemptFolder,
        (shadow, base): (Shadow, Snapshot),
        mut written: Written,
    ) -> Result<Written> {
        let name = name(input);
        let snapshot = match shadow.snapshot(&desk.at("work"), &base, &name).await {
            Ok(snapshot) => snapshot,
            // The next attempt can do something about it.
            Err(e @ (WorkspaceError::TooBig { .. } | WorkspaceError::GitsName { .. })) => {
                written.end = AgentEnd::Failed { trouble: Trouble::Agent, why: e.to_string() };
                desk.clear().await;
                return Ok(written);
            }
            Err(e) => return Err(anyhow::Error::from(e).context("taking the snapshot")),
        };
        let (work, patch) = changes(input, &shadow, (base, snapshot)).await?;
        let keep = || self.store.save_diff(&input.run, &input.stage.name, input.attempt, &patch);
        patiently(&input.run, &format!("keep the diff of {name}"), keep)
            .await
            .context("keeping the diff")?;
        written.work = Some(work);
        desk.keep_written(&written)?;
        desk.clear().await;
        Ok(written)
    }

    /// What there is of the work that a stop cut short, where it can be kept at once: a stop fails for nothing.
    pub(super) async fn keep_unfinished(
        &self,
        input: &WriteInput,
        desk: &AttemptFolder,
        from: (Shadow, Snapshot),
        mut written: Written,
    ) -> Written {
        let name = name(input);
        match timeout(STOPPED_SNAPSHOT_TIMEOUT, self.unfinished(input, desk, from)).await {
            Ok(Ok(work)) => written.work = work,
            Ok(Err(e)) => {
                tracing::warn!(run.id = %input.run, error = format!("{e:#}"), "could not keep the unfinished work of {name}");
            }
            Err(_) => {
                tracing::warn!(run.id = %input.run, "could not keep the unfinished work of {name} within {STOPPED_SNAPSHOT_TIMEOUT:?}");
            }
        }
        self.leave(input, desk).await;
        written
    }

    /// Clears the desk of an attempt that was stopped. Temporal also ends an activity that it lost sight of, and then another
    /// worker takes it over, at this very desk: only a person's stop is the end.
    pub(super) async fn leave(&self, input: &WriteInput, desk: &AttemptFolder) {
        if matches!(timeout(STOPPED_DATABASE_TIMEOUT, self.store.run(&input.run)).await, Ok(Ok(Some(run))) if run.was_stopped())
        {
            desk.clear().await;
        }
    }

    /// None where nothing was written yet.
    async fn unfinished(
        &self,
        input: &WriteInput,
        desk: &AttemptFolder,
        (shadow, base): (Shadow, Snapshot),
    ) -> Result<Option<Work>> {
        let snapshot = shadow
            .snapshot(&desk.at("work"), &base, &name(input))
            .await
            .context("taking the snapshot")?;
        if snapshot.tree == base.tree {
            return Ok(None);
        }
        let (work, patch) = changes(input, &shadow, (base, snapshot)).await?;
        if !matches!(
            timeout(
                STOPPED_DATABASE_TIMEOUT,
                self.store.save_diff(&input.run, &input.stage.name, input.attempt, &patch)
            )
            .await,
            Ok(Ok(()))
        ) {
            tracing::warn!(run.id = %input.run, "could not keep the diff of the unfinished work of {}", name(input));
        }
        Ok(Some(work))
    }
}

/// What its snapshot is called.
fn name(input: &WriteInput) -> String {
    format!("{}-{}", input.stage.name, input.attempt)
}

/// What the whole stage changes, and what changed since people last looked.
async fn changes(
    input: &WriteInput,
    shadow: &Shadow,
    (base, snapshot): (Snapshot, Snapshot),
) -> Result<(Work, Patch)> {
    let compare = &input.compare;
    let began = compare.stage_base.as_ref().unwrap_or(&base);
    let diff = shadow.diff(began, &snapshot).await.context("counting what changed")?;
    let patch =
        shadow.patch(began, &snapshot, PATCH_BYTES).await.context("reading what changed")?;
    // Where that is the whole, it says nothing more.
    let round = compare.round.as_ref().filter(|seen| seen.tree != began.tree);
    let since_round = since(shadow, round, &snapshot).await?;
    let since_approved = since(shadow, compare.approved.as_ref(), &snapshot).await?;
    Ok((Work { base, snapshot, diff, since_round, since_approved }, patch))
}

/// What changed since `seen`; none where that is not here to compare with.
async fn since(
    shadow: &Shadow,
    seen: Option<&Snapshot>,
    snapshot: &Snapshot,
) -> Result<Option<Diff>> {
    let Some(seen) = seen else { return Ok(None) };
    match shadow.tree_of(&seen.commit).await {
        Ok(_) => {}
        Err(WorkspaceError::NoCommit { .. }) => return Ok(None),
        Err(e) => return Err(anyhow::Error::from(e).context("finding what was asked about")),
    }
    Ok(Some(
        shadow
            .diff(seen, snapshot)
            .await
            .context("counting what changed since it was asked about")?,
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn only_what_is_here_is_compared() {
        let root = tempfile::tempdir().expect("a folder");
        let shadow =
            Shadow::open(&root.path().join("shadow.git")).await.expect("a shadow repository");
        let began = shadow.import(None).await.expect("an empty beginning");
        let clone = root.path().join("clone");
        shadow.checkout(&began, &clone).await.expect("a clone");
        fs::write(clone.join("draft.txt"), "once\n").expect("written");
        let asked = shadow.snapshot(&clone, &began, "draft-1").await.expect("a snapshot");
        fs::write(clone.join("draft.txt"), "once\nupon a time\n").expect("written");
        let now = shadow.snapshot(&clone, &asked, "draft-2").await.expect("a snapshot");
        let lines = async |seen: &Snapshot| {
            since(&shadow, Some(seen), &now).await.expect("compared").map(|diff| diff.added)
        };
        assert_eq!(lines(&asked).await, Some(1));
        assert_eq!(lines(&began).await, Some(2));
        let elsewhere = Snapshot { commit: "a".repeat(40), tree: "b".repeat(40) };
        assert_eq!(lines(&elsewhere).await, None);
    }
}
