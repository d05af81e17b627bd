//! What is seen of a folder's files without reading them: did anything change?
//! Only names, sizes and times: cheap, and nothing that an agent wrote is opened. Caches do not count, as tools mark them.

use std::fs::{self, DirEntry};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::timeout;

/// What tools write beside the work and do not mark.
const NO_WORK: [&str; 5] = [".git", "node_modules", "__pycache__", "coverage", ".nyc_output"];
/// By which tools mark a folder as a cache. <https://bford.info/cachedir/>
const CACHE_TAG: &str = "CACHEDIR.TAG";
/// Somebody waits for the answer who has to give signs of life.
const PATIENCE: Duration = Duration::from_secs(2);
/// Beyond this it takes too long to be looked at again and again.
const MOST: usize = 300_000;

/// All that was seen; equal where nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilesSeen(u64);

impl FilesSeen {
    /// None where there is too much of it, where that takes long, or where it cannot be looked at.
    pub async fn in_folder(folder: &Path) -> Option<Self> {
        let folder = folder.to_owned();
        #[expect(clippy::disallowed_methods, reason = "no process is started there")]
        let seen = tokio::task::spawn_blocking(move || look(folder));
        timeout(PATIENCE, seen).await.ok()?.ok()?.ok()?
    }
}

fn look(root: PathBuf) -> io::Result<Option<FilesSeen>> {
    let (mut folders, mut count, mut sum) = (vec![root], 0_usize, 0_u64);
    while let Some(folder) = folders.pop() {
        // What goes away meanwhile is a change.
        for entry in fs::read_dir(&folder)?.flatten() {
            count += 1;
            if count > MOST {
                return Ok(None);
            }
            sum = sum.wrapping_add(seen(&entry)?);
            if entry.file_type()?.is_dir() && counts(&entry) {
                folders.push(entry.path());
            }
        }
    }
    Ok(Some(FilesSeen(sum)))
}

fn counts(folder: &DirEntry) -> bool {
    let is_work = NO_WORK.iter().all(|name| folder.file_name() != *name);
    is_work && fs::symlink_metadata(folder.path().join(CACHE_TAG)).is_err()
}

/// The order in which a folder lists its entries says nothing, so that these are summed.
fn seen(entry: &DirEntry) -> io::Result<u64> {
    let (found, mut hasher) = (entry.metadata()?, DefaultHasher::new());
    entry.path().hash(&mut hasher);
    if !found.is_dir() {
        (found.len(), found.mtime(), found.mtime_nsec(), found.mode()).hash(&mut hasher);
    }
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_seen_and_what_tools_leave_is_not() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let file = root.path().join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, text).expect("written");
        };
        let see = async || FilesSeen::in_folder(root.path()).await.expect("seen");
        write("src/a.js", "1");
        write("target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55");
        write("node_modules/x/index.js", "");
        let before = see().await;
        for file in ["target/debug/a", "node_modules/x/y.js"] {
            write(file, "2");
            assert_eq!(see().await, before, "{file}");
        }
        write("src/a.js", "11");
        let changed = see().await;
        assert_ne!(changed, before);
        write("src/deep/er/b.js", "");
        assert_ne!(see().await, changed);
        assert_eq!(FilesSeen::in_folder(&root.path().join("none")).await, None);
    }
}
