//! The guard of an approved effect: is what was approved what is here?
//! The door and the workflow compare what is recorded; here, when the effect starts, what is really in the repository is compared.

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

use crate::run::{Digest, Guard};
use crate::workspace::{Shadow, WorkspaceError};

/// Whether an approved effect may start.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum GuardCheck {
    Holds,
    /// Something is not what was approved; what, for people.
    Moved(String),
}

impl GuardCheck {
    fn moved(what: &str) -> Self {
        Self::Moved(format!("what was approved is not what is here: {what}"))
    }
}

/// The code in the shadow repository and the stored text of the pipeline, against what an approval was given for.
/// An error where that cannot be known now.
pub(super) async fn check_guard(
    guard: &Guard,
    shadow: &Shadow,
    pipeline: Option<&str>,
) -> Result<GuardCheck> {
    let commit = &guard.snapshot.commit;
    match shadow.tree_of(commit).await {
        Ok(tree) => Ok(compare(guard, &tree, pipeline)),
        Err(WorkspaceError::NoCommit { why, .. }) => {
            Ok(GuardCheck::moved(&format!("its commit cannot be read, {why}")))
        }
        Err(e) => Err(e).with_context(|| format!("reading the approved commit {commit}")),
    }
}

fn compare(guard: &Guard, tree: &str, pipeline: Option<&str>) -> GuardCheck {
    let Some(text) = pipeline else {
        return GuardCheck::moved("its pipeline is not stored any more");
    };
    if guard.holds(tree, &Digest(hex::encode(Sha256::digest(text)))) {
        GuardCheck::Holds
    } else if tree == guard.snapshot.tree {
        GuardCheck::moved("the pipeline or what was to follow is another")
    } else {
        GuardCheck::moved("the code is another")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use tempfile::TempDir;

    use super::*;
    use crate::run::{GateDigestInput, GateKind, GateSpec, Snapshot};

    const PIPELINE: &str = "name = \"tale\"";

    /// A shadow repository with two snapshots; the second was approved.
    struct GuardedRepository {
        _root: TempDir,
        shadow: Shadow,
        first: Snapshot,
        guard: Guard,
    }

    impl GuardedRepository {
        async fn new() -> Self {
            let root = tempfile::tempdir().expect("a folder");
            let shadow =
                Shadow::open(&root.path().join("shadow.git")).await.expect("a shadow repository");
            let first = shadow.import(None, None).await.expect("an empty beginning");
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
                kind: GateKind::Approve,
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

        async fn asks(&self, pipeline: Option<&str>) -> GuardCheck {
            check_guard(&self.guard, &self.shadow, pipeline).await.expect("it can be known")
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

    fn why(asked: GuardCheck) -> String {
        match asked {
            GuardCheck::Moved(why) => why,
            GuardCheck::Holds => panic!("nothing moved"),
        }
    }

    #[tokio::test]
    async fn nothing_moved() {
        assert_eq!(GuardedRepository::new().await.asks(Some(PIPELINE)).await, GuardCheck::Holds);
    }

    #[tokio::test]
    async fn other_code_under_the_approved_name_is_seen() {
        let repository = GuardedRepository::new().await;
        git(
            repository.shadow.path(),
            &["replace", &repository.guard.snapshot.commit, &repository.first.commit],
        );
        assert_eq!(
            why(repository.asks(Some(PIPELINE)).await),
            "what was approved is not what is here: the code is another"
        );
    }

    #[tokio::test]
    async fn an_object_that_was_overwritten_is_seen_and_so_is_one_that_is_gone() {
        let repository = GuardedRepository::new().await;
        let approved = repository.object(&repository.guard.snapshot.commit);
        fs::remove_file(&approved).expect("removed");
        assert!(
            why(repository.asks(Some(PIPELINE)).await)
                .starts_with("what was approved is not what is here: its commit cannot be read")
        );
        fs::copy(repository.object(&repository.first.commit), &approved).expect("overwritten");
        assert!(
            why(repository.asks(Some(PIPELINE)).await)
                .starts_with("what was approved is not what is here: ")
        );
    }

    #[tokio::test]
    async fn a_git_that_fails_moves_nothing() {
        let repository = GuardedRepository::new().await;
        fs::write(repository.shadow.path().join("config"), "[core").expect("written");
        assert!(
            check_guard(&repository.guard, &repository.shadow, Some(PIPELINE)).await.is_err(),
            "it is to be asked again"
        );
    }

    #[tokio::test]
    async fn another_pipeline_and_none_are_seen() {
        let repository = GuardedRepository::new().await;
        assert!(
            why(repository.asks(Some("name = \"tail\"")).await)
                .ends_with("the pipeline or what was to follow is another")
        );
        assert!(why(repository.asks(None).await).ends_with("its pipeline is not stored any more"));
    }
}
