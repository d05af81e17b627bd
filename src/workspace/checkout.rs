//! Checkouts: where does an agent work?
//! In a clone of its own: nothing in it is shared with the shadow repository, not even by a hard link. Who owns a file can write into it
//! through any of its names, so packs are copied; that is far faster than git's own way, which reads and hashes every object again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::git::Git;
use super::shadow::{EMAIL, NAME};
use super::{Result, Shadow, WorkspaceError};
use crate::files;
use crate::run::Snapshot;

/// The branch an agent finds itself on.
const BRANCH: &str = "signoff";

/// A repository that is larger than this, in KiB, is copied without its older past: every attempt has a copy.
const WHOLE_KIB: u64 = 2 << 20;

const FETCH: [&str; 4] = ["fetch", "-q", "--no-write-fetch-head", "--update-head-ok"];
/// All of the past, with every tag: what a project's own tools read their version from.
const WHOLE: [&str; 2] = ["--no-tags", "--update-shallow"];
const TAGS: &str = "refs/tags/*:refs/tags/*";
/// Enough of the past to read how the project is written, with the tags in it.
const RECENT: [&str; 1] = ["--depth=50"];
/// The project's default branch, to compare with.
const ORIGIN: &str = "refs/remotes/origin/*:refs/remotes/origin/*";

const COPY_TIMEOUT: Duration = Duration::from_mins(10);

impl Shadow {
    /// A fresh clone of `snapshot` at `into`; what was there is removed.
    pub async fn checkout(&self, snapshot: &Snapshot, into: &Path) -> Result<()> {
        let into =
            std::path::absolute(into).map_err(WorkspaceError::io("finding the clone's folder"))?;
        empty_folder(&into).await?;
        let clone = AgentClone { git_dir: into.join(".git"), worktree: into };
        clone.init().await?;
        clone.fetch(self, snapshot).await?;
        clone.fill_worktree().await
    }

    /// The same, for work that a snapshot will be taken of: files that nobody touches are then not read again.
    pub async fn checkout_to_change(&self, snapshot: &Snapshot, into: &Path) -> Result<()> {
        self.checkout(snapshot, into).await?;
        copy_with_time(&into.join(".git/index"), &index_beside(into))
            .map_err(WorkspaceError::io("remembering the clone's index"))
    }
}

impl Shadow {
    /// How much room its objects take.
    async fn size_kib(&self) -> Result<u64> {
        let counted = self.git().args(["count-objects", "-v"]).line().await?;
        let sizes = counted.lines().filter_map(|line| line.split_once(": "));
        let sizes = sizes.filter(|(name, _)| matches!(*name, "size" | "size-pack"));
        Ok(sizes.filter_map(|(_, kib)| kib.parse::<u64>().ok()).sum())
    }
}

async fn empty_folder(folder: &Path) -> Result<()> {
    for old in [folder, &index_beside(folder)] {
        files::remove(old)
            .await
            .map_err(WorkspaceError::io(format!("removing {}", old.display())))?;
    }
    fs::create_dir_all(folder).map_err(WorkspaceError::io(format!("making {}", folder.display())))
}

/// Where the index of a clone is remembered as it was before its agent came: what it says of times and sizes can be trusted, so that
/// files which nobody touched need not be read. In the same folder, but not in the clone.
pub(super) fn index_beside(worktree: &Path) -> PathBuf {
    worktree.with_added_extension("index")
}

/// With its time: git reads a file again that changed after its index did.
pub(super) fn copy_with_time(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    let written = fs::metadata(from)?.modified()?;
    fs::File::options().write(true).open(to)?.set_modified(written)
}

/// Copies what git packed when the run began, or another run that it goes on from. The snapshots of its attempts are in no pack.
async fn copy_packs(from: PathBuf, to: PathBuf) -> Result<()> {
    let [from, to] = [from, to].map(|git_dir| git_dir.join("objects/pack"));
    #[expect(clippy::disallowed_methods, reason = "no process is started there")]
    let copied = tokio::task::spawn_blocking(move || copy_files(&from, &to)).await;
    copied
        .unwrap_or_else(|e| Err(io::Error::other(e)))
        .map_err(WorkspaceError::io("copying the repository"))
}

fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        // A pack that git still writes has another name.
        if name.to_string_lossy().starts_with("pack-") {
            fs::copy(from.join(&name), to.join(&name))?;
        }
    }
    Ok(())
}

/// A repository with a worktree, for one agent.
struct AgentClone {
    worktree: PathBuf,
    git_dir: PathBuf,
}

impl AgentClone {
    fn git(&self) -> Git {
        Git::ours(&self.git_dir)
    }

    async fn init(&self) -> Result<()> {
        self.git().args(["init", "-q", "--template=", "-b", BRANCH]).bytes().await?;
        self.git().args(["config", "user.name", NAME]).bytes().await?;
        self.git().args(["config", "user.email", EMAIL]).bytes().await?;
        Ok(())
    }

    async fn fetch(&self, from: &Shadow, snapshot: &Snapshot) -> Result<()> {
        let branch = |commit: &str| format!("+{commit}:refs/heads/{BRANCH}");
        if from.size_kib().await? <= WHOLE_KIB {
            copy_packs(from.path().to_owned(), self.git_dir.clone()).await?;
            // What the run began with is in the packs: with it here, git asks only for what came later.
            let base = from.base().await?.map(|base| base.commit);
            let begun = base.as_deref().map(branch);
            self.fetch_refs(from, &WHOLE, begun.iter().map(String::as_str).chain([ORIGIN, TAGS]))
                .await?;
            if base.as_ref() != Some(&snapshot.commit) {
                self.fetch_refs(from, &WHOLE, [branch(&snapshot.commit).as_str()]).await?;
            }
        } else {
            self.fetch_refs(from, &RECENT, [branch(&snapshot.commit).as_str(), ORIGIN]).await?;
        }
        self.name_default_branch(from).await
    }

    async fn fetch_refs(
        &self,
        from: &Shadow,
        past: &[&str],
        refs: impl IntoIterator<Item = &str>,
    ) -> Result<()> {
        let fetch = self.git().args(FETCH).args(past).args(["--"]).args([from.path()]);
        fetch.args(refs).within(COPY_TIMEOUT).bytes().await.map(drop)
    }

    /// So that `origin` alone is a name too, as in a clone.
    async fn name_default_branch(&self, from: &Shadow) -> Result<()> {
        if let Some(default) = from.default_branch().await? {
            let name = format!("refs/remotes/origin/{default}");
            let words = ["symbolic-ref", "refs/remotes/origin/HEAD", &name];
            self.git().args(words).bytes().await?;
        }
        Ok(())
    }

    async fn fill_worktree(&self) -> Result<()> {
        let reset = ["reset", "-q", "--hard", "--no-recurse-submodules"];
        let git = self.git().on(&self.worktree, &self.git_dir.join("index"));
        git.args(reset).within(COPY_TIMEOUT).bytes().await?;
        Ok(())
    }
}
