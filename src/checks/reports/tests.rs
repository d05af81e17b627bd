//! Tests of the reports of the checks: is what they left read together, and said where it is not?

use std::fs;

use tempfile::TempDir;

use super::*;

fn checkout(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    write(&root, files);
    root
}

fn write(root: &TempDir, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&path);
        fs::write(path, text).unwrap();
    }
}

fn junit(patterns: &[&str]) -> Reports {
    let junit = patterns.iter().map(|it| (*it).to_owned()).collect();
    Reports { junit, ..Reports::default() }
}

async fn after(root: &TempDir, reports: &Reports, wrote: &[(&str, &str)]) -> Reported {
    let before = take_stock(root.path(), reports).await.unwrap();
    write(root, wrote);
    read(root.path(), reports, before).await.unwrap()
}

fn passed(reported: &Reported) -> Option<u32> {
    reported.tests.as_ref().map(|report| report.tests.passed)
}

const ONE: &str = "<testsuite name='s'><testcase name='a'/></testsuite>";
const TWO: &str = "<testsuite name='t'><testcase name='a'/><testcase name='b'/></testsuite>";

#[tokio::test]
async fn one_report_a_class_is_read_as_one() {
    let root = checkout(&[]);
    let reports = junit(&["out/TEST-*.xml", "out/TEST-A.xml"]);
    let reported =
        after(&root, &reports, &[("out/TEST-A.xml", ONE), ("out/TEST-B.xml", TWO)]).await;
    assert_eq!((passed(&reported), &reported.trouble), (Some(3), &None));
    let names = reported.tests.unwrap().names.unwrap();
    assert!(names.has("s › a") && names.has("t › b") && names.ran.len() == 3);
    let kept: Vec<_> = reported.kept.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(kept, ["junit.xml", "junit-2.xml"]);
}

#[tokio::test]
async fn what_was_there_before_the_checks_does_not_count() {
    let root = checkout(&[("out/TEST-A.xml", TWO), ("junit.xml", TWO), ("pom.xml", "<p/>")]);
    let reported = after(&root, &junit(&["**/TEST-*.xml"]), &[]).await;
    assert_eq!(passed(&reported), None);
    assert_eq!(
        reported.missing.as_deref(),
        Some("out/TEST-A.xml was there before the checks and is not counted")
    );
    let reported = after(&root, &junit(&["**/TEST-*.xml"]), &[("out/TEST-A.xml", ONE)]).await;
    assert_eq!((passed(&reported), reported.missing), (Some(1), None));
    let reported = after(&root, &junit(&["junit.xml"]), &[]).await;
    assert_eq!(reported.missing.as_deref(), Some("there is no report junit.xml"));
}

#[tokio::test]
async fn what_is_there_and_not_read_is_said() {
    let root = checkout(&[]);
    let reports = junit(&["*.xml"]);
    let reported =
        after(&root, &reports, &[("a.xml", ONE), ("b.xml", "<html>"), ("c.xml", &TWO[..40])]).await;
    assert_eq!(passed(&reported), Some(2));
    assert_eq!(reported.trouble.as_deref(), Some("b.xml is no JUnit report; c.xml breaks off"));
    assert_eq!(reported.tests.unwrap().names, None, "not all tests are known");
    fs::remove_file(root.path().join("b.xml")).unwrap();
    std::os::unix::fs::symlink("/proc/self/environ", root.path().join("b.xml")).unwrap();
    let reported = read(root.path(), &reports, Before::default()).await.unwrap();
    assert_eq!(
        reported.trouble.as_deref(),
        Some("b.xml is a link and was not read; c.xml breaks off")
    );
    assert_eq!(reported.kept.len(), 2);
}

#[tokio::test]
async fn coverage_of_several_tools_is_joined() {
    let root = checkout(&[]);
    let reports = Reports {
        lcov: vec!["*.info".to_owned()],
        cobertura: vec!["cov.xml".to_owned()],
        ..Reports::default()
    };
    let wrote = [
        ("unit.info", "SF:a.js\nDA:1,1\nDA:2,0\nend_of_record\n"),
        ("e2e.info", "SF:a.js\nDA:1,0\nDA:2,3\nend_of_record\n"),
        (
            "cov.xml",
            "<coverage><class filename='b.py'><line number='1' hits='0'/></class></coverage>",
        ),
    ];
    let percent = after(&root, &reports, &wrote).await.coverage_percent.unwrap();
    assert!((percent - 200.0 / 3.0).abs() < 1e-9, "{percent}");
}

#[tokio::test]
async fn files_of_one_name_in_two_packages_are_two() {
    let root = checkout(&[("packages/a/src/x.mjs", ""), ("packages/b/src/x.mjs", "")]);
    let own = root.path().display().to_string();
    let reports = Reports {
        lcov: vec!["packages/*/lcov.info".to_owned()],
        cobertura: vec!["*.xml".to_owned()],
        ..Reports::default()
    };
    let class = "<class filename='b/src/x.mjs'><line number='1' hits='1'/></class>";
    let wrote = [
        ("packages/a/lcov.info", "SF:src/x.mjs\nDA:1,1\nDA:2,1\nend_of_record\n".to_owned()),
        ("packages/b/lcov.info", "SF:src/x.mjs\nDA:1,0\nDA:2,0\nend_of_record\n".to_owned()),
        ("a.xml", format!("<coverage><source>{own}/packages</source>{class}</coverage>")),
        (
            "b.xml",
            format!("<coverage><source>{own}</source>{class}</coverage>")
                .replace("'b/", "'packages/b/"),
        ),
    ];
    let wrote: Vec<_> = wrote.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let reported = after(&root, &reports, &wrote).await;
    assert_eq!((reported.coverage_percent, reported.trouble), (Some(75.0), None));
}

#[tokio::test]
async fn coverage_that_breaks_off_is_said() {
    let root = checkout(&[]);
    let (lcov, cobertura) = (vec!["*.info".to_owned()], vec!["*.xml".to_owned()]);
    let reports = Reports { lcov, cobertura, ..Reports::default() };
    let wrote = [
        ("a.info", "SF:a.js\nDA:1,1\nend_of_record\nSF:b.js\nDA:1"),
        ("b.info", "TN:\n"),
        ("c.xml", "<coverage><class filename='c.py'><line number='1' hits='1'/><li"),
    ];
    let reported = after(&root, &reports, &wrote).await;
    let said = "a.info breaks off; b.info names no line of code; c.xml breaks off";
    assert_eq!((reported.coverage_percent, reported.trouble.as_deref()), (Some(100.0), Some(said)));
}
