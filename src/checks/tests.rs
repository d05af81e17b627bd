//! Tests of the checks: is good work told from bad?

mod red_green;

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;
use crate::run::{Reports, Size, Tests, Trust};

/// A clone to check, and everything around it.
struct CheckedFolder {
    root: TempDir,
    stage: Stage,
    sandbox: Sandbox,
    egress: Egress,
}

const NODE_TEST: &str = "node --test --test-reporter=junit --test-reporter-destination=junit.xml";

async fn folder_with(files: &[(&str, &str)], checks: &[&str]) -> CheckedFolder {
    let root = tempfile::tempdir().unwrap();
    for folder in ["checkout", "home"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    for (name, text) in files {
        fs::write(root.path().join("checkout").join(name), text).unwrap();
    }
    let stage = Stage {
        name: "streaming".parse().unwrap(),
        needs: vec![],
        size: Size::S,
        attempts: 1,
        recovery: None,
        budget_usd: None,
        timeout_seconds: 60,
        gate: None,
        setup: vec![],
        checks: checks.iter().map(|check| (*check).to_owned()).collect(),
        reports: Reports {
            junit: vec!["junit.xml".into()],
            lcov: vec!["lcov.info".into()],
            ..Reports::default()
        },
        hosts: Some(vec![]),
        env: std::collections::BTreeMap::new(),
        least_coverage_percent: None,
        red_green: false,
        iterates: false,
        until: None,
        review: None,
        parallel: false,
    };
    CheckedFolder {
        root,
        stage,
        sandbox: crate::sandbox::for_tests().await,
        egress: Egress::default(),
    }
}

impl CheckedFolder {
    async fn checked(&self) -> Checked {
        self.checked_until(&CancellationToken::new()).await
    }

    async fn checked_until(&self, stop: &CancellationToken) -> Checked {
        self.result(stop).await.checked
    }

    async fn result(&self, stop: &CancellationToken) -> CheckResult {
        let path = |name| self.root.path().join(name);
        let (checkout, home, log) = (path("checkout"), path("home"), path("checks.log"));
        check(
            CheckSpec {
                env: &[],
                stage: &self.stage,
                checkout: &checkout,
                home: &home,
                log: &log,
                sandbox: &self.sandbox,
                egress: &self.egress,
            },
            stop,
        )
        .await
        .unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.root.path().join("checks.log")).unwrap()
    }
}

const GOOD: (&str, &str) = (
    "good.test.mjs",
    "import { test } from 'node:test'; test('adds', () => {}); test('later', { skip: true }, () => {});",
);
const BAD: (&str, &str) = (
    "bad.test.mjs",
    "import { test } from 'node:test'; test('streams', () => { throw new Error('the answer was 41, not 42'); }); test('more', () => {});",
);

#[tokio::test]
async fn good_work_passes() {
    let folder = folder_with(&[GOOD], &[NODE_TEST, "echo linted"]).await;
    let checked = folder.checked().await;
    assert!(checked.passed, "{checked:?}");
    assert_eq!(checked.tests, Some(Tests { passed: 1, failed: 0, skipped: 1 }));
    assert_eq!((checked.why, checked.feedback, checked.coverage_percent), (None, None, None));
    assert!(folder.log().ends_with("$ echo linted\nlinted\n"));
}

#[tokio::test]
async fn tests_are_known_by_name() {
    let folder = folder_with(&[GOOD, BAD], &[NODE_TEST]).await;
    let names = folder.result(&CancellationToken::new()).await.names.unwrap();
    assert_eq!(
        (names.ran.into_iter().collect::<Vec<_>>().join(", "), names.skipped.len()),
        ("adds, more, streams".to_owned(), 1)
    );
    let silent = folder_with(&[GOOD], &["true"]).await;
    assert_eq!(
        silent.result(&CancellationToken::new()).await.names,
        None,
        "no report is not a report without tests"
    );
}

#[tokio::test]
async fn failed_tests_are_named() {
    let folder = folder_with(&[GOOD, BAD], &[NODE_TEST, "echo never > ran"]).await;
    let checked = folder.checked().await;
    assert_eq!(checked.why.as_deref(), Some("1 of 3 tests failed"));
    let feedback = checked.feedback.unwrap();
    assert!(
        feedback.starts_with("1 of 3 tests failed\n- streams: the answer was 41, not 42\n"),
        "{feedback}"
    );
    assert!(!checked.passed && !folder.root.path().join("checkout/ran").exists());
}

#[tokio::test]
async fn a_report_that_says_failed_is_believed_beside_exit_0() {
    let piped = format!("{NODE_TEST} | tee test.log");
    let mut folder = folder_with(&[GOOD, BAD], &[&piped]).await;
    let checked = folder.checked().await;
    let why = "1 of 3 tests failed, though every check exited 0";
    assert_eq!((checked.passed, checked.why.as_deref()), (false, Some(why)));
    assert!(checked.feedback.unwrap().contains("\n- streams: the answer was 41, not 42\n"));
    folder.stage.reports.trust = Trust::Exit;
    let trusting = folder.checked().await;
    assert_eq!((trusting.passed, trusting.tests.unwrap().failed), (true, 1));
}

#[tokio::test]
async fn a_pipe_in_the_place_of_a_report_holds_nobody_up() {
    let mut folder =
        folder_with(&[], &["mkfifo junit.xml; ln -s /proc/self/environ lcov.info"]).await;
    folder.stage.least_coverage_percent = Some(1.0);
    let checked = folder.checked().await;
    let said = "junit.xml is a pipe and was not read; lcov.info is a link and was not read";
    assert_eq!(
        (checked.passed, checked.tests, checked.reports.as_deref()),
        (false, None, Some(said))
    );
    assert!(checked.feedback.unwrap().contains(said));
}

#[tokio::test]
async fn tap_and_cobertura_are_reports_too() {
    let tap = "printf 'TAP version 13\\n1..2\\nok 1 - adds\\nnot ok 2 - streams\\n' > test.tap";
    let cobertura = "printf '<coverage><class filename=\"a.py\"><line number=\"1\" hits=\"1\"/></class></coverage>' > cov.xml";
    let mut folder = folder_with(&[], &[tap, cobertura]).await;
    folder.stage.reports = Reports {
        tap: vec!["*.tap".into()],
        cobertura: vec!["cov.xml".into()],
        ..Reports::default()
    };
    let checked = folder.checked().await;
    assert_eq!(checked.why.as_deref(), Some("1 of 2 tests failed, though every check exited 0"));
    assert_eq!(checked.coverage_percent, Some(100.0));
}

#[tokio::test]
async fn the_command_that_failed_is_named() {
    let folder = folder_with(&[GOOD], &[NODE_TEST, "echo src/a.js: unused >&2; exit 2"]).await;
    let checked = folder.checked().await;
    assert_eq!(checked.why.as_deref(), Some("`echo src/a.js: unused >&2; exit 2` exited 2"));
    assert!(checked.feedback.unwrap().ends_with("src/a.js: unused"));
    assert_eq!(checked.tests.unwrap().passed, 1);
}

#[tokio::test]
async fn a_red_linter_is_not_told_as_a_failed_test() {
    let retried = "echo '<testsuite><testcase name=\"a\"><failure/></testcase><testcase name=\"a\"/></testsuite>' > junit.xml";
    let mut folder = folder_with(&[BAD], &[retried, "exit 2"]).await;
    let checked = folder.checked().await;
    assert_eq!(
        (checked.why.as_deref(), checked.tests.unwrap().failed),
        (Some("`exit 2` exited 2"), 1)
    );
    assert!(checked.feedback.unwrap().starts_with("`exit 2` exited 2\n\nThe end of the log"));
    folder.stage.reports.trust = Trust::Exit;
    folder.stage.checks = vec![format!("{NODE_TEST} | cat"), "exit 2".into()];
    assert_eq!(folder.checked().await.why.as_deref(), Some("`exit 2` exited 2"));
}

#[tokio::test]
async fn coverage_counts_where_it_is_wanted() {
    let lcov = "printf 'SF:a.js\\nLF:100\\nLH:71\\nend_of_record\\n' > lcov.info";
    let mut folder = folder_with(&[], &[lcov]).await;
    folder.stage.least_coverage_percent = Some(90.0);
    let checked = folder.checked().await;
    assert_eq!(
        (checked.passed, checked.why.as_deref(), checked.coverage_percent),
        (false, Some("coverage 71 % is below 90 %"), Some(71.0))
    );
    folder.stage.least_coverage_percent = Some(71.0);
    assert!(folder.checked().await.passed);
    folder.stage.checks = vec!["true".into()];
    assert_eq!(
        folder.checked().await.why.as_deref(),
        Some("coverage of 71 % is wanted, but the checks left no report in lcov.info")
    );
}

#[tokio::test]
async fn a_committed_report_proves_nothing() {
    let forged =
        [("junit.xml", "<testcase name='all'/>"), ("lcov.info", "LF:1\nLH:1\nend_of_record\n")];
    let mut folder = folder_with(&forged, &["true"]).await;
    folder.stage.least_coverage_percent = Some(90.0);
    let checked = folder.checked().await;
    assert_eq!((checked.passed, checked.tests, checked.coverage_percent), (false, None, None));
}

#[tokio::test]
async fn a_link_out_of_the_checkout_is_no_report() {
    let folder =
        folder_with(&[], &["ln -s ~/junit.xml junit.xml; echo '<testcase/>' > ~/junit.xml"]).await;
    assert_eq!(folder.checked().await.tests, None);
    symlink("/etc/passwd", folder.root.path().join("checkout/lcov.info")).unwrap();
    assert_eq!(folder.checked().await.coverage_percent, None);
    assert!(fs::metadata("/etc/passwd").is_ok());
}

#[tokio::test]
async fn what_takes_too_long_is_ended() {
    let mut folder = folder_with(&[], &["echo begun; sleep 60"]).await;
    folder.stage.timeout_seconds = 1;
    let checked = folder.checked().await;
    assert_eq!(
        (checked.passed, checked.why.as_deref()),
        (false, Some("checks took longer than 1s"))
    );
    assert!(checked.feedback.unwrap().contains("begun") && checked.seconds < 5);
}

#[tokio::test]
async fn a_stop_ends_it() {
    let folder = folder_with(&[], &["touch begun; sleep 60"]).await;
    let (stop, begun) = (CancellationToken::new(), folder.root.path().join("checkout/begun"));
    let stopper = async {
        while !begun.exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
    };
    let (checked, ()) = tokio::join!(folder.checked_until(&stop), stopper);
    assert_eq!(checked.why.as_deref(), Some("stopped"));
}

#[tokio::test]
async fn what_setup_leaves_in_home_is_there_for_the_checks() {
    let mut folder = folder_with(&[], &["cat ~/cache; echo $CI"]).await;
    folder.stage.setup = vec!["echo kept > ~/cache".into()];
    assert!(folder.checked().await.passed);
    assert!(folder.log().ends_with("\nkept\n1\n"));
}

#[tokio::test]
async fn a_failed_setup_is_told() {
    let mut folder = folder_with(&[], &["true"]).await;
    folder.stage.setup = vec!["no-such-program --install".into()];
    let checked = folder.checked().await;
    assert_eq!(
        checked.why.as_deref(),
        Some("setup `no-such-program --install` exited 127: sh: 1: no-such-program: not found")
    );
    assert!(checked.feedback.unwrap().contains("not found"));
}

#[tokio::test]
async fn without_a_box_it_works_too_and_leaves_nothing() {
    let mut folder =
        folder_with(&[], &["sh -c 'while :; do echo x >> beat; sleep 0.02; done' & sleep 0.1"])
            .await;
    folder.sandbox = Sandbox::None;
    assert!(folder.checked().await.passed);
    let beat = folder.root.path().join("checkout/beat");
    let size = fs::metadata(&beat).unwrap().len();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(fs::metadata(&beat).unwrap().len(), size);
}
