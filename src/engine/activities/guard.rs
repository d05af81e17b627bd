//! Is what was approved what is here?
//! Asked at the door and by the workflow of what is written down; here, when the effect starts, of what is really there.

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

use crate::run::{Digest, Guard};
use crate::workspace::{Shadow, WorkspaceError};

/// The code in the shadow repository and the stored text of the pipeline, against what an approval was given for.
/// What moved, for people, where something did; an error where that cannot be known now.
pub(super) async fn unmoved(
    guard: &Guard,
    shadow: &Shadow,
    pipeline: Option<&str>,
) -> Result<Result<(), String>> {
    let commit = &guard.snapshot.commit;
    let tree = match shadow.tree_of(commit).await {
        Ok(tree) => tree,
        Err(WorkspaceError::NoCommit { why, .. }) => {
            return Ok(Err(moved(&format!("its commit cannot be read, {why}"))));
        }
        Err(e) => return Err(e).with_context(|| format!("reading the approved commit {commit}")),
    };
    let Some(text) = pipeline else { return Ok(Err(moved("its pipeline is not stored any more"))) };
    if guard.holds(&tree, &Digest(hex::encode(Sha256::digest(text)))) {
        return Ok(Ok(()));
    }
    let what = if tree == guard.snapshot.tree {
        "the pipeline or what was to follow is another"
    } else {
        "the code is another"
    };
    Ok(Err(moved(what)))
}

fn moved(what: &str) -> String {
    format!("what was approved is not what is here: {what}")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use tempfile::TempDir;

    use super::*;
    use crate::run::{GateDigestInput, GateSpec, Snapshot};

    const PIPELINE: &str = "name = \"tale\"";

    /// A shadow repository with two snapshots; the second was approved.
    struct Place {
        _root: TempDir,
        shadow: Shadow,
        first: Snapshot,
        guard: Guard,
    }

    impl Place {
        async fn new() -> Self {
            let root = tempfile::tempdir().expect("a folder");
            let shadow =
                Shadow::open(&root.path().join("shadow.git")).await.expect("a shadow repository");
            let first = shadow.import(None).await.expect("an empty beginning");
            let clone = root.path().join("clone");
            shadow.checkout(&first, &clone).await.expect("a clone");
            fs::write(clone.join("draft.txt"), "once upon a time\n").expect("written");
            let snapshot = shadow.snapshot(&clone, &first, "draft-1").await.expect("a snapshot");
            let (run, stage, spec) = (
                "tale-k3f9qdx".parse().expect("a slug"),
                "draft".parse().expect("a slug"),
                GateSpec::usual(60),
            );
            let pipeline = Digest(hex::encode(Sha256::digest(PIPELINE)));
            let asks = GateDigestInput {
                run: &run,
                pipeline: &pipeline,
                stage: &stage,
                round: 1,
                tree: &snapshot.tree,
                spec: &spec,
                then: "stage:polish",
            };
            let guard =
                Guard { gate: asks.gate(), run, snapshot, spec, then: "stage:polish".to_owned() };
            Self { _root: root, shadow, first, guard }
        }

        async fn asks(&self, pipeline: Option<&str>) -> Result<(), String> {
            unmoved(&self.guard, &self.shadow, pipeline).await.expect("it can be known")
        }

        fn object(&self, name: &str) -> std::path::PathBuf {
            self.shadow.path().join("objects").join(&name[..2]).join(&name[2..])
        }
    }

    fn git(folder: &Path, words: &[&str]) {
        assert!(
            Command::new("git")
                .arg("--git-dir")
                .arg(folder)
                .args(words)
                .status()
                .expect("git")
                .success()
        );
    }

    fn why(asked: Result<(), String>) -> String {
        asked.expect_err("something moved")
    }

    #[tokio::test]
    async fn nothing_moved() {
        assert_eq!(Place::new().await.asks(Some(PIPELINE)).await, Ok(()));
    }

    #[tokio::test]
    async fn other_code_under_the_approved_name_is_seen() {
        let place = Place::new().await;
        git(place.shadow.path(), &["replace", &place.guard.snapshot.commit, &place.first.commit]);
        assert_eq!(
            why(place.asks(Some(PIPELINE)).await),
            "what was approved is not what is here: the code is another"
        );
    }

    #[tokio::test]
    async fn an_object_that_was_overwritten_is_seen_and_so_is_one_that_is_gone() {
        let place = Place::new().await;
        let approved = place.object(&place.guard.snapshot.commit);
        fs::remove_file(&approved).expect("removed");
        assert!(
            why(place.asks(Some(PIPELINE)).await)
                .starts_with("what was approved is not what is here: its commit cannot be read")
        );
        fs::copy(place.object(&place.first.commit), &approved).expect("overwritten");
        assert!(
            why(place.asks(Some(PIPELINE)).await)
                .starts_with("what was approved is not what is here: ")
        );
    }

    #[tokio::test]
    async fn a_git_that_fails_moves_nothing() {
        let place = Place::new().await;
        fs::write(place.shadow.path().join("config"), "[core").expect("written");
        assert!(
            unmoved(&place.guard, &place.shadow, Some(PIPELINE)).await.is_err(),
            "it is to be asked again"
        );
    }

    #[tokio::test]
    async fn another_pipeline_and_none_are_seen() {
        let place = Place::new().await;
        assert!(
            why(place.asks(Some("name = \"tail\"")).await)
                .ends_with("the pipeline or what was to follow is another")
        );
        assert!(why(place.asks(None).await).ends_with("its pipeline is not stored any more"));
    }
}
