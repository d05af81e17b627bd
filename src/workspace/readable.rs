//! Readable worktrees: what must be mended before git can look at what an agent left?
//! Only rights that the agent took away from itself, things that are no files under names that git opens, and other repositories' own
//! folders: those are never kept, and git would read whatever they lead to.

use std::fs::{self, DirEntry, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{Result, WorkspaceError};
use crate::files::remove_blocking;

/// git opens these wherever they are: a pipe would keep it waiting for ever.
const OPENED_BY_GIT: [&str; 4] = [".gitignore", ".gitattributes", ".gitmodules", ".mailmap"];

/// The folder, file or link by which git knows a repository.
const REPOSITORY: &str = ".git";

/// Makes files and folders of the clone readable for us. No link is followed, and its own repository is left alone.
pub(super) async fn make_readable(worktree: PathBuf) -> Result<()> {
    #[expect(clippy::disallowed_methods, reason = "no process is started there")]
    let made = tokio::task::spawn_blocking(move || mend_all(worktree)).await;
    made.map_err(|e| WorkspaceError::io("looking through the clone")(io::Error::other(e)))
}

/// What cannot be mended here is refused by git later, by its name.
fn mend_all(worktree: PathBuf) {
    let own = worktree.join(REPOSITORY);
    let mut folders = vec![worktree];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let others = entries.filter(|entry| entry.path() != own);
        folders.extend(others.filter_map(|entry| mend(&entry)));
    }
}

/// Mends one entry; its path, where it is a folder to look into.
fn mend(entry: &DirEntry) -> Option<PathBuf> {
    // Of the entry itself: no link is followed.
    let (path, found) = (entry.path(), entry.metadata().ok()?);
    if entry.file_name() == REPOSITORY {
        let _refused_later =
            if found.is_dir() { remove_blocking(&path) } else { fs::remove_file(&path) };
        return None;
    }
    let kind = found.file_type();
    let never_read =
        kind.is_fifo() || kind.is_socket() || kind.is_char_device() || kind.is_block_device();
    if never_read && OPENED_BY_GIT.iter().any(|name| entry.file_name() == *name) {
        let _refused_later = fs::remove_file(&path);
    } else if kind.is_dir() {
        allow(&path, &found, 0o700);
        return Some(path);
    } else if kind.is_file() {
        allow(&path, &found, 0o400);
    }
    None
}

fn allow(path: &Path, found: &Metadata, rights: u32) {
    let mode = found.permissions().mode();
    if mode & rights != rights {
        let _refused_later = fs::set_permissions(path, Permissions::from_mode(mode | rights));
    }
}
