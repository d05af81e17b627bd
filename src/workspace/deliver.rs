//! The delivery of a result: how does it reach people?
//! As a branch: always in the shadow repository, and in the project's repository where it accepts a push.

use std::time::Duration;

use super::git::Git;
use super::repository::{explain_failure, validate, without_password};
use super::{Result, Shadow};
use crate::run::{Delivered, Diff, Snapshot};

const PUSH_TIMEOUT: Duration = Duration::from_mins(1);

/// No hook of the project, nothing but the branch.
const PUSH: [&str; 7] = [
    "push",
    "-q",
    "--no-verify",
    "--no-signed",
    "--no-follow-tags",
    "--recurse-submodules=no",
    "--",
];

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
    pub async fn deliver(&self, delivery: Delivery<'_>) -> Result<Delivered> {
        let Delivery { snapshot, branch, repository, push, .. } = delivery;
        let full_name = format!("refs/heads/{branch}");
        self.git().args(["update-ref", &full_name, &snapshot.commit]).bytes().await?;
        let here = self.delivered_here(delivery).await?;
        let Some(repository) = repository.filter(|_| push) else { return Ok(here) };
        Ok(match self.push(repository, &format!("{}:{full_name}", snapshot.commit)).await {
            Ok(()) => Delivered { repository: without_password(repository), pushed: true, ..here },
            Err(why) => Delivered { note: Some(format!("not pushed: {why}")), ..here },
        })
    }

    /// The result as it is in the shadow repository, pushed nowhere yet.
    async fn delivered_here(&self, delivery: Delivery<'_>) -> Result<Delivered> {
        let diff = match delivery.origin {
            Some(origin) => self.diff(origin, delivery.snapshot).await?,
            None => Diff::default(),
        };
        Ok(Delivered {
            branch: delivery.branch.to_owned(),
            commit: delivery.snapshot.commit.clone(),
            repository: self.path().display().to_string(),
            pushed: false,
            diff,
            note: None,
        })
    }

    async fn push(&self, repository: &str, refspec: &str) -> Result<()> {
        validate(repository)?;
        let output = Git::reaching(repository, self.path())
            .args(PUSH)
            .args([repository, refspec])
            .within(PUSH_TIMEOUT)
            .output(u64::MAX)
            .await?;
        if output.status.success() { Ok(()) } else { Err(explain_failure(repository, &output.err)) }
    }
}
