//! Work by hand: a person gets a stage's work by a branch, and gives it back by a push.

use super::*;

const NAME: &str = "signoff/by-hand/tale-k3f9qdx/draft-1";

/// Somebody's clone of the repository at `from`, on the branch.
fn clone_of(world: &TestRepository, from: &str) -> PathBuf {
    let clone = world.path("anas");
    git(world.root.path(), &["clone", "-q", "-b", NAME, from, "anas"]);
    clone
}

/// A repository that nobody works in.
fn bare_project(world: &TestRepository) -> String {
    let project = world.project(&[("draft.txt", "once\n")]);
    git(world.root.path(), &["clone", "-q", "--bare", &project, "bare.git"]);
    world.path("bare.git").display().to_string()
}

fn finish(clone: &Path) {
    write(clone, &[("draft.txt", "by hand\n")]);
    commit(clone);
    git(clone, &["push", "-q", "origin", NAME]);
}

#[tokio::test]
async fn a_branch_is_handed_out_and_what_is_pushed_to_it_is_taken_in() {
    let world = test_repository().await;
    let project = bare_project(&world);
    let work = world.shadow.import(Some(&project), None).await.unwrap();
    let handed_out = world.shadow.hand_out(Some(&project), &work, NAME).await.unwrap();
    assert_eq!((handed_out.not_pushed.clone(), &handed_out.repository), (None, &project));
    assert_eq!(pushed_by_hand(Some(&project), &handed_out).await.unwrap(), None);
    finish(&clone_of(&world, &project));
    let pushed = pushed_by_hand(Some(&project), &handed_out).await.unwrap();
    let taken = world.shadow.take_in(Some(&project), &handed_out).await.unwrap();
    assert_eq!(pushed.as_ref(), Some(&taken.commit));
    let again = world.shadow.hand_out(Some(&project), &work, NAME).await.unwrap();
    assert_eq!(again, handed_out, "and what was pushed meanwhile stays");
    assert_eq!(world.shadow.take_in(Some(&project), &again).await.unwrap(), taken);
    git(Path::new(&project), &["branch", "-q", "-D", NAME]);
    let gone = world.shadow.take_in(Some(&project), &handed_out).await;
    assert!(matches!(gone, Err(WorkspaceError::Repository { .. })), "{gone:?}");
}

#[tokio::test]
async fn where_the_project_takes_no_push_the_branch_is_in_the_runs_own_repository() {
    let world = test_repository().await;
    let project = bare_project(&world);
    git(Path::new(&project), &["branch", "signoff"]);
    let work = world.shadow.import(Some(&project), None).await.unwrap();
    let handed_out = world.shadow.hand_out(Some(&project), &work, NAME).await.unwrap();
    assert!(handed_out.not_pushed.as_deref().is_some_and(|why| why.contains("signoff")));
    finish(&clone_of(&world, &handed_out.repository));
    assert!(pushed_by_hand(Some(&project), &handed_out).await.unwrap().is_some());
    let taken = world.shadow.take_in(Some(&project), &handed_out).await.unwrap();
    assert_ne!(taken.tree, work.tree);
    let elsewhere = HandBranch { repository: "/another/workers/disk".to_owned(), ..handed_out };
    let away = world.shadow.take_in(Some(&project), &elsewhere).await;
    assert!(matches!(away, Err(WorkspaceError::Elsewhere { .. })), "{away:?}");
}

#[tokio::test]
async fn in_the_folder_of_whoever_takes_over_the_commands_work_and_only_a_push_hands_in() {
    let world = test_repository().await;
    let project = world.project(&[("draft.txt", "once\n")]);
    let mine = Path::new(&project);
    let work = world.shadow.import(Some(&project), None).await.unwrap();
    let branch = world.shadow.hand_out(Some(&project), &work, NAME).await.unwrap();
    assert_eq!(branch.repository, world.shadow.path().display().to_string());
    git(mine, &["fetch", "-q", &branch.repository, NAME]);
    git(mine, &["switch", "-q", "-c", NAME, "FETCH_HEAD"]);
    write(mine, &[("draft.txt", "by hand\n")]);
    commit(mine);
    assert_eq!(pushed_by_hand(Some(&project), &branch).await.unwrap(), None, "not finished");
    git(mine, &["push", "-q", &branch.repository, NAME]);
    let taken = world.shadow.take_in(Some(&project), &branch).await.unwrap();
    assert_eq!(taken.commit, git(mine, &["rev-parse", "HEAD"]).trim());
}
