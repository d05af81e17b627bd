//! Tests of merges: does git decide as in a clone, and is each mark found that nobody took out?

use std::path::Path;

use super::{TestRepository, test_repository, write};
use crate::run::Snapshot;
use crate::workspace::Merged;

/// Files by their paths, and what is in them.
type Files<'a> = &'a [(&'a str, &'a str)];

/// Two features that begin with the same, and their merge.
async fn merged(
    repo: &TestRepository,
    files: Files<'_>,
    (one, two): (Files<'_>, Files<'_>),
) -> Merged {
    let (first, clone) = repo.begun(files).await;
    let mut features = Vec::new();
    for (name, changed) in [("one-1", one), ("two-1", two)] {
        repo.shadow.checkout(&first, &clone).await.unwrap();
        write(&clone, changed);
        features.push(repo.shadow.snapshot(&clone, &first, name).await.unwrap());
    }
    repo.shadow.merge(&features[0], &features[1]).await.unwrap()
}

/// What somebody makes of it.
async fn resolved(repo: &TestRepository, of: &Merged, files: &[(&str, &str)]) -> Snapshot {
    let clone = repo.path("clone");
    repo.shadow.checkout(&of.snapshot, &clone).await.unwrap();
    write(Path::new(&clone), files);
    repo.shadow.snapshot(&clone, &of.snapshot, "fix-1").await.unwrap()
}

#[tokio::test]
async fn files_are_merged_as_their_attributes_say() {
    let repo = test_repository().await;
    let attributes =
        [(".gitattributes", "*.md merge=union\n"), ("d/.gitattributes", "*.x -merge\n")];
    let files = [attributes[0], attributes[1], ("log.md", "0\n"), ("d/a.x", "1\n2\n3\n4\n")];
    let one = [("log.md", "0\none\n"), ("d/a.x", "one\n2\n3\n4\n")];
    let two = [("log.md", "0\ntwo\n"), ("d/a.x", "1\n2\n3\ntwo\n")];
    let merged = merged(&repo, &files, (&one, &two)).await;
    assert_eq!(merged.conflicts, ["d/a.x"]);
    let log = format!("{}:log.md", merged.snapshot.commit);
    assert_eq!(super::git(repo.shadow.path(), &["show", &log]), "0\none\ntwo\n");
}

#[tokio::test]
async fn marks_are_found_in_every_file_that_git_could_not_merge() {
    let repo = test_repository().await;
    let names: Vec<String> = (10..35).map(|n| format!("{n}.txt")).collect();
    let files = |text| names.iter().map(|name| (name.as_str(), text)).collect::<Vec<_>>();
    let merged = merged(&repo, &files("0\n"), (&files("1\n"), &files("2\n"))).await;
    assert_eq!(merged.conflicts.len(), 25);
    let known = &merged.conflicts[..20];
    let work = resolved(&repo, &merged, &files("both\n")[..24]).await;
    let left = repo.shadow.left_marked(&work, known).await.unwrap();
    assert_eq!(left.into_iter().collect::<Vec<_>>(), ["34.txt"]);
    let work = resolved(&repo, &merged, &files("both\n")).await;
    assert!(repo.shadow.left_marked(&work, known).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_file_may_hold_lines_like_marks_that_it_had_before() {
    let repo = test_repository().await;
    let marks = "<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> topic\n";
    let [zero, one, two] = ["0", "1", "2"].map(|text| format!("{text}\n{marks}"));
    let merged =
        merged(&repo, &[("how.md", &zero)], (&[("how.md", &one)], &[("how.md", &two)])).await;
    assert_eq!(merged.conflicts, ["how.md"]);
    let left = async |work: &Snapshot| repo.shadow.left_marked(work, &merged.conflicts).await;
    assert_eq!(left(&merged.snapshot).await.unwrap().len(), 1, "git's own marks");
    let work = resolved(&repo, &merged, &[("how.md", &one)]).await;
    assert!(left(&work).await.unwrap().is_empty());
}
