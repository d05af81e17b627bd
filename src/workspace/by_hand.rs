//! Work by hand: how does somebody get a stage's work, and how is what they made of it taken back?
//! By a branch of the project's repository; where that takes no push, or is a folder that somebody works in, by one of the run's own, for
//! people at this machine.

use std::path::Path;
use std::time::Duration;

use super::git::Git;
use super::import::{HEADS, INCOMING, answer};
use super::repository::{is_here, without_password};
use super::{Result, Shadow, WorkspaceError};
use crate::run::{HandBranch, Snapshot};

const LIST_TIMEOUT: Duration = Duration::from_mins(1);
/// Nobody waits for it: it is looked again.
const LOOK_TIMEOUT: Duration = Duration::from_secs(15);

impl Shadow {
    /// Puts `work` on a branch. Done again it changes nothing: who was told of it may have pushed to it already.
    pub async fn hand_out(
        &self,
        repository: Option<&str>,
        work: &Snapshot,
        name: &str,
    ) -> Result<HandBranch> {
        let commit = work.commit.clone();
        let here = HandBranch {
            name: name.to_owned(),
            repository: self.path().display().to_string(),
            commit: commit.clone(),
            host: None,
            not_pushed: None,
        };
        let not_pushed = match repository {
            None => "the project has no repository".to_owned(),
            Some(repository) if is_worked_in(repository).await => {
                "its repository is a folder that somebody works in".to_owned()
            }
            Some(repository) => match self.push_new(repository, &commit, name).await {
                Ok(()) => {
                    let repository = without_password(repository);
                    return Ok(HandBranch { repository, ..here });
                }
                // Later it may go well, and then everybody can fetch it.
                Err(away @ WorkspaceError::Unreachable { .. }) => return Err(away),
                Err(why) => why.to_string(),
            },
        };
        let full_name = format!("{HEADS}{name}");
        if self.tip(&here.repository, name).await?.is_none() {
            self.git().args(["update-ref", &full_name, &commit, ""]).bytes().await?;
        }
        Ok(HandBranch { not_pushed: Some(not_pushed), ..here })
    }

    async fn push_new(&self, repository: &str, commit: &str, name: &str) -> Result<()> {
        match self.tip(repository, name).await? {
            None => self.push(repository, commit, name).await,
            Some(tip) if tip == commit => Ok(()),
            Some(_) if self.builds_on(repository, name, commit).await? => Ok(()),
            Some(_) => Err(WorkspaceError::Repository {
                repository: without_password(repository),
                why: format!("there is another branch `{name}` already"),
            }),
        }
    }

    /// Whether what is on the branch was begun with this commit.
    async fn builds_on(&self, repository: &str, name: &str, commit: &str) -> Result<bool> {
        self.fetch_branch(repository, name).await?;
        let ask = ["merge-base", "--is-ancestor", commit, INCOMING];
        Ok(self.git().args(ask).output(u64::MAX).await?.status.success())
    }

    /// What somebody left on the branch.
    ///
    /// # Errors
    /// `Repository` where it is there no more; `Elsewhere` where it is on another worker's disk.
    pub async fn take_in(&self, repository: Option<&str>, branch: &HandBranch) -> Result<Snapshot> {
        let from = place(repository, branch)?;
        // Another worker may keep its own repository of this run at the same path.
        if branch.not_pushed.is_some() && self.tip(from, &branch.name).await?.is_none() {
            return Err(WorkspaceError::Elsewhere { path: branch.repository.clone() });
        }
        self.fetch_branch(from, &branch.name).await?;
        self.incoming().await
    }

    async fn fetch_branch(&self, repository: &str, name: &str) -> Result<()> {
        self.fetch_refs(repository, &[format!("+{HEADS}{name}:{INCOMING}")]).await
    }

    /// The newest commit of a branch; none where there is no such branch.
    async fn tip(&self, repository: &str, name: &str) -> Result<Option<String>> {
        let full_name = format!("{HEADS}{name}");
        let list = list_branch(repository, &full_name);
        let listed = self.ask_remote(repository, LIST_TIMEOUT, &list).await?;
        Ok(commit_of(&listed, &full_name))
    }
}

/// Whether it is a folder of this machine with files to work on. A branch that we made there would be in the way of who begins theirs, and
/// each commit on that would look like a push.
async fn is_worked_in(repository: &str) -> bool {
    let folder = Path::new(repository.strip_prefix("file://").unwrap_or(repository));
    let ask = ["rev-parse", "--is-bare-repository"];
    is_here(repository)
        && Git::in_clone(folder, repository)
            .args(ask)
            .line()
            .await
            .is_ok_and(|said| said == "false")
}

/// Whether somebody pushed to the branch since it was handed out, and what. Asks whoever has it, and needs nothing of the run.
///
/// # Errors
/// `Elsewhere` where it is on another worker's disk.
pub async fn pushed_by_hand(
    repository: Option<&str>,
    branch: &HandBranch,
) -> Result<Option<String>> {
    let from = place(repository, branch)?;
    let full_name = format!("{HEADS}{}", branch.name);
    let list = list_branch(from, &full_name);
    let git = Git::reaching_from_nowhere(from).args(list).within(LOOK_TIMEOUT);
    let listed = answer(from, git).await?;
    Ok(commit_of(&listed, &full_name).filter(|tip| *tip != branch.commit))
}

/// Where the branch is.
fn place<'a>(repository: Option<&'a str>, branch: &'a HandBranch) -> Result<&'a str> {
    match repository.filter(|_| branch.not_pushed.is_none()) {
        Some(repository) => Ok(repository),
        None if Path::new(&branch.repository).is_dir() => Ok(&branch.repository),
        None => Err(WorkspaceError::Elsewhere { path: branch.repository.clone() }),
    }
}

const fn list_branch<'a>(repository: &'a str, full_name: &'a str) -> [&'a str; 5] {
    ["ls-remote", "-q", "--", repository, full_name]
}

fn commit_of(listed: &[u8], full_name: &str) -> Option<String> {
    let listed = String::from_utf8_lossy(listed);
    let mut lines = listed.lines().filter_map(|line| line.split_once('\t'));
    lines.find(|(_, name)| *name == full_name).map(|(commit, _)| commit.to_owned())
}
