//! Agent instructions: what does the repository ask of agents?
//! The CLI is told to read no settings of a checkout, so its `CLAUDE.md` and `AGENTS.md` are read here: as text, never as configuration.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use crate::agent::{AgentError, Result};

const FILES: [&str; 2] = ["CLAUDE.md", "AGENTS.md"];
/// Longest part of one file that is passed on.
const LONGEST_BYTES: u64 = 32 * 1024;
const OURS: &str = "You work unattended in a sandbox: nobody can answer questions, and there is no network. \
Work only in the current folder. Do not commit; your files are taken as they are when you end. \
Checks that you cannot change judge the work afterwards, so run the tests yourself before you end.";

/// Writes our rules and the worktree's own into a fresh file of `home`; answers its name.
///
/// The name is new each time: an agent could write in `home` before, and may have left a link there.
pub(super) async fn write(worktree: &Path, home: &Path) -> Result<PathBuf> {
    let mut text = OURS.to_owned();
    for name in FILES {
        if let Some(theirs) = read(&worktree.join(name)).await {
            let _ = write!(text, "\n\n# From {name} of this repository\n\n{theirs}");
        }
    }
    let name = PathBuf::from(format!("instructions-{}.md", Uuid::new_v4().simple()));
    let doing = || format!("writing the agent's instructions into {}", home.display());
    let mut file =
        fs::File::create_new(home.join(&name)).await.map_err(AgentError::when(doing()))?;
    file.write_all(text.as_bytes()).await.map_err(AgentError::when(doing()))?;
    file.flush().await.map_err(AgentError::when(doing()))?;
    Ok(name)
}

/// None unless it is a regular file: a link could point at anything on this host.
async fn read(path: &Path) -> Option<String> {
    if !fs::symlink_metadata(path).await.ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path).await.ok()?.take(LONGEST_BYTES).read_to_end(&mut bytes).await.ok()?;
    let text = String::from_utf8_lossy(&bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    async fn written(worktree: &TempDir) -> String {
        let home = TempDir::new().expect("a folder");
        let name = write(worktree.path(), home.path()).await.expect("written");
        std::fs::read_to_string(home.path().join(name)).expect("text")
    }

    #[tokio::test]
    async fn what_the_repository_asks_is_passed_on_up_to_a_size() {
        let worktree = TempDir::new().expect("a folder");
        std::fs::write(
            worktree.path().join("AGENTS.md"),
            format!("Use tabs.{}", "x".repeat(1_000_000)),
        )
        .expect("written");
        let text = written(&worktree).await;
        assert!(
            text.contains("# From AGENTS.md of this repository\n\nUse tabs.")
                && text.len() < 40_000
        );
    }

    #[tokio::test]
    async fn a_link_is_not_followed() {
        let worktree = TempDir::new().expect("a folder");
        std::os::unix::fs::symlink("/etc/passwd", worktree.path().join("CLAUDE.md"))
            .expect("linked");
        assert_eq!(written(&worktree).await, OURS);
    }
}
