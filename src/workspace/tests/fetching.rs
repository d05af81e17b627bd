//! Tests of fetching: does every attempt's work reach people, whatever became of it?

use std::fs;
use std::path::Path;

use super::{git, test_repository, write};
use crate::run::RollbackTo;
use crate::workspace::FetchedWork;

#[tokio::test]
async fn the_work_of_an_attempt_is_fetched_as_a_branch_and_nothing_is_overwritten() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    let mine = repo.project(&[("mine.js", "1\n")]);
    let mine = Path::new(&mine);
    let run = "tale-k3f9qdx".parse().unwrap();
    let work = RollbackTo::Attempt { stage: "first".parse().unwrap(), attempt: 1 };
    let fetched = FetchedWork::new(repo.shadow.path().to_owned(), &run, &work);
    let branch = fetched.branch();
    fetched.into_repository_at(mine).await.unwrap();
    fetched.into_repository_at(mine).await.unwrap();
    assert_eq!(git(mine, &["rev-parse", branch]).trim(), first.commit);
    assert_eq!(git(mine, &["status", "--porcelain"]), "");
    let [fetch, from, refs] = fetched.words();
    git(mine, &[&fetch, &from, &refs]);
    write(&clone, &[("a.js", "2\n")]);
    let base = repo.shadow.base().await.unwrap().unwrap();
    repo.shadow.snapshot(&clone, &base, "first-1").await.unwrap();
    let said = fetched.into_repository_at(mine).await.unwrap_err().to_string();
    assert!(said.contains(&format!("`git branch -m {branch} <other>`")), "{said}");
    let above = repo.path("above");
    git(repo.root.path(), &["clone", "-q", &mine.display().to_string(), "above"]);
    git(&above, &["branch", "signoff/tale-k3f9qdx"]);
    let said = fetched.into_repository_at(&above).await.unwrap_err().to_string();
    assert!(said.contains("`git branch -m signoff/tale-k3f9qdx <other>`"), "{said}");
    git(&above, &["branch", "-m", "signoff/tale-k3f9qdx", "signoff"]);
    let said = fetched.into_repository_at(&above).await.unwrap_err().to_string();
    assert!(said.contains("`git branch -m signoff <other>`"), "{said}");
    fs::create_dir(repo.path("folder")).unwrap();
    let said = fetched.into_repository_at(&repo.path("folder")).await.unwrap_err().to_string();
    assert!(said.contains("go to a clone of the project"), "{said}");
}

#[tokio::test]
async fn each_attempt_is_pushed_beside_the_others_and_beside_the_result() {
    let repo = test_repository().await;
    let project = repo.project(&[("a.js", "1\n")]);
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    for name in ["draft-1", "draft-2", "result"] {
        let branch = format!("signoff/tale-k3f9qd/{name}");
        repo.shadow.push_attempt(&project, &base, &branch).await.unwrap();
        repo.shadow.push_attempt(&project, &base, &branch).await.unwrap();
        assert_eq!(git(Path::new(&project), &["rev-parse", &branch]).trim(), base.commit);
    }
    let said = repo.shadow.push_attempt(&project, &base, "signoff/tale-k3f9qd").await.unwrap_err();
    assert!(said.to_string().contains("is in the way of"), "{said}");
}

#[tokio::test]
async fn a_clone_that_is_copied_shares_no_file_with_the_shadow_repository() {
    use std::os::unix::fs::MetadataExt;
    let repo = test_repository().await;
    let project = repo.project(&[("a.js", "1\n")]);
    for n in 0..150 {
        write(Path::new(&project), &[(&format!("src/{n}.js"), &format!("{n}\n"))]);
    }
    super::commit(Path::new(&project));
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    let clone = repo.path("clone");
    repo.shadow.checkout_to_change(&base, &clone).await.unwrap();
    let packs = |folder: &Path| -> Vec<u64> {
        let files = fs::read_dir(folder.join("objects/pack")).unwrap().map(Result::unwrap);
        files.map(|file| file.metadata().unwrap().ino()).collect()
    };
    let (ours, theirs) = (packs(repo.shadow.path()), packs(&clone.join(".git")));
    assert!(!theirs.is_empty() && theirs.iter().all(|file| !ours.contains(file)));
    // What the clone's index says of a file is believed only as long as nobody touched the file.
    write(&clone, &[("src/1.js", "7\n")]);
    git(&clone, &["update-index", "--assume-unchanged", "src/1.js"]);
    let kept = repo.shadow.snapshot(&clone, &base, "first-1").await.unwrap();
    assert_eq!(repo.shadow.diff(&base, &kept).await.unwrap().files, 1);
    repo.shadow.checkout(&kept, &clone).await.unwrap();
    assert_eq!(git(&clone, &["log", "--format=%s"]).lines().count(), 3);
    assert_eq!(git(&clone, &["fsck"]), "");
}
