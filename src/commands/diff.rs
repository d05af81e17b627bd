//! Which diff belongs to an attempt, to a stage, to a run?
//! What stages changed is in the database; what a whole run changed is read from its repository, here or out of the artifact store.

use super::elsewhere::no_repository;
use super::pruned::pruned;
use super::which_attempt::{WhichAttempt, which_attempt};
use super::{Reply, ReplyKind, Services};
use crate::run::{Attempt, Run, StageState};
use crate::store::{Store, StoreError};
use crate::workspace::{ArchivedRun, Patch, WorkspaceError};

/// Which diff of a run.
#[derive(Clone, Debug)]
pub struct DiffOf {
    /// None for all that the run changed.
    pub stage: Option<String>,
    /// None for the work that stands for the stage.
    pub attempt: Option<u32>,
    pub since: DiffSince,
}

/// Since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiffSince {
    /// All of it.
    Beginning,
    /// Since the stage was asked about before.
    Round,
}

/// What this attempt changed; none where that is not kept.
pub async fn patch_of(
    store: &Store,
    (run, stage): (&Run, &StageState),
    attempt: &Attempt,
) -> Result<Option<Patch>, StoreError> {
    let patch: Option<Patch> = store.diff(run.id(), stage.name(), attempt.n).await?;
    let made = attempt.snapshot.as_ref().map(|snapshot| snapshot.commit.as_str());
    // A worker that another one overtook may have kept its own work last.
    Ok(patch.filter(|patch| patch.commit.as_deref().is_none_or(|kept| Some(kept) == made)))
}

/// What was changed; or why that cannot be told.
pub async fn diff_of(
    services: &Services,
    run: &Run,
    of: &DiffOf,
) -> Result<Result<Patch, Reply>, StoreError> {
    let Some(stage) = &of.stage else {
        return Ok(match whole(services, run).await {
            Err(reply) if reply.kind == ReplyKind::Away => {
                Err(pruned(services, run).await?.unwrap_or(reply))
            }
            read => read,
        });
    };
    let which = WhichAttempt { stage: Some(stage), attempt: of.attempt };
    let (stage, attempt) = match which_attempt(run, which) {
        Ok(found) => found,
        Err(reply) => return Ok(Err(reply)),
    };
    let shown = if of.attempt.is_some() { None } else { run.shown(stage.name()) };
    let attempt = shown.unwrap_or(attempt);
    let Some(patch) = patch_of(&services.store, (run, stage), attempt).await? else {
        return Ok(Err(not_kept(run, stage, attempt)));
    };
    Ok(match (of.since, patch.since_round) {
        (DiffSince::Beginning, _) => Ok(Patch { since_round: None, ..patch }),
        (DiffSince::Round, Some(since)) => Ok(*since),
        (DiffSince::Round, None) => Err(Reply::new(
            ReplyKind::Unknown,
            format!(
                "Attempt {} of {} was not asked about in a round before, so all of it is new: leave `--since` away.",
                attempt.n,
                stage.name()
            ),
        )),
    })
}

/// From the repository as it was found to the newest work that was kept.
async fn whole(services: &Services, run: &Run) -> Result<Patch, Reply> {
    let cut_short = || run.unfinished().map(|(_, _, snapshot)| snapshot);
    let (Some(from), Some(to)) = (run.origin(), run.last_good().or_else(cut_short)) else {
        let text = format!(
            "`{}` has kept no work yet. `signoff diff {} STAGE` shows that of a stage, also where it was not good.",
            run.id(),
            run.id()
        );
        return Err(Reply::new(ReplyKind::Unknown, text));
    };
    let archived = services.archive.of(run);
    archived.patch(from, to).await.map_err(|error| unreadable(archived, &error))
}

fn unreadable(archived: ArchivedRun<'_>, error: &WorkspaceError) -> Reply {
    let run = archived.run();
    let why = match error {
        WorkspaceError::Elsewhere { .. } => no_repository(archived),
        other => format!("{other}."),
    };
    let text = format!(
        "What `{0}` changed as a whole cannot be read here. {why} Or name a stage, whose diff is in the database: `signoff diff {0} {1}`.",
        run.id(),
        run.stages.first().map_or("STAGE", |stage| stage.name().as_str())
    );
    Reply::new(ReplyKind::Away, text)
}

fn not_kept(run: &Run, stage: &StageState, attempt: &Attempt) -> Reply {
    let text = format!(
        "Nothing is kept of attempt {} of {}: its agent left no work that could be. `signoff logs {} {} --attempt {}` tells what it printed.",
        attempt.n,
        stage.name(),
        run.id(),
        stage.name(),
        attempt.n
    );
    Reply::new(ReplyKind::Unknown, text)
}
