//! Merging, as the activities see it: what will it be like, and what comes of it?
//! The work of features is fetched from where their runs keep it. A merge leaves its files where an agent's would be: what follows is the same.

use anyhow::{Context, Error, Result};
use serde::{Deserialize, Serialize};
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::bench::Bench;
use super::by_hand::TakenIn;
use super::handover::Handover;
use super::heartbeat::with_heartbeat_to_the_end;
use super::write_attempt::WriteAttempt;
use crate::run::{MergePreview, MergeStep, Overlap, RunId, Snapshot, Written};
use crate::workspace::{Merged, Shadow, WorkspaceError};

/// Most files with conflicts that are named.
const FILES: usize = 20;

/// What is to be merged, and nobody knows yet in which order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PreviewInput {
    /// The batch.
    pub run: RunId,
    /// Numbers from 1, whose they are, and what they made.
    pub features: Vec<(usize, RunId, Snapshot)>,
}

impl Bench {
    /// Tries each pair, and says what merging all of them will be like.
    pub(super) async fn preview_merge(
        &self,
        ctx: &ActivityContext,
        input: &PreviewInput,
    ) -> Result<MergePreview, ActivityError> {
        let trying = Box::pin(self.try_pairs(input));
        Ok(with_heartbeat_to_the_end(ctx, &Handover::default(), trying).await??)
    }

    async fn try_pairs(&self, input: &PreviewInput) -> Result<MergePreview> {
        let shadow = Shadow::open(&self.shadow_path(&input.run)).await?;
        for (n, run, work) in &input.features {
            self.fetch_feature(&shadow, *n, (run, work)).await?;
        }
        let mut changed = Vec::new();
        for (n, _, work) in &input.features {
            let paths = shadow.changed_by(work).await.context("reading what a feature changed")?;
            changed.push((*n, work, paths));
        }
        let mut overlaps: Vec<Overlap> = Vec::new();
        for (at, one) in changed.iter().enumerate() {
            overlaps
                .extend(shadow.overlaps(one, &changed[at + 1..]).await.context("trying merges")?);
        }
        let numbers: Vec<usize> = input.features.iter().map(|(n, ..)| *n).collect();
        Ok(MergePreview::of(&numbers, overlaps))
    }

    /// Makes what a feature's run made known in the repository of its batch.
    async fn fetch_feature(
        &self,
        shadow: &Shadow,
        n: usize,
        (run, work): (&RunId, &Snapshot),
    ) -> Result<(), WorkspaceError> {
        let other = self.shadow_with(run, &[work]).await?;
        // No stage can be called so: attempts are kept by the names of their stages.
        shadow.take_work(&other, work, &format!("merged/{n}")).await
    }
}

impl WriteAttempt<'_> {
    /// What this attempt puts together, as its work.
    pub(super) async fn merge_in(
        &self,
        ctx: &ActivityContext,
        step: &MergeStep,
    ) -> Result<Written, ActivityError> {
        self.take_what(ctx, self.merge(step)).await
    }

    async fn merge(&self, step: &MergeStep) -> Result<(Shadow, TakenIn)> {
        let shadow = self.shadow().await.context("opening the shadow repository")?;
        if let MergeStep::Feature { n, run, work } = step {
            // Where it is on the disk of another worker only, that one may come back: it waits for it, like all work.
            let fetched = self.bench.fetch_feature(&shadow, *n, (run, work)).await;
            fetched.context("fetching what is to be merged")?;
        }
        let base = match self.guarded_base(&shadow).await? {
            Ok(base) => base,
            Err(moved) => return Ok((shadow, TakenIn::Impossible(moved))),
        };
        let Merged { snapshot, mut conflicts } = match step {
            MergeStep::Feature { work, .. } => {
                shadow.merge(&base, work).await.context("merging a feature")?
            }
            MergeStep::All => Merged { snapshot: base.clone(), conflicts: Vec::new() },
        };
        conflicts.truncate(FILES);
        let done = self.lay_out(&shadow, base, &snapshot).await;
        let mut done = done.context("cloning what was merged")?;
        done.written.conflicts = conflicts;
        Ok((shadow, TakenIn::Done(Box::new(done))))
    }

    /// The feature whose work this attempt merges: its snapshot is a child of that, too.
    pub(super) const fn merged_work(&self) -> Option<&Snapshot> {
        match &self.input.merge {
            Some(MergeStep::Feature { work, .. }) => Some(work),
            Some(MergeStep::All) | None => None,
        }
    }

    /// Where somebody made a merge work: the files in which they left the marks of its conflicts.
    pub(super) async fn left_marked(
        &self,
        shadow: &Shadow,
        work: &Snapshot,
    ) -> Result<Vec<String>> {
        if self.input.merge.is_some() || self.input.resolves.is_empty() {
            return Ok(Vec::new());
        }
        // What the events name is not all of it: git is asked again.
        let left = shadow.left_marked(work, &self.input.resolves).await.map_err(Error::from);
        let left = left.context("looking for marks of conflicts")?;
        Ok(left.into_iter().take(FILES).collect())
    }
}
