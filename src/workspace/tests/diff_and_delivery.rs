//! Tests of diffs and deliveries: do people see what changed, and get it?

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::{git, test_repository, write};
use crate::workspace::Delivery;

#[tokio::test]
async fn a_diff_is_what_git_counts() {
    let repo = test_repository().await;
    let long = "line\n".repeat(50);
    let (first, clone) = repo
        .begun(&[
            ("a.js", "1\n2\n3\n"),
            ("old.js", &long),
            ("gone.js", "other\n"),
            ("same.js", "s\n"),
        ])
        .await;
    fs::rename(clone.join("old.js"), clone.join("new name.js")).unwrap();
    fs::remove_file(clone.join("gone.js")).unwrap();
    write(&clone, &[("a.js", "1\ntwo\n3\n4\n"), ("src/ö.js", "x\ny\n"), ("logo.png", "\0\u{1}\0")]);
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    let diff = repo.shadow.diff(&first, &second).await.unwrap();
    let lines =
        git(repo.shadow.path(), &["diff", "--numstat", "-M", &first.commit, &second.commit]);
    assert_eq!(diff.files as usize, lines.lines().count());
    let sum = |column: usize| {
        lines
            .lines()
            .filter_map(|line| line.split('\t').nth(column)?.parse::<u64>().ok())
            .sum::<u64>()
    };
    assert_eq!((diff.added, diff.removed), (sum(0), sum(1)));
    assert_eq!(
        (diff.files, diff.added, diff.removed, diff.biggest[0].path.as_str()),
        (5, 4, 2, "a.js")
    );
}

#[tokio::test]
async fn a_patch_shows_each_file() {
    let repo = test_repository().await;
    let long = "line\n".repeat(50);
    let (first, clone) = repo
        .begun(&[
            ("a.js", "1\n2\n"),
            ("old.js", &long),
            ("gone.js", "diff --git a/x b/x\n"),
            ("type", "t\n"),
        ])
        .await;
    fs::rename(clone.join("old.js"), clone.join("new.js")).unwrap();
    fs::remove_file(clone.join("gone.js")).unwrap();
    fs::remove_file(clone.join("type")).unwrap();
    symlink("a.js", clone.join("type")).unwrap();
    write(&clone, &[("a.js", "1\ntwo\n"), ("logo.png", "\0\u{1}\0"), ("zz.js", "end\n")]);
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    let patch = repo.shadow.patch(&first, &second, 100_000).await.unwrap();
    let told: Vec<String> = patch
        .files
        .iter()
        .map(|file| format!("{:?} {} {:?}", file.status, file.path, file.text))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    Modified a.js "@@ -1,2 +1,2 @@\n 1\n-2\n+two\n"
    Deleted gone.js "@@ -1 +0,0 @@\n-diff --git a/x b/x\n"
    Added logo.png ""
    Renamed new.js ""
    Modified type "@@ -1 +0,0 @@\n-t\n@@ -0,0 +1 @@\n+a.js\n\\ No newline at end of file\n"
    Added zz.js "@@ -0,0 +1 @@\n+end\n"
    "#);
    assert!(!patch.truncated && patch.files[2].binary);
    assert_eq!(patch.files[3].old_path.as_deref(), Some("old.js"));
}

#[tokio::test]
async fn a_long_patch_is_cut_and_says_so() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    write(&clone, &[("a.js", &"new line\n".repeat(20_000)), ("b.js", "2\n")]);
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    let patch = repo.shadow.patch(&first, &second, 1_000).await.unwrap();
    assert!(
        patch.truncated
            && patch.files[0].text.len() <= 1_000
            && patch.files[0].text.ends_with('\n')
    );
    let other = &patch.files[1];
    assert_eq!((other.text.as_str(), other.left_out), ("@@ -0,0 +1 @@\n+2\n", 0));
    assert!(patch.files[0].left_out > 19_800 && patch.commit == Some(second.commit));
}

#[tokio::test]
async fn a_file_of_twenty_megabytes_hides_no_other() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n"), ("old.js", "1\n2\n3\n4\n")]).await;
    fs::rename(clone.join("old.js"), clone.join("renamed.js")).unwrap();
    let giant = "another line\n".repeat(1_600_000);
    write(&clone, &[("a.js", &giant), ("renamed.js", "1\n2\n3\nfour\n"), ("z.js", "2\n")]);
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    let patch = repo.shadow.patch(&first, &second, 10_000).await.unwrap();
    let shown: Vec<(&str, usize)> =
        patch.files.iter().map(|file| (file.path.as_str(), file.text.lines().count())).collect();
    assert!(shown[0].1 > 700, "{shown:?}");
    assert_eq!(shown[1..], [("renamed.js", 6), ("z.js", 2)]);
    assert!(patch.files[0].left_out > 1_500_000 && patch.files[1].left_out == 0);
}

#[tokio::test]
async fn a_branch_is_delivered_where_it_is_wanted() {
    let repo = test_repository().await;
    let project = repo.project(&[("a.js", "1\n")]);
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    let delivery = Delivery {
        origin: None,
        snapshot: &base,
        branch: "signoff/llm-k3f9qd",
        repository: Some(&project),
        push: true,
    };
    let delivered = repo.shadow.deliver(delivery).await.unwrap();
    assert_eq!(delivered, repo.shadow.deliver(delivery).await.unwrap());
    assert!(delivered.pushed && delivered.note.is_none());
    assert_eq!(delivered.repository, project);
    assert_eq!(git(Path::new(&project), &["rev-parse", "signoff/llm-k3f9qd"]).trim(), base.commit);
    let kept = repo.shadow.deliver(Delivery { push: false, ..delivery }).await.unwrap();
    assert_eq!(
        (kept.pushed, kept.note, kept.repository),
        (false, None, repo.shadow.path().display().to_string())
    );
}

#[tokio::test]
async fn a_push_that_fails_is_told() {
    let repo = test_repository().await;
    let base = repo.shadow.import(None, None).await.unwrap();
    let delivery = Delivery {
        origin: None,
        snapshot: &base,
        branch: "signoff/a",
        repository: Some("http://x:secret@127.0.0.1:1/a.git"),
        push: true,
    };
    let delivered = repo.shadow.deliver(delivery).await.unwrap();
    assert_eq!(
        delivered.note.as_deref().map(|note| &note[..note.find("says:").unwrap() + 5]),
        Some(
            "not pushed: the repository http://127.0.0.1:1/a.git cannot be used: its host does not answer. It says:"
        )
    );
    assert_eq!(git(repo.shadow.path(), &["rev-parse", "refs/heads/signoff/a"]).trim(), base.commit);
}

#[tokio::test]
async fn a_branch_in_the_way_is_named_and_a_hook_is_quoted() {
    let repo = test_repository().await;
    let project = repo.project(&[("a.js", "1\n")]);
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    git(Path::new(&project), &["branch", "signoff"]);
    let delivery = Delivery {
        origin: None,
        snapshot: &base,
        branch: "signoff/a",
        repository: Some(&project),
        push: true,
    };
    let note = repo.shadow.deliver(delivery).await.unwrap().note.unwrap();
    assert!(
        note.contains("its branch `signoff` is in the way of `signoff/a`: rename or"),
        "{note}"
    );
    git(Path::new(&project), &["branch", "-D", "signoff"]);
    let hook = Path::new(&project).join(".git/hooks/pre-receive");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\nenv > seen\necho A ticket is missing.\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let note = repo.shadow.deliver(delivery).await.unwrap().note.unwrap();
    assert!(note.contains("a hook there refused it. It says: A ticket is missing."), "{note}");
    let seen = fs::read_to_string(Path::new(&project).join(".git/seen")).unwrap();
    let known = [
        "PATH=",
        "HOME=",
        "USER=",
        "LOGNAME=",
        "LANG",
        "LC_",
        "TZ=",
        "TMPDIR=",
        "XDG_CONFIG_HOME=",
    ];
    let ours = ["GIT_", "PWD=", "OLDPWD=", "SHLVL=", "_="];
    let foreign: Vec<_> = seen
        .lines()
        .filter(|line| !known.iter().chain(&ours).any(|name| line.starts_with(name)))
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[tokio::test]
async fn git_applies_the_text_of_a_patch_whatever_files_became() {
    let repo = test_repository().await;
    let (_, clone) =
        repo.begun(&[("a.js", "1\n"), ("b.js", "1\n"), ("moved.sh", "1\n2\n3\n")]).await;
    let base = repo.shadow.base().await.unwrap().unwrap();
    symlink("a.js", clone.join("gone")).unwrap();
    symlink("a.js", clone.join("filled")).unwrap();
    let first = repo.shadow.snapshot(&clone, &base, "first-2").await.unwrap();
    for name in ["gone", "filled", "b.js"] {
        fs::remove_file(clone.join(name)).unwrap();
    }
    write(&clone, &[("filled", "a file now\n")]);
    symlink("a.js", clone.join("b.js")).unwrap();
    fs::rename(clone.join("moved.sh"), clone.join("new.sh")).unwrap();
    fs::set_permissions(clone.join("new.sh"), Permissions::from_mode(0o755)).unwrap();
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    let patch = repo.shadow.patch(&first, &second, 10_000).await.unwrap();
    fs::write(repo.path("it.patch"), patch.unified()).unwrap();
    repo.shadow.checkout(&first, &clone).await.unwrap();
    git(&clone, &["apply", &repo.path("it.patch").display().to_string()]);
    let applied = repo.shadow.snapshot(&clone, &first, "second-2").await.unwrap();
    assert_eq!(applied.tree, second.tree, "{}", patch.unified());
}
