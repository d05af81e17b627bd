//! What does a run start from?
//! What the project's repository had committed on its default branch at that moment, or nothing.

use std::time::Duration;

use super::repository::{acceptable, complaint, shown};
use super::{Shadow, WorkspaceError, git::Git};
use crate::run::Snapshot;

/// The name of a run's first snapshot; attempts are named `<stage>-<n>`.
pub(super) const BASE: &str = "base";

const LISTING: Duration = Duration::from_mins(1);
const FETCHING: Duration = Duration::from_mins(10);

impl Shadow {
    /// Fetches the default branch of `repository` (its HEAD: uncommitted changes stay where they are), or begins with an empty commit.
    ///
    /// Asked again it answers the same, whatever the repository has become: a run has one beginning.
    pub async fn import(&self, repository: Option<&str>) -> Result<Snapshot, WorkspaceError> {
        if let Some(base) = self.find(BASE).await? {
            return Ok(base);
        }
        let fetched = match repository {
            Some(repository) => self.fetch(repository).await?,
            None => None,
        };
        let first = match fetched {
            Some(snapshot) => snapshot,
            None => self.empty().await?,
        };
        let base = format!("refs/signoff/{BASE}");
        // An empty old value: only where there is none. Who comes second takes the first one's.
        let kept = self.git().args(["update-ref", &base, &first.commit, ""]).bytes().await;
        match self.find(BASE).await? {
            Some(base) => Ok(base),
            None => kept.map(|_| first),
        }
    }

    async fn empty(&self) -> Result<Snapshot, WorkspaceError> {
        let tree = self.git().args(["mktree"]).input(vec![]).line().await?;
        self.commit(&tree, None, "signoff: Begin with nothing").await
    }

    async fn fetch(&self, repository: &str) -> Result<Option<Snapshot>, WorkspaceError> {
        acceptable(repository)?;
        let heads = self
            .ask(
                repository,
                LISTING,
                &["ls-remote", "-q", "--", repository, "HEAD", "refs/heads/*"],
            )
            .await?;
        let Some(branch) = default_branch(repository, &String::from_utf8_lossy(&heads))? else {
            return Ok(None);
        };
        let into = format!("+{branch}:refs/signoff/incoming");
        let options = [
            "-q",
            "--no-tags",
            "--no-write-fetch-head",
            "--update-shallow",
            "--no-recurse-submodules",
            "--",
            repository,
            &into,
        ];
        self.ask(repository, FETCHING, &[&["fetch"], &options[..]].concat()).await?;
        let commit = self
            .git()
            .args(["rev-parse", "--verify", "refs/signoff/incoming^{commit}"])
            .line()
            .await?;
        self.of_commit(commit).await.map(Some)
    }

    async fn ask(
        &self,
        repository: &str,
        limit: Duration,
        words: &[&str],
    ) -> Result<Vec<u8>, WorkspaceError> {
        let said =
            Git::reaching(self.path()).args(words).within(limit).said(u64::MAX).await.map_err(
                |error| match error {
                    WorkspaceError::Slow { seconds, .. } => WorkspaceError::Unreachable {
                        repository: shown(repository),
                        why: format!("it did not answer within {seconds} s"),
                    },
                    other => other,
                },
            )?;
        if said.status.success() { Ok(said.out) } else { Err(complaint(repository, &said.err)) }
    }
}

/// HEAD; where it names a branch that nobody made, the usual names or the only branch. None: nothing was ever committed.
fn default_branch(repository: &str, listing: &str) -> Result<Option<String>, WorkspaceError> {
    let refs: Vec<&str> = listing.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    let usual = ["HEAD", "refs/heads/main", "refs/heads/master"]
        .into_iter()
        .find(|name| refs.contains(name));
    match (usual, &refs[..]) {
        (Some(name), _) | (None, &[name]) => Ok(Some(name.to_owned())),
        (None, []) => Ok(None),
        (None, [_, ..]) => Err(WorkspaceError::Repository {
            repository: shown(repository),
            why: "its HEAD names a branch that does not exist; set its default branch (`git symbolic-ref HEAD refs/heads/<branch>`)".to_owned(),
        }),
    }
}
