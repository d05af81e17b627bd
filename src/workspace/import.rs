//! The import of a repository: what does a run start from?
//! What the project's repository had committed on a branch at that moment, with its tags and its default branch; or nothing.

use std::time::Duration;

use super::repository::{explain_failure, is_here, validate, without_password};
use super::{Result, Shadow, WorkspaceError, git::Git};
use crate::run::{NotHere, Snapshot, StartingPoint};

/// The name of a run's first snapshot; attempts are named `<stage>-<n>`.
pub(super) const BASE: &str = "base";

pub(super) const HEADS: &str = "refs/heads/";
/// Settings of the shadow repository: the branch that the run began from (empty for a commit), and the repository's default branch.
const START: &str = "signoff.start";
const DEFAULT: &str = "signoff.default";
/// How many files of LFS and how many submodules are not in it.
const LFS_FILES: &str = "signoff.lfsFiles";
const SUBMODULES: &str = "signoff.submodules";
/// All of them: what a run began with goes by them too.
pub(super) const SETTINGS: [&str; 4] = [START, DEFAULT, LFS_FILES, SUBMODULES];
/// How many branches are named to who named one that is not there.
const BRANCHES_SHOWN: usize = 8;

/// Where a fetched branch is, until something of the run is made of it.
pub(super) const INCOMING: &str = "refs/signoff/incoming";
const FETCH: [&str; 6] = [
    "fetch",
    "-q",
    "--no-tags",
    "--no-write-fetch-head",
    "--update-shallow",
    "--no-recurse-submodules",
];

/// What packs a repository on this machine for us. Searching it for files that resemble each other takes minutes where many objects are
/// loose, and saves nothing where nothing travels.
const PACK_FAST: &str = "--upload-pack=git -c pack.window=0 -c pack.compression=1 -c core.bigFileThreshold=1m upload-pack";

const LIST_TIMEOUT: Duration = Duration::from_mins(1);
const FETCH_TIMEOUT: Duration = Duration::from_mins(10);

impl Shadow {
    /// Fetches a branch of `repository` (else what its HEAD names: uncommitted changes stay where they are), or begins with an empty
    /// commit. Its tags and its default branch come along.
    ///
    /// Called again, it returns the same, whatever happened to the repository: a run has one beginning.
    pub async fn import(&self, repository: Option<&str>, branch: Option<&str>) -> Result<Snapshot> {
        if let Some(base) = self.find(BASE).await? {
            return Ok(base);
        }
        let first = self.beginning(repository, branch).await?;
        let base = format!("refs/signoff/{BASE}");
        // With an empty old value, git sets the ref only where there is none. Who comes second uses the first one's.
        let kept = self.git().args(["update-ref", &base, &first.commit, ""]).bytes().await;
        match self.find(BASE).await? {
            Some(base) => Ok(base),
            None => kept.map(|_| first),
        }
    }

    /// Begins where another run began, with these snapshots of it. Called again, it changes nothing.
    pub async fn take_over(&self, other: &Self, names: &[String]) -> Result<()> {
        let from = other.path().display().to_string();
        let snapshots =
            names.iter().map(|name| format!("+refs/signoff/{name}:refs/signoff/{name}"));
        let refspecs: Vec<String> = snapshots
            .chain([
                format!("+refs/signoff/{BASE}:{INCOMING}"),
                "+refs/remotes/*:refs/remotes/*".to_owned(),
                "+refs/tags/*:refs/tags/*".to_owned(),
            ])
            .collect();
        self.fetch_refs(&from, &refspecs).await?;
        for name in SETTINGS {
            if let Some(value) = other.setting(name).await? {
                self.git().args(["config", name, &value]).bytes().await?;
            }
        }
        // At last: by it a run is known to have begun.
        let base = format!("refs/signoff/{BASE}");
        self.git().args(["update-ref", &base, INCOMING]).bytes().await?;
        Ok(())
    }

    /// What the run began with; none where it did not begin here.
    pub async fn base(&self) -> Result<Option<Snapshot>> {
        self.find(BASE).await
    }

    /// Where in the project's repository it began; none where it began with nothing.
    pub async fn start(&self) -> Result<Option<StartingPoint>> {
        let Some(branch) = self.setting(START).await? else { return Ok(None) };
        let count = async |name| {
            let told = self.setting(name).await?;
            Ok(told.and_then(|count| count.parse().ok()).unwrap_or_default())
        };
        let not_here =
            NotHere { lfs_files: count(LFS_FILES).await?, submodules: count(SUBMODULES).await? };
        let base = self.base().await?;
        Ok(base.map(|base| StartingPoint {
            branch: Some(branch).filter(|name| !name.is_empty()),
            commit: base.commit,
            not_here,
        }))
    }

    /// The repository's default branch, by its short name.
    pub(super) async fn default_branch(&self) -> Result<Option<String>> {
        self.setting(DEFAULT).await
    }

    pub(super) async fn setting(&self, name: &str) -> Result<Option<String>> {
        let asked = self.git().args(["config", "--get", name]).output(u64::MAX).await?;
        let value = String::from_utf8_lossy(&asked.out).trim().to_owned();
        Ok(asked.status.success().then_some(value))
    }

    async fn beginning(&self, repository: Option<&str>, branch: Option<&str>) -> Result<Snapshot> {
        let fetched = match repository {
            Some(repository) => self.fetch(repository, branch).await?,
            None => None,
        };
        match fetched {
            Some(snapshot) => Ok(snapshot),
            None => self.empty().await,
        }
    }

    async fn empty(&self) -> Result<Snapshot> {
        let tree = self.git().args(["mktree"]).input(vec![]).line().await?;
        self.commit(&tree, &[], "signoff: Begin with nothing").await
    }

    /// The newest commit of the branch; none where nothing was ever committed.
    async fn fetch(&self, repository: &str, branch: Option<&str>) -> Result<Option<Snapshot>> {
        validate(repository)?;
        let list = list_heads(repository);
        let listing = self.ask_remote(repository, LIST_TIMEOUT, &list).await?;
        let heads = RemoteHeads::parse(&String::from_utf8_lossy(&listing));
        let Some(start) = heads.start(repository, branch)? else { return Ok(None) };
        let refspecs = refspecs(&start, heads.default_branch());
        self.fetch_refs(repository, &refspecs).await?;
        let begun = start.strip_prefix(HEADS).unwrap_or_default();
        self.git().args(["config", START, begun]).bytes().await?;
        if let Some(default) = heads.default_branch() {
            self.git().args(["config", DEFAULT, default]).bytes().await?;
        }
        let snapshot = self.incoming().await?;
        let NotHere { lfs_files, submodules } = self.count_not_here(&snapshot).await?;
        for (name, count) in [(LFS_FILES, lfs_files), (SUBMODULES, submodules)] {
            self.git().args(["config", name, &count.to_string()]).bytes().await?;
        }
        Ok(Some(snapshot))
    }

    /// What was fetched last, and is nothing of the run yet.
    pub(super) async fn incoming(&self) -> Result<Snapshot> {
        let name = format!("{INCOMING}^{{commit}}");
        let commit = self.git().args(["rev-parse", "--verify", &name]).line().await?;
        self.of_commit(commit).await
    }

    pub(super) async fn fetch_refs(&self, repository: &str, refspecs: &[String]) -> Result<()> {
        let pack = is_here(repository).then_some(PACK_FAST);
        let words = FETCH.into_iter().chain(pack).chain(["--", repository]);
        let words: Vec<&str> = words.chain(refspecs.iter().map(String::as_str)).collect();
        self.ask_remote(repository, FETCH_TIMEOUT, &words).await.map(drop)
    }

    pub(super) async fn ask_remote(
        &self,
        repository: &str,
        limit: Duration,
        words: &[&str],
    ) -> Result<Vec<u8>> {
        let git = Git::reaching(repository, self.path()).args(words).within(limit);
        answer(repository, git).await
    }
}

/// What a run would begin with: the default branch and all others.
const fn list_heads(repository: &str) -> [&str; 7] {
    ["ls-remote", "-q", "--symref", "--", repository, "HEAD", "refs/heads/*"]
}

/// Whether git can read a repository, and finds the branch that a run would start from.
///
/// # Errors
/// Why not, for people.
pub async fn try_repository(repository: &str, branch: Option<&str>, limit: Duration) -> Result<()> {
    validate(repository)?;
    let git = Git::reaching_from_nowhere(repository).args(list_heads(repository)).within(limit);
    let listing = answer(repository, git).await?;
    RemoteHeads::parse(&String::from_utf8_lossy(&listing)).start(repository, branch).map(drop)
}

pub(super) async fn answer(repository: &str, git: Git) -> Result<Vec<u8>> {
    let output = git.output(u64::MAX).await.map_err(|e| unreachable_if_slow(repository, e))?;
    if output.status.success() {
        Ok(output.out)
    } else {
        Err(explain_failure(repository, &output.err))
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

/// What is fetched: where the run starts, the default branch, and every tag.
fn refspecs(start: &str, default: Option<&str>) -> Vec<String> {
    let tracked = start.strip_prefix(HEADS).into_iter().chain(default);
    let mut refspecs: Vec<String> =
        tracked.map(|name| format!("+{HEADS}{name}:refs/remotes/origin/{name}")).collect();
    refspecs.dedup();
    refspecs.extend([format!("+{start}:{INCOMING}"), "+refs/tags/*:refs/tags/*".to_owned()]);
    refspecs
}

/// The branches of a repository, and which of them its HEAD names.
struct RemoteHeads {
    /// Full names; with `HEAD`, where that names a commit.
    refs: Vec<String>,
    /// What HEAD names, where it names a branch.
    named: Option<String>,
}

impl RemoteHeads {
    /// From `ls-remote --symref`: lines `ref: refs/heads/main\tHEAD` and `<id>\t<name>`.
    fn parse(listing: &str) -> Self {
        let mut heads = Self { refs: Vec::new(), named: None };
        let lines = listing.lines().filter_map(|line| line.split_once('\t'));
        // Whoever asks for HEAD is told of `refs/remotes/origin/HEAD` too, which every clone has.
        for (value, name) in lines.filter(|(_, name)| *name == "HEAD" || name.starts_with(HEADS)) {
            match value.strip_prefix("ref: ") {
                Some(named) if name == "HEAD" => heads.named = Some(named.to_owned()),
                Some(_) => {}
                None => heads.refs.push(name.to_owned()),
            }
        }
        heads
    }

    fn has(&self, name: &str) -> bool {
        self.refs.iter().any(|known| known == name)
    }

    fn branches(&self) -> impl Iterator<Item = &str> {
        self.refs.iter().filter_map(|name| name.strip_prefix(HEADS))
    }

    /// The branch that HEAD names, else `main`, `master` or the only one.
    fn default_branch(&self) -> Option<&str> {
        let named = self.named.as_deref().and_then(|name| name.strip_prefix(HEADS));
        let mut usual = named.into_iter().chain(["main", "master"]);
        let only = || self.branches().next().filter(|_| self.branches().count() == 1);
        usual.find(|name| self.branches().any(|known| known == *name)).or_else(only)
    }

    /// The full name of what a run starts from; none where nothing was ever committed.
    fn start(&self, repository: &str, wanted: Option<&str>) -> Result<Option<String>> {
        let error = |why: String| {
            Err(WorkspaceError::Repository { repository: without_password(repository), why })
        };
        if let Some(wanted) = wanted {
            let name = format!("{HEADS}{wanted}");
            let known = self.branches().take(BRANCHES_SHOWN).collect::<Vec<_>>().join(", ");
            return if self.has(&name) {
                Ok(Some(name))
            } else {
                error(format!(
                    "it has no branch `{wanted}`; check `branch` in signoff.toml. It has: {known}"
                ))
            };
        }
        match (self.has("HEAD"), &self.named, self.default_branch()) {
            (true, None, _) | (true, _, None) => Ok(Some("HEAD".to_owned())),
            (_, _, Some(branch)) => Ok(Some(format!("{HEADS}{branch}"))),
            _ if self.refs.is_empty() => Ok(None),
            _ => error("its HEAD names a branch that does not exist; set its default branch (`git symbolic-ref HEAD refs/heads/<branch>`), or name one as `branch` in signoff.toml".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(listing: &str, wanted: Option<&str>) -> Result<Option<String>> {
        RemoteHeads::parse(listing).start("/srv/a.git", wanted)
    }

    #[test]
    fn a_run_starts_from_what_head_names() {
        let wip = "ref: refs/heads/wip\tHEAD\na1\tHEAD\nb2\trefs/heads/main\na1\trefs/heads/wip\n";
        assert_eq!(start(wip, None).unwrap().as_deref(), Some("refs/heads/wip"));
        assert_eq!(start(wip, Some("main")).unwrap().as_deref(), Some("refs/heads/main"));
        let detached = "a1\tHEAD\nb2\trefs/heads/main\n";
        assert_eq!(start(detached, None).unwrap().as_deref(), Some("HEAD"));
        assert_eq!(RemoteHeads::parse(detached).default_branch(), Some("main"));
        assert_eq!(start("", None).unwrap(), None);
    }

    #[test]
    fn what_else_is_a_symbolic_name_in_a_clone_says_nothing_about_its_head() {
        let origin = "ref: refs/remotes/origin/main\trefs/remotes/origin/HEAD\na1\trefs/remotes/origin/HEAD\n";
        let alias = "ref: refs/heads/main\trefs/heads/alias\na1\trefs/heads/alias\n";
        let heads = "a1\trefs/heads/main\nb2\trefs/heads/wip\n";
        let wip = format!("ref: refs/heads/wip\tHEAD\nb2\tHEAD\n{alias}{heads}{origin}");
        assert_eq!(start(&wip, None).unwrap().as_deref(), Some("refs/heads/wip"));
        let detached = format!("b2\tHEAD\n{alias}{heads}{origin}");
        assert_eq!(start(&detached, None).unwrap().as_deref(), Some("HEAD"));
        assert_eq!(start(origin, None).unwrap(), None, "a clone of which nothing was ever begun");
    }

    #[test]
    fn a_branch_that_is_not_there_is_told_with_those_that_are() {
        let said = start("b2\trefs/heads/main\nb2\trefs/heads/next\n", Some("nxet")).unwrap_err();
        assert!(said.to_string().ends_with("It has: main, next"), "{said}");
        assert!(start("b2\trefs/heads/a\nb2\trefs/heads/b\n", None).is_err());
    }

    #[test]
    fn the_default_branch_and_the_tags_come_along() {
        assert_eq!(
            refspecs("refs/heads/wip", Some("main")),
            [
                "+refs/heads/wip:refs/remotes/origin/wip",
                "+refs/heads/main:refs/remotes/origin/main",
                "+refs/heads/wip:refs/signoff/incoming",
                "+refs/tags/*:refs/tags/*"
            ]
        );
        assert_eq!(refspecs("refs/heads/main", Some("main")).len(), 3);
    }
}
