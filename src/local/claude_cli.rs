//! Where is the `claude` command line?
//! The machine's own, else a pinned one in the cache.

use std::env::consts::{ARCH, OS};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::console::Console;
use super::machine::Machine;
use super::npm::{self, Package};

const PACKAGE: Package = Package {
    folder: "claude-code",
    name: match (OS.as_bytes(), ARCH.as_bytes()) {
        (b"macos", b"aarch64") => "@anthropic-ai/claude-code-darwin-arm64",
        (b"macos", _) => "@anthropic-ai/claude-code-darwin-x64",
        (_, b"aarch64") => "@anthropic-ai/claude-code-linux-arm64",
        _ => "@anthropic-ai/claude-code-linux-x64",
    },
    version: "2.1.330",
    program: "claude",
    what: "Claude Code",
    why: "the agent that writes the code; no claude on the PATH (380 MB, once)",
};

/// On the path, else in the cache; never installs.
pub fn find(path: Option<&OsStr>, cache: &Path) -> Option<PathBuf> {
    npm::find(&PACKAGE, path, "claude", cache)
}

/// On the path, else in the cache, where it is put if it has to be.
pub async fn find_or_install(machine: &Machine, console: &Console) -> Result<PathBuf> {
    match find(machine.path.as_deref(), &machine.cache) {
        Some(found) => Ok(found),
        None => PACKAGE.find_or_install(machine, console).await,
    }
}
