//! Snapshots of an attempt: what is kept of what its agent wrote?
//! A commit, and what that changes: of work that is done, and of work that a stop cut short.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::timeout;

use super::WriteInput;
use super::database_retry::retry_while_away;
use super::failure::AttemptId;
use super::store_work::BaseOf;
use super::write_attempt::WriteAttempt;
use crate::engine::retry_policy::{STOPPED_DATABASE_TIMEOUT, STOPPED_SNAPSHOT_TIMEOUT};
use crate::run::{AttemptBranch, Diff, RollbackTo, Snapshot, Work, Written, work_branch};
use crate::store;
use crate::workspace::{Kept, Patch, Shadow, WorkspaceError};

/// Longest patch that is kept for people to read, in bytes; and of what changed since a stage asked before.
const PATCH_BYTES: usize = 4_000_000;
const SINCE_BYTES: usize = 1_000_000;

impl WriteAttempt<'_> {
    /// The work of an agent that is done, kept: from its folder, or as a worker that died had kept it.
    pub(super) async fn keep_work_that_is_there(&self, from: &BaseOf<'_>) -> Result<Work> {
        let kept = match self.kept_elsewhere(from).await? {
            Some(snapshot) => Kept { snapshot, left_out: Vec::new() },
            None => self.snapshot(from).await.context("taking the snapshot")?,
        };
        self.store_diff(from, kept).await
    }

    /// Whether what its agent wrote is on this disk.
    pub(super) fn has_work(&self) -> bool {
        self.folder.at("work").is_dir()
    }

    /// The snapshot of a worker that died, where what it was made of is not on this disk.
    pub(super) async fn kept_elsewhere(&self, from: &BaseOf<'_>) -> Result<Option<Snapshot>> {
        if self.has_work() {
            return Ok(None);
        }
        // A worker that had the run before has its code, and not this snapshot.
        self.bench.bundles(&self.input.run).catch_up(from.shadow).await?;
        Ok(from.shadow.kept_on(from.base, &self.snapshot_name()).await?)
    }

    async fn store_diff(&self, from: &BaseOf<'_>, kept: Kept) -> Result<Work> {
        let (work, patch) = self.compare(from, kept).await?;
        let what = format!("keep the diff of {}", self.snapshot_name());
        retry_while_away(&self.input.run, &what, || self.save_patch(&patch))
            .await
            .context("keeping the diff")?;
        Ok(work)
    }

    async fn save_patch(&self, patch: &Patch) -> store::Result<()> {
        let input = self.input;
        self.bench.store.save_diff(&input.run, &input.stage.name, input.attempt, patch).await
    }

    /// The work that a stop cut short, where it can be stored soon; a stop never fails because of it.
    pub(super) async fn store_unfinished(
        &self,
        from: &BaseOf<'_>,
        mut written: Written,
    ) -> Written {
        if let Some(work) = self.work_so_far(from).await {
            written.work = Some(self.push(from, work, STOPPED_SNAPSHOT_TIMEOUT).await);
        }
        self.clear_if_stopped().await;
        written
    }

    /// The same work, pushed where the project wants it. It is safe here: a push that fails is told, and is no failure of the attempt.
    pub(super) async fn push(&self, from: &BaseOf<'_>, work: Work, limit: Duration) -> Work {
        let input = self.input;
        let Some(repository) = input.repository.as_deref().filter(|_| input.push_attempts) else {
            return work;
        };
        let (stage, attempt) = (input.stage.name.clone(), input.attempt);
        let attempt = RollbackTo::Attempt { stage, attempt };
        let name = work_branch(&input.run, &attempt);
        let pushing = from.shadow.push_attempt(repository, &work.snapshot, &name);
        let not_pushed = match timeout(limit, pushing).await {
            Ok(pushed) => pushed.err().map(|e| e.to_string()),
            Err(_) => Some(format!("the push was not answered within {} s", limit.as_secs())),
        };
        Work { branch: Some(AttemptBranch { name, not_pushed }), ..work }
    }

    /// What an agent that is not done has written; none where that is nothing, or cannot be stored soon.
    pub(super) async fn work_so_far(&self, from: &BaseOf<'_>) -> Option<Work> {
        let (run, name) = (&self.input.run, self.snapshot_name());
        match timeout(STOPPED_SNAPSHOT_TIMEOUT, self.snapshot_unfinished(from)).await {
            Ok(Ok(work)) => return work,
            Ok(Err(e)) => {
                tracing::warn!(run.id = %run, error = format!("{e:#}"), "could not keep the unfinished work of {name}");
            }
            Err(_) => {
                tracing::warn!(run.id = %run, "could not keep the unfinished work of {name} within {STOPPED_SNAPSHOT_TIMEOUT:?}");
            }
        }
        None
    }

    /// None where nothing was written yet.
    async fn snapshot_unfinished(&self, from: &BaseOf<'_>) -> Result<Option<Work>> {
        let kept = match self.kept_elsewhere(from).await? {
            Some(snapshot) => Kept { snapshot, left_out: Vec::new() },
            None => self.snapshot(from).await.context("taking the snapshot")?,
        };
        if kept.snapshot.tree == from.base.tree {
            return Ok(None);
        }
        let (work, patch) = self.compare(from, kept).await?;
        let stored = timeout(STOPPED_DATABASE_TIMEOUT, self.save_patch(&patch)).await;
        if !matches!(stored, Ok(Ok(()))) {
            tracing::warn!(run.id = %self.input.run, "could not keep the diff of the unfinished work of {}", self.snapshot_name());
        }
        Ok(Some(work))
    }

    /// Clears the folder of an attempt that a person called off. Temporal also cancels an activity that it lost sight of, and
    /// then another worker takes it over, in this very folder: only what a person says is the end.
    pub(super) async fn clear_if_stopped(&self) {
        let WriteInput { run, stage, attempt, .. } = self.input;
        let run = timeout(STOPPED_DATABASE_TIMEOUT, self.bench.store.run(run)).await;
        if matches!(run, Ok(Ok(Some(run))) if run.is_called_off(&stage.name, *attempt)) {
            self.folder.clear().await;
        }
    }

    /// A snapshot that any worker finds; nothing where another worker has the attempt by now.
    async fn snapshot(&self, from: &BaseOf<'_>) -> Result<Kept> {
        let (run, name) = (&self.input.run, self.snapshot_name());
        if !self.holds().await? {
            bail!("another worker took {run} {name} over, so this one keeps nothing of it");
        }
        let parents = (from.base, self.merged_work());
        let kept = from.shadow.keep_merge(&self.folder.at("work"), parents, &name).await?;
        self.bench.bundles(run).keep(from.shadow, &name, &kept.snapshot).await?;
        Ok(kept)
    }

    /// Whether no other worker took the attempt since this one did.
    pub(super) async fn holds(&self) -> store::Result<bool> {
        let key = AttemptId::from(self.input).into();
        self.bench.store.holds_attempt(&key, self.token).await
    }

    pub(super) fn snapshot_name(&self) -> String {
        format!("{}-{}", self.input.stage.name, self.input.attempt)
    }

    /// What the whole stage changes, and what changed since people last looked.
    async fn compare(&self, from: &BaseOf<'_>, kept: Kept) -> Result<(Work, Patch)> {
        let Kept { snapshot, left_out } = kept;
        let (compare, shadow, base) = (&self.input.compare, from.shadow, from.base.clone());
        let began = compare.stage_base.as_ref().unwrap_or(&base);
        let mut diff = shadow
            .diff_judged_by(began, &snapshot, &self.input.stage.commands())
            .await
            .context("counting what changed")?;
        let mut patch =
            shadow.patch(began, &snapshot, PATCH_BYTES).await.context("reading what changed")?;
        diff.flags.extend(patch.not_shown());
        diff.flags.extend(left_out);
        // Where the round began with the same tree as the stage, that diff is the whole diff again.
        let round = compare.round.as_ref().filter(|seen| seen.tree != began.tree);
        let since_round = diff_since(shadow, round, &snapshot).await?;
        if let (Some(seen), Some(_)) = (round, &since_round) {
            let since = shadow.patch(seen, &snapshot, SINCE_BYTES).await;
            patch.since_round = Some(Box::new(since.context("reading what changed since")?));
        }
        let since_approved = diff_since(shadow, compare.approved.as_ref(), &snapshot).await?;
        Ok((Work { base, snapshot, diff, since_round, since_approved, branch: None }, patch))
    }
}

/// What changed since `seen`; none where that is not here to compare with.
async fn diff_since(
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
        let began = shadow.import(None, None).await.expect("an empty beginning");
        let clone = root.path().join("clone");
        shadow.checkout(&began, &clone).await.expect("a clone");
        fs::write(clone.join("draft.txt"), "once\n").expect("written");
        let asked = shadow.snapshot(&clone, &began, "draft-1").await.expect("a snapshot");
        fs::write(clone.join("draft.txt"), "once\nupon a time\n").expect("written");
        let now = shadow.snapshot(&clone, &asked, "draft-2").await.expect("a snapshot");
        let lines = async |seen: &Snapshot| {
            diff_since(&shadow, Some(seen), &now).await.expect("compared").map(|diff| diff.added)
        };
        assert_eq!(lines(&asked).await, Some(1));
        assert_eq!(lines(&began).await, Some(2));
        let elsewhere = Snapshot { commit: "a".repeat(40), tree: "b".repeat(40) };
        assert_eq!(lines(&elsewhere).await, None);
    }
}
