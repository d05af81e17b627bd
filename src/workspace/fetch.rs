//! Fetching: how does a person get the work of an attempt into a clone of theirs?
//! By git's own `fetch`, as a branch that is theirs from then on; what they have is never overwritten.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::git::Git;
use super::import::BASE;
use super::repository::explain_failure;
use super::{Result, WorkspaceError};
use crate::run::{RollbackTo, RunId, work_branch};

/// Not quiet: then git does not say which branch it refuses.
const FETCH: [&str; 3] = ["fetch", "--no-write-fetch-head", "--update-shallow"];
const FETCH_TIMEOUT: Duration = Duration::from_mins(10);

/// What to fetch out of a run's repository, and the branch that it becomes.
#[derive(Clone, Debug)]
pub struct FetchedWork {
    repository: PathBuf,
    snapshot: String,
    branch: String,
}

impl FetchedWork {
    #[must_use]
    pub fn new(repository: PathBuf, run: &RunId, work: &RollbackTo) -> Self {
        let snapshot = match work {
            RollbackTo::Start => BASE.to_owned(),
            RollbackTo::Attempt { .. } => work.to_string(),
        };
        Self { repository, snapshot, branch: work_branch(run, work) }
    }

    #[must_use]
    pub fn branch(&self) -> &str {
        &self.branch
    }

    /// The words behind `git` that anybody may type instead.
    #[must_use]
    pub fn words(&self) -> [String; 3] {
        let refs = format!("refs/signoff/{}:refs/heads/{}", self.snapshot, self.branch);
        ["fetch".to_owned(), self.repository.display().to_string(), refs]
    }

    /// Into the repository that `folder` is in. Done again, it changes nothing.
    pub async fn into_repository_at(&self, folder: &Path) -> Result<()> {
        let [_, from, refs] = self.words();
        let fetch = Git::in_clone(folder, &from).args(FETCH).args(["--", &from, &refs]);
        let output = fetch.within(FETCH_TIMEOUT).output(u64::MAX).await?;
        if output.status.success() { Ok(()) } else { Err(self.refusal(folder, &output.err)) }
    }

    fn refusal(&self, folder: &Path, said: &str) -> WorkspaceError {
        let branch = &self.branch;
        let why = if said.contains("not a git repository") && !said.contains("Could not read") {
            "there is no git repository: go to a clone of the project".to_owned()
        } else if said.contains("[rejected]") || said.contains("refusing to fetch") {
            format!(
                "its branch `{branch}` has other commits, or is switched to: rename it, `git branch -m {branch} <other>`"
            )
        } else if said.contains("cannot lock ref") || said.contains("cannot create") {
            let above = branch.rsplit_once('/').map_or(branch.as_str(), |(above, _)| above);
            let other = named_in_the_way(said).unwrap_or(above);
            format!(
                "a branch is in the way of `{branch}`: rename it, `git branch -m {other} <other>`"
            )
        } else {
            return explain_failure(&self.repository.display().to_string(), said);
        };
        WorkspaceError::Repository { repository: folder.display().to_string(), why }
    }
}

/// Of `cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists; cannot create 'refs/heads/a/b'`, the branch that is there.
fn named_in_the_way(said: &str) -> Option<&str> {
    let (before, _) = said.split_once("' exists;")?;
    before.rsplit_once("'refs/heads/").map(|(_, name)| name)
}
