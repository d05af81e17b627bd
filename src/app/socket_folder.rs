//! The folder of a worker's model socket: where does the scripted model listen?
//! Locked while its worker lives; what a killed worker left behind is removed by the next.

use std::fs::{self, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::files::{FileLock, remove_blocking};

/// A short path: a socket's may not be longer than 108 bytes. Its lock says that its worker lives.
pub(super) struct SocketFolder {
    pub path: PathBuf,
    _held: FileLock,
}

impl SocketFolder {
    const PREFIX: &str = "signoff-";
    const LOCK: &str = "lock";

    pub fn new() -> anyhow::Result<Self> {
        let all = std::env::temp_dir();
        Self::sweep(&all);
        let path = all.join(format!("{}{}", Self::PREFIX, std::process::id()));
        let held = Self::take(&path)?;
        let _ = fs::remove_file(path.join("model.sock"));
        Ok(Self { path, _held: held })
    }

    fn take(path: &Path) -> anyhow::Result<FileLock> {
        let lock = path.join(Self::LOCK);
        loop {
            fs::create_dir_all(path).with_context(|| format!("making {}", path.display()))?;
            match FileLock::try_take(&lock) {
                // Another worker that cleans up may have removed it in between.
                Ok(held) if lock.exists() => return Ok(held),
                Err(TryLockError::Error(e)) => {
                    return Err(e).with_context(|| format!("locking {}", path.display()));
                }
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
