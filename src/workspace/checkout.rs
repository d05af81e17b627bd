//! Where does an agent work?
//! In a clone of its own: nothing in it is shared with the shadow repository, not even by a hard link.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::git::Git;
use super::shadow::{EMAIL, NAME};
use super::{Shadow, WorkspaceError};
use crate::run::Snapshot;

/// The branch an agent finds itself on.
const BRANCH: &str = "signoff";

/// How much of the past an agent sees: enough to read how the project is written, little enough to copy for every attempt.
const DEPTH: &str = "--depth=50";

const COPYING: Duration = Duration::from_mins(5);

impl Shadow {
    /// A fresh clone of `snapshot` at `into`; what was there is removed.
    pub async fn checkout(&self, snapshot: &Snapshot, into: &Path) -> Result<(), WorkspaceError> {
        let into =
            std::path::absolute(into).map_err(WorkspaceError::io("finding the clone's folder"))?;
        remove(&into).map_err(WorkspaceError::io(format!("removing {}", into.display())))?;
        fs::create_dir_all(&into)
            .map_err(WorkspaceError::io(format!("making {}", into.display())))?;
        let git_dir = into.join(".git");
        let git = || Git::ours(&git_dir);
        git().args(["init", "-q", "--template=", "-b", BRANCH]).bytes().await?;
        git().args(["config", "user.name", NAME]).bytes().await?;
        git().args(["config", "user.email", EMAIL]).bytes().await?;
        let fetch =
            ["fetch", "-q", "--no-tags", "--no-write-fetch-head", "--update-head-ok", DEPTH, "--"];
        let arriving = format!("{}:refs/heads/{BRANCH}", snapshot.commit);
        git().args(fetch).args([self.path()]).args([arriving]).within(COPYING).bytes().await?;
        git()
            .on(&into, &git_dir.join("index"))
            .args(["reset", "-q", "--hard", "--no-recurse-submodules"])
            .within(COPYING)
            .bytes()
            .await?;
        Ok(())
    }
}

/// Removes a folder that others wrote into: read-only folders of theirs do not stop it.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(data) if !data.is_dir() => fs::remove_file(folder),
        Ok(_) => fs::remove_dir_all(folder).or_else(|_| {
            unlock(folder)?;
            fs::remove_dir_all(folder)
        }),
    }
}

fn unlock(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Of the entry itself: a link's target is none of ours.
        if entry.file_type()?.is_dir() {
            unlock(&entry.path())?;
        }
    }
    Ok(())
}
