//! How much of the disk do a box's folders take?
//! Looked up by walking through them: in bounded time, without recursion, following no link.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::config::ByteSize;

/// A walk ends after this, with what it has seen so far.
const LONGEST: Duration = Duration::from_secs(30);
/// What each name takes at least: also empty files fill a disk.
const SMALLEST: u64 = 4096;
/// What has to stay free of a disk for everybody else; of a small one, a twentieth.
const RESERVE: u64 = 1 << 30;

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    pub bytes: u64,
    /// The longest of its files.
    pub longest_file: u64,
}

/// What the folders hold. A file with several names counts once.
pub(super) fn taken_by(folders: &[PathBuf]) -> Taken {
    let until = Instant::now() + LONGEST;
    let (mut taken, mut several) = (Taken::default(), BTreeSet::new());
    let mut left: Vec<(PathBuf, u64)> = folders
        .iter()
        .filter_map(|it| Some((it.clone(), fs::symlink_metadata(it).ok()?.dev())))
        .collect();
    while let Some((folder, device)) = left.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let Ok(data) = entry.metadata() else { continue };
            // Somebody who puts a link in a folder's place meanwhile does not lead us over the machine.
            if data.dev() != device || !is_new(&data, &mut several) {
                continue;
            }
            taken.bytes += (data.blocks() * 512).max(SMALLEST);
            if data.is_dir() {
                left.push((entry.path(), device));
            } else {
                taken.longest_file = taken.longest_file.max(data.len());
            }
        }
        if Instant::now() > until {
            break;
        }
    }
    taken
}

fn is_new(data: &Metadata, several: &mut BTreeSet<u64>) -> bool {
    data.is_dir() || data.nlink() == 1 || several.insert(data.ino())
}

/// What is free of the disk that a folder is on, and what has to stay so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub free: ByteSize,
    pub reserve: ByteSize,
}

impl Room {
    pub fn of(folder: &Path) -> Option<Self> {
        let disk = rustix::fs::statvfs(folder).ok()?;
        let reserve = RESERVE.min(disk.f_blocks * disk.f_frsize / 20);
        Some(Self { free: ByteSize(disk.f_bavail * disk.f_frsize), reserve: ByteSize(reserve) })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_written_counts_once_and_no_link_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let (work, home) = (root.path().join("work"), root.path().join("home"));
        fs::create_dir_all(work.join("deep/er")).unwrap();
        fs::create_dir(&home).unwrap();
        fs::write(root.path().join("outside"), vec![1; 1 << 20]).unwrap();
        fs::write(work.join("deep/er/file"), vec![1; 300_000]).unwrap();
        fs::hard_link(work.join("deep/er/file"), home.join("again")).unwrap();
        symlink(root.path(), home.join("link")).unwrap();
        for n in 0..10 {
            fs::write(home.join(format!("empty-{n}")), "").unwrap();
        }
        let taken = taken_by(&[work, home, root.path().join("none")]);
        let least = 300_000 + 13 * SMALLEST;
        assert!((least..least + 50_000).contains(&taken.bytes), "{taken:?}");
        assert_eq!(taken.longest_file, 300_000);
    }
}
