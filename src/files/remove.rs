//! How is a tree removed that somebody else made?
//! Without recursion, because an agent can nest folders deeper than any stack; by open folders and not by paths, because those grow
//! too long; no link is followed.

use std::ffi::{CString, OsStr};
use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, fchmod, fstat, openat, unlinkat};
use rustix::io::{Errno, Result};

/// Opens a folder, never what a link points at.
const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Removes a file, or a folder with all that is in it, off the threads that others wait for. Nothing there is fine.
pub async fn remove(path: &Path) -> io::Result<()> {
    let path = path.to_owned();
    #[expect(clippy::disallowed_methods, reason = "no process is started there")]
    let removing = tokio::task::spawn_blocking(move || remove_blocking(&path));
    removing.await.unwrap_or_else(|lost| Err(io::Error::other(lost)))
}

/// The same on this thread, for what is small and for where nobody can wait.
pub fn remove_blocking(path: &Path) -> io::Result<()> {
    let name = c_string(path.as_os_str())?;
    match unlinkat(CWD, name.as_c_str(), AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
        Err(error) if may_be_folder(error) => Ok(remove_folder(name)?),
        Err(error) => Err(error.into()),
    }
}

/// A folder on the way down, left for the one of its folders that is emptied first.
struct Left {
    /// None is the current folder of the process, where the tree's own path starts.
    identity: Option<Identity>,
    /// What is emptied.
    inner: CString,
    /// What is emptied after that.
    others: Vec<CString>,
}

/// By which the kernel tells folders apart: device and inode.
type Identity = (u64, u64);

/// Goes down to a folder without folders, and removes one after another on its way up. One folder is open at a time, however deep.
fn remove_folder(path: CString) -> Result<()> {
    let (mut above, mut here, mut folders) = (Vec::new(), None, vec![path]);
    loop {
        if let Some(inner) = folders.pop() {
            let entered = enter(at(here.as_ref()), &inner)?;
            let identity = here.as_ref().map(identity).transpose()?;
            let others = mem::replace(&mut folders, clear(&entered)?);
            above.push(Left { identity, inner, others });
            here = Some(entered);
        } else if let Some(left) = above.pop() {
            here = leave(here.as_ref(), left.identity)?;
            unlinkat(at(here.as_ref()), left.inner.as_c_str(), AtFlags::REMOVEDIR)?;
            folders = left.others;
        } else {
            return Ok(());
        }
    }
}

fn at(folder: Option<&OwnedFd>) -> BorrowedFd<'_> {
    folder.map_or(CWD, AsFd::as_fd)
}

/// Opens a folder and makes it ours to change: who made it may have taken away the right to.
fn enter(at: BorrowedFd<'_>, name: &CString) -> Result<OwnedFd> {
    let open = || openat(at, name.as_c_str(), FOLDER, Mode::empty());
    let folder = match open() {
        Err(Errno::ACCESS) => {
            unlock(at, name)?;
            open()?
        }
        opened => opened?,
    };
    if !Mode::from_raw_mode(fstat(&folder)?.st_mode).contains(Mode::RWXU) {
        // Where it belongs to somebody else, removing what is in it says so.
        let _not_ours = fchmod(&folder, Mode::RWXU);
    }
    Ok(folder)
}

/// For a folder that cannot be opened to be read.
#[cfg(target_os = "linux")]
fn unlock(at: BorrowedFd<'_>, name: &CString) -> Result<()> {
    use std::os::fd::AsRawFd;

    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = openat(at, name.as_c_str(), flags, Mode::empty())?;
    // Here Linux changes exactly what is open, and elsewhere it would follow links.
    rustix::fs::chmod(format!("/proc/self/fd/{}", folder.as_raw_fd()), Mode::RWXU)
}

#[cfg(not(target_os = "linux"))]
fn unlock(at: BorrowedFd<'_>, name: &CString) -> Result<()> {
    rustix::fs::chmodat(at, name.as_c_str(), Mode::RWXU, AtFlags::SYMLINK_NOFOLLOW)
}

/// Removes everything in a folder but its folders; their names.
fn clear(folder: &OwnedFd) -> Result<Vec<CString>> {
    // All names first: some file systems skip names while others are taken away.
    let entries = Dir::read_from(folder)?
        .map(|entry| entry.map(|entry| (entry.file_name().to_owned(), entry.file_type())))
        .filter(|entry| !matches!(entry, Ok((name, _)) if matches!(name.as_bytes(), b"." | b"..")))
        .collect::<Result<Vec<_>>>()?;
    let mut folders = Vec::new();
    for (name, kind) in entries {
        if kind == FileType::Directory {
            folders.push(name);
            continue;
        }
        match unlinkat(folder, name.as_c_str(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            // Not every file system tells what a name stands for.
            Err(error) if may_be_folder(error) => folders.push(name),
            Err(error) => return Err(error),
        }
    }
    Ok(folders)
}

/// Back to the folder that `here` is in, which must be the one we came from: somebody who moves folders about meanwhile must not
/// lead us to others'.
fn leave(here: Option<&OwnedFd>, to: Option<Identity>) -> Result<Option<OwnedFd>> {
    let Some(wanted) = to else { return Ok(None) };
    let above = openat(at(here), c"..", FOLDER, Mode::empty())?;
    if identity(&above)? == wanted { Ok(Some(above)) } else { Err(Errno::STALE) }
}

fn identity(folder: &OwnedFd) -> Result<Identity> {
    let data = fstat(folder)?;
    #[expect(clippy::useless_conversion, reason = "their types differ between systems")]
    Ok((data.st_dev.into(), data.st_ino.into()))
}

/// What systems say when a folder is removed as if it were a file.
fn may_be_folder(error: Errno) -> bool {
    matches!(error, Errno::ISDIR | Errno::PERM)
}

fn c_string(path: &OsStr) -> io::Result<CString> {
    CString::new(path.as_bytes()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use rustix::fs::mkdirat;

    use super::*;

    #[tokio::test]
    async fn a_tree_deeper_than_any_stack_or_path_is_removed() {
        // In memory where that is to be had: a disk that is busy takes a minute for so many folders.
        let memory = Some(Path::new("/dev/shm")).filter(|memory| memory.is_dir());
        let folder = tempfile::tempdir_in(memory.unwrap_or(&std::env::temp_dir())).unwrap();
        let tree = folder.path().join("tree");
        fs::create_dir(&tree).unwrap();
        let mut here = openat(CWD, &tree, FOLDER, Mode::empty()).unwrap();
        for _ in 0..20_000 {
            mkdirat(&here, c"d", Mode::RWXU).unwrap();
            here = openat(&here, c"d", FOLDER, Mode::empty()).unwrap();
        }
        // With the lowest open, the kernel would look through all of them for each.
        drop(here);
        remove(&tree).await.unwrap();
        assert!(!tree.exists());
    }

    #[test]
    fn no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, tree) = (folder.path().join("kept"), folder.path().join("tree"));
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "").unwrap();
        fs::create_dir_all(tree.join("a/b")).unwrap();
        symlink(&kept, tree.join("a/to")).unwrap();
        symlink(&kept, folder.path().join("link")).unwrap();
        remove_blocking(&tree).unwrap();
        remove_blocking(&folder.path().join("link")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(kept.join("file").exists());
    }

    #[test]
    fn what_was_closed_to_everybody_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        for (inner, mode) in [("unread", 0o000), ("unwritten", 0o555), ("unentered", 0o600)] {
            fs::create_dir_all(tree.join(inner).join("more")).unwrap();
            fs::write(tree.join(inner).join("file"), "").unwrap();
            fs::set_permissions(tree.join(inner), Permissions::from_mode(mode)).unwrap();
        }
        fs::set_permissions(&tree, Permissions::from_mode(0o000)).unwrap();
        remove_blocking(&tree).unwrap();
        assert!(!tree.exists());
    }

    #[test]
    fn files_are_removed_too_and_nothing_there_is_fine() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for _ in 0..2 {
            remove_blocking(&file).unwrap();
        }
        remove_blocking(&folder.path().join("no/such")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
