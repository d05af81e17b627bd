//! The artifact store: where do snapshots, transcripts and reports lie so that any worker can go on?
//! In a folder, or in a bucket by its URL. What is put under a name is never another thing later, so that a repeat changes nothing.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutPayload};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::{Result, WorkspaceError};
use crate::files::is_disk_full;

/// To look something up, or to keep something small.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// To move a repository.
const COPY_TIMEOUT: Duration = Duration::from_mins(10);
const S3: &str = "s3://";

/// A folder or a bucket that all workers share.
#[derive(Clone, Debug)]
pub struct ArtifactStore {
    store: Arc<dyn ObjectStore>,
    /// As it may be shown.
    address: String,
}

/// Something that lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    pub key: String,
    pub bytes: u64,
    pub kept_at: chrono::DateTime<chrono::Utc>,
}

impl ArtifactStore {
    /// `s3://bucket/prefix`, with the variables of AWS (`AWS_ENDPOINT` for others who speak its protocol), or a folder, which is made.
    ///
    /// # Errors
    /// The folder cannot be made, or the address or the variables are no bucket's.
    pub fn open(address: &str) -> Result<Self> {
        let store: Arc<dyn ObjectStore> = if address.starts_with(S3) {
            bucket(address)?
        } else {
            let folder = address.strip_prefix("file://").unwrap_or(address);
            std::fs::create_dir_all(folder)
                .map_err(WorkspaceError::io(format!("making {folder}")))?;
            let files = LocalFileSystem::new_with_prefix(folder)
                .map_err(|e| failed(address, "opening it", &e))?;
            Arc::new(files.with_fsync(true).with_automatic_cleanup(true))
        };
        Ok(Self { store, address: address.to_owned() })
    }

    /// Where it is, for people.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Keeps a file under this name.
    pub async fn put_file(&self, key: &str, file: &Path) -> Result<()> {
        let reading = |e| WorkspaceError::io(format!("reading {}", file.display()))(e);
        let mut from = File::open(file).await.map_err(reading)?;
        let mut to = BufWriter::new(Arc::clone(&self.store), Key::from(key));
        let copy = async {
            match tokio::io::copy(&mut from, &mut to).await {
                Ok(_) => to.shutdown().await,
                Err(e) => {
                    // What is half there is never seen; a bucket throws it away by itself where this is lost.
                    let _ = to.abort().await;
                    Err(e)
                }
            }
        };
        let copied = timeout(COPY_TIMEOUT, copy).await;
        copied.map_err(|_| self.slow(key))?.map_err(|e| self.not_kept(key, e))
    }

    /// What refuses to keep something may take it later; a full disk is one of ours.
    fn not_kept(&self, key: &str, error: io::Error) -> WorkspaceError {
        if is_disk_full(&error) {
            return WorkspaceError::io(self.doing("keeping", key))(error);
        }
        let why = format!("{}: {error}", self.doing("keeping", key));
        WorkspaceError::Artifacts { address: self.address.clone(), why }
    }

    /// Keeps these bytes under this name.
    pub async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        let (at, payload) = (Key::from(key), PutPayload::from(bytes));
        let put = timeout(CALL_TIMEOUT, self.store.put(&at, payload)).await;
        put.map_err(|_| self.slow(key))?
            .map(drop)
            .map_err(|e| failed(&self.address, &self.doing("keeping", key), &e))
    }

    /// Whether something lies there under this name.
    pub async fn has(&self, key: &str) -> Result<bool> {
        let at = Key::from(key);
        let asked = timeout(CALL_TIMEOUT, self.store.head(&at)).await;
        match asked.map_err(|_| self.slow(key))? {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(e) => Err(failed(&self.address, &self.doing("looking for", key), &e)),
        }
    }

    /// What lies there; none where nothing does.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let failing = |e: Error| failed(&self.address, &self.doing("fetching", key), &e);
        let at = Key::from(key);
        let fetch = async {
            match self.store.get(&at).await {
                Ok(found) => found.bytes().await.map(|bytes| Some(bytes.to_vec())),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(e) => Err(e),
            }
        };
        timeout(CALL_TIMEOUT, fetch).await.map_err(|_| self.slow(key))?.map_err(failing)
    }

    /// These bytes of what lies there.
    pub async fn get_part(&self, key: &str, bytes: Range<u64>) -> Result<Vec<u8>> {
        if bytes.is_empty() {
            return Ok(Vec::new());
        }
        let at = Key::from(key);
        let fetched = timeout(CALL_TIMEOUT, self.store.get_range(&at, bytes)).await;
        fetched
            .map_err(|_| self.slow(key))?
            .map(|bytes| bytes.to_vec())
            .map_err(|e| failed(&self.address, &self.doing("fetching", key), &e))
    }

    /// Copies it into this file; false where nothing lies there.
    pub async fn get_file(&self, key: &str, file: &Path) -> Result<bool> {
        let at = Key::from(key);
        let asked = timeout(CALL_TIMEOUT, self.store.get(&at)).await;
        let found = match asked.map_err(|_| self.slow(key))? {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(false),
            Err(e) => return Err(failed(&self.address, &self.doing("fetching", key), &e)),
        };
        let copy = async {
            let mut to = File::create(file).await?;
            let mut chunks = found.into_stream();
            while let Some(chunk) = chunks.try_next().await? {
                to.write_all(&chunk).await?;
            }
            to.flush().await
        };
        let copied = timeout(COPY_TIMEOUT, copy).await.map_err(|_| self.slow(key))?;
        copied.map(|()| true).map_err(WorkspaceError::io(self.doing("fetching", key)))
    }

    /// All that lies below this name, by name.
    pub async fn list(&self, below: &str) -> Result<Vec<Artifact>> {
        let prefix = Key::from(below);
        let listing = self.store.list(Some(&prefix)).map_ok(|it| Artifact {
            key: it.location.to_string(),
            bytes: it.size,
            kept_at: it.last_modified,
        });
        let mut listing = std::pin::pin!(listing);
        let mut all = Vec::new();
        // A page at a time: in a large store there are many.
        loop {
            let next = timeout(CALL_TIMEOUT, listing.try_next()).await;
            let next = next
                .map_err(|_| self.slow(below))?
                .map_err(|e| failed(&self.address, &self.doing("listing", below), &e))?;
            let Some(next) = next else { break };
            all.push(next);
        }
        all.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(all)
    }

    /// Removes it; what is not there is removed already.
    pub async fn remove(&self, key: &str) -> Result<()> {
        let at = Key::from(key);
        let removed = timeout(CALL_TIMEOUT, self.store.delete(&at)).await;
        match removed.map_err(|_| self.slow(key))? {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(failed(&self.address, &self.doing("removing", key), &e)),
        }
    }

    /// Removes all of these.
    pub async fn remove_all(&self, keys: impl IntoIterator<Item = String>) -> Result<()> {
        let keys: Vec<_> = keys.into_iter().map(|key| Ok(Key::from(key))).collect();
        let mut removing = self.store.delete_stream(stream::iter(keys).boxed());
        loop {
            match timeout(CALL_TIMEOUT, removing.try_next()).await {
                Ok(Ok(Some(_)) | Err(Error::NotFound { .. })) => {}
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(e)) => return Err(failed(&self.address, "removing from it", &e)),
                Err(_) => return Err(self.slow("removing")),
            }
        }
    }

    fn doing(&self, what: &str, key: &str) -> String {
        format!("{what} {key} in {}", self.address)
    }

    fn slow(&self, key: &str) -> WorkspaceError {
        let why = format!("{key}: it does not answer");
        WorkspaceError::Artifacts { address: self.address.clone(), why }
    }
}

fn bucket(address: &str) -> Result<Arc<dyn ObjectStore>> {
    let rest = address.strip_prefix(S3).unwrap_or_default();
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    // Whoever installs it first wins, and all of us install this one.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    // The variables are AWS's own: AWS_ACCESS_KEY_ID, AWS_REGION, AWS_ENDPOINT, AWS_ALLOW_HTTP, …
    let bucket = AmazonS3Builder::from_env().with_bucket_name(name).build();
    let bucket = bucket.map_err(|e| failed(address, "opening it", &e))?;
    Ok(Arc::new(object_store::prefix::PrefixStore::new(bucket, Key::from(prefix))))
}

fn failed(address: &str, doing: &str, error: &Error) -> WorkspaceError {
    WorkspaceError::Artifacts { address: address.to_owned(), why: format!("{doing}: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_is_found_listed_and_removed() {
        let root = tempfile::tempdir().expect("a folder");
        let address = root.path().join("artifacts").display().to_string();
        keeps_finds_lists_and_removes(&address).await;
        assert!(!root.path().join("artifacts/runs").exists(), "no empty folders are left");
    }

    /// A bucket `signoff-test` has to be there, empty below `some/where`.
    #[tokio::test]
    #[ignore = "asks a server that speaks S3, by AWS's variables: AWS_ENDPOINT, AWS_ALLOW_HTTP, AWS_ACCESS_KEY_ID, …"]
    async fn a_bucket_does_the_same() {
        for address in ["s3://signoff-test/some/where", "s3://signoff-test"] {
            keeps_finds_lists_and_removes(address).await;
        }
        let nowhere = ArtifactStore::open("s3://signoff-none").expect("a name is one");
        let refused = nowhere.put("runs/a/x", Vec::new()).await.expect_err("no bucket");
        assert!(refused.to_string().contains("s3://signoff-none"), "{refused}");
    }

    async fn keeps_finds_lists_and_removes(address: &str) {
        let root = tempfile::tempdir().expect("a folder");
        let store = ArtifactStore::open(address).expect("a store");
        let (file, back) = (root.path().join("file"), root.path().join("back"));
        std::fs::write(&file, vec![7_u8; 20_000_000]).expect("written");
        store.put_file("runs/a/big.bundle", &file).await.expect("kept");
        store.put("runs/a/small.json", b"{}".to_vec()).await.expect("kept");
        store.put("runs/b/other.json", b"{}".to_vec()).await.expect("kept");
        let listed = store.list("runs/a").await.expect("listed");
        let names: Vec<_> = listed.iter().map(|it| (it.key.as_str(), it.bytes)).collect();
        assert_eq!(names, [("runs/a/big.bundle", 20_000_000), ("runs/a/small.json", 2)]);
        assert!(store.get_file("runs/a/big.bundle", &back).await.expect("fetched"));
        assert_eq!(std::fs::read(&back).expect("read"), vec![7_u8; 20_000_000]);
        store.remove("runs/a/small.json").await.expect("removed");
        store.remove("runs/a/small.json").await.expect("removed already");
        assert_eq!(store.get("runs/a/small.json").await.expect("looked for"), None);
        assert!(!store.get_file("runs/a/none", &back).await.expect("looked for"));
        let part = store.get_part("runs/b/other.json", 1..2).await.expect("fetched");
        assert_eq!(part, b"}");
        assert!(store.has("runs/b/other.json").await.expect("looked for"));
        // More than a page of a bucket has, and more than one request removes.
        let many: Vec<String> = (0..1_100).map(|n| format!("runs/c/{n}")).collect();
        for key in &many {
            store.put(key, Vec::new()).await.expect("kept");
        }
        let all = store.list("runs").await.expect("listed");
        assert_eq!(all.len(), 1_102);
        let gone = ["runs/none".to_owned()].into_iter().chain(all.into_iter().map(|it| it.key));
        store.remove_all(gone).await.expect("removed");
        assert_eq!(store.list("runs").await.expect("listed"), []);
        assert!(!store.has("runs/c/7").await.expect("looked for"));
    }
}
