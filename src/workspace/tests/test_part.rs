//! Tests of the tests of a change: do they stand on the code before, and nothing else of the change?

use std::fs;
use std::path::Path;

use super::{TestRepository, git, test_repository, write};
use crate::run::Snapshot;
use crate::workspace::TestPart;

const RUST: &str = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn one() {}\n}\n";

impl TestRepository {
    async fn part(
        &self,
        before: &[(&str, &str)],
        change: impl FnOnce(&Path),
    ) -> (Snapshot, TestPart) {
        let (first, clone) = self.begun(before).await;
        change(&clone);
        let second = self.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
        let part = self.shadow.test_part(&first, &second).await.unwrap();
        (first, part)
    }

    fn text(&self, of: &Snapshot, path: &str) -> String {
        git(self.shadow.path(), &["show", &format!("{}:{path}", of.commit)])
    }
}

#[tokio::test]
async fn files_of_tests_are_taken_over_and_nothing_else() {
    let repo = test_repository().await;
    let before = [("src/a.js", "old\n"), ("test/gone.js", "1\n"), ("test/a.test.js", "1\n")];
    let (first, part) = repo
        .part(&before, |clone| {
            write(clone, &[("src/a.js", "new\n"), ("src/b.js", "new\n"), ("README.md", "x\n")]);
            write(clone, &[("test/a.test.js", "2\n"), ("test/ö/b.test.js", "2\n")]);
            fs::remove_file(clone.join("test/gone.js")).unwrap();
        })
        .await;
    let TestPart::OnBase(on_base) = part else { panic!("{part:?}") };
    let changed =
        ["-c", "core.quotePath=false", "diff", "--no-renames", "--name-status", &first.commit];
    let changed = git(repo.shadow.path(), &[&changed[..], &[&on_base.commit]].concat());
    assert_eq!(changed, "M\ttest/a.test.js\nD\ttest/gone.js\nA\ttest/ö/b.test.js\n");
    repo.shadow.checkout(&on_base, &repo.path("alone")).await.unwrap();
    assert_eq!(fs::read_to_string(repo.path("alone/src/a.js")).unwrap(), "old\n");
}

#[tokio::test]
async fn the_tests_of_a_rust_file_are_put_beside_its_code_before() {
    let repo = test_repository().await;
    let (_, part) = repo
        .part(&[("src/a.rs", RUST)], |clone| {
            let now = RUST.replace("fn a() {}", "fn a() { b() }").replace("one()", "two()");
            write(clone, &[("src/a.rs", &now)]);
        })
        .await;
    let TestPart::OnBase(on_base) = part else { panic!("{part:?}") };
    assert_eq!(repo.text(&on_base, "src/a.rs"), RUST.replace("one()", "two()"));
}

#[tokio::test]
async fn tests_in_a_new_file_of_code_are_among_it() {
    let change = |clone: &Path| write(clone, &[("src/b.rs", RUST)]);
    let repo = test_repository().await;
    assert_eq!(repo.part(&[("src/a.rs", "")], change).await.1, TestPart::AmongTheCode);
    let with_others = |clone: &Path| {
        change(clone);
        write(clone, &[("tests/b.rs", "#[test]\nfn b() {}\n")]);
    };
    let part = test_repository().await.part(&[("src/a.rs", "")], with_others).await.1;
    assert!(matches!(part, TestPart::SomeOnBase(_)), "{part:?}");
}

#[tokio::test]
async fn tests_and_words_alone_are_told_from_code() {
    let words = |clone: &Path| write(clone, &[("README.md", "more\n"), ("a.js", "2\n")]);
    assert_eq!(test_repository().await.part(&[("a.js", "1\n")], words).await.1, TestPart::None);
    let tests = |clone: &Path| write(clone, &[("README.md", "more\n"), ("a.test.js", "2\n")]);
    assert_eq!(test_repository().await.part(&[("a.js", "1\n")], tests).await.1, TestPart::All);
}

#[tokio::test]
async fn a_file_of_a_test_may_stand_where_a_folder_was() {
    let repo = test_repository().await;
    let (_, part) = repo
        .part(&[("lib/test", "words\n"), ("a.js", "1\n")], |clone| {
            fs::remove_file(clone.join("lib/test")).unwrap();
            write(clone, &[("lib/test/a.js", "2\n"), ("a.js", "2\n")]);
        })
        .await;
    let TestPart::OnBase(on_base) = part else { panic!("{part:?}") };
    assert_eq!(repo.files(&on_base), "100644 a.js\n100644 lib/test/a.js\n");
}
