//! The agent's own index: what did it untrack, track by force, or leave out of its worktree?
//! Read as data, from a copy and by a git that knows nothing else of the agent's `.git`. Where it cannot be read, nothing follows.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use super::records::{FileName, SUBMODULE, TreeEntry, index_line, joined, raw_records};
use super::staging::{IndexFile, StagedWorktree, displayable, removal};
use super::untouched::is_there;
use super::{Result, WorkspaceError};
use crate::files::read_regular;

/// An index of a million files has about 100 MB.
const LARGEST_INDEX_BYTES: u64 = 256 << 20;
/// Is in an index that names whole folders of a sparse checkout, instead of the files in them.
const SPARSE_FOLDERS: &[u8] = b"sdir";

/// What the agent's index says.
struct AgentIndex {
    tracked: HashSet<FileName>,
    /// Tracked, and meant to be missing from the worktree: a sparse checkout.
    sparse: HashMap<FileName, TreeEntry>,
    /// The commits that its submodules point to.
    submodules: HashMap<FileName, Vec<u8>>,
}

impl StagedWorktree<'_> {
    /// What the agent untracked and ignores is untracked; what it tracks though it is ignored is kept; what it only left out of a
    /// sparse checkout is still there. A submodule that points elsewhere cannot be kept, and is not forgotten either.
    pub(super) async fn follow_the_agents_index(
        &self,
        base: &HashMap<FileName, TreeEntry>,
    ) -> Result<()> {
        let Some(agents) = self.agents_index().await? else { return Ok(()) };
        refuse_if_moved(base, &agents.submodules)?;
        self.refuse_if_out_of_sight(base, &agents.sparse)?;
        let files = || base.iter().filter(|(_, entry)| entry.mode != SUBMODULE);
        let gone: Vec<_> =
            files().map(|(name, _)| name).filter(|n| !agents.tracked.contains(*n)).collect();
        let untracked = self.there_and_ignored(&gone).await?;
        let removed = untracked.iter().filter_map(|name| Some(removal(base.get(name)?, name)));
        self.index_info(removed).await?;
        let sparse =
            files().filter(|(name, _)| agents.sparse.contains_key(*name) && !self.has(name));
        self.index_info(sparse.map(|(name, entry)| index_line(&entry.mode, &entry.id, name)))
            .await?;
        self.add_forced(agents.tracked.iter().filter(|name| !base.contains_key(*name)).collect())
            .await
    }

    /// Adds what the agent tracks although it is ignored.
    async fn add_forced(&self, new: Vec<&FileName>) -> Result<()> {
        let forced = self.there_and_ignored(&new).await?;
        forced.iter().try_for_each(|name| self.can_be_kept(name))?;
        if forced.is_empty() {
            return Ok(());
        }
        let add = ["add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul"];
        let git = self.git().env("GIT_LITERAL_PATHSPECS", "1").args(add);
        git.input(joined(&forced)).output(u64::MAX).await?.about_the_work("add").map(drop)
    }

    /// Those that are in the worktree and ignored there.
    async fn there_and_ignored(&self, names: &[&FileName]) -> Result<Vec<FileName>> {
        let there: Vec<_> = names.iter().copied().filter(|name| self.has(name)).collect();
        Ok(self.ignored(&there).await?.into_iter().collect())
    }

    fn has(&self, name: &[u8]) -> bool {
        is_there(&self.worktree, name)
    }

    /// What the agent made of a file is then only in its own repository, of which nothing else is read.
    fn refuse_if_out_of_sight(
        &self,
        base: &HashMap<FileName, TreeEntry>,
        sparse: &HashMap<FileName, TreeEntry>,
    ) -> Result<()> {
        let changed = |(name, entry): &(&FileName, &TreeEntry)| {
            entry.mode != SUBMODULE && base.get(*name) != Some(*entry) && !self.has(name)
        };
        match sparse.iter().find(changed) {
            Some((name, _)) => Err(out_of_sight(&displayable(name))),
            None => Ok(()),
        }
    }

    /// None where it has none that can be read.
    async fn agents_index(&self) -> Result<Option<AgentIndex>> {
        let copy = IndexFile::of(self.shadow);
        let Some(bytes) = index_bytes(&self.worktree.join(".git")) else { return Ok(None) };
        fs::write(&copy.0, &bytes).map_err(WorkspaceError::io("reading the agent's index"))?;
        let list = ["ls-files", "-z", "-t", "--stage"];
        let read =
            self.shadow.git().on(self.shadow.path(), &copy.0).args(list).output(u64::MAX).await?;
        // git leaves out a folder whose tree only the agent's repository has, complains of it, and says that all went well.
        if read.err.contains("error:") && has_sparse_folders(&bytes) {
            let folder = read.err.split('\'').nth(1).unwrap_or("a folder");
            return Err(out_of_sight(folder));
        }
        Ok(read.status.success().then(|| parse(&read.out)))
    }
}

fn has_sparse_folders(index: &[u8]) -> bool {
    index.windows(SPARSE_FOLDERS.len()).any(|bytes| bytes == SPARSE_FOLDERS)
}

fn out_of_sight(path: &str) -> WorkspaceError {
    let why = format!(
        "{path} was changed and then left out of the sparse checkout, where nobody sees it: `git sparse-checkout disable` brings it back"
    );
    WorkspaceError::Unkeepable { why }
}

/// Lines such as `H 100644 <id> 0\tsrc/a.js`; `S` where it is left out of the worktree.
fn parse(list: &[u8]) -> AgentIndex {
    let mut index =
        AgentIndex { tracked: HashSet::new(), sparse: HashMap::new(), submodules: HashMap::new() };
    for record in raw_records(list) {
        let mut parts = record.splitn(2, |byte| *byte == b'\t');
        let (Some(about), Some(name)) = (parts.next(), parts.next()) else { continue };
        let words: Vec<&[u8]> = about.split(|byte| *byte == b' ').collect();
        if let [tag, mode, id, _] = words[..] {
            if tag == b"S" {
                let [mode, id] = [mode, id].map(|word| String::from_utf8_lossy(word).into_owned());
                index.sparse.insert(name.to_vec(), TreeEntry { mode, id });
            }
            if mode == SUBMODULE.as_bytes() {
                index.submodules.insert(name.to_vec(), id.to_vec());
            }
            index.tracked.insert(name.to_vec());
        }
    }
    index
}

fn refuse_if_moved(
    base: &HashMap<FileName, TreeEntry>,
    now: &HashMap<FileName, Vec<u8>>,
) -> Result<()> {
    let was = |name| base.get(name).filter(|entry| entry.mode == SUBMODULE);
    let moved = now
        .iter()
        .find(|(name, id)| was(*name).is_some_and(|entry| entry.id.as_bytes() != id.as_slice()));
    let Some((name, id)) = moved else { return Ok(()) };
    let why = format!(
        "the submodule {} points to another commit, {}, and what a snapshot keeps of submodules is what they were: set it back, and say in words what it should become",
        displayable(name),
        String::from_utf8_lossy(id)
    );
    Err(WorkspaceError::Unkeepable { why })
}

/// None unless it is a regular file in a folder that is no link, and not too large.
fn index_bytes(git_dir: &Path) -> Option<Vec<u8>> {
    fs::symlink_metadata(git_dir).ok().filter(fs::Metadata::is_dir)?;
    read_regular(&git_dir.join("index"), LARGEST_INDEX_BYTES)
}
