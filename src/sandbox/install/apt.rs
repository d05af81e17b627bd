//! How does bubblewrap come out of the package of Debian, Ubuntu and their kin?
//! Downloaded by apt, which checks its signature, and unpacked; never installed. Lists, caches and hooks of the system stay as they are.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::files;
use crate::sandbox::find::{on_path, said};

const PATIENCE: Duration = Duration::from_mins(3);
/// Where a package has its program.
const PROGRAM: &str = "usr/bin/bwrap";
/// The one library that not every machine has.
const LIBRARY: &str = "libcap2";
/// For where the library is not the machine's own. In the box nobody shall hear of it.
const WRAPPER: &str = r#"#!/bin/sh
here=${0%/*}
LD_LIBRARY_PATH=$here/lib exec "$here/usr/bin/bwrap" --unsetenv LD_LIBRARY_PATH "$@"
"#;

/// Puts it into `folder`; the program, relative to that.
pub(super) async fn get(path: &OsStr, folder: &Path) -> Result<PathBuf> {
    let (Some(apt_get), Some(dpkg_deb)) = (on_path(path, "apt-get"), on_path(path, "dpkg-deb"))
    else {
        anyhow::bail!("there is no apt-get");
    };
    let work = folder.join("work");
    for part in ["cache/archives/partial", "state/lists/partial"] {
        fs::create_dir_all(work.join(part)).context("making folders for apt")?;
    }
    let packages = Packages { apt_get, dpkg_deb, work };
    // With the lists of the machine; where there are none, or old ones, with fresh lists of our own.
    if packages.unpack("bubblewrap", folder).await.is_err() {
        packages.update().await?;
        packages.unpack("bubblewrap", folder).await?;
    }
    let program = folder.join(PROGRAM);
    // Where a distribution gives it root's rights, a copy must not have them.
    fs::set_permissions(&program, Permissions::from_mode(0o755))
        .context("looking for bwrap in it")?;
    let runs = said(Command::new(&program).arg("--version"), PATIENCE).await;
    let program = if runs.is_err_and(|why| why.to_string().contains("shared libraries")) {
        packages.unpack(LIBRARY, folder).await?;
        with_library(folder)?
    } else {
        PROGRAM.into()
    };
    files::remove(&packages.work).await.context("clearing up after apt")?;
    Ok(program)
}

struct Packages {
    apt_get: PathBuf,
    dpkg_deb: PathBuf,
    work: PathBuf,
}

impl Packages {
    /// Fresh package lists, in a folder of our own from then on.
    async fn update(&self) -> Result<()> {
        self.write_settings(true)?;
        said(self.command().arg("update"), PATIENCE).await.context("apt-get update")?;
        Ok(())
    }

    async fn unpack(&self, package: &str, into: &Path) -> Result<()> {
        if !self.settings().exists() {
            self.write_settings(false)?;
        }
        let mut download = self.command();
        download.args(["download", package]).current_dir(&self.work);
        said(&mut download, PATIENCE)
            .await
            .with_context(|| format!("apt-get download {package}"))?;
        let archive = archive_in(&self.work, package).context("finding what was downloaded")?;
        let mut dpkg = Command::new(&self.dpkg_deb);
        dpkg.arg("-x").arg(&archive).arg(into);
        said(&mut dpkg, PATIENCE).await.context("dpkg-deb")?;
        Ok(())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.apt_get);
        // A group of its own: a Ctrl-C reaches us alone.
        command.arg("-qq").arg("-c").arg(self.settings()).process_group(0);
        command
    }

    fn settings(&self) -> PathBuf {
        self.work.join("apt.conf")
    }

    /// On top of the machine's own, which say where packages come from.
    fn write_settings(&self, own_lists: bool) -> Result<()> {
        let work = self.work.display();
        let lists =
            if own_lists { format!("Dir::State \"{work}/state\";\n") } else { String::new() };
        let text = format!(
            "Dir::Cache \"{work}/cache\";\n{lists}\
             #clear APT::Update::Pre-Invoke;\n\
             #clear APT::Update::Post-Invoke;\n\
             #clear APT::Update::Post-Invoke-Success;\n\
             APT::Sandbox::User \"root\";\n\
             Acquire::Languages \"none\";\n\
             Acquire::Retries \"1\";\n\
             Acquire::http::Timeout \"15\";\n\
             Acquire::https::Timeout \"15\";\n"
        );
        files::write(&self.settings(), text).context("writing settings for apt")
    }
}

/// `<package>_<version>_<architecture>.deb`.
fn archive_in(folder: &Path, package: &str) -> Option<PathBuf> {
    let beginning = format!("{package}_");
    fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).find(|path| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.starts_with(&beginning) && path.extension().is_some_and(|kind| kind == "deb")
    })
}

/// Puts the library where the wrapper has it looked for.
fn with_library(folder: &Path) -> Result<PathBuf> {
    let lib = folder.join("lib");
    fs::create_dir_all(&lib).context("making a folder for its library")?;
    // In /lib of one release and in /usr/lib of the next; below that in a folder named after the architecture.
    for triplet in ["lib", "usr/lib"].map(|name| folder.join(name)).iter().flat_map(fs::read_dir) {
        for file in
            triplet.flatten().flat_map(|entry| fs::read_dir(entry.path())).flatten().flatten()
        {
            if file.file_name().to_string_lossy().contains(".so.") {
                fs::rename(file.path(), lib.join(file.file_name()))
                    .context("taking its library")?;
            }
        }
    }
    let wrapper = folder.join("wrapper");
    fs::write(&wrapper, WRAPPER).context("writing its wrapper")?;
    fs::set_permissions(&wrapper, Permissions::from_mode(0o755)).context("writing its wrapper")?;
    Ok("wrapper".into())
}
