//! Tests of clones: is what an agent works in the repository, from where it should start?

use std::path::Path;

use super::{git, test_repository, write};
use crate::run::{NotHere, StartingPoint};

#[tokio::test]
async fn tags_and_the_default_branch_come_along() {
    let repo = test_repository().await;
    let project = repo.project(&[("a.js", "1\n")]);
    let project = Path::new(&project);
    git(project, &["tag", "-a", "v1.2.0", "-m", "1.2.0"]);
    git(project, &["tag", "light"]);
    (0..60).for_each(|_| drop(git(project, &["commit", "-q", "--allow-empty", "-m", "more"])));
    git(project, &["switch", "-qc", "wip"]);
    git(project, &["commit", "-q", "--allow-empty", "-m", "half done"]);
    let place = project.display().to_string();
    let base = repo.shadow.import(Some(&place), Some("trunk")).await.unwrap();
    let clone = repo.path("clone");
    repo.shadow.checkout(&base, &clone).await.unwrap();
    assert!(git(&clone, &["describe"]).starts_with("v1.2.0-60-g"));
    assert_eq!(git(&clone, &["tag"]), "light\nv1.2.0\n");
    assert_eq!(git(&clone, &["rev-parse", "origin/trunk"]).trim(), base.commit);
    assert_eq!(git(&clone, &["log", "--format=%s", "origin/trunk..origin/wip"]), "half done\n");
    write(&clone, &[("a.js", "2\n")]);
    let second = repo.shadow.snapshot(&clone, &base, "second-1").await.unwrap();
    repo.shadow.checkout(&second, &clone).await.unwrap();
    assert_eq!(git(&clone, &["diff", "--name-only", "origin/trunk"]), "a.js\n");
}

#[tokio::test]
async fn a_run_knows_where_it_began() {
    let repo = test_repository().await;
    let project = repo.project(&[("a.js", "1\n")]);
    git(Path::new(&project), &["branch", "next"]);
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    let not_here = NotHere::default();
    let begun = StartingPoint { branch: Some("trunk".to_owned()), commit: base.commit, not_here };
    assert_eq!(repo.shadow.start().await.unwrap(), Some(begun));
    let named = test_repository().await;
    named.shadow.import(Some(&project), Some("next")).await.unwrap();
    let start = named.shadow.start().await.unwrap().unwrap();
    assert_eq!(start.branch.as_deref(), Some("next"));
    let detached = test_repository().await;
    git(Path::new(&project), &["switch", "-q", "--detach"]);
    detached.shadow.import(Some(&project), None).await.unwrap();
    assert_eq!(detached.shadow.start().await.unwrap().unwrap().branch, None);
    let nothing = test_repository().await;
    nothing.shadow.import(None, None).await.unwrap();
    assert_eq!(nothing.shadow.start().await.unwrap(), None);
    let wrong = test_repository().await;
    let said = wrong.shadow.import(Some(&project), Some("nxet")).await.unwrap_err();
    assert!(said.to_string().contains("it has no branch `nxet`"), "{said}");
}
