//! Readable worktrees: what must be mended before git can look at what an agent left?
//! Only rights that the agent took away from itself, and things that are no files under names that git opens. Other repositories' own
//! folders are put aside meanwhile: they are never kept, git would read whatever they lead to, and their agent may go on in them.

use std::fs::{self, DirEntry, Metadata, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::records::FileName;
use super::{Result, Shadow, WorkspaceError};
use crate::files::{Staging, remove_blocking};

/// git opens these wherever they are: a pipe would keep it waiting for ever.
const OPENED_BY_GIT: [&str; 4] = [".gitignore", ".gitattributes", ".gitmodules", ".mailmap"];

/// The folder, file or link by which git knows a repository.
const REPOSITORY: &str = ".git";

/// More of either is not told.
const MOST: usize = 1_000;
/// What a killed worker put aside is litter then.
const STALE: Duration = Duration::from_hours(1);

/// What was seen in a clone that git does not keep, by names relative to it.
pub(super) struct InClone {
    /// Folders that are repositories of their own.
    pub repositories: Vec<FileName>,
    /// Folders without anything in them, and what is no file.
    pub no_files: Vec<FileName>,
    worktree: PathBuf,
    // Dropped in this order: back to their places first.
    put_aside: Vec<PutAside>,
    aside: Staging,
}

/// A repository's own folder, file or link, until it is put back.
struct PutAside {
    place: PathBuf,
    now: PathBuf,
}

impl Drop for PutAside {
    fn drop(&mut self) {
        let _removed_by_the_agent = fs::rename(&self.now, &self.place);
    }
}

/// Makes files and folders of the clone readable for us. No link is followed, and its own repository is left alone.
pub(super) async fn make_readable(shadow: &Shadow, worktree: PathBuf) -> Result<InClone> {
    let aside = Staging::folder(&shadow.path().join("aside"), STALE)
        .map_err(WorkspaceError::io("making a folder for repositories in the clone"))?;
    let (repositories, no_files, put_aside) = (Vec::new(), Vec::new(), Vec::new());
    let mut in_clone = InClone { repositories, no_files, worktree, put_aside, aside };
    #[expect(clippy::disallowed_methods, reason = "no process is started there")]
    let made = tokio::task::spawn_blocking(move || {
        in_clone.mend_all();
        in_clone
    })
    .await;
    made.map_err(|e| WorkspaceError::io("looking through the clone")(io::Error::other(e)))
}

impl InClone {
    /// What cannot be mended here is refused by git later, by its name.
    fn mend_all(&mut self) {
        let own = self.worktree.join(REPOSITORY);
        let mut folders = vec![self.worktree.clone()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            let others: Vec<DirEntry> = entries.filter(|entry| entry.path() != own).collect();
            if others.is_empty() && folder != self.worktree {
                self.tell_no_file(&folder);
            }
            folders.extend(others.iter().filter_map(|entry| self.mend(entry)));
        }
    }

    /// Mends one entry; its path, where it is a folder to look into.
    fn mend(&mut self, entry: &DirEntry) -> Option<PathBuf> {
        // Of the entry itself: no link is followed.
        let (path, found) = (entry.path(), entry.metadata().ok()?);
        if entry.file_name() == REPOSITORY {
            self.put_aside(path, &found);
            return None;
        }
        let kind = found.file_type();
        let never_read =
            kind.is_fifo() || kind.is_socket() || kind.is_char_device() || kind.is_block_device();
        if never_read {
            self.tell_no_file(&path);
            if OPENED_BY_GIT.iter().any(|name| entry.file_name() == *name) {
                let _refused_later = fs::remove_file(&path);
            }
        } else if kind.is_dir() {
            allow(&path, &found, 0o700);
            return Some(path);
        } else if kind.is_file() {
            allow(&path, &found, 0o400);
        }
        None
    }

    fn put_aside(&mut self, place: PathBuf, found: &Metadata) {
        if let Some(folder) = place.parent().and_then(|folder| self.name(folder)) {
            self.repositories.extend(Some(folder).filter(|_| self.repositories.len() < MOST));
        }
        let now = self.aside.path().join(self.put_aside.len().to_string());
        if fs::rename(&place, &now).is_ok() {
            self.put_aside.push(PutAside { place, now });
        } else {
            let _refused_later =
                if found.is_dir() { remove_blocking(&place) } else { fs::remove_file(&place) };
        }
    }

    fn tell_no_file(&mut self, path: &Path) {
        let name = self.name(path).filter(|_| self.no_files.len() < MOST);
        self.no_files.extend(name);
    }

    fn name(&self, path: &Path) -> Option<FileName> {
        Some(path.strip_prefix(&self.worktree).ok()?.as_os_str().as_bytes().to_vec())
    }
}

fn allow(path: &Path, found: &Metadata, rights: u32) {
    let mode = found.permissions().mode();
    if mode & rights != rights {
        let _refused_later = fs::set_permissions(path, Permissions::from_mode(mode | rights));
    }
}
