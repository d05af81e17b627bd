//! Tests of bundles: does a run go on on a disk that never saw it, whatever its repository is?

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::other_repositories::{MADE, project};
use super::{TestRepository, git, test_repository, write};
use crate::run::{RunId, Snapshot};
use crate::workspace::{ArtifactStore, Bundles, Delivery, Shadow, WorkspaceError};

fn run() -> RunId {
    "tale-k3f9qdz".parse().expect("a run's name")
}

impl TestRepository {
    fn artifacts(&self) -> ArtifactStore {
        ArtifactStore::open(&self.path("artifacts").display().to_string()).expect("a store")
    }

    /// The shadow repository as a worker with another disk has it.
    async fn elsewhere(&self, needed: &[&Snapshot]) -> Result<Shadow, WorkspaceError> {
        let (artifacts, run) = (self.artifacts(), run());
        let bundles = Bundles { artifacts: &artifacts, run: &run };
        bundles.shadow_with(self.path("elsewhere/shadow.git"), needed).await
    }

    async fn keeps(&self, name: &str, snapshot: &Snapshot) {
        let (artifacts, run) = (self.artifacts(), run());
        let bundles = Bundles { artifacts: &artifacts, run: &run };
        bundles.keep(&self.shadow, name, snapshot).await.expect("kept");
        bundles.keep(&self.shadow, name, snapshot).await.expect("kept already");
    }
}

#[tokio::test]
async fn a_run_goes_on_and_delivers_on_another_disk_whatever_git_made_the_repository() {
    for (kind, words) in MADE {
        let repo = test_repository().await;
        let of = project(&repo);
        git(Path::new(&of), &["tag", "v1"]);
        let words: Vec<String> = words.iter().map(|word| word.replace("{project}", &of)).collect();
        git(repo.root.path(), &words.iter().map(String::as_str).collect::<Vec<_>>());
        let place = repo.path(kind).display().to_string();
        let base = repo.shadow.import(Some(&place), None).await.expect(kind);
        let clone = repo.path("clone");
        repo.shadow.checkout(&base, &clone).await.expect(kind);
        write(&clone, &[("new.js", "1\n")]);
        let kept = repo.shadow.snapshot(&clone, &base, "first-1").await.expect(kind);
        repo.keeps("first-1", &kept).await;
        let there = repo.elsewhere(&[&kept]).await.expect(kind);
        assert_eq!(there.base().await.expect(kind), Some(base.clone()), "{kind}");
        assert_eq!(there.start().await.expect(kind), repo.shadow.start().await.expect(kind));
        let other = repo.path("other");
        there.checkout(&kept, &other).await.expect(kind);
        assert_eq!(
            git(&other, &["log", "--format=%H"]),
            log_of(&repo, &kept, &clone).await,
            "{kind}"
        );
        write(&other, &[("next.js", "2\n")]);
        let next = there.snapshot(&other, &kept, "second-1").await.expect(kind);
        let delivery = Delivery {
            origin: Some(&base),
            snapshot: &next,
            branch: "signoff/x",
            repository: Some(&place),
            push: true,
        };
        let delivered = there.deliver(delivery).await.expect(kind);
        assert!(delivered.pushed, "{kind}: {:?}", delivered.note);
        assert_eq!(delivered.diff.files, 2, "{kind}");
    }
}

/// The past of a snapshot as the first disk has it.
async fn log_of(repo: &TestRepository, kept: &Snapshot, clone: &Path) -> String {
    repo.shadow.checkout(kept, clone).await.expect("a clone");
    git(clone, &["log", "--format=%H"])
}

#[tokio::test]
async fn what_is_missing_on_a_disk_is_fetched_and_what_is_nowhere_is_told() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    assert!(matches!(repo.elsewhere(&[&first]).await, Err(WorkspaceError::Elsewhere { .. })));
    repo.keeps("first-1", &first).await;
    repo.elsewhere(&[&first]).await.expect("filled");
    write(&clone, &[("a.js", "2\n")]);
    let second = repo.shadow.snapshot(&clone, &first, "first-2").await.expect("kept");
    assert!(matches!(repo.elsewhere(&[&second]).await, Err(WorkspaceError::Elsewhere { .. })));
    repo.keeps("first-2", &second).await;
    let there = repo.elsewhere(&[&first, &second]).await.expect("filled up");
    assert_eq!(there.find("first-2").await.expect("found"), Some(second.clone()));
    assert_eq!(there.kept_on(&first, "first-2").await.expect("found"), Some(second.clone()));
    assert_eq!(there.kept_on(&second, "first-2").await.expect("looked for"), None);
    fs::remove_dir_all(repo.path("elsewhere")).expect("wiped");
    repo.elsewhere(&[&second]).await.expect("filled again");
}

#[tokio::test]
async fn a_disk_that_has_the_run_catches_up_with_what_others_kept() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    repo.keeps("first-1", &first).await;
    repo.elsewhere(&[&first]).await.expect("filled");
    write(&clone, &[("a.js", "2\n")]);
    let second = repo.shadow.snapshot(&clone, &first, "first-2").await.expect("kept");
    repo.keeps("first-2", &second).await;
    let there = repo.elsewhere(&[&first]).await.expect("here already");
    assert_eq!(there.kept_on(&first, "first-2").await.expect("looked for"), None);
    let (artifacts, run) = (repo.artifacts(), run());
    Bundles { artifacts: &artifacts, run: &run }.catch_up(&there).await.expect("fetched");
    assert_eq!(there.kept_on(&first, "first-2").await.expect("found"), Some(second));
}

#[tokio::test]
async fn a_run_begins_once_also_where_another_disk_takes_it_over() {
    let repo = test_repository().await;
    let of = project(&repo);
    let base = repo.shadow.import(Some(&of), None).await.expect("imported");
    let clone = repo.path("clone");
    repo.shadow.checkout(&base, &clone).await.expect("a clone");
    write(&clone, &[("new.js", "1\n")]);
    let left = repo.shadow.snapshot(&clone, &base, "first-1-unfinished").await.expect("kept");
    repo.keeps("first-1-unfinished", &left).await;
    git(Path::new(&of), &["commit", "-q", "--allow-empty", "-m", "meanwhile"]);
    let (artifacts, run) = (repo.artifacts(), run());
    let bundles = Bundles { artifacts: &artifacts, run: &run };
    let there = bundles.shadow_to_begin(repo.path("elsewhere/shadow.git")).await.expect("filled");
    assert_eq!(there.import(Some(&of), None).await.expect("begun"), base);
    assert!(there.is_child(&left, &base).await.expect("looked for"));
    assert!(!there.is_child(&left, &left).await.expect("looked for"));
}

#[tokio::test]
async fn a_tag_may_have_a_name_that_is_no_text() {
    let repo = test_repository().await;
    let place = project(&repo);
    let head = git(Path::new(&place), &["rev-parse", "HEAD"]);
    let tag = OsStr::from_bytes(b"gr\xfc\xdfe");
    fs::write(Path::new(&place).join(".git/refs/tags").join(tag), head).expect("tagged");
    let base = repo.shadow.import(Some(&place), None).await.expect("imported");
    let clone = repo.path("clone");
    repo.shadow.checkout(&base, &clone).await.expect("a clone");
    write(&clone, &[("new.js", "1\n")]);
    let kept = repo.shadow.snapshot(&clone, &base, "first-1").await.expect("kept");
    repo.keeps("first-1", &kept).await;
    let there = repo.elsewhere(&[&kept]).await.expect("filled");
    assert!(there.path().join("refs/tags").join(tag).exists());
}
