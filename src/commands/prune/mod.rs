//! What runs left: what of it is thrown away, and how so that no run misses it?
//! A run is marked first, so that no other takes it over meanwhile; then its folders go, then its objects in the artifact store, and at last
//! what no run began with any more. Broken off, it is finished the next time. Events, costs and cards stay.

mod plan;
mod report;

use chrono::{DateTime, Utc};
use thiserror::Error;

use crate::store::{Store, StoreError};
use crate::workspace::{Archive, Inventory, Removal, WorkspaceError};

pub use plan::{KeepReason, PruneLimits, PruneReason, RunLeft};
pub use report::PruneReport;

/// Why nothing, or not all, was thrown away.
#[derive(Debug, Error)]
pub enum PruneError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

/// What came of it.
#[derive(Debug)]
pub enum PruneOutcome {
    Pruned(PruneReport),
    /// Somebody else is at it.
    Busy,
}

/// What is pruned: the memory of runs, and what lies around of them.
#[derive(Clone, Copy, Debug)]
pub struct Pruner<'a> {
    pub store: &'a Store,
    pub archive: &'a Archive,
}

impl Pruner<'_> {
    /// What `prune` would do.
    pub async fn look(self, limits: PruneLimits) -> Result<PruneReport, PruneError> {
        let (plan, unknown) = self.plan(limits).await?;
        let mut report = PruneReport { dry_run: true, unknown, ..PruneReport::default() };
        for (run, reason) in plan.going {
            if self.archive.is_in_use(&run.end.run)? {
                report.kept.push((run, KeepReason::InUse));
            } else {
                report.gone.push((run, reason));
            }
        }
        report.kept.extend(plan.kept);
        Ok(report)
    }

    /// Throws away what is beyond these limits; one process at a time, on whatever machine.
    pub async fn prune(
        self,
        limits: PruneLimits,
        now: DateTime<Utc>,
    ) -> Result<PruneOutcome, PruneError> {
        let Some(_turn) = self.store.prune_turn().await? else { return Ok(PruneOutcome::Busy) };
        let (plan, unknown) = self.plan(limits).await?;
        let mut report = PruneReport { unknown, ..PruneReport::default() };
        for (run, reason) in plan.going {
            match self.prune_run(&run, now).await? {
                None => report.gone.push((run, reason)),
                Some(why) => report.kept.push((run, why)),
            }
        }
        report.kept.extend(plan.kept);
        report.shared = self.remove_orphans(now).await?;
        Ok(PruneOutcome::Pruned(report))
    }

    /// And the folders that are of no run, which are nobody's to throw away.
    async fn plan(self, limits: PruneLimits) -> Result<(plan::PrunePlan, Vec<String>), PruneError> {
        // What lies around first: a run that begins in between is in the list then.
        let Inventory { mut runs, beginnings } = self.archive.inventory().await?;
        let left = |end: crate::store::RunEnd| {
            let left = runs.remove(end.run.as_str()).unwrap_or_default();
            RunLeft { end, left }
        };
        let all: Vec<RunLeft> = self.store.run_ends().await?.into_iter().map(left).collect();
        // What was pruned, and left nothing that was found, is no news.
        let all = all.into_iter().filter(|it| it.end.pruned_at.is_none() || it.left.bytes() > 0);
        let plan = plan::plan(all.collect(), &beginnings, limits);
        Ok((plan, runs.into_keys().collect()))
    }

    /// Why it stays, where it does after all.
    async fn prune_run(
        self,
        run: &RunLeft,
        now: DateTime<Utc>,
    ) -> Result<Option<KeepReason>, PruneError> {
        let id = &run.end.run;
        if self.archive.is_in_use(id)? {
            return Ok(Some(KeepReason::InUse));
        }
        if !self.store.mark_pruned(id, now).await? {
            let open = self.store.runs_that_begin_with(id).await?;
            let open = open.into_iter().find(|other| other.outcome.is_none());
            let by = open.map(|other| KeepReason::TakenOver(other.id().clone()));
            return Ok(Some(by.unwrap_or(KeepReason::NotOver)));
        }
        if self.archive.remove_here(id).await? == Removal::InUse {
            return Ok(Some(KeepReason::InUse));
        }
        self.archive.remove_stored(id).await?;
        Ok(None)
    }

    /// Bytes of what no run began with any more. Not while a run may be about to say what it began with.
    async fn remove_orphans(self, now: DateTime<Utc>) -> Result<u64, PruneError> {
        let mut orphans = self.archive.orphaned_beginnings(now).await?;
        if orphans.is_empty() {
            return Ok(0);
        }
        // Once more: some run may have said meanwhile that it began with one of them.
        let begun = self.archive.begun().await?;
        let ends = self.store.run_ends().await?;
        let mut open = ends.iter().filter(|it| it.ended_at.is_none());
        if open.any(|it| !begun.contains_key(it.run.as_str())) {
            return Ok(0);
        }
        orphans.retain(|it| !begun.values().any(|used| *used == it.key));
        let bytes = orphans.iter().map(|bundle| bundle.bytes).sum();
        self.archive.remove_beginnings(orphans).await?;
        Ok(bytes)
    }
}
