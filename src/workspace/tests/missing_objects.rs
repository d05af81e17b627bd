//! Tests of what is missing: is it told apart what is not here, what is damaged, and a git that cannot say?

use std::fs;

use super::{TestRepository, test_repository};
use crate::workspace::{Shadow, WorkspaceError};

fn object(repo: &TestRepository, name: &str) -> std::path::PathBuf {
    repo.shadow.path().join("objects").join(&name[..2]).join(&name[2..])
}

#[tokio::test]
async fn a_run_that_began_elsewhere_is_not_begun_here() {
    let repo = test_repository().await;
    let nowhere = repo.path("other/shadow.git");
    let Err(WorkspaceError::Elsewhere { path }) = Shadow::existing(&nowhere).await else {
        panic!("it is not here")
    };
    assert_eq!(path, nowhere.display().to_string());
    assert!(!nowhere.exists(), "an empty one in its place would lie");
    let Err(only_made) = Shadow::existing(repo.shadow.path()).await else {
        panic!("nothing began here")
    };
    assert!(only_made.to_string().ends_with("workers share SIGNOFF_ARTIFACTS"), "{only_made}");
    repo.shadow.import(None, None).await.unwrap();
    Shadow::existing(repo.shadow.path()).await.unwrap();
}

#[tokio::test]
async fn a_commit_that_is_gone_or_damaged_is_surely_not_here() {
    let repo = test_repository().await;
    let (first, _) = repo.begun(&[("a.js", "1\n")]).await;
    assert_eq!(repo.shadow.tree_of(&first.commit).await.unwrap(), first.tree);
    let ours = object(&repo, &first.commit);
    fs::remove_file(&ours).unwrap();
    assert!(matches!(
        repo.shadow.tree_of(&first.commit).await,
        Err(WorkspaceError::NoCommit { .. })
    ));
    for damaged in ["", "scribble"] {
        fs::write(&ours, damaged).unwrap();
        assert!(
            matches!(
                repo.shadow.tree_of(&first.commit).await,
                Err(WorkspaceError::NoCommit { .. })
            ),
            "{damaged:?}"
        );
    }
}

#[tokio::test]
async fn a_git_that_fails_says_nothing_of_a_commit() {
    let repo = test_repository().await;
    let (first, _) = repo.begun(&[("a.js", "1\n")]).await;
    fs::write(repo.shadow.path().join("config"), "[core").unwrap();
    assert!(matches!(repo.shadow.tree_of(&first.commit).await, Err(WorkspaceError::Git { .. })));
}
