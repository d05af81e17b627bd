//! Tests of what agents leave: is each file kept as it is, or refused by its name?

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::{commit, git, test_repository, write};
use crate::workspace::{Became, WorkspaceError};

/// A project whose files git would convert if it added them again.
const CONVERTED: [(&str, &str); 4] = [
    ("old.txt", "one\r\ntwo\r\n"),
    ("moved.txt", "a\r\n"),
    ("run.txt", "echo\r\n"),
    ("a.js", "1\n"),
];

#[tokio::test]
async fn what_nobody_touched_stays_byte_for_byte() {
    let repo = test_repository().await;
    let project = repo.project(&CONVERTED);
    write(Path::new(&project), &[(".gitattributes", "*.txt text\n")]);
    git(Path::new(&project), &["add", ".gitattributes"]);
    git(Path::new(&project), &["commit", "-qm", "attributes"]);
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    let clone = repo.path("clone");
    repo.shadow.checkout(&base, &clone).await.unwrap();
    // Written again as it was, made executable, renamed; and one that really changed.
    write(&clone, &[("old.txt", "one\r\ntwo\r\n"), ("a.js", "2\n")]);
    fs::set_permissions(clone.join("run.txt"), Permissions::from_mode(0o755)).unwrap();
    let kept = repo.shadow.snapshot(&clone, &base, "first-1").await.unwrap();
    let changed = ["diff", "--name-status", &base.commit, &kept.commit];
    assert_eq!(git(repo.shadow.path(), &changed), "M\ta.js\nM\trun.txt\n");
    assert_eq!(repo.shadow.diff(&base, &kept).await.unwrap().added, 1);
    assert!(repo.files(&kept).contains("100755 run.txt"));
    let patch = repo.shadow.patch(&base, &kept, 1_000).await.unwrap();
    let became: Vec<_> = patch.files.iter().map(|f| (f.path.as_str(), f.became)).collect();
    assert_eq!(became, [("a.js", None), ("run.txt", Some(Became::Executable))]);
    assert_eq!(git(repo.shadow.path(), &["show", &format!("{}:run.txt", kept.commit)]), "echo\r\n");
}

#[tokio::test]
async fn a_touched_file_is_converted_as_its_attributes_say() {
    let repo = test_repository().await;
    let (first, clone) =
        repo.begun(&[(".gitattributes", "*.txt text\n"), ("a.txt", "1\n"), ("b.txt", "1\n")]).await;
    write(&clone, &[("a.txt", "1\r\n2\r\n"), ("b.txt", "1\r\n")]);
    let kept = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(repo.shadow.diff(&first, &kept).await.unwrap().files, 1, "only a line was added");
    assert_eq!(git(repo.shadow.path(), &["show", &format!("{}:a.txt", kept.commit)]), "1\n2\n");
}

#[tokio::test]
async fn what_git_refuses_is_about_the_work_and_named() {
    let repo = test_repository().await;
    let (first, clone) =
        repo.begun(&[(".gitattributes", "*.rc text working-tree-encoding=UTF-16\n")]).await;
    write(&clone, &[("app.rc", "IDS_HELLO hello\n")]);
    let refused = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap_err();
    assert!(refused.is_about_the_work() && refused.to_string().contains("app.rc"), "{refused}");
    fs::remove_file(clone.join("app.rc")).unwrap();
    fs::remove_file(clone.join(".gitattributes")).unwrap();
    Command::new("mkfifo").arg(clone.join(".gitattributes")).status().unwrap();
    let kept = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(repo.files(&kept), "", "a pipe is no file");
}

#[tokio::test]
async fn a_file_that_became_something_else_is_named() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n"), ("b/c.js", "1\n")]).await;
    fs::remove_dir_all(clone.join("b")).unwrap();
    write(&clone, &[("b", "a file now\n")]);
    fs::remove_file(clone.join("a.js")).unwrap();
    write(&clone, &[("a.js/x.js", "a folder now\n")]);
    let kept = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(repo.files(&kept), "100644 a.js/x.js\n100644 b\n");
    fs::remove_file(clone.join("b")).unwrap();
    Command::new("mkfifo").arg(clone.join("b")).status().unwrap();
    match repo.shadow.snapshot(&clone, &kept, "third-1").await {
        Ok(third) => assert_eq!(repo.files(&third), "100644 a.js/x.js\n"),
        Err(refused) => assert!(refused.is_about_the_work(), "{refused}"),
    }
}

#[tokio::test]
async fn names_are_kept_in_any_bytes_also_of_repositories() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    let folder = clone.join(OsStr::from_bytes(b"gr\xfc\xdfe"));
    fs::create_dir(&folder).unwrap();
    write(&folder, &[("x.js", "1\n"), ("two\nlines", "1\n")]);
    git(&folder, &["init", "-q"]);
    commit(&folder);
    let kept = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    let names = ["ls-tree", "-r", "--name-only", &kept.commit];
    let said = git(repo.shadow.path(), &names);
    assert_eq!(said, "a.js\n\"gr\\374\\337e/two\\nlines\"\n\"gr\\374\\337e/x.js\"\n");
    assert_eq!(repo.shadow.patch(&first, &kept, 1_000).await.unwrap().files.len(), 2);
}

#[tokio::test]
async fn repositories_inside_are_folders_however_deep_and_whatever_they_lead_to() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    let mut folder = clone.clone();
    for _ in 0..22 {
        folder.push("in");
        fs::create_dir(&folder).unwrap();
        git(&folder, &["init", "-q"]);
        write(&folder, &[("x.js", "1\n")]);
    }
    // git would wait for the one, and read the other until no memory is left.
    let waits = clone.join("waits");
    write(&waits, &[("y.js", "1\n"), (".git/objects/x", ""), (".git/refs/x", "")]);
    Command::new("mkfifo").arg(waits.join(".git/HEAD")).status().unwrap();
    let endless = clone.join("endless");
    write(
        &endless,
        &[
            ("z.js", "1\n"),
            (".git/HEAD", "ref: refs/heads/x\n"),
            (".git/objects/x", ""),
            (".git/refs/x", ""),
        ],
    );
    symlink("/dev/zero", endless.join(".git/commondir")).unwrap();
    let linked = clone.join("linked");
    write(&linked, &[("l.js", "1\n")]);
    symlink("/dev/zero", linked.join(".git")).unwrap();
    let kept = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    let files = repo.files(&kept);
    assert_eq!(files.matches("x.js").count(), 22, "{files}");
    for name in ["waits/y.js", "endless/z.js", "linked/l.js"] {
        assert!(files.contains(name), "{name} is not in {files}");
    }
    assert!(clone.join(".git").exists(), "its own stays");
}

#[tokio::test]
async fn what_the_agent_untracked_is_untracked_and_what_it_tracked_by_force_is_kept() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[(".env", "KEY=1\n"), ("a.js", "1\n"), ("b.js", "1\n")]).await;
    write(&clone, &[(".gitignore", ".env\ndist\nb.js\n"), ("dist/app.js", "built\n")]);
    write(&clone, &[("dist/other.js", "built\n")]);
    git(&clone, &["rm", "-q", "--cached", ".env"]);
    git(&clone, &["add", "-f", "dist/app.js"]);
    let kept = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    let expected = "100644 .gitignore\n100644 a.js\n100644 b.js\n100644 dist/app.js\n";
    assert_eq!(repo.files(&kept), expected);
    git(&clone, &["add", "-A"]);
    git(&clone, &["commit", "-qm", "by the agent"]);
    git(&clone, &["switch", "-q", "-c", "elsewhere"]);
    let again = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(again.tree, kept.tree, "committed, and on another branch");
    fs::write(clone.join(".git/index"), "broken").unwrap();
    let blind = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert!(repo.files(&blind).contains(".env"), "nothing follows from what cannot be read");
}

#[tokio::test]
async fn a_sparse_checkout_deletes_nothing() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a/x.js", "1\n"), ("b/y.js", "1\n")]).await;
    git(&clone, &["sparse-checkout", "set", "a"]);
    assert!(!clone.join("b").exists());
    write(&clone, &[("a/x.js", "2\n")]);
    let kept = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(repo.shadow.diff(&first, &kept).await.unwrap().files, 1);
    assert_eq!(repo.files(&kept), "100644 a/x.js\n100644 b/y.js\n");
}

#[test]
fn a_full_disk_is_no_fault_of_the_work() {
    for said in ["fatal: unable to write: No space left on device", "error: x: Disk quota exceeded"]
    {
        let error = WorkspaceError::git("add", said);
        assert!(matches!(error, WorkspaceError::DiskFull { .. }) && !error.is_about_the_work());
    }
}

#[tokio::test]
async fn a_folder_that_was_moved_away_and_linked_back_is_a_link() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("scripts/run.sh", "echo\n")]).await;
    fs::create_dir(clone.join("tools")).unwrap();
    fs::rename(clone.join("scripts"), clone.join("tools/scripts")).unwrap();
    symlink("tools/scripts", clone.join("scripts")).unwrap();
    let program = clone.join("tools/scripts/run.sh");
    fs::set_permissions(program, Permissions::from_mode(0o755)).unwrap();
    let kept = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(repo.files(&kept), "120000 scripts\n100755 tools/scripts/run.sh\n");
}

#[tokio::test]
async fn a_name_that_reads_like_a_pattern_of_gits_is_a_name() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[(".gitignore", "*.log\n")]).await;
    write(&clone, &[(":(x)a.log", "1\n"), ("b.log", "1\n"), ("c.log", "1\n")]);
    git(&clone, &["add", "-f", "./:(x)a.log", "b.log"]);
    fs::create_dir(clone.join(":(x)")).unwrap();
    let kept = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(repo.files(&kept), "100644 .gitignore\n100644 :(x)a.log\n100644 b.log\n");
}

#[tokio::test]
async fn what_was_changed_and_then_left_out_of_a_sparse_checkout_is_named() {
    for how in ["--no-sparse-index", "--sparse-index"] {
        let repo = test_repository().await;
        let (first, clone) = repo.begun(&[("lib/x.js", "1\n"), ("src/a.js", "1\n")]).await;
        git(&clone, &["sparse-checkout", "set", how, "src"]);
        let kept = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
        assert_eq!(kept.tree, first.tree, "{how}: nothing was changed");
        git(&clone, &["sparse-checkout", "disable"]);
        write(&clone, &[("lib/x.js", "2\n")]);
        commit(&clone);
        git(&clone, &["sparse-checkout", "set", how, "src"]);
        let refused = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap_err();
        assert!(refused.is_about_the_work(), "{how}: {refused}");
        assert!(refused.to_string().contains("lib"), "{how}: {refused}");
        git(&clone, &["sparse-checkout", "disable"]);
        let kept = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
        assert_eq!(repo.shadow.diff(&first, &kept).await.unwrap().files, 1, "{how}");
    }
}
