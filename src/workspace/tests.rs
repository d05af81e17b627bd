//! Tests of the workspace: does the code survive agents, kills and people's repositories?

mod archive;
mod as_git_itself;
mod bundles;
mod by_hand;
mod diff_and_delivery;
mod fetching;
mod left_out;
mod leftovers;
mod merging;
mod missing_objects;
mod other_repositories;
mod risks;
mod test_part;
mod tree_files;
mod unfinished_work;
mod what_agents_leave;
mod whole_repository;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::run::{HandBranch, Snapshot};

/// A project's repository, a shadow of it, and room for clones.
struct TestRepository {
    root: TempDir,
    shadow: Shadow,
}

async fn test_repository() -> TestRepository {
    let root = tempfile::tempdir().unwrap();
    let shadow = Shadow::open(&root.path().join("run/shadow.git")).await.unwrap();
    TestRepository { root, shadow }
}

impl TestRepository {
    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A repository with one commit of `files`.
    fn project(&self, files: &[(&str, &str)]) -> String {
        let folder = self.path("project");
        fs::create_dir_all(&folder).unwrap();
        git(&folder, &["init", "-q", "-b", "trunk"]);
        write(&folder, files);
        commit(&folder);
        folder.display().to_string()
    }

    /// A snapshot of `files` (on an empty beginning), and a clone of it to go on in.
    async fn begun(&self, files: &[(&str, &str)]) -> (Snapshot, PathBuf) {
        let base = self.shadow.import(None, None).await.unwrap();
        let clone = self.path("clone");
        self.shadow.checkout(&base, &clone).await.unwrap();
        write(&clone, files);
        let first = self.shadow.snapshot(&clone, &base, "first-1").await.unwrap();
        self.shadow.checkout(&first, &clone).await.unwrap();
        (first, clone)
    }

    fn files(&self, snapshot: &Snapshot) -> String {
        git(
            self.shadow.path(),
            &["ls-tree", "-r", "--format=%(objectmode) %(path)", &snapshot.commit],
        )
    }
}

impl Shadow {
    /// Only the snapshot: most tests are not about what was left out.
    pub async fn snapshot(
        &self,
        worktree: &Path,
        parent: &Snapshot,
        name: &str,
    ) -> Result<Snapshot> {
        Ok(self.keep(worktree, parent, name).await?.snapshot)
    }
}

fn git(folder: &Path, args: &[&str]) -> String {
    let identity = ["-c", "user.name=ana", "-c", "user.email=ana@localhost"];
    let output =
        Command::new("git").current_dir(folder).args(identity).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-qm", "by ana"]);
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[tokio::test]
async fn a_run_begins_with_what_was_committed() {
    let repo = test_repository().await;
    let project = repo.project(&[("a.js", "1\n")]);
    fs::write(repo.path("project/a.js"), "uncommitted\n").unwrap();
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    assert_eq!(base.commit, git(Path::new(&project), &["rev-parse", "HEAD"]).trim());
    repo.shadow.checkout(&base, &repo.path("clone")).await.unwrap();
    assert_eq!(fs::read_to_string(repo.path("clone/a.js")).unwrap(), "1\n");
}

#[tokio::test]
async fn a_run_has_one_beginning() {
    let repo = test_repository().await;
    let project = repo.project(&[("a.js", "1\n")]);
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    fs::write(repo.path("project/a.js"), "2\n").unwrap();
    commit(Path::new(&project));
    let again = Shadow::open(repo.shadow.path()).await.unwrap();
    assert_eq!(again.import(Some(&project), None).await.unwrap(), base);
    fs::remove_dir_all(&project).unwrap();
    assert_eq!(again.import(Some(&project), None).await.unwrap(), base);
}

#[tokio::test]
async fn nothing_and_an_empty_repository_begin_the_same() {
    let (with, without) = (test_repository().await, test_repository().await);
    git(with.root.path(), &["init", "-q", "--bare", "empty.git"]);
    let base = with
        .shadow
        .import(Some(&with.path("empty.git").display().to_string()), None)
        .await
        .unwrap();
    assert_eq!(base, without.shadow.import(None, None).await.unwrap());
    assert_eq!(base.tree, "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
}

#[tokio::test]
async fn a_head_that_names_nothing_is_no_obstacle() {
    let repo = test_repository().await;
    let project = repo.project(&[("a.js", "1\n")]);
    git(Path::new(&project), &["branch", "-qm", "main"]);
    git(repo.root.path(), &["init", "-q", "--bare", "-b", "elsewhere", "bare.git"]);
    let remote = repo.path("bare.git").display().to_string();
    git(Path::new(&project), &["push", "-q", &remote, "main"]);
    let base = repo.shadow.import(Some(&remote), None).await.unwrap();
    assert_eq!(repo.files(&base), "100644 a.js\n");
}

#[tokio::test]
async fn a_wrong_repository_is_told() {
    let repo = test_repository().await;
    fs::create_dir(repo.path("folder")).unwrap();
    let said = |error: WorkspaceError| {
        error.to_string().replace(&repo.root.path().display().to_string(), "")
    };
    let missing = repo
        .shadow
        .import(Some(&repo.path("nowhere").display().to_string()), None)
        .await
        .unwrap_err();
    assert_eq!(
        said(missing),
        "the repository /nowhere cannot be used: there is no such folder; check `repository` in signoff.toml"
    );
    let plain = repo
        .shadow
        .import(Some(&repo.path("folder").display().to_string()), None)
        .await
        .unwrap_err();
    assert!(said(plain).contains("there is no git repository"));
    let dead =
        repo.shadow.import(Some("http://ana:secret@127.0.0.1:1/a.git"), None).await.unwrap_err();
    assert_eq!(
        said(dead),
        "the repository http://127.0.0.1:1/a.git cannot be reached: its host does not answer"
    );
}

#[tokio::test]
async fn the_same_work_is_the_same_commit() {
    let (one, other) = (test_repository().await, test_repository().await);
    let files = [("src/a.js", "1\n"), ("run.sh", "x\n")];
    assert_eq!(one.begun(&files).await.0, other.begun(&files).await.0);
    let (first, clone) = one.begun(&files).await;
    let again = one.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(again.tree, first.tree);
    assert_eq!(again, one.shadow.snapshot(&clone, &first, "second-1").await.unwrap());
}

#[tokio::test]
async fn ignored_files_are_not_kept() {
    let repo = test_repository().await;
    let (first, clone) =
        repo.begun(&[(".gitignore", "node_modules\n.env\n"), ("a.js", "1\n")]).await;
    write(&clone, &[("node_modules/x/index.js", "x"), (".env", "KEY=1"), ("b.js", "2\n")]);
    fs::remove_file(clone.join("a.js")).unwrap();
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(repo.files(&second), "100644 .gitignore\n100644 b.js\n");
}

#[tokio::test]
async fn the_agents_own_git_works_and_changes_nothing_of_ours() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    assert_eq!(git(&clone, &["status", "-sb"]), "## signoff\n");
    assert_eq!(git(&clone, &["remote"]), "");
    fs::write(clone.join("a.js"), "2\n").unwrap();
    let plain = Command::new("git")
        .current_dir(&clone)
        .args(["commit", "-qam", "by the agent"])
        .env("HOME", "/nonexistent")
        .status()
        .unwrap();
    assert!(plain.success());
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(
        git(repo.shadow.path(), &["log", "--format=%an %s", &second.commit]).lines().count(),
        3
    );
    assert!(!fs::metadata(clone.join(".git/objects")).unwrap().is_symlink());
    assert!(!clone.join(".git/objects/info/alternates").exists());
}

#[tokio::test]
async fn a_hostile_worktree_runs_nothing() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    let trap = repo.path("trap");
    let spring = format!("#!/bin/sh\ntouch {}\n", trap.display());
    write(
        &clone,
        &[
            (".git/hooks/post-index-change", &spring),
            (".git/hooks/pre-commit", &spring),
            ("trap.sh", &spring),
            (".gitattributes", "* filter=t diff=t\n"),
        ],
    );
    let program = clone.join("trap.sh").display().to_string();
    for file in [".git/hooks/post-index-change", ".git/hooks/pre-commit", "trap.sh"] {
        Command::new("chmod").arg("+x").arg(clone.join(file)).status().unwrap();
    }
    for setting in [
        "core.fsmonitor",
        "filter.t.clean",
        "filter.t.smudge",
        "filter.t.process",
        "diff.t.command",
        "diff.t.textconv",
        "core.sshCommand",
    ] {
        git(&clone, &["config", setting, &program]);
    }
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    repo.shadow.patch(&first, &second, 10_000).await.unwrap();
    repo.shadow.checkout(&second, &clone).await.unwrap();
    assert!(!trap.exists());
    Command::new("git")
        .current_dir(&clone)
        .args(["-c", &format!("core.fsmonitor={program}"), "status"])
        .output()
        .unwrap();
    assert!(trap.exists(), "the trap works where git listens to it");
}

#[tokio::test]
async fn a_repository_inside_is_a_folder() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    write(
        &clone,
        &[
            ("empty/x.js", "x"),
            ("full/y.js", "y"),
            ("full/deep/z.js", "z"),
            ("ignored/.gitignore", "*\n"),
        ],
    );
    for folder in ["empty", "full", "full/deep", "ignored"] {
        git(&clone.join(folder), &["init", "-q"]);
    }
    commit(&clone.join("full/deep"));
    fs::write(clone.join("full/.gitignore"), "*.log\n").unwrap();
    fs::write(clone.join("full/noise.log"), "...").unwrap();
    commit(&clone.join("full"));
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(
        repo.files(&second),
        "100644 a.js\n100644 empty/x.js\n100644 full/.gitignore\n100644 full/deep/z.js\n100644 full/y.js\n"
    );
}

#[tokio::test]
async fn a_submodule_stays_what_it_was() {
    let repo = test_repository().await;
    let project = repo.project(&[("lib/x.js", "x\n")]);
    let commit_of_lib = git(Path::new(&project), &["rev-parse", "HEAD"]);
    let link = format!("160000,{},lib", commit_of_lib.trim());
    git(Path::new(&project), &["rm", "-rq", "lib"]);
    git(Path::new(&project), &["update-index", "--add", "--cacheinfo", &link]);
    git(Path::new(&project), &["commit", "-qm", "a submodule"]);
    let base = repo.shadow.import(Some(&project), None).await.unwrap();
    let clone = repo.path("clone");
    repo.shadow.checkout(&base, &clone).await.unwrap();
    write(&clone, &[("lib/evil.js", "x"), ("b.js", "2\n")]);
    git(&clone.join("lib"), &["init", "-q"]);
    git(
        &clone.join("lib"),
        &["config", "core.fsmonitor", &format!("touch {}", repo.path("trap").display())],
    );
    commit(&clone.join("lib"));
    fs::remove_file(repo.path("trap")).unwrap();
    let second = repo.shadow.snapshot(&clone, &base, "second-1").await.unwrap();
    assert_eq!(repo.files(&second), "100644 b.js\n160000 lib\n");
    assert_eq!(repo.shadow.diff(&base, &second).await.unwrap().files, 1);
    assert!(!repo.path("trap").exists());
    let elsewhere = format!("160000,{},lib", "1".repeat(40));
    git(&clone, &["update-index", "--cacheinfo", &elsewhere]);
    let refused = repo.shadow.snapshot(&clone, &base, "third-1").await.unwrap_err();
    assert!(refused.is_about_the_work(), "{refused}");
    assert!(refused.to_string().contains("the submodule lib points to another commit, 1111"));
}

#[tokio::test]
async fn a_file_that_is_too_big_is_named() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    fs::File::create(clone.join("model.bin")).unwrap().set_len(60 << 20).unwrap();
    let error = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "model.bin is 60 MB, and a snapshot holds files up to 50 MB: make it smaller, or name it in .gitignore"
    );
    fs::write(clone.join(".gitignore"), "*.bin\n").unwrap();
    repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
}

#[tokio::test]
async fn a_lock_of_a_killed_git_does_not_stay() {
    let repo = test_repository().await;
    let lock = repo.shadow.path().join("refs/signoff/base.lock");
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    fs::write(&lock, "").unwrap();
    assert!(repo.shadow.import(None, None).await.is_err());
    fs::File::open(&lock).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let again = Shadow::open(repo.shadow.path()).await.unwrap();
    again.import(None, None).await.unwrap();
}

#[tokio::test]
async fn what_a_killed_worker_half_made_does_not_stay() {
    let root = tempfile::tempdir().unwrap();
    let (old, new) =
        (root.path().join("shadow.git.partial-old"), root.path().join("shadow.git.partial-new"));
    fs::create_dir(&old).unwrap();
    fs::create_dir(&new).unwrap();
    fs::File::open(&old).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    Shadow::open(&root.path().join("shadow.git")).await.unwrap();
    assert!(!old.exists() && new.exists(), "what is new may be somebody's work");
}

#[tokio::test]
async fn a_clone_replaces_whatever_was_there() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    write(&clone, &[("deep/locked/x", "x")]);
    Command::new("chmod").args(["-R", "0555", "deep"]).current_dir(&clone).status().unwrap();
    repo.shadow.checkout(&first, &clone).await.unwrap();
    assert!(!clone.join("deep").exists());
    fs::remove_dir_all(&clone).unwrap();
    symlink(repo.root.path(), &clone).unwrap();
    repo.shadow.checkout(&first, &clone).await.unwrap();
    assert!(repo.shadow.path().join("HEAD").exists() && !clone.is_symlink());
}
