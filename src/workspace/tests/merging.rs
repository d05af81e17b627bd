//! Tests of merges: does git decide as in a clone, and is each mark found that nobody took out?

use super::{TestRepository, test_repository, write};
use crate::workspace::Merged;

/// Two features that begin with the same, and their merge.
async fn merged(
    repo: &TestRepository,
    files: &[(&str, &str)],
    (one, two): (&[(&str, &str)], &[(&str, &str)]),
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
