//! Tests of projects' repositories of every make: does a run begin and end there, or is it clear why not?

use std::path::Path;

use super::{TestRepository, commit, git, test_repository, write};
use crate::workspace::Delivery;

/// A project of six commits.
pub(super) fn project(repo: &TestRepository) -> String {
    let place = repo.project(&[("a.js", "0\n"), ("b.js", "1\n")]);
    for n in 1..6 {
        write(Path::new(&place), &[("a.js", &format!("{n}\n"))]);
        commit(Path::new(&place));
    }
    place
}

/// Repositories that are made of another one, `project`, each by one call of git.
pub(super) const MADE: [(&str, &[&str]); 7] = [
    ("shallow", &["clone", "-q", "--depth=2", "file://{project}", "shallow"]),
    ("shared", &["clone", "-q", "--shared", "{project}", "shared"]),
    ("mirror", &["clone", "-q", "--mirror", "{project}", "mirror"]),
    ("sparse", &["clone", "-q", "--sparse", "{project}", "sparse"]),
    ("separate", &["clone", "-q", "--separate-git-dir=apart.git", "{project}", "separate"]),
    ("linked", &["-C", "{project}", "worktree", "add", "-q", "../linked"]),
    ("unborn", &["init", "-q", "unborn"]),
];

#[tokio::test]
async fn a_run_begins_and_delivers_whatever_git_made_the_repository() {
    for (kind, words) in MADE {
        let repo = test_repository().await;
        let of = project(&repo);
        let words: Vec<String> = words.iter().map(|word| word.replace("{project}", &of)).collect();
        git(repo.root.path(), &words.iter().map(String::as_str).collect::<Vec<_>>());
        let place = repo.path(kind).display().to_string();
        let base = repo.shadow.import(Some(&place), None).await.expect(kind);
        let clone = repo.path("clone");
        repo.shadow.checkout(&base, &clone).await.expect(kind);
        write(&clone, &[("new.js", "1\n")]);
        let kept = repo.shadow.snapshot(&clone, &base, "first-1").await.expect(kind);
        let delivery = Delivery {
            origin: Some(&base),
            snapshot: &kept,
            branch: "signoff/x",
            repository: Some(&place),
            push: true,
        };
        let delivered = repo.shadow.deliver(delivery).await.expect(kind);
        assert!(delivered.pushed, "{kind}: {:?}", delivered.note);
        assert_eq!(delivered.diff.files, 1, "{kind}");
        let there = git(Path::new(&place), &["rev-parse", "refs/heads/signoff/x"]);
        assert_eq!(there.trim(), kept.commit, "{kind}");
        repo.shadow.checkout(&kept, &clone).await.expect(kind);
    }
}

#[tokio::test]
async fn what_no_run_can_begin_with_is_told_with_what_mends_it() {
    let repo = test_repository().await;
    let of = project(&repo);
    git(Path::new(&of), &["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{of}");
    git(repo.root.path(), &["clone", "-q", "--filter=blob:none", &url, "partial"]);
    git(repo.root.path(), &["init", "-q", "--object-format=sha256", "sha256"]);
    write(&repo.path("sha256"), &[("a.js", "1\n")]);
    commit(&repo.path("sha256"));
    for (kind, remedy) in [
        ("partial", "name the repository that it was cloned from"),
        ("sha256", "name a repository that was made without `--object-format=sha256`"),
    ] {
        let place = repo.path(kind).display().to_string();
        let said = test_repository().await.shadow.import(Some(&place), None).await.unwrap_err();
        assert!(said.to_string().contains(remedy), "{said}");
    }
}
