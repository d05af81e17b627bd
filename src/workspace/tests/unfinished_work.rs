//! Tests of unfinished work: is the work of an attempt kept that was stopped in the middle of it?

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use super::{commit, git, test_repository, write};
use crate::workspace::WorkspaceError;

#[tokio::test]
async fn half_written_work_is_kept_as_it_stands() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n"), ("b.js", "gone\n")]).await;
    write(
        &clone,
        &[
            ("a.js", "half a li"),
            (".a.js.swp", "\0"),
            (".git/index.lock", ""),
            (".git/HEAD", "nonsense"),
            ("lib/.git/objects/x", ""),
        ],
    );
    write(
        &clone,
        &[
            ("lib/z.js", "1\n"),
            ("sub/y.js", "1\n"),
            ("sub/.git", "gitdir: /nowhere\n"),
            ("done/x.js", "1\n"),
            ("link/.git", "../.."),
        ],
    );
    git(&clone.join("done"), &["init", "-q"]);
    commit(&clone.join("done"));
    fs::write(clone.join("done/.git/index.lock"), "").unwrap();
    fs::write(clone.join("done/.git/index"), "broken").unwrap();
    fs::remove_file(clone.join("b.js")).unwrap();
    symlink("/nowhere", clone.join("dangling")).unwrap();
    let _socket = UnixListener::bind(clone.join("socket")).unwrap();
    assert!(Command::new("mkfifo").arg(clone.join("pipe")).status().unwrap().success());
    fs::create_dir(clone.join("empty")).unwrap();
    let kept = repo.shadow.snapshot(&clone, &first, "streaming-1-unfinished").await.unwrap();
    assert_eq!(
        repo.files(&kept),
        "100644 .a.js.swp\n100644 a.js\n120000 dangling\n100644 done/x.js\n100644 lib/z.js\n100644 sub/y.js\n"
    );
    assert_eq!(kept, repo.shadow.snapshot(&clone, &first, "streaming-1-unfinished").await.unwrap());
    assert_eq!(
        git(repo.shadow.path(), &["rev-parse", "refs/signoff/streaming-1-unfinished"]).trim(),
        kept.commit
    );
    assert_eq!(repo.shadow.diff(&first, &kept).await.unwrap().files, 7);
}

#[tokio::test]
async fn what_was_kept_is_what_is_there() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    write(&clone, &[("a.js", "2\n")]);
    let second = repo.shadow.snapshot(&clone, &first, "streaming-1").await.unwrap();
    assert_eq!(repo.shadow.tree_of(&second.commit).await.unwrap(), second.tree);
    assert_ne!(repo.shadow.tree_of(&first.commit).await.unwrap(), second.tree);
    let missing = repo.shadow.tree_of(&"0".repeat(40)).await;
    assert!(matches!(missing, Err(WorkspaceError::NoCommit { .. })));
    assert!(repo.shadow.tree_of(&second.commit[..12]).await.is_err());
    assert!(
        repo.shadow.tree_of("--git-dir").await.unwrap_err().to_string().contains("names no commit")
    );
}

#[tokio::test]
async fn a_name_that_git_wants_for_itself_is_told() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    for name in [".GIT/x", "a/git~1", "b/.git "] {
        write(&clone, &[(name, "x\n")]);
        let error = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{name} cannot be kept: git takes that name for its own; give it another")
        );
        fs::remove_file(clone.join(name)).unwrap();
    }
}
