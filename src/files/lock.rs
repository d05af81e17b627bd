//! Who has a file or folder to itself? An advisory lock on a file.
//! The kernel lets go of it however its process ends, so nobody has to clear up after a crash.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::time::sleep;

/// Between two looks at another's lock.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Held until it is dropped.
#[derive(Debug)]
#[must_use = "dropped, it is free again"]
pub struct FileLock(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

impl FileLock {
    /// Takes it now, or says that somebody has it. The file is made where it is not there.
    pub fn try_take(path: &Path) -> Result<Self, TryLockError> {
        let file = File::options().write(true).create(true).truncate(false).open(path);
        Self::of(file.map_err(TryLockError::Error)?)
    }

    /// The same, where the file is there already.
    pub fn try_take_existing(path: &Path) -> Result<Self, TryLockError> {
        Self::of(File::options().write(true).open(path).map_err(TryLockError::Error)?)
    }

    /// Takes it when nobody else has it; `on_wait` is called once where somebody has.
    pub async fn take(path: &Path, on_wait: impl FnOnce()) -> io::Result<Self> {
        let mut on_wait = Some(on_wait);
        loop {
            match Self::try_take(path) {
                Ok(lock) => return Ok(lock),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) => {
                    if let Some(tell) = on_wait.take() {
                        tell();
                    }
                    sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    fn of(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn the_second_waits_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let (path, told) = (folder.path().join("lock"), Cell::new(0));
        let first = FileLock::try_take(&path).unwrap();
        assert!(matches!(FileLock::try_take(&path), Err(TryLockError::WouldBlock)));
        let second = FileLock::take(&path, || told.set(told.get() + 1));
        assert!(timeout(Duration::from_millis(500), second).await.is_err());
        assert_eq!(told.get(), 1, "it tells once that it waits");
        drop(first);
        assert!(FileLock::take(&path, || told.set(7)).await.is_ok() && told.get() == 1);
    }

    #[test]
    fn a_lock_that_must_be_there_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        assert!(FileLock::try_take_existing(&path).is_err() && !path.exists());
        drop(FileLock::try_take(&path).unwrap());
        assert!(FileLock::try_take_existing(&path).is_ok());
    }
}
