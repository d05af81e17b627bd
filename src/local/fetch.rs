//! How does a program get into the cache?
//! Under a name of its own until it is whole, and by one `up` at a time.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use flate2::read::GzDecoder;
use reqwest::Client;
use tokio::time::{sleep, timeout};
use url::Url;

use super::console::{Console, Step};

/// A source that does not answer must not keep us from the next way.
const CONNECT_PATIENCE: Duration = Duration::from_secs(4);
/// From the question to the first of the answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(6);
/// Between two pieces of an answer.
const READ_PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks at another's lock.
const LOOK_EVERY: Duration = Duration::from_millis(200);

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
pub struct Turnstile {
    _lock: File,
}

impl Turnstile {
    /// Waits until nobody else is at it.
    pub async fn pass(folder: &Path, what: &str, voice: &Console) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        let path = folder.join("lock");
        let lock = File::create(&path).with_context(|| format!("opening {}", path.display()))?;
        let mut told = false;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Self { _lock: lock }),
                Err(TryLockError::WouldBlock) if told => sleep(LOOK_EVERY).await,
                Err(TryLockError::WouldBlock) => {
                    voice.say(format_args!(
                        "{what} is being installed by another signoff; waiting for it"
                    ));
                    told = true;
                }
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("locking {}", path.display()));
                }
            }
        }
    }
}

/// Downloads to `file`. What is there after an error is not whole.
pub async fn download(from: &Url, file: &Path, step: &Step<'_>) -> Result<()> {
    let answer = timeout(ANSWER_PATIENCE, client()?.get(from.clone()).send())
        .await
        .context("there was no answer")?;
    let mut answer = answer
        .and_then(reqwest::Response::error_for_status)
        .map_err(|error| anyhow::anyhow!("{}", root_of(&error)))?;
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

/// The innermost reason: the outer ones repeat the address.
fn root_of(error: &reqwest::Error) -> String {
    let mut reason: &dyn std::error::Error = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    reason.to_string()
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

/// An empty folder beside the final one, to become it by one rename.
pub fn scratch(folder: &Path) -> Result<PathBuf> {
    let mut name = folder.file_name().context("a folder with a name")?.to_owned();
    name.push(".partial");
    let partial = folder.with_file_name(name);
    if partial.exists() {
        fs::remove_dir_all(&partial).with_context(|| format!("clearing {}", partial.display()))?;
    }
    fs::create_dir_all(&partial).with_context(|| format!("creating {}", partial.display()))?;
    Ok(partial)
}

/// Puts what is whole in its place.
pub fn settle(partial: &Path, whole: &Path) -> Result<()> {
    if whole.is_dir() {
        fs::remove_dir_all(whole).with_context(|| format!("replacing {}", whole.display()))?;
    }
    fs::rename(partial, whole).with_context(|| format!("moving into {}", whole.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_waits_until_the_first_is_done() -> Result<()> {
        let (folder, voice) = (tempfile::tempdir()?, Console::new(Box::new(io::sink()), false));
        let first = Turnstile::pass(folder.path(), "Temporal", &voice).await?;
        let second = Turnstile::pass(folder.path(), "Temporal", &voice);
        assert!(timeout(Duration::from_millis(300), second).await.is_err());
        drop(first);
        assert!(Turnstile::pass(folder.path(), "Temporal", &voice).await.is_ok());
        Ok(())
    }
}
