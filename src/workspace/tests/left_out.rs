//! Tests of what is left out: is it said, and is nothing broken by it?

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{TestRepository, commit, git, test_repository, write};
use crate::run::{NotHere, Risk, Snapshot};

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\nsize 6\n";

impl TestRepository {
    /// What people are told of a snapshot, and the snapshot.
    async fn left_out(&self, base: &Snapshot) -> (Vec<(Risk, u32, String)>, Snapshot) {
        let kept = self.shadow.keep(&self.path("clone"), base, "second-1").await.unwrap();
        let told = kept.left_out.into_iter().map(|flag| (flag.risk, flag.count, flag.example));
        (told.collect(), kept.snapshot)
    }
}

#[tokio::test]
async fn what_no_commit_holds_is_told_unless_it_is_ignored() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[(".gitignore", "cache\n"), ("a.js", "1\n")]).await;
    assert_eq!(repo.left_out(&first).await.0, []);
    fs::create_dir_all(clone.join("cache/empty")).unwrap();
    fs::create_dir_all(clone.join("out/empty")).unwrap();
    assert!(Command::new("mkfifo").arg(clone.join("pipe")).status().unwrap().success());
    let (told, kept) = repo.left_out(&first).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].0, told[0].1), (Risk::NotKept, 2));
    assert_eq!(kept.tree, first.tree);
}

#[tokio::test]
async fn a_repository_inside_becomes_files_and_its_agent_can_go_on_in_it() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[(".gitignore", "cache\n"), ("a.js", "1\n")]).await;
    for folder in ["inside", "cache/x", "hollow"] {
        write(&clone, &[(&format!("{folder}/x.js"), "1\n")]);
        git(&clone.join(folder), &["init", "-q"]);
        commit(&clone.join(folder));
    }
    fs::remove_file(clone.join("hollow/x.js")).unwrap();
    let (told, kept) = repo.left_out(&first).await;
    assert_eq!(told, [(Risk::Repository, 1, "inside/".to_owned())]);
    assert!(repo.files(&kept).contains("100644 inside/x.js"));
    let again = repo.left_out(&first).await;
    assert_eq!((again.0, again.1), (told, kept), "done again, it says the same");
    assert_eq!(git(&clone.join("inside"), &["log", "--format=%s"]), "by ana\n");
}

#[tokio::test]
async fn files_of_a_submodule_are_told_and_not_kept() {
    let repo = test_repository().await;
    let project = repo.project(&[("a.js", "1\n")]);
    let link = format!("160000,{},lib", git(Path::new(&project), &["rev-parse", "HEAD"]).trim());
    git(Path::new(&project), &["update-index", "--add", "--cacheinfo", &link]);
    git(Path::new(&project), &["commit", "-qm", "a submodule"]);
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    let here = repo.shadow.start().await.unwrap().unwrap().not_here;
    assert_eq!(here, NotHere { lfs_files: 0, submodules: 1 });
    repo.shadow.checkout(&base, &repo.path("clone")).await.unwrap();
    assert_eq!(repo.left_out(&base).await.0, [], "an empty folder is what it was");
    write(&repo.path("clone"), &[("lib/x.js", "1\n"), ("lib/empty/x", "")]);
    let (told, kept) = repo.left_out(&base).await;
    assert_eq!(told, [(Risk::NotKept, 1, "lib/".to_owned())]);
    assert_eq!(kept.tree, base.tree);
}

/// A project with a file that LFS holds.
async fn with_lfs(repo: &TestRepository) -> Snapshot {
    let attributes = "*.bin filter=lfs diff=lfs merge=lfs -text\n";
    let files = [(".gitattributes", attributes), ("a.bin", POINTER), ("a.txt", POINTER)];
    let project = repo.project(&files);
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    repo.shadow.checkout(&base, &repo.path("clone")).await.unwrap();
    base
}

#[tokio::test]
async fn a_pointer_stays_one_also_where_its_file_was_fetched() {
    let repo = test_repository().await;
    let base = with_lfs(&repo).await;
    let here = repo.shadow.start().await.unwrap().unwrap().not_here;
    assert_eq!(here, NotHere { lfs_files: 1, submodules: 0 });
    let clone = repo.path("clone");
    assert_eq!(fs::read_to_string(clone.join("a.bin")).unwrap(), POINTER);
    write(&clone, &[("a.bin", "hello\n"), ("b.js", "1\n")]);
    let (told, kept) = repo.left_out(&base).await;
    assert_eq!(told, []);
    assert_eq!(git(repo.shadow.path(), &["show", &format!("{}:a.bin", kept.commit)]), POINTER);
    assert_eq!(repo.shadow.diff(&base, &kept).await.unwrap().files, 1);
}

#[tokio::test]
async fn bytes_where_lfs_should_have_them_are_told() {
    let repo = test_repository().await;
    let base = with_lfs(&repo).await;
    write(&repo.path("clone"), &[("a.bin", "hallo\n"), ("new.bin", "1"), ("a.txt", "2\n")]);
    write(&repo.path("clone"), &[("copied.bin", POINTER)]);
    let (told, kept) = repo.left_out(&base).await;
    assert_eq!(told, [(Risk::LfsFile, 2, "a.bin".to_owned())]);
    assert_eq!(git(repo.shadow.path(), &["show", &format!("{}:a.bin", kept.commit)]), "hallo\n");
}
