//! The delivery of a result: how does it reach people?
//! As a branch: always in the shadow repository, and in the project's repository where it accepts a push.

use std::time::Duration;

use super::git::Git;
use super::push_failure::PushFailure;
use super::repository::{validate, without_password};
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
        Ok(match self.push(repository, &snapshot.commit, branch).await {
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

    /// The work of one attempt, as a branch of the project's repository. Done again, it changes nothing.
    pub async fn push_attempt(
        &self,
        repository: &str,
        snapshot: &Snapshot,
        branch: &str,
    ) -> Result<()> {
        self.push(repository, &snapshot.commit, branch).await
    }

    pub(super) async fn push(&self, repository: &str, commit: &str, branch: &str) -> Result<()> {
        validate(repository)?;
        let refspec = format!("{commit}:refs/heads/{branch}");
        let push = Git::reaching(repository, self.path()).args(PUSH).args([repository, &refspec]);
        let output = push.within(PUSH_TIMEOUT).output(u64::MAX).await?;
        if output.status.success() {
            return Ok(());
        }
        let in_the_way = self.branch_in_the_way(repository, branch).await;
        let stderr = &output.err;
        let in_the_way = in_the_way.as_deref();
        Err(PushFailure { repository, branch, stderr, in_the_way }.error())
    }

    /// git keeps a branch as a file or a folder: `signoff` leaves no room for `signoff/x`, nor that for `signoff/x/y`.
    async fn branch_in_the_way(&self, repository: &str, branch: &str) -> Option<String> {
        let heads = ["ls-remote", "-q", "--heads", "--", repository];
        let asked = Git::reaching(repository, self.path()).args(heads).within(PUSH_TIMEOUT);
        let output = asked.output(u64::MAX).await.ok()?;
        let list = String::from_utf8_lossy(&output.out);
        let mut names = list.lines().filter_map(|line| line.split_once("\trefs/heads/"));
        let below = |name: &str, folder: &str| {
            name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        let found = names.find(|(_, name)| below(branch, name) || below(name, branch));
        found.map(|(_, name)| name.to_owned())
    }
}
