//! How does the result reach people?
//! As a branch: in the shadow repository always, in the project's where it lets us.

use std::time::Duration;

use super::git::Git;
use super::repository::{acceptable, complaint, shown};
use super::{Shadow, WorkspaceError};
use crate::run::{Delivered, Diff, Snapshot};

const PUSHING: Duration = Duration::from_mins(1);

/// What to deliver, and where.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The repository as it was found: what the result is compared with.
    pub origin: Option<&'a Snapshot>,
    pub snapshot: &'a Snapshot,
    pub branch: &'a str,
    /// The project's repository, if it has one.
    pub repository: Option<&'a str>,
    /// Whether the project wants to be pushed to.
    pub push: bool,
}

impl Shadow {
    /// Makes the branch and pushes it. A push that fails is told, not an error: the work is safe. Done again, it changes nothing.
    pub async fn deliver(&self, delivery: Delivery<'_>) -> Result<Delivered, WorkspaceError> {
        let Delivery { origin, snapshot, branch, repository, push } = delivery;
        let full_name = format!("refs/heads/{branch}");
        self.git().args(["update-ref", &full_name, &snapshot.commit]).bytes().await?;
        let here = Delivered {
            branch: branch.to_owned(),
            commit: snapshot.commit.clone(),
            repository: self.path().display().to_string(),
            pushed: false,
            diff: match origin {
                Some(origin) => self.diff(origin, snapshot).await?,
                None => Diff::default(),
            },
            note: None,
        };
        let Some(repository) = repository.filter(|_| push) else { return Ok(here) };
        Ok(match self.push(repository, &format!("{}:{full_name}", snapshot.commit)).await {
            Ok(()) => Delivered { repository: shown(repository), pushed: true, ..here },
            Err(why) => Delivered { note: Some(format!("not pushed: {why}")), ..here },
        })
    }

    async fn push(&self, repository: &str, refspec: &str) -> Result<(), WorkspaceError> {
        acceptable(repository)?;
        let words = [
            "push",
            "-q",
            "--no-verify",
            "--no-signed",
            "--no-follow-tags",
            "--recurse-submodules=no",
            "--",
            repository,
            refspec,
        ];
        let said = Git::reaching(self.path()).args(words).within(PUSHING).said(u64::MAX).await?;
        if said.status.success() { Ok(()) } else { Err(complaint(repository, &said.err)) }
    }
}
