//! Tests of the TAP reader: are the reports of real runners read?

use super::*;
use crate::run::Tests;

/// node 24, shortened.
const NODE: &str = "TAP version 13
# Subtest: adds
ok 1 - adds
  ---
  duration_ms: 0.5
  ...
# Subtest: outer
    # Subtest: deep
    ok 1 - deep
      ---
      duration_ms: 0.1
      ...
    # Subtest: deep bad
    not ok 2 - deep bad
      ---
      location: 'a.js:3:1'
      error: 'the answer was 41, not 42'
      ...
    1..2
not ok 2 - outer
  ---
  error: '1 subtest failed'
  ...
ok 3 - later # SKIP not today
1..3
# tests 4
";

fn told(text: &str) -> String {
    let report = read(text);
    let Tests { passed, failed, skipped } = report.tests;
    let failures: Vec<_> =
        report.failures.iter().map(|it| format!("{}: {}", it.name, it.message)).collect();
    format!("{passed} {failed} {skipped} {:?} {}", report.trouble, failures.join("; "))
}

#[test]
fn leaves_are_counted_and_named() {
    assert_eq!(told(NODE), "2 1 1 None deep bad: the answer was 41, not 42");
    let names = read(NODE).names.unwrap();
    assert!(names.has("outer › deep bad") && names.has("adds") && names.skipped.contains("later"));
}

#[test]
fn a_plan_that_is_not_kept_is_a_failure() {
    assert_eq!(
        told("1..3\nok 1\nok 2\n"),
        "2 1 0 Some(\"planned 3 tests and tells of 2\") the plan: planned 3 tests and tells of 2"
    );
    assert_eq!(read("ok 1\nBail out! no database\n").failed_for_good, 1);
    assert_eq!(told("1..0 # SKIP nothing here\n"), "0 0 0 None ");
    assert_eq!(told("1..99999999999999999999999\nok\n").split(' ').nth(1), Some("1"));
}

#[test]
fn what_is_excused_is_skipped_and_what_is_no_tap_is_none() {
    assert_eq!(told("1..3\nnot ok 1 - soon # TODO write it\nok 2 - a # b\nok\n"), "2 0 1 None ");
    let reasons = "1..4\nok 1 # skip see #12\nnot ok 2 - a # TODO fix #42, see # 3\nnot ok 3 # Todo\nok 4 - b \\# skip";
    assert_eq!(told(reasons), "1 0 3 None ");
    assert!(read(reasons).names.unwrap().skipped.contains("a"));
    assert_eq!(told("okay then\nnothing\n"), "0 0 0 Some(\"is no TAP report\") ");
    assert!(!read("").is_report);
}

#[test]
fn no_failure_is_excused_by_another_test_of_its_name() {
    assert_eq!(read("1..2\nok 1\nnot ok 2\n").failed_for_good, 1);
    let tape = "TAP version 13\n# a\nnot ok 1 should be equal\nok 2 should be equal\n\n1..2\n";
    assert_eq!(read(tape).failed_for_good, 1);
}

/// Vitest 4, shortened.
const VITEST: &str = r#"TAP version 13
1..1
not ok 1 - a.test.ts # time=17.12ms {
    1..4
    ok 1 - adds # time=3.87ms
    not ok 2 - outer \#1 # time=9.90ms {
        1..2
        ok 1 - deep # time=0.23ms
        not ok 2 - bad # time=9.43ms
            ---
            error:
                message: "expected b to be c"
            actual: "a
b"
            ...
    }
    ok 3 - skipped # SKIP {
        1..1
        ok 1 - s # SKIP
    }
    ok 4 - flaky # time=1.37ms
}
"#;

#[test]
fn what_stands_in_braces_is_summed_up_by_the_line_before_them() {
    assert_eq!(told(VITEST), "3 1 1 None bad: expected b to be c");
    let names = read(VITEST).names.unwrap();
    assert!(names.has(r"a.test.ts › outer \#1 › bad") && names.has("a.test.ts › flaky"));
    // A name may end so as well. node:test names the next suite before its tests.
    let names_braces = NODE.replace("adds", "parses {").replace("deep bad", "deep {");
    assert_eq!(told(&names_braces), "2 1 1 None deep: the answer was 41, not 42");
    let names_alone =
        "not ok 1 - parses {\n# Subtest: outer\n    ok 1 - deep\n    1..1\nok 2 - outer\n1..2\n";
    assert_eq!(told(names_alone), "1 1 0 None parses: ");
}

#[test]
fn what_a_test_prints_hides_no_other_test() {
    let rest = "not ok 2 - b\nok 3 - c\n1..3\n";
    for printed in ["---", "  ---", "diff\n  ---", "1..10 of 30 rows", "1..2"] {
        assert_eq!(told(&format!("ok 1 - a\n{printed}\n{rest}")), "2 1 0 None b: ");
    }
    assert_eq!(told("ok 1\n  ---\n1..1\n"), "1 0 0 None ");
}

#[test]
fn a_report_that_ends_before_its_plan_or_in_details_breaks_off() {
    for cut in ["  duration_ms: 0.5", "# Subtest: outer", "    1..2", "1..3"] {
        let report = read(&NODE[..NODE.rfind(cut).unwrap()]);
        assert_eq!((report.trouble.as_deref(), report.names), (Some("breaks off"), None), "{cut}");
        assert_eq!(report.failed_for_good, report.tests.failed);
    }
    assert_eq!(told("TAP version 13\n"), "0 0 0 Some(\"breaks off\") ");
}

#[test]
fn reports_of_several_programs_are_read_as_one() {
    assert_eq!(told("1..1\nok 1\n1..2\nok 1\nok 2\nok 1\n1..1\n1..0 # SKIP none\n"), "4 0 0 None ");
    assert_eq!(read("1..2\nok 1\n1..1\nok 1\n").failed_for_good, 1);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(lines in proptest::collection::vec("( {0,9})(ok|not ok|1\\.\\.|# Subtest: x|---|\\.\\.\\.|error: y)?.{0,9}", 0..30)) {
        let report = read(&lines.join("\n"));
        proptest::prop_assert!(report.failed_for_good <= report.tests.failed);
    }
}
