//! Unfit for a piece of work: what does a worker do that lacks what the operator can mend?
//! It hands the work back, so that another worker may take it at once. Where nobody who tried could, the workflow is told, and the run waits.

use std::error::Error;
use std::time::Instant;

use temporalio_sdk::ApplicationFailure;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use thiserror::Error;

use super::bench::Bench;
use super::circuit::WorkerPart;
use super::failure::{AttemptId, chain, is_no_room};
use super::handover::Handover;
use crate::checks::SetupFailure;
use crate::engine::UNFIT;
use crate::engine::retry_policy::{HAND_BACK_INTERVAL, HAND_BACKS};
use crate::run::RunId;
use crate::store::StoreError;
use crate::workspace::WorkspaceError;

/// Why a worker cannot do something, in words for people, the operator among them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Unfit {
    /// What it lacks can be seen by looking, and that it is mended as well.
    #[error("{0}")]
    Lacks(String),
    /// What does not work here was seen by trying; only another try shows that it is mended.
    #[error("{why}")]
    Failed { part: WorkerPart, why: String },
    /// A disk has no room for something; for what.
    #[error("the disk is full or cannot be written: {0}")]
    NoRoom(String),
}

const HOME_IS_FULL: &str = "the disk is full or cannot be written, where SIGNOFF_HOME is";

impl Unfit {
    /// As an error. Behind a context: of what stands first, the SDK's box hides the type, and `of` would not know it.
    pub fn error(self) -> anyhow::Error {
        anyhow::Error::from(self).context("this worker cannot do it")
    }

    /// What this worker lacked, where an activity failed by that.
    pub fn of(error: &ActivityError, run: &RunId) -> Option<Self> {
        let ActivityError::Application(failure) = error else { return None };
        let causes = || chain(failure.source_error());
        causes()
            .find_map(|cause| Self::of_cause(cause, run))
            .filter(|_| !failure.is_non_retryable())
    }

    /// Whether the operator can mend what is behind an error: then it is nobody's work that is bad.
    pub fn is_behind(error: &anyhow::Error, run: &RunId) -> bool {
        error.chain().any(|cause| Self::of_cause(cause, run).is_some())
    }

    fn of_cause(cause: &(dyn Error + 'static), run: &RunId) -> Option<Self> {
        if let Some(unfit) = cause.downcast_ref::<Self>() {
            return Some(unfit.clone());
        }
        let why = cause.to_string();
        match cause.downcast_ref::<WorkspaceError>() {
            Some(WorkspaceError::Elsewhere { .. }) => Some(Self::Lacks(why)),
            Some(WorkspaceError::Unreachable { .. } | WorkspaceError::Artifacts { .. }) => {
                Some(Self::Failed { part: WorkerPart::Of(run.clone()), why })
            }
            Some(WorkspaceError::DiskFull { what }) => Some(Self::NoRoom(what.clone())),
            _ if is_no_room(cause) => Some(Self::NoRoom(why)),
            _ => match cause.downcast_ref::<StoreError>() {
                Some(StoreError::Away(_)) => Some(Self::Lacks(why)),
                _ => None,
            },
        }
    }

    /// A setup that failed, and a host that it wanted did not answer.
    pub fn by_setup(run: &RunId, failure: SetupFailure) -> Self {
        let SetupFailure { why, unreachable, .. } = failure;
        let host = unreachable.unwrap_or_default();
        let why = format!("setup could not fetch what it needs: {host}. {why}");
        Self::Failed { part: WorkerPart::Of(run.clone()), why }
    }

    /// What it comes to, by a look for room where `SIGNOFF_HOME` is.
    fn after_a_look(self, run: &RunId, has_room: impl FnOnce() -> bool) -> Self {
        match self {
            // There is some room there, or it is another disk: only a try shows that there is enough.
            Self::NoRoom(_) if has_room() => {
                Self::Failed { part: WorkerPart::Of(run.clone()), why: self.to_string() }
            }
            Self::NoRoom(_) => Self::Lacks(HOME_IS_FULL.to_owned()),
            known => known,
        }
    }
}

impl Bench {
    /// An activity's error as Temporal should have it: what this worker cannot do it hands back, where it may.
    pub(super) async fn hand_back_or_fail(
        &self,
        ctx: &ActivityContext,
        (of, may_hand_back): (AttemptId<'_>, bool),
        error: ActivityError,
        spent: Handover,
    ) -> ActivityError {
        match Unfit::of(&error, of.run).filter(|_| may_hand_back) {
            Some(unfit) => self.hand_back(ctx, of.run, unfit, spent),
            None => self.failed(ctx, of, error, spent).await,
        }
    }

    /// Temporal gives the work to whoever is free, which may be another worker; after a few times the workflow is told instead.
    pub(super) fn hand_back(
        &self,
        ctx: &ActivityContext,
        run: &RunId,
        unfit: Unfit,
        spent: Handover,
    ) -> ActivityError {
        let unfit = unfit.after_a_look(run, || self.has_room(run).is_ok());
        let why = unfit.to_string();
        tracing::warn!(run.id = %run, "this worker hands {run} back: {why}");
        if let Unfit::Failed { part, why } = unfit {
            self.circuits.open(part, why, Instant::now());
        }
        let failure = ApplicationFailure::builder(anyhow::anyhow!(why))
            .type_name(UNFIT.to_owned())
            .details(spent);
        if ctx.info().attempt < HAND_BACKS {
            failure.next_retry_delay(HAND_BACK_INTERVAL).build().into()
        } else {
            failure.non_retryable(true).build().into()
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn what_a_worker_lacks_is_known_by_the_failure_that_it_makes() {
        let (run, lacks) =
            ("tale-k3f9qdx".parse().expect("an id"), Unfit::Lacks("no box".to_owned()));
        assert_eq!(Unfit::of(&ActivityError::from(lacks.clone().error()), &run), Some(lacks));
    }

    fn unfit(error: impl Into<anyhow::Error>) -> Option<Unfit> {
        let run = "tale-k3f9qdx".parse().expect("an id");
        Unfit::of(&ActivityError::from(error.into().context("preparing it")), &run)
    }

    #[test]
    fn what_the_operator_can_mend_is_seen_wherever_it_was_met() {
        let lacks = Unfit::Lacks("no box".to_owned());
        assert_eq!(unfit(lacks.clone()), Some(lacks));
        let full = WorkspaceError::DiskFull { what: "git add".to_owned() };
        assert!(matches!(unfit(full), Some(Unfit::NoRoom(_))));
        let away = StoreError::from(sqlx::Error::PoolTimedOut);
        assert!(matches!(unfit(away), Some(Unfit::Lacks(_))));
        assert_eq!(unfit(StoreError::NotLetIn("who are you".to_owned())), None);
        let path = "/runs/a/shadow.git".to_owned();
        assert!(matches!(unfit(WorkspaceError::Elsewhere { path }), Some(Unfit::Lacks(_))));
        let (repository, why) = ("git.example".to_owned(), "no route".to_owned());
        let away = WorkspaceError::Unreachable { repository, why };
        assert!(matches!(unfit(away), Some(Unfit::Failed { .. })));
    }

    #[test]
    fn a_full_disk_where_a_look_finds_room_is_tried_less_and_less_often() {
        let run: RunId = "tale-k3f9qdx".parse().expect("an id");
        let full = || Unfit::NoRoom("keeping a bundle in /mnt/artifacts".to_owned());
        let Unfit::Failed { part, why } = full().after_a_look(&run, || true) else {
            panic!("a look would let it go on at once")
        };
        assert_eq!(part, WorkerPart::Of(run.clone()));
        assert!(why.ends_with("keeping a bundle in /mnt/artifacts"), "{why}");
        assert_eq!(full().after_a_look(&run, || false), Unfit::Lacks(HOME_IS_FULL.to_owned()));
    }

    #[test]
    fn a_mistake_of_ours_or_of_the_project_is_handed_to_nobody() {
        assert_eq!(unfit(anyhow::anyhow!("a red check")), None);
        let (repository, why) = ("git.example".to_owned(), "it has no branch `x`".to_owned());
        assert_eq!(unfit(WorkspaceError::Repository { repository, why }), None);
        let approved = Err::<(), _>(Unfit::Lacks("no box".to_owned())).context("x");
        let failure = ApplicationFailure::non_retryable(approved.expect_err("an error"));
        assert_eq!(Unfit::of(&failure.into(), &"tale-k3f9qdx".parse().expect("an id")), None);
    }
}
