//! Untouched files: which files still have the bytes that they began with?
//! git converts line ends and encodings when it adds a file, and takes one for changed that only its attributes would change.
//! So the files are written out once more, as the clone was, and compared.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::lfs::Pointer;
use super::records::{FileName, TreeEntry, as_path, index_line, joined};
use super::staging::IndexFile;
use super::{Result, Shadow, WorkspaceError};
use crate::files::Staging;
use crate::run::Snapshot;

const WRITE_TIMEOUT: Duration = Duration::from_mins(5);
/// What a killed worker left of it.
const STALE: Duration = Duration::from_hours(1);

/// Files whose contents nobody touched, though git thinks that they changed.
#[derive(Debug, Default)]
pub(super) struct Untouched {
    same: Vec<FileName>,
    other_mode: Vec<FileName>,
    /// The lines of `--index-info` of those that only became executable, or are not any more.
    pub only_their_mode: Vec<Vec<u8>>,
}

/// One file, as it should be if nobody touched it.
struct Candidate {
    name: FileName,
    entry: TreeEntry,
}

impl Untouched {
    pub fn all(&self) -> impl Iterator<Item = &FileName> {
        self.same.iter().chain(&self.other_mode)
    }

    pub async fn find(
        shadow: &Shadow,
        parent: &Snapshot,
        worktree: &Path,
        changed: HashMap<&FileName, &TreeEntry>,
    ) -> Result<Self> {
        if changed.is_empty() {
            return Ok(Self::default());
        }
        let written = Staging::folder(&shadow.path().join("untouched"), STALE)
            .map_err(WorkspaceError::io("making a folder to compare with"))?;
        write_out(shadow, parent, written.path(), &changed).await?;
        let (now, then) = (worktree.to_owned(), written.path().to_owned());
        let candidates = changed
            .into_iter()
            .map(|(name, entry)| Candidate { name: name.clone(), entry: entry.clone() })
            .collect();
        #[expect(clippy::disallowed_methods, reason = "no process is started there")]
        let compared = tokio::task::spawn_blocking(move || compare(&now, &then, candidates)).await;
        drop(written);
        compared.map_err(|e| WorkspaceError::io("comparing files")(io::Error::other(e)))
    }
}

/// As the clone was written: by the attributes of the snapshot, whatever the agent made of them.
async fn write_out(
    shadow: &Shadow,
    parent: &Snapshot,
    folder: &Path,
    changed: &HashMap<&FileName, &TreeEntry>,
) -> Result<()> {
    let index = IndexFile::of(shadow);
    let git = || shadow.git().on(folder, &index.0).within(WRITE_TIMEOUT);
    git().args(["read-tree", &parent.commit]).bytes().await?;
    let names = joined(changed.keys().copied());
    // A file that cannot be written out counts as touched.
    git().args(["checkout-index", "-q", "-z", "--stdin"]).input(names).output(u64::MAX).await?;
    Ok(())
}

fn compare(now: &Path, then: &Path, candidates: Vec<Candidate>) -> Untouched {
    let mut untouched = Untouched::default();
    // Below a link is what the link leads to, and not the file.
    for Candidate { name, entry } in candidates.into_iter().filter(|it| is_there(now, &it.name)) {
        let (now, then) = (now.join(as_path(&name)), then.join(as_path(&name)));
        match mode_if_same(&now, &then) {
            Some(mode) if mode == entry.mode => untouched.same.push(name),
            Some(mode) => {
                untouched.only_their_mode.push(index_line(mode, &entry.id, &name));
                untouched.other_mode.push(name);
            }
            None => {}
        }
    }
    untouched
}

/// A file or a link, in folders that are no links.
pub(super) fn is_there(worktree: &Path, name: &[u8]) -> bool {
    let path = as_path(name);
    let folders = path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty());
    let found = |path: &Path| fs::symlink_metadata(worktree.join(path));
    folders.map(found).all(|folder| folder.is_ok_and(|folder| folder.is_dir()))
        && found(path).is_ok_and(|file| file.is_file() || file.is_symlink())
}

/// The mode of the file as git would say it, where both have the same contents.
fn mode_if_same(now: &Path, then: &Path) -> Option<&'static str> {
    let (is, was) = (fs::symlink_metadata(now).ok()?, fs::symlink_metadata(then).ok()?);
    if is.is_symlink() && was.is_symlink() {
        return same_link(now, then).then_some("120000");
    }
    if !(is.is_file() && was.is_file()) {
        return None;
    }
    let same_bytes = || {
        is.len() == was.len()
            && matches!((fs::read(now), fs::read(then)), (Ok(is), Ok(was)) if is == was)
    };
    // A pointer of LFS, and now what it points to, stays the pointer: the bytes are where LFS keeps them.
    let is_fetched = || Pointer::read(then).is_some_and(|pointer| pointer.names(now));
    (same_bytes() || is_fetched()).then_some(if is.mode() & 0o100 == 0 {
        "100644"
    } else {
        "100755"
    })
}

fn same_link(now: &Path, then: &Path) -> bool {
    let target = |link: &Path| -> Option<PathBuf> { fs::read_link(link).ok() };
    target(now).is_some_and(|is| Some(is) == target(then))
}
