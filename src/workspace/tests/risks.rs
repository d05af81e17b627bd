//! Tests of risks: is a reader told what to look at twice, and left in peace otherwise?

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::{TestRepository, test_repository, write};
use crate::run::{Flag, Risk, Snapshot};

/// What no issuer ever issued; in two pieces, so that nobody's scanner takes this file for a leak.
const TOKEN: &str = concat!("gh", "p_q7Wz3LmX9cVb2NhT5rKd8YpS4gFj6ZaQ1eRw");

impl TestRepository {
    /// What is told of a change from `before` to what `change` makes of it.
    async fn told(&self, before: &[(&str, &str)], change: impl FnOnce(&Path)) -> Vec<String> {
        let (first, clone) = self.begun(before).await;
        change(&clone);
        let second = self.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
        self.flags(&first, &second).await
    }

    async fn flags(&self, from: &Snapshot, to: &Snapshot) -> Vec<String> {
        let diff = self.shadow.diff(from, to).await.unwrap();
        diff.flags
            .iter()
            .map(|Flag { risk, count, example, others }| {
                let all = [std::slice::from_ref(example), &others[..]].concat().join(", ");
                format!("{risk:?} {count} {all}")
            })
            .collect()
    }
}

async fn told(before: &[(&str, &str)], change: impl FnOnce(&Path)) -> Vec<String> {
    test_repository().await.told(before, change).await
}

#[tokio::test]
async fn an_innocent_change_raises_no_flag() {
    let before = [
        ("package.json", r#"{"dependencies": {"a": "1"}, "scripts": {"test": "x"}}"#),
        ("src/a.js", "1\n"),
        ("test/a.test.js", "1\n"),
        ("logo.png", "\0\u{1}"),
    ];
    let told = told(&before, |clone| {
        write(
            clone,
            &[(
                "package.json",
                r#"{"dependencies": {"a": "2"}, "scripts": {"test": "x"}, "version": "2"}"#,
            )],
        );
        write(
            clone,
            &[
                ("src/a.js", "const password = read();\n"),
                ("test/b.test.js", "a new test\n"),
                ("README.md", "# new\n"),
            ],
        );
        fs::rename(clone.join("logo.png"), clone.join("icon.png")).unwrap();
        fs::create_dir(clone.join("src/test")).unwrap();
        fs::rename(clone.join("test/a.test.js"), clone.join("src/test/a.test.js")).unwrap();
    });
    assert_eq!(told.await, Vec::<String>::new());
}

#[tokio::test]
async fn every_risk_is_told_once_in_their_order() {
    let before = [
        ("package.json", r#"{"dependencies": {"a": "1"}}"#),
        ("test/a.test.js", "1\n"),
        ("test/b.test.js", "other\n"),
        ("yarn.lock", "1\n"),
    ];
    let told = told(&before, |clone| {
        write(
            clone,
            &[
                ("package.json", r#"{"dependencies": {"a": "1", "left-pad": "1", "b": "1"}}"#),
                ("yarn.lock", "2\n"),
            ],
        );
        write(
            clone,
            &[
                (".github/workflows/ci.yml", "on: push\n"),
                ("test/a.test.js", "2\n"),
                ("logo.png", "\0\u{1}"),
            ],
        );
        write(
            clone,
            &[
                ("src/long.js", &"line\n".repeat(2_001)),
                ("src/a.js", &format!("1\n2\nconst t = '{TOKEN}';\n")),
            ],
        );
        fs::remove_file(clone.join("test/b.test.js")).unwrap();
    });
    insta::assert_snapshot!(told.await.join("\n"), @r"
    TestsDeleted 1 test/b.test.js
    Secret 1 src/a.js:3
    Automation 1 .github/workflows/ci.yml
    Dependency 2 b
    LockFile 1 yarn.lock
    Tests 1 test/a.test.js
    Binary 1 logo.png
    Large 1 src/long.js
    ");
}

#[tokio::test]
async fn a_secret_is_told_by_its_place_and_never_by_its_value() {
    let repo = test_repository().await;
    let (first, clone) =
        repo.begun(&[("a.js", "1\n2\n3\n"), ("old.env", &format!("KEY={TOKEN}\n"))]).await;
    write(
        &clone,
        &[
            ("a.js", &format!("1\n2\nnew\n3 {TOKEN}\n")),
            ("test/fixtures/b.js", "x\npassword = \"kW9x!2mQz7\"\n"),
        ],
    );
    fs::remove_file(clone.join("old.env")).unwrap();
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    assert_eq!(
        repo.flags(&first, &second).await,
        ["Secret 2 a.js:4"],
        "what went away is no secret of this change"
    );
    let told = serde_json::to_string(&repo.shadow.diff(&first, &second).await.unwrap()).unwrap();
    assert!(!told.contains(&TOKEN[4..]) && !told.contains("kW9x"));
}

#[tokio::test]
async fn what_installs_by_itself_is_automation() {
    let before = [("web/package.json", r#"{"scripts": {"prepare": "husky"}}"#)];
    let told = told(&before, |clone| {
        write(
            clone,
            &[(
                "web/package.json",
                r#"{"scripts": {"prepare": "husky", "postinstall": "node x.js"}}"#,
            )],
        );
    });
    assert_eq!(told.await, ["Automation 1 web/package.json (postinstall)"]);
}

#[tokio::test]
async fn dependencies_are_compared_and_not_their_lines() {
    let before = [
        ("Cargo.toml", "[dependencies]\na = '1'\nb = '1'\n"),
        ("go.mod", "module x\nrequire h/a v1.0.0\n"),
        ("requirements.txt", "flask==1\n"),
    ];
    let told = told(&before, |clone| {
        write(
            clone,
            &[(
                "Cargo.toml",
                "[dependencies]\nb = '2'\na = '1.1'\n[dev-dependencies]\nserde = '1'\n",
            )],
        );
        write(
            clone,
            &[
                ("go.mod", "module x\nrequire (\n\th/a v2.0.0\n\th/new v1.0.0\n)\n"),
                ("requirements.txt", "Flask==2\n"),
            ],
        );
        write(clone, &[("pyproject.toml", "[project]\ndependencies = ['serde']\n")]);
    });
    assert_eq!(told.await, ["Dependency 2 serde"]);
}

#[tokio::test]
async fn a_dependency_that_comes_from_elsewhere_is_a_new_one() {
    let before = [("package.json", r#"{"dependencies": {"a": "1"}}"#), ("sub/package.json", "{}")];
    let told = told(&before, |clone| {
        write(
            clone,
            &[
                ("package.json", r#"{"dependencies": {"a": "git+https://example.org/a"}}"#),
                ("sub/package.json", "{ cannot be read"),
            ],
        );
    });
    assert_eq!(told.await, ["Dependency 2 a"]);
}

#[tokio::test]
async fn attributes_and_links_in_the_work_hide_nothing() {
    let repo = test_repository().await;
    fs::write(repo.path("package.json"), r#"{"dependencies": {"outside": "1"}}"#).unwrap();
    let told = repo.told(&[("ci/x", "1\n")], |clone| {
        write(
            clone,
            &[
                (".gitattributes", "* binary -diff\n"),
                (".git/info/attributes", "* binary -diff\n"),
                ("a.js", &format!("{TOKEN}\n")),
            ],
        );
        symlink("../package.json", clone.join("package.json")).unwrap();
        symlink("ci", clone.join(".circleci")).unwrap();
    });
    assert_eq!(told.await, ["Secret 1 a.js:1", "Automation 1 .circleci"]);
}

#[tokio::test]
async fn names_of_files_are_only_names() {
    let told = told(&[], |clone| {
        write(
            clone,
            &[
                ("-p\n+++ b/x\n@@ -1 +1 @@\n", "1\n"),
                ("a\"b\tc\u{202e}.js", &format!("{TOKEN}\n")),
                (":(top)*", "\0"),
                ("ö/--output=x", "1\n"),
            ],
        );
        write(
            clone,
            &[
                (&format!("{}/{}.bin", "deep/".repeat(60), "n".repeat(200)), "\0"),
                (&format!("{TOKEN}.txt"), &"x\n".repeat(2_001)),
            ],
        );
    });
    let told = told.await;
    assert_eq!(told[0], "Secret 1 a\"b\u{fffd}c\u{fffd}.js:1");
    assert!(told[1].starts_with("Binary 2 ") && told[1].chars().count() <= 200, "{told:?}");
    assert_eq!(told[2], "Large 1 ….txt");
}

#[tokio::test]
async fn what_is_too_much_to_look_through_is_told() {
    let repo = test_repository().await;
    let huge = "not one secret in here, and many words\n".repeat(400_000);
    let told = repo.told(&[], |clone| {
        write(
            clone,
            &[
                ("a.txt", &format!("{TOKEN}\n")),
                ("b.txt", &huge),
                ("c.txt", &format!("{TOKEN}\n")),
                ("package.json", &huge),
            ],
        );
    });
    assert_eq!(told.await, ["Secret 1 a.txt:1", "Dependency 1 package.json", "Large 3 b.txt"]);
}

#[tokio::test]
async fn many_files_are_counted_with_one_example() {
    let repo = test_repository().await;
    let told = repo.told(&[], |clone| {
        let many: Vec<_> = (0..300)
            .map(|n| {
                (
                    format!("p{n:03}/package.json"),
                    format!("{{\"dependencies\": {{\"d{n}\": \"1\"}}}}"),
                )
            })
            .collect();
        write(
            clone,
            &many.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect::<Vec<_>>(),
        );
    });
    assert_eq!(told.await, ["Dependency 300 d0"]);
}

#[tokio::test]
async fn any_two_snapshots_are_compared() {
    let repo = test_repository().await;
    let (first, clone) = repo.begun(&[("a.js", "1\n")]).await;
    write(&clone, &[("a.js", "2\n"), ("b.js", "1\n")]);
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    repo.shadow.checkout(&first, &clone).await.unwrap();
    write(&clone, &[("c.js", &format!("1\n{TOKEN}\n"))]);
    let third = repo.shadow.snapshot(&clone, &first, "second-2").await.unwrap();
    let between = repo.shadow.diff(&second, &third).await.unwrap();
    assert_eq!(
        (between.files, between.added, between.removed, between.flags[0].example.as_str()),
        (3, 3, 2, "c.js:2")
    );
    assert_eq!(repo.shadow.diff(&third, &third).await.unwrap(), crate::run::Diff::default());
    assert_eq!(repo.shadow.diff(&third, &first).await.unwrap().flags, []);
}

#[tokio::test]
async fn checks_that_can_be_made_green_by_hand_are_told() {
    let repo = test_repository().await;
    let package = |test: &str| format!("{{\"scripts\":{{\"test\":\"{test}\"}}}}");
    let (before, now) = (package("jest"), package("true"));
    let files =
        [("package.json", before.as_str()), ("tools/check.sh", "exit 1\n"), ("a.js", "1\n")];
    let (first, clone) = repo.begun(&files).await;
    write(&clone, &[("package.json", &now), ("Makefile", "test:\n"), ("a.js", "2\n")]);
    write(&clone, &[("tools/check.sh", "exit 0\n")]);
    let second = repo.shadow.snapshot(&clone, &first, "second-1").await.unwrap();
    let commands = ["sh ./tools/check.sh".to_owned()];
    let judged = repo.shadow.diff_judged_by(&first, &second, &commands).await.unwrap();
    assert_eq!(judged.flags.len(), 1, "{:?}", judged.flags);
    assert_eq!((judged.flags[0].risk, judged.flags[0].count), (Risk::Checks, 3));
    let unasked = repo.shadow.diff(&first, &second).await.unwrap();
    assert_eq!(unasked.flags[0].count, 2, "nothing calls the script");
}
