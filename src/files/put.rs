//! How does a file or folder appear whole? By staging: made under a name of its own beside its place, then one rename.
//! Whoever looks finds what was there before or all of the new, also after a crash in between.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

use super::remove_blocking;

/// What the umask makes of it.
const FOR_ALL: u32 = 0o666;
const FOR_THE_OWNER: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;

/// Makes a folder that is for its owner alone; one that is there becomes so. No `git add` of a repository around it ever takes what is
/// in it, whoever made it first; a repository of its own says itself what it ignores.
pub fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(PRIVATE_FOLDER))?;
    let ignored = path.join(".gitignore");
    if ignored.exists() || path.join(".git").exists() { Ok(()) } else { write(&ignored, "*\n") }
}

/// Writes a file at one stroke.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> io::Result<()> {
    write_as(path, contents.as_ref(), FOR_ALL)
}

/// Writes a file that only its owner can read, at one stroke.
pub fn write_private(path: &Path, contents: impl AsRef<[u8]>) -> io::Result<()> {
    write_as(path, contents.as_ref(), FOR_THE_OWNER)
}

fn write_as(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    let staging = Staging::named(path)?;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(staging.path())?
        .write_all(contents)?;
    staging.put()
}

/// Something that is being made. Dropped before it is put, it is removed.
#[derive(Debug)]
pub struct Staging {
    /// Where it is made; empty once it was put.
    path: PathBuf,
    place: PathBuf,
}

impl Staging {
    /// A name beside `place` for something that somebody else makes there. What killed processes left under such names is
    /// removed where it is older than `stale`: zero where a lock says that nobody else is at it.
    pub fn beside(place: &Path, stale: Duration) -> io::Result<Self> {
        let staging = Self::named(place)?;
        if let Some(folder) = staging.path.parent() {
            fs::create_dir_all(folder)?;
            remove_stale(folder, &beginning_of(place)?, stale);
        }
        Ok(staging)
    }

    /// The same, with an empty folder there.
    pub fn folder(place: &Path, stale: Duration) -> io::Result<Self> {
        let staging = Self::beside(place, stale)?;
        fs::create_dir(&staging.path)?;
        Ok(staging)
    }

    /// Where to make it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it in its place. A file there is replaced; a folder with something in it is an error.
    pub fn put(mut self) -> io::Result<()> {
        fs::rename(&self.path, &self.place)?;
        self.path = PathBuf::new();
        Ok(())
    }

    /// Puts it in its place, whatever is there.
    pub fn replace(self) -> io::Result<()> {
        remove_blocking(&self.place)?;
        self.put()
    }

    fn named(place: &Path) -> io::Result<Self> {
        let mut name = beginning_of(place)?;
        name.push(Uuid::new_v4().simple().to_string());
        Ok(Self { path: place.with_file_name(name), place: place.to_owned() })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // What cannot be removed is only litter.
            let _litter = remove_blocking(&self.path);
        }
    }
}

/// How the names begin under which `place` is made.
fn beginning_of(place: &Path) -> io::Result<OsString> {
    let name = place.file_name().ok_or_else(|| io::Error::other("there is no name to put it"))?;
    let mut beginning = name.to_owned();
    beginning.push(".partial");
    Ok(beginning)
}

fn remove_stale(folder: &Path, beginning: &OsString, stale: Duration) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let ours = entry.file_name().as_encoded_bytes().starts_with(beginning.as_encoded_bytes());
        if ours && age(&entry).is_some_and(|age| age >= stale) {
            // What cannot be removed is only litter.
            let _litter = remove_blocking(&entry.path());
        }
    }
}

fn age(entry: &fs::DirEntry) -> Option<Duration> {
    let changed = entry.metadata().and_then(|data| data.modified()).ok()?;
    // From the future is new.
    Some(changed.elapsed().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("up.json");
        write(&path, "old").unwrap();
        write_private(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["up.json"]);
    }

    #[test]
    fn a_private_folder_is_none_of_gits_business_whoever_made_it_first() {
        let around = tempfile::tempdir().unwrap();
        let (new, old) = (around.path().join("a/new"), around.path().join("old"));
        fs::create_dir_all(old.join("artifacts")).unwrap();
        for folder in [&new, &old] {
            private_folder(folder).unwrap();
            assert_eq!(fs::read_to_string(folder.join(".gitignore")).unwrap(), "*\n");
            assert_eq!(fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
        let repository = around.path().join("repository");
        fs::create_dir_all(repository.join(".git")).unwrap();
        private_folder(&repository).unwrap();
        assert_eq!(names(&repository), [".git"]);
    }

    #[test]
    fn a_folder_is_there_when_it_is_whole() {
        let all = tempfile::tempdir().unwrap();
        let place = all.path().join("tools/1.0");
        let staging = Staging::folder(&place, Duration::ZERO).unwrap();
        fs::write(staging.path().join("tool"), "hammer").unwrap();
        assert!(!place.exists());
        staging.put().unwrap();
        let second = Staging::folder(&place, Duration::ZERO).unwrap();
        assert!(second.put().is_err(), "who was faster keeps it");
        let third = Staging::folder(&place, Duration::ZERO).unwrap();
        fs::write(third.path().join("tool"), "saw").unwrap();
        third.replace().unwrap();
        assert_eq!(fs::read_to_string(place.join("tool")).unwrap(), "saw");
        assert_eq!(names(&all.path().join("tools")), ["1.0"]);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let all = tempfile::tempdir().unwrap();
        let place = all.path().join("1.0");
        for name in ["1.0.partial", "1.0.partial-of-old", "1.0.1"] {
            fs::create_dir(all.path().join(name)).unwrap();
        }
        drop(Staging::folder(&place, Duration::from_mins(1)).unwrap());
        assert_eq!(names(all.path()).len(), 3, "they are young");
        drop(Staging::folder(&place, Duration::ZERO).unwrap());
        assert_eq!(names(all.path()), ["1.0.1"]);
    }
}
