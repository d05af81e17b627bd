//! A folder for Unix sockets: where does a process listen for others of this machine?
//! For its owner alone, and locked while the process lives; what killed processes left behind is removed by the next.

use std::fs::{self, DirBuilder, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{FileLock, remove_blocking};

/// A short path: a socket's may not be longer than 108 bytes. One for each process.
#[derive(Debug)]
pub struct SocketFolder {
    pub path: PathBuf,
    _held: FileLock,
}

impl SocketFolder {
    const PREFIX: &str = "signoff-";
    const LOCK: &str = "lock";

    /// The folder of this process.
    pub fn new() -> io::Result<Self> {
        let all = std::env::temp_dir();
        Self::sweep(&all);
        let path = all.join(format!("{}{}", Self::PREFIX, std::process::id()));
        let held = Self::take(&path)?;
        Ok(Self { path, _held: held })
    }

    fn take(path: &Path) -> io::Result<FileLock> {
        let lock = path.join(Self::LOCK);
        loop {
            DirBuilder::new().recursive(true).mode(0o700).create(path)?;
            match FileLock::try_take(&lock) {
                // Another worker that cleans up may have removed it in between.
                Ok(held) if lock.exists() => return Ok(held),
                Err(TryLockError::Error(e)) => return Err(e),
                _ => {}
            }
        }
    }

    /// Removes the folders of workers that were killed.
    fn sweep(all: &Path) {
        for entry in fs::read_dir(all).into_iter().flatten().flatten() {
            let ours =
                entry.file_name().to_str().is_some_and(|name| name.starts_with(Self::PREFIX));
            if ours && let Ok(_dead) = FileLock::try_take_existing(&entry.path().join(Self::LOCK)) {
                // What cannot be removed is only litter.
                let _ = remove_blocking(&entry.path());
            }
        }
    }
}

impl Drop for SocketFolder {
    fn drop(&mut self) {
        let _ = remove_blocking(&self.path);
    }
}
