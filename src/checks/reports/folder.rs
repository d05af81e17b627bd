//! The folder of the reports: what is a report, and how is it opened?
//! The commands and the agent wrote there: nothing but regular files below the checkout is ever opened, no link is followed, nothing waits,
//! and no more is read than a report may hold.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat, unlinkat,
};
use rustix::io::{Errno, Result};

/// Larger reports are not read.
pub(super) const LARGEST_BYTES: u64 = 20 << 20;
/// Deepest folder that a pattern is looked for in.
const DEEPEST: usize = 64;
/// Most files and folders that are looked at for one pattern.
const MOST_ENTRIES: usize = 200_000;

/// Opens a folder, never what a link points at.
const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// Opens a file and waits for nobody at its other end.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// The checkout, opened.
pub(super) struct Folder(OwnedFd);

/// What a name holds.
pub(super) enum Opened {
    Report(Vec<u8>),
    Missing,
    /// Something else than a report, or one that cannot be read; why, for people.
    Unread(String),
}

/// What a pattern matches.
#[derive(Default)]
pub(super) struct Matches {
    pub paths: BTreeSet<PathBuf>,
    /// There was too much to look at.
    pub gave_up: bool,
    looked_at: usize,
}

/// By which two files of one name are told apart: any write changes it, and nobody can set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp([i128; 4]);

impl Folder {
    pub fn open(path: &Path) -> Result<Self> {
        // The checkout's own path is ours, links and all.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat(CWD, path, flags, Mode::empty()).map(Self)
    }

    /// What a file below holds.
    pub fn read(&self, path: &Path) -> Opened {
        match self.read_regular(path) {
            Ok(opened) => opened,
            Err(Errno::NOENT | Errno::NOTDIR) => Opened::Missing,
            Err(Errno::LOOP) => Opened::Unread("is a link".to_owned()),
            Err(error) => Opened::Unread(format!("cannot be opened ({error})")),
        }
    }

    fn read_regular(&self, path: &Path) -> Result<Opened> {
        let (folder, name) = self.parent(path)?;
        if let Some(why) = no_report(&statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?) {
            return Ok(Opened::Unread(why.to_owned()));
        }
        let file = openat(&folder, name, FILE, Mode::empty())?;
        // It may be another by now.
        if let Some(why) = no_report(&fstat(&file)?) {
            return Ok(Opened::Unread(why.to_owned()));
        }
        let mut bytes = Vec::new();
        let read = File::from(file).take(LARGEST_BYTES + 1).read_to_end(&mut bytes);
        Ok(match read {
            Err(error) => Opened::Unread(format!("cannot be read ({error})")),
            Ok(_) if bytes.len() as u64 > LARGEST_BYTES => {
                Opened::Unread(format!("is larger than {} MB", LARGEST_BYTES >> 20))
            }
            Ok(_) => Opened::Report(bytes),
        })
    }

    /// Whether a regular file is there.
    pub fn has(&self, path: &Path) -> bool {
        let stat = self
            .parent(path)
            .and_then(|(folder, name)| statat(folder, name, AtFlags::SYMLINK_NOFOLLOW));
        stat.is_ok_and(|stat| no_report(&stat).is_none())
    }

    /// None where there is no file.
    pub fn stamp(&self, path: &Path) -> Option<Stamp> {
        let (folder, name) = self.parent(path).ok()?;
        let stat = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let (seconds, nanos) = (stat.st_ctime.into(), stat.st_ctime_nsec.into());
        Some(Stamp([stat.st_ino.into(), seconds, nanos, stat.st_size.into()]))
    }

    /// Removes a file, whatever kind it is of. What cannot be removed is mostly not there, as it should be.
    pub fn remove(&self, path: &Path) {
        if let Ok((folder, name)) = self.parent(path) {
            let _ = unlinkat(&folder, name, AtFlags::empty());
        }
    }

    /// Files whose path a pattern names: `*` and `?` within a name, `**` for any folders.
    pub fn find(&self, pattern: &str) -> Matches {
        let mut parts: Vec<&str> =
            pattern.split('/').filter(|it| !matches!(*it, "" | ".")).collect();
        parts.dedup_by(|one, other| *one == "**" && *other == "**");
        let mut matches = Matches::default();
        if let Ok(here) = openat(&self.0, ".", FOLDER, Mode::empty()) {
            matches.walk(&here, Path::new(""), &parts);
        }
        matches
    }

    /// The folder of a path and its name there, opened step by step.
    fn parent<'p>(&self, path: &'p Path) -> Result<(OwnedFd, &'p OsStr)> {
        let mut parts = path.components().filter(|part| *part != Component::CurDir).peekable();
        let mut here = openat(&self.0, ".", FOLDER, Mode::empty())?;
        while let Some(part) = parts.next() {
            let Component::Normal(name) = part else { return Err(Errno::NOENT) };
            if parts.peek().is_none() {
                return Ok((here, name));
            }
            here = openat(&here, name, FOLDER, Mode::empty())?;
        }
        Err(Errno::NOENT)
    }
}

impl Matches {
    fn walk(&mut self, folder: &OwnedFd, at: &Path, pattern: &[&str]) {
        let Some((first, rest)) = pattern.split_first() else { return };
        if *first == "**" {
            self.walk(folder, at, rest);
        }
        if !is_pattern(first) {
            self.enter_or_take(folder, at, OsStr::new(first), rest);
            return;
        }
        for name in self.names(folder) {
            if *first == "**" {
                // The files of the folder itself were looked at above.
                if name != ".git" {
                    self.enter(folder, at, &name, pattern);
                }
            } else if name_matches(first, &name.to_string_lossy()) {
                self.enter_or_take(folder, at, &name, rest);
            }
        }
    }

    fn enter_or_take(&mut self, folder: &OwnedFd, at: &Path, name: &OsStr, rest: &[&str]) {
        if !rest.is_empty() {
            return self.enter(folder, at, name, rest);
        }
        let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
        if stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) != FileType::Directory) {
            self.paths.insert(at.join(name));
        }
    }

    fn enter(&mut self, folder: &OwnedFd, at: &Path, name: &OsStr, pattern: &[&str]) {
        if at.components().count() >= DEEPEST {
            self.gave_up = true;
        } else if let Ok(inner) = openat(folder, name, FOLDER, Mode::empty()) {
            self.walk(&inner, &at.join(name), pattern);
        }
    }

    /// Names in a folder, in order; as many as may still be looked at.
    fn names(&mut self, folder: &OwnedFd) -> Vec<OsString> {
        let mut names = Vec::new();
        for entry in Dir::read_from(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") {
                continue;
            }
            self.looked_at += 1;
            if self.looked_at > MOST_ENTRIES {
                self.gave_up = true;
                break;
            }
            names.push(OsString::from_vec(name.to_owned()));
        }
        names.sort_by(|one, other| one.as_bytes().cmp(other.as_bytes()));
        names
    }
}

/// Whether a part of a path stands for several names.
pub(super) fn is_pattern(part: &str) -> bool {
    part.contains(['*', '?'])
}

/// Whether a name is as a pattern of `*` and `?` says; each character is looked at a few times at most per star.
fn name_matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                p = at + 1;
                n = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Why something is no report, whatever its name.
fn no_report(stat: &Stat) -> Option<&'static str> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => None,
        FileType::Symlink => Some("is a link"),
        FileType::Directory => Some("is a folder"),
        FileType::Fifo => Some("is a pipe"),
        _ => Some("is no regular file"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    fn checkout() -> (TempDir, Folder) {
        let root = tempfile::tempdir().unwrap();
        let checkout = root.path().join("checkout");
        for folder in ["out/a/b", ".git/out", "src"] {
            fs::create_dir_all(checkout.join(folder)).unwrap();
        }
        for file in [
            "out/TEST-A.xml",
            "out/a/TEST-B.xml",
            "out/a/b/TEST-C.xml",
            "out/a/notes.txt",
            ".git/out/TEST-X.xml",
        ] {
            fs::write(checkout.join(file), "x").unwrap();
        }
        fs::write(root.path().join("secret"), "s").unwrap();
        symlink("../../secret", checkout.join("out/link.xml")).unwrap();
        symlink("../..", checkout.join("out/up")).unwrap();
        let pipe =
            rustix::fs::mknodat(CWD, checkout.join("out/pipe.xml"), FileType::Fifo, Mode::RWXU, 0);
        pipe.unwrap();
        let folder = Folder::open(&checkout).unwrap();
        (root, folder)
    }

    fn read(folder: &Folder, path: &str) -> String {
        match folder.read(Path::new(path)) {
            Opened::Report(bytes) => String::from_utf8(bytes).unwrap(),
            Opened::Missing => "missing".to_owned(),
            Opened::Unread(why) => why,
        }
    }

    #[test]
    fn only_regular_files_inside_are_read_and_none_is_waited_for() {
        let (root, folder) = checkout();
        for (path, found) in [
            ("./out/TEST-A.xml", "x"),
            ("out/link.xml", "is a link"),
            ("out/pipe.xml", "is a pipe"),
            ("out", "is a folder"),
            ("out/up/secret", "missing"),
            ("../secret", "missing"),
            ("/etc/passwd", "missing"),
            ("out/missing.xml", "missing"),
            ("", "missing"),
        ] {
            assert_eq!(read(&folder, path), found, "{path}");
        }
        let large = root.path().join("checkout/out/large.xml");
        fs::File::create(large).unwrap().set_len(LARGEST_BYTES + 1).unwrap();
        assert_eq!(read(&folder, "out/large.xml"), "is larger than 20 MB");
    }

    #[test]
    fn patterns_find_files_and_follow_no_link() {
        let (_root, folder) = checkout();
        let found = |pattern: &str| {
            let paths: Vec<String> =
                folder.find(pattern).paths.iter().map(|path| path.display().to_string()).collect();
            paths.join(" ")
        };
        assert_eq!(found("out/TEST-*.xml"), "out/TEST-A.xml");
        assert_eq!(found("**/TEST-?.xml"), "out/TEST-A.xml out/a/TEST-B.xml out/a/b/TEST-C.xml");
        assert_eq!(found("./out/**/**/b/*"), "out/a/b/TEST-C.xml");
        assert_eq!(found("o*/a/*.txt"), "out/a/notes.txt");
        assert_eq!(found("out/up/*"), "");
        assert_eq!(found("out/TEST-A.xml"), "out/TEST-A.xml");
        assert_eq!(found("**"), "");
    }

    #[test]
    fn a_pattern_gives_up_before_it_takes_all_day() {
        let (root, folder) = checkout();
        let deep = root.path().join("checkout").join("d/".repeat(DEEPEST + 5));
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("TEST-D.xml"), "x").unwrap();
        let matches = folder.find("**/TEST-D.xml");
        assert!(matches.gave_up && matches.paths.is_empty());
        assert!(!name_matches(&"*a".repeat(50), &"a".repeat(49)));
    }

    #[test]
    fn what_was_written_again_has_another_stamp() {
        let (root, folder) = checkout();
        let path = Path::new("out/TEST-A.xml");
        let before = folder.stamp(path);
        assert!(before.is_some() && before == folder.stamp(path));
        fs::write(root.path().join("checkout").join(path), "another").unwrap();
        assert_ne!(before, folder.stamp(path));
        folder.remove(path);
        assert_eq!(folder.stamp(path), None);
    }
}
