//! Where does the program `temporal` come from?
//! The machine's own, else the cache, else the official archive, else built here with Go from a pinned module.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;
use url::Url;

use super::child::{ProcessGroupGuard, Spawner, is_program, last_lines, on_path, run};
use super::console::{Console, Step};
use super::fetch::{InstallLock, download, staging, unpack_one};
use super::machine::{Machine, missing};
use crate::files;

/// The version we fetch or build; with server 1.31.
const VERSION: &str = "1.8.2";
/// An older one on the path is passed over: its server misses what we use.
const OLDEST: (u32, u32) = (1, 5);
const GO_MOD: &str = include_str!("../../deploy/temporal-cli/go.mod");
const GO_SUM: &str = include_str!("../../deploy/temporal-cli/go.sum");
const MODULE: &str = "github.com/temporalio/cli";
const DOWNLOAD_PATIENCE: Duration = Duration::from_mins(10);
/// While go says nothing.
const TELL_EVERY: Duration = Duration::from_secs(5);
const BUILD_PATIENCE: Duration = Duration::from_hours(1);

/// The official archive for this machine.
///
/// # Panics
/// Never: the address is well formed.
pub fn official_archive() -> Url {
    let os = if OS == "macos" { "darwin" } else { OS };
    let arch = if ARCH == "aarch64" { "arm64" } else { "amd64" };
    let address = format!(
        "https://github.com/temporalio/cli/releases/download/v{VERSION}/temporal_cli_{VERSION}_{os}_{arch}.tar.gz"
    );
    Url::parse(&address).expect("the address is well formed")
}

/// Where the program is, fetched or built now if it has to be.
pub async fn find_or_install(machine: &Machine, console: &Console) -> Result<PathBuf> {
    if let Some(found) = on_path(machine.path.as_deref(), "temporal") {
        match version_of(&found).await {
            Ok(version) if is_new_enough(&version) => return Ok(found),
            Ok(version) => console
                .say(format_args!("{} is {version}, too old; another is used", found.display())),
            Err(error) => console
                .say(format_args!("{} does not run ({error:#}); another is used", found.display())),
        }
    }
    let folder = machine.cache.join("temporal");
    let program = folder.join(VERSION).join("temporal");
    if is_program(&program) {
        return Ok(program);
    }
    let _alone = InstallLock::pass(&folder, "Temporal", console).await?;
    if !is_program(&program) {
        install(machine, &program, console).await?;
    }
    Ok(program)
}

/// Whatever is made is made beside its place, asked for its version, and put there whole.
async fn install(machine: &Machine, program: &Path, console: &Console) -> Result<()> {
    let home = program.parent().context("a folder for Temporal")?;
    let staging = staging(home)?;
    let (making, whole) = (staging.path().join("making"), staging.path().join("temporal"));
    fs::create_dir(&making).with_context(|| format!("creating {}", making.display()))?;
    if let Err(error) = fetch(&machine.temporal_archive, &making, console).await {
        console.say(format_args!("  that is not to be had ({error:#})"));
        build(machine, &making, console).await.map_err(|error| {
            missing(format!("Temporal can neither be fetched nor built here ({error:#}). Install its command line, or set TEMPORAL_ADDRESS."))
        })?;
    }
    let made = making.join("temporal");
    version_of(&made).await.context("trying the new temporal")?;
    fs::rename(&made, &whole).context("taking the new temporal")?;
    files::remove(&making).await.context("clearing up after Temporal")?;
    staging.replace().context("putting temporal in its place")
}

async fn fetch(archive: &Url, partial: &Path, console: &Console) -> Result<()> {
    let step = console.step(format!(
        "Fetching Temporal {VERSION} from {archive}: none on the PATH, none in the cache"
    ));
    let (packed, made) = (partial.join("archive.tar.gz"), partial.join("temporal"));
    timeout(DOWNLOAD_PATIENCE, download(archive, &packed, &step))
        .await
        .context("it took too long")??;
    step.at("unpacking");
    unpack_one(&packed, "temporal", &made)?;
    version_of(&made).await.map(|_| ())
}

async fn build(machine: &Machine, partial: &Path, console: &Console) -> Result<()> {
    let go = on_path(machine.path.as_deref(), "go").context("there is no go on the PATH")?;
    let step = console.step(format!("Building Temporal {VERSION} with Go instead. This takes 3 to 10 minutes, once; then it is in the cache"));
    fs::write(partial.join("go.mod"), GO_MOD).context("writing go.mod")?;
    fs::write(partial.join("go.sum"), GO_SUM).context("writing go.sum")?;
    let mut command = Spawner::new(&machine.exe).command(&go);
    command.args([
        "build",
        "-v",
        "-trimpath",
        "-ldflags",
        &format!("-s -w -X {MODULE}/internal/temporalcli.Version={VERSION}"),
        "-o",
        "temporal",
    ]);
    command.arg(format!("{MODULE}/cmd/temporal")).current_dir(partial);
    // The user's own settings for other modules must not change what is built.
    command.env("CGO_ENABLED", "0").env("GOWORK", "off").env("GOFLAGS", "-mod=readonly");
    timeout(BUILD_PATIENCE, watch_build(command, &step))
        .await
        .context("the build took too long")??;
    console.say(format_args!("  built in {:.0} s", step.seconds()));
    Ok(())
}

/// With `-v` Go names each package when it is done with it.
async fn watch_build(mut command: Command, step: &Step<'_>) -> Result<()> {
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("starting go")?;
    // Dropped before its end, go leaves compilers behind.
    let _leash = child.id().map(ProcessGroupGuard);
    let mut lines = BufReader::new(child.stderr.take().context("what go says")?).lines();
    let (mut said, mut packages, mut now) = (Vec::new(), 0, "starting".to_owned());
    loop {
        let line = match timeout(TELL_EVERY, lines.next_line()).await {
            Ok(line) => line.context("reading what go says")?,
            Err(_) => Some(String::new()),
        };
        let Some(line) = line else { break };
        if let Some(module) = line.strip_prefix("go: downloading ") {
            now = format!("fetching {module}");
        } else if !line.is_empty() {
            packages += 1;
            now = format!("{packages} packages compiled, last {line}");
        }
        step.at(&now);
        said.push(line);
    }
    let status = child.wait().await.context("waiting for go")?;
    if !status.success() {
        bail!("go build ended with {status}: {}", last_lines(said.join("\n").as_bytes(), 10));
    }
    Ok(())
}

/// Runs it: what does not say its version is not whole.
async fn version_of(program: &Path) -> Result<String> {
    let mut command = Command::new(program);
    command.arg("--version").kill_on_drop(true);
    let said = run(command, "temporal --version", Duration::from_secs(20)).await?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    said.split_whitespace()
        .nth(2)
        .map(str::to_owned)
        .with_context(|| format!("{} says {said:?}", program.display()))
}

/// A build that knows no version (0.0.0) was built by somebody who knows what it is.
fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    version == (0, 0) || version >= OLDEST
}

#[cfg(test)]
mod tests;
