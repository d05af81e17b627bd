//! Keeps the histories of a story's runs for `tests/replay.rs`, in the folder that `SIGNOFF_RECORD` names; without it, nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{World, temporal};

/// A file for each run, named after the story; from the second run on, numbered.
pub async fn histories(world: &World) -> Result<()> {
    let Some(folder) = folder() else { return Ok(()) };
    let thread = std::thread::current();
    let story = thread
        .name()
        .and_then(|name| name.rsplit("::").next())
        .context("a story runs on a thread of its name")?;
    for (n, run) in world.store.newest_runs(100).await?.iter().rev().enumerate() {
        let name = if n == 0 { format!("{story}.json") } else { format!("{story}_{}.json", n + 1) };
        keep(&folder.join(name), &temporal::history(world, run.id()).await?)?;
    }
    Ok(())
}

fn keep(file: &Path, history: &[u8]) -> Result<()> {
    fs::create_dir_all(file.parent().context("a folder")?)?;
    fs::write(file, history).with_context(|| format!("keeping {}", file.display()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "who records says so once, for the whole program of stories"
)]
fn folder() -> Option<PathBuf> {
    std::env::var_os("SIGNOFF_RECORD").map(PathBuf::from)
}
