//! How does a program come out of an npm package?
//! Only packages that hold a finished program: no script of theirs is run.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::child::{Spawner, is_program, on_path, run};
use super::console::Console;
use super::fetch::{InstallLock, staging};
use super::machine::{Machine, missing};

const PATIENCE: Duration = Duration::from_mins(10);
/// Where the pinned version cannot be had any more.
const LATEST: &str = "latest";

/// A program in a package.
pub struct Package {
    /// Its folder in the cache.
    pub folder: &'static str,
    pub name: &'static str,
    pub version: &'static str,
    /// In the package.
    pub program: &'static str,
    /// For people.
    pub what: &'static str,
    pub why: &'static str,
}

impl Package {
    /// Where it is installed already.
    pub fn find(&self, cache: &Path) -> Option<PathBuf> {
        [self.version, LATEST]
            .iter()
            .map(|version| self.program_in(&self.home(cache, version)))
            .find(|file| is_program(file))
    }

    /// Where it is, installed now if it has to be.
    pub async fn find_or_install(&self, machine: &Machine, console: &Console) -> Result<PathBuf> {
        if let Some(found) = self.find(&machine.cache) {
            return Ok(found);
        }
        let _alone =
            InstallLock::pass(&machine.cache.join(self.folder), self.what, console).await?;
        if let Some(found) = self.find(&machine.cache) {
            return Ok(found);
        }
        let npm = on_path(machine.path.as_deref(), "npm").ok_or_else(|| {
            missing(format!(
                "{} comes by npm, and there is no npm on the PATH: install Node.js",
                self.what
            ))
        })?;
        let step = console.step(format!("Fetching {} ({}): {}", self.what, self.name, self.why));
        step.at("npm install");
        let spawner = Spawner::new(&machine.exe);
        for version in [self.version, LATEST] {
            match self.install(&spawner, &npm, (&machine.cache, version)).await {
                Ok(program) => return Ok(program),
                Err(error) if version == LATEST => {
                    return Err(missing(format!("{} cannot be had: {error:#}", self.what)));
                }
                Err(error) => console.say(format_args!(
                    "  {} {version} cannot be had, taking the latest ({error:#})",
                    self.what
                )),
            }
        }
        Err(missing(format!("{} cannot be had", self.what)))
    }

    async fn install(
        &self,
        spawner: &Spawner,
        npm: &Path,
        (cache, version): (&Path, &str),
    ) -> Result<PathBuf> {
        let home = self.home(cache, version);
        let staging = staging(&home)?;
        let partial = staging.path();
        let mut command = spawner.command(npm);
        command.args([
            "install",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--ignore-scripts",
            "--loglevel=error",
            "--prefix",
        ]);
        command.arg(partial).arg(format!("{}@{version}", self.name)).current_dir(partial);
        run(command, &format!("npm install {}@{version}", self.name), PATIENCE).await?;
        let program = self.program_in(partial);
        is_program(&program)
            .then_some(())
            .with_context(|| format!("{} has no {}", self.name, self.program))?;
        staging.replace().with_context(|| format!("moving into {}", home.display()))?;
        Ok(self.program_in(&home))
    }

    fn home(&self, cache: &Path, version: &str) -> PathBuf {
        cache.join(self.folder).join(version)
    }

    fn program_in(&self, home: &Path) -> PathBuf {
        home.join("node_modules").join(self.name).join(self.program)
    }
}

/// On the path, else in the cache.
pub fn find(package: &Package, path: Option<&OsStr>, name: &str, cache: &Path) -> Option<PathBuf> {
    on_path(path, name).or_else(|| package.find(cache))
}
