//! The doctor's look at the artifact store: can this machine keep something where all workers keep it, and read it again?
//! Where the store is our own and nobody made it yet, nothing is made.

use std::path::Path;

use rustix::fs::{Access, access};

use super::Finding;
use crate::app::parts;
use crate::config::Config;

const WHAT: &str = "artifacts";

/// What is to be said about the artifact store.
pub(super) async fn look(config: &Config) -> Finding {
    let own = parts::own_artifacts(config);
    if config.artifacts.is_none() && !own.is_dir() {
        return to_be_made(&own);
    }
    match keep_and_read(config).await {
        Ok(address) if config.artifacts.is_some() => Finding::ok(WHAT, address),
        Ok(address) => Finding::ok(WHAT, for_this_machine(&address)),
        Err(e) => Finding::missing(WHAT, format!("{e:#}. Check {}.", variable(config))),
    }
}

async fn keep_and_read(config: &Config) -> anyhow::Result<String> {
    let store = parts::artifacts(config)?;
    let key = format!("doctor/{}", std::process::id());
    store.put(&key, b"hello".to_vec()).await?;
    let back = store.get(&key).await?;
    store.remove(&key).await?;
    anyhow::ensure!(back.as_deref() == Some(b"hello"), "what was kept is not what is there");
    Ok(store.address().to_owned())
}

/// Whether a worker can make the folder, once there is one.
fn to_be_made(folder: &Path) -> Finding {
    let shown = folder.display();
    let there = folder.ancestors().find(|above| above.exists()).unwrap_or(folder);
    match access(there, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::ok(WHAT, for_this_machine(&format!("{shown}, which a worker makes"))),
        Err(why) => Finding::missing(
            WHAT,
            format!("{shown} cannot be made in {}: {why}. Check SIGNOFF_HOME.", there.display()),
        ),
    }
}

fn for_this_machine(address: &str) -> String {
    format!("{address}, for workers on this machine; others need SIGNOFF_ARTIFACTS")
}

/// Which variable says where the store is.
const fn variable(config: &Config) -> &'static str {
    if config.artifacts.is_some() { "SIGNOFF_ARTIFACTS" } else { "SIGNOFF_HOME" }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn config(folder: &Path, home: &str) -> Config {
        let get = |name: &str| (name == "SIGNOFF_HOME").then(|| home.to_owned());
        Config::read(get, folder).expect("it is good")
    }

    #[tokio::test]
    async fn who_only_asks_makes_no_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let line = look(&config(folder.path(), ".signoff")).await.line();
        assert!(line.starts_with("✓ artifacts") && line.contains("which a worker makes"), "{line}");
        assert!(!folder.path().join(".signoff").exists());
    }

    #[tokio::test]
    async fn a_home_that_cannot_be_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("file"), "").expect("written");
        let line = look(&config(folder.path(), "file/home")).await.line();
        assert!(line.starts_with("✗ artifacts") && line.contains("Check SIGNOFF_HOME"), "{line}");
    }
}
