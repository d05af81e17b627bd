//! The import of a repository: what does a run start from?
//! What the project's repository had committed on its default branch at that moment, or nothing.

use std::time::Duration;

use super::repository::{explain_failure, validate, without_password};
use super::{Result, Shadow, WorkspaceError, git::Git};
use crate::run::Snapshot;

/// The name of a run's first snapshot; attempts are named `<stage>-<n>`.
pub(super) const BASE: &str = "base";

/// Where the fetched branch is, until it is the run's base.
const INCOMING: &str = "refs/signoff/incoming";
const FETCH: [&str; 7] = [
    "fetch",
    "-q",
    "--no-tags",
    "--no-write-fetch-head",
    "--update-shallow",
    "--no-recurse-submodules",
    "--",
];

const LIST_TIMEOUT: Duration = Duration::from_mins(1);
const FETCH_TIMEOUT: Duration = Duration::from_mins(10);

impl Shadow {
    /// Fetches the default branch of `repository` (its HEAD: uncommitted changes stay where they are), or begins with an empty commit.
    ///
    /// Called again, it returns the same, whatever happened to the repository: a run has one beginning.
    pub async fn import(&self, repository: Option<&str>) -> Result<Snapshot> {
        if let Some(base) = self.find(BASE).await? {
            return Ok(base);
        }
        let first = self.beginning(repository).await?;
        let base = format!("refs/signoff/{BASE}");
        // With an empty old value, git sets the ref only where there is none. Who comes second uses the first one's.
        let kept = self.git().args(["update-ref", &base, &first.commit, ""]).bytes().await;
        match self.find(BASE).await? {
            Some(base) => Ok(base),
            None => kept.map(|_| first),
        }
    }

    async fn beginning(&self, repository: Option<&str>) -> Result<Snapshot> {
        let fetched = match repository {
            Some(repository) => self.fetch(repository).await?,
            None => None,
        };
        match fetched {
            Some(snapshot) => Ok(snapshot),
            None => self.empty().await,
        }
    }

    async fn empty(&self) -> Result<Snapshot> {
        let tree = self.git().args(["mktree"]).input(vec![]).line().await?;
        self.commit(&tree, None, "signoff: Begin with nothing").await
    }

    /// The newest commit of its default branch; none where nothing was ever committed.
    async fn fetch(&self, repository: &str) -> Result<Option<Snapshot>> {
        validate(repository)?;
        let list = ["ls-remote", "-q", "--", repository, "HEAD", "refs/heads/*"];
        let heads = self.ask_remote(repository, LIST_TIMEOUT, &list).await?;
        let Some(branch) = default_branch(repository, &String::from_utf8_lossy(&heads))? else {
            return Ok(None);
        };
        let refspec = format!("+{branch}:{INCOMING}");
        let fetch = [&FETCH[..], &[repository, &refspec]].concat();
        self.ask_remote(repository, FETCH_TIMEOUT, &fetch).await?;
        let name = format!("{INCOMING}^{{commit}}");
        let commit = self.git().args(["rev-parse", "--verify", &name]).line().await?;
        self.of_commit(commit).await.map(Some)
    }

    async fn ask_remote(
        &self,
        repository: &str,
        limit: Duration,
        words: &[&str],
    ) -> Result<Vec<u8>> {
        let asked = Git::reaching(repository, self.path()).args(words).within(limit);
        let output =
            asked.output(u64::MAX).await.map_err(|e| unreachable_if_slow(repository, e))?;
        if output.status.success() {
            Ok(output.out)
        } else {
            Err(explain_failure(repository, &output.err))
        }
    }
}

fn unreachable_if_slow(repository: &str, error: WorkspaceError) -> WorkspaceError {
    match error {
        WorkspaceError::Slow { seconds, .. } => WorkspaceError::Unreachable {
            repository: without_password(repository),
            why: format!("it did not answer within {seconds} s"),
        },
        other => other,
    }
}

/// HEAD; where that names a missing branch, `main`, `master` or the only branch. None where nothing was ever committed.
fn default_branch(repository: &str, listing: &str) -> Result<Option<String>> {
    let refs: Vec<&str> = listing.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    let mut usual = ["HEAD", "refs/heads/main", "refs/heads/master"].into_iter();
    match (usual.find(|name| refs.contains(name)), &refs[..]) {
        (Some(name), _) | (None, &[name]) => Ok(Some(name.to_owned())),
        (None, []) => Ok(None),
        (None, [_, ..]) => Err(no_default_branch(repository)),
    }
}

fn no_default_branch(repository: &str) -> WorkspaceError {
    let why = "its HEAD names a branch that does not exist; set its default branch (`git symbolic-ref HEAD refs/heads/<branch>`)";
    WorkspaceError::Repository { repository: without_password(repository), why: why.to_owned() }
}
