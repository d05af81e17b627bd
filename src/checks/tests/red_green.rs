//! Tests of tests on the code before: is what they do there read, whatever else fails?

use tokio_util::sync::CancellationToken;

use super::{BAD, CheckedFolder, GOOD, NODE_TEST, folder_with};
use crate::checks::{CheckSpec, TestsTried, try_tests};
use crate::run::NotKnown;

impl CheckedFolder {
    async fn tried(&self) -> TestsTried {
        let path = |name| self.root.path().join(name);
        let (checkout, home, log) = (path("checkout"), path("home"), path("checks.log"));
        let spec = CheckSpec {
            env: &[],
            stage: &self.stage,
            checkout: &checkout,
            home: &home,
            log: &log,
            sandbox: &self.sandbox,
            egress: &self.egress,
        };
        try_tests(spec, &CancellationToken::new()).await.unwrap()
    }
}

#[tokio::test]
async fn tests_are_run_though_the_command_before_them_fails() {
    let folder = folder_with(&[GOOD, BAD], &["echo src/a.js: unused; exit 1", NODE_TEST]).await;
    let TestsTried::Ran { names, red } = folder.tried().await else { panic!("{}", folder.log()) };
    assert!(names.ran.contains("adds") && names.ran.contains("streams"), "{names:?}");
    assert_eq!(red.into_iter().collect::<Vec<_>>(), ["streams"]);
}

#[tokio::test]
async fn where_a_command_fails_and_nothing_reports_nothing_ran() {
    let folder = folder_with(&[], &["echo no such function; exit 2"]).await;
    assert_eq!(folder.tried().await, TestsTried::NothingRan);
    let folder = folder_with(&[], &["true"]).await;
    assert_eq!(folder.tried().await, TestsTried::NotKnown(NotKnown::NoReport));
}

#[tokio::test]
async fn what_cannot_be_set_up_or_takes_too_long_is_not_known() {
    let mut folder = folder_with(&[], &["sleep 60"]).await;
    folder.stage.timeout_seconds = 1;
    assert_eq!(folder.tried().await, TestsTried::NotKnown(NotKnown::OutOfTime));
    folder.stage.setup = vec!["exit 1".to_owned()];
    assert_eq!(folder.tried().await, TestsTried::NotKnown(NotKnown::Setup));
}
