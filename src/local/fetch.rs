//! How does a program get into the cache?
//! Under a name of its own until it is whole, and by one `up` at a time.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use reqwest::Client;
use tokio::time::timeout;
use url::Url;

use super::console::{Console, Step};
use crate::files::{FileLock, Staging};
use crate::telemetry::innermost;

/// A source that does not answer must not keep us from the next way.
const CONNECT_PATIENCE: Duration = Duration::from_secs(4);
/// From the question to the first of the answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(6);
/// Between two pieces of an answer.
const READ_PATIENCE: Duration = Duration::from_secs(15);

/// A client for the servers of this machine and for downloads.
pub fn client() -> Result<Client> {
    // An error says that somebody installed it before us.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .connect_timeout(CONNECT_PATIENCE)
        .read_timeout(READ_PATIENCE)
        .build()
        .context("building an HTTP client")
}

/// Nobody else installs this while it is held.
pub struct InstallLock {
    _lock: FileLock,
}

impl InstallLock {
    /// Waits until nobody else is at it.
    pub async fn pass(folder: &Path, what: &str, console: &Console) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        let path = folder.join("lock");
        let tell = || {
            console
                .say(format_args!("{what} is being installed by another signoff; waiting for it"));
        };
        let lock = FileLock::take(&path, tell).await;
        Ok(Self { _lock: lock.with_context(|| format!("locking {}", path.display()))? })
    }
}

/// Downloads to `file`. What is there after an error is not whole.
pub async fn download(from: &Url, file: &Path, step: &Step<'_>) -> Result<()> {
    let answer = timeout(ANSWER_PATIENCE, client()?.get(from.clone()).send())
        .await
        .context("there was no answer")?;
    let mut answer = answer
        .and_then(reqwest::Response::error_for_status)
        .map_err(|error| anyhow::anyhow!("{}", innermost(&error)))?;
    let of = answer.content_length();
    let mut into = File::create(file).with_context(|| format!("creating {}", file.display()))?;
    let mut got: u64 = 0;
    while let Some(piece) = answer.chunk().await.context("the download broke off")? {
        into.write_all(&piece).with_context(|| format!("writing {}", file.display()))?;
        got += piece.len() as u64;
        step.bytes(got, of);
    }
    if of.is_some_and(|of| of != got) {
        bail!("the download broke off after {got} bytes");
    }
    Ok(())
}

/// Unpacks the one file `name` of a tar.gz. The archive is read to its end, so that its checksum is looked at.
pub fn unpack_one(packed: &Path, name: &str, into: &Path) -> Result<()> {
    let bytes = File::open(packed).with_context(|| format!("opening {}", packed.display()))?;
    let mut archive = tar::Archive::new(GzDecoder::new(bytes));
    let mut found = false;
    for entry in archive.entries().context("reading the archive")? {
        let mut entry = entry.context("reading the archive")?;
        if entry.path().context("reading the archive")?.file_name().is_some_and(|file| file == name)
        {
            let mut file =
                File::create(into).with_context(|| format!("creating {}", into.display()))?;
            io::copy(&mut entry, &mut file).context("unpacking")?;
            file.set_permissions(fs::Permissions::from_mode(0o755))
                .context("making it a program")?;
            found = true;
        }
    }
    io::copy(&mut archive.into_inner(), &mut io::sink())
        .context("reading the archive to its end")?;
    if found { Ok(()) } else { bail!("there is no {name} in the archive") }
}

/// An empty folder that becomes `folder` when it is whole; whoever asks for it holds the lock.
pub fn staging(folder: &Path) -> Result<Staging> {
    Staging::folder(folder, Duration::ZERO)
        .with_context(|| format!("beginning {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_waits_until_the_first_is_done() -> Result<()> {
        let (folder, console) = (tempfile::tempdir()?, Console::new(Box::new(io::sink()), false));
        let first = InstallLock::pass(folder.path(), "Temporal", &console).await?;
        let second = InstallLock::pass(folder.path(), "Temporal", &console);
        assert!(timeout(Duration::from_millis(300), second).await.is_err());
        drop(first);
        assert!(InstallLock::pass(folder.path(), "Temporal", &console).await.is_ok());
        Ok(())
    }
}
