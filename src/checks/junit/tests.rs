//! Tests of the JUnit reader: are the reports of real runners read?

use super::*;
use crate::run::{TestNames, Tests};

/// pytest 9: no totals on the root, errors beside failures.
const PYTEST: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4"><testcase classname="test_a" name="test_ok" time="0.000" /><testcase classname="test_a" name="test_bad" time="0.005"><failure message="AssertionError: not &lt;same&gt;&#10;assert {'a': 1} == {'a': 2}">&gt;   def test_bad(): assert {"a": 1} == {"a": 2}
E   AssertionError: not &lt;same&gt;</failure></testcase><testcase classname="test_a" name="test_err" time="0.000"><error message="failed on setup with &quot;RuntimeError: no db&quot;">@pytest.fixture</error></testcase><testcase classname="test_a" name="test_skip" time="0.000"><skipped type="pytest.skip" message="later">test_a.py:7: later</skipped></testcase></testsuite></testsuites>"#;

/// jest-junit 17: the class repeats the name, the failure has no message, the time no zone.
const JEST: &str = r#"<testsuites name="jest tests" tests="3" failures="1" errors="0" time="0.883">
  <testsuite name="Math" errors="0" failures="1" skipped="1" timestamp="2026-11-22T18:35:47" time="0.662" tests="3">
    <testcase classname="Math adds" name="Math adds" time="0.01">
    </testcase>
    <testcase classname="Math subtracts" name="Math subtracts" time="0.008">
      <failure>Error: expect(received).toBe(expected) // Object.is equality

Expected: 2
Received: 1
    at new Promise (&lt;anonymous&gt;)</failure>
    </testcase>
    <testcase classname="Math later" name="Math later" time="0">
      <skipped/>
    </testcase>
  </testsuite>
</testsuites>"#;

/// gotestsum: what happened is in the text, its message is only "Failed".
const GO: &str = r#"<testsuites tests="3" failures="1" errors="0" time="0.003038">
	<testsuite tests="3" failures="1" skipped="1" time="0.003000" name="example.com/calc">
		<properties><property name="go.version" value="go1.26.8 linux/amd64"></property></properties>
		<testcase classname="example.com/calc" name="TestSub/a&lt;b" time="0.000000">
			<failure message="Failed" type="">=== RUN   TestSub/a&lt;b&#xA;    calc_test.go:4: want 1, got 2&#xA;</failure>
		</testcase>
		<testcase classname="example.com/calc" name="TestLater"><skipped message="calc_test.go:5: later"></skipped></testcase>
		<testcase classname="example.com/calc" name="TestAdd" time="0.000000"></testcase>
	</testsuite>
</testsuites>"#;

/// node 20: tests directly under the root, nested suites, `failure` also as an attribute, quotes escaped twice.
const NODE: &str = r#"<testsuites>
	<testcase name="adds" time="0.001266" classname="test"/>
	<testcase name="later" time="0.000108" classname="test">
		<skipped type="skipped" message="true"/>
	</testcase>
	<testsuite name="outer" disabled="0" errors="0" tests="1" failures="1" skipped="0" hostname="vm">
		<testsuite name="inner" disabled="0" errors="0" tests="2" failures="1" skipped="0" hostname="vm">
			<testcase name="deep" time="0.000137" classname="test"/>
			<testcase name="deep bad" time="0.000103" classname="test" failure="the answer was 41, not 42">
				<failure type="testCodeFailure" message="the answer was 41, not 42">
Error [ERR_TEST_FAILURE]
				</failure>
			</testcase>
		</testsuite>
	</testsuite>
	<!-- tests 4 -->
</testsuites>"#;

fn told(text: &str) -> String {
    let TestReport { tests, failures, .. } = read(text);
    let failures: Vec<_> = failures
        .iter()
        .map(|failure| format!("\n{}: {}", failure.name, failure.message.replace('\n', "\\n")))
        .collect();
    format!(
        "{} passed, {} failed, {} skipped{}",
        tests.passed,
        tests.failed,
        tests.skipped,
        failures.concat()
    )
}

#[test]
fn pytest_is_read() {
    insta::assert_snapshot!(told(PYTEST), @r#"
    1 passed, 2 failed, 1 skipped
    test_a › test_bad: AssertionError: not <same>\nassert {'a': 1} == {'a': 2}
    test_a › test_err: failed on setup with "RuntimeError: no db"
    "#);
}

#[test]
fn jest_is_read() {
    insta::assert_snapshot!(told(JEST), @r"
    1 passed, 1 failed, 1 skipped
    Math subtracts: Error: expect(received).toBe(expected) // Object.is equality\n\nExpected: 2\nReceived: 1\n    at new Promise (<anonymous>)
    ");
}

#[test]
fn go_is_read() {
    insta::assert_snapshot!(told(GO), @r"
    1 passed, 1 failed, 1 skipped
    example.com/calc › TestSub/a<b: Failed\n=== RUN   TestSub/a<b\n    calc_test.go:4: want 1, got 2
    ");
}

#[test]
fn node_is_read() {
    insta::assert_snapshot!(told(NODE), @r"
    2 passed, 1 failed, 1 skipped
    deep bad: the answer was 41, not 42
    ");
}

#[test]
fn tests_are_called_by_suite_class_and_name() {
    let called = |text| {
        read(text)
            .names
            .map(|names| format!("{:?} skipped {:?}", names.ran, names.skipped))
            .unwrap_or_default()
    };
    insta::assert_snapshot!([PYTEST, JEST, GO, NODE].map(called).join("\n"), @r#"
    {"test_a › test_bad", "test_a › test_err", "test_a › test_ok"} skipped {"test_a › test_skip"}
    {"Math adds", "Math subtracts"} skipped {"Math later"}
    {"example.com/calc › TestAdd", "example.com/calc › TestSub/a<b"} skipped {"example.com/calc › TestLater"}
    {"adds", "outer › inner › deep", "outer › inner › deep bad"} skipped {"later"}
    "#);
}

#[test]
fn of_half_a_report_no_names_are_known() {
    assert_eq!(read(&NODE[..NODE.find("</failure>").unwrap()]).names, None);
    assert_eq!(read("TAP version 13\nok 1 - adds\n").names, None);
    assert_eq!(read("").names, None);
    assert_eq!(
        read("<testsuites/>").names,
        Some(TestNames::default()),
        "a whole report of no tests"
    );
}

#[test]
fn a_test_that_was_tried_again_is_one_test() {
    let again = r#"<testsuite name="s"><testcase name="a"><failure/></testcase><testcase name="a"/></testsuite>"#;
    assert_eq!(read(again).names.unwrap().ran.len(), 1);
    assert_eq!(read(again).tests, Tests { passed: 1, failed: 1, skipped: 0 });
}

#[test]
fn a_report_that_breaks_off_is_read_as_far_as_it_goes() {
    let before_the_end = NODE.find("</failure>").unwrap();
    assert_eq!(
        told(&NODE[..before_the_end]),
        "2 passed, 1 failed, 1 skipped\ndeep bad: the answer was 41, not 42"
    );
    assert_eq!(read(&PYTEST[..PYTEST.find("test_bad").unwrap()]).tests.ran(), 1);
    for none in ["", "TAP version 13\nok 1 - adds\n"] {
        let trouble = Some("is no JUnit report".to_owned());
        assert_eq!(read(none), TestReport { trouble, ..TestReport::default() });
    }
}

#[test]
fn what_failed_and_passed_when_it_was_tried_again_has_not_failed() {
    let again = r#"<testsuite name="s"><testcase name="a"><failure/></testcase><testcase name="a"/><testcase name="b"><error/></testcase></testsuite>"#;
    assert_eq!((read(again).failed_for_good, read(again).tests.failed), (1, 2));
}

#[test]
fn a_failure_is_forgiven_only_by_a_later_try_of_the_same_test() {
    let for_good = |text: &str| (read(text).failed_for_good, read(text).tests.failed);
    let (bad, good) = (r#"<testcase name="a"><failure/></testcase>"#, r#"<testcase name="a"/>"#);
    let suite = |cases: &[&str]| format!("<testsuite>{}</testsuite>", cases.concat());
    assert_eq!(for_good(&suite(&[bad, bad, good])), (0, 2));
    assert_eq!(for_good(&suite(&[bad, bad, bad])), (1, 3), "three tries of one test");
    assert_eq!(for_good(&suite(&[good, bad])), (1, 1), "another test of the same name");
    assert_eq!(for_good(&[suite(&[bad]), suite(&[good])].concat()), (1, 1), "another suite");
    // node:test without suites: the tests of two files are told apart by `file` at most.
    assert_eq!(for_good(&format!("<testsuites>{bad}{good}</testsuites>")), (1, 1));
    let of = |case: &str, file: &str| case.replace(" name", &format!(" file='{file}' name"));
    assert_eq!(for_good(&suite(&[&of(bad, "x.js"), &of(good, "y.js")])), (1, 1));
    assert_eq!(for_good(&[of(bad, "x.js"), of(good, "x.js")].concat()), (0, 1));
    let nameless = [bad, good].map(|case| case.replace(" name=\"a\"", " classname=\"c\""));
    assert_eq!(for_good(&suite(&[&nameless[0], &nameless[1]])), (1, 1));
}

#[test]
fn a_report_that_lists_less_than_it_declares_says_so() {
    let odd = r#"<testsuite tests="5" failures="2" errors="0"><testcase name="a"/></testsuite>"#;
    assert_eq!(read(odd).trouble.as_deref(), Some("declares 2 failures and lists 0"));
    assert_eq!((read(odd).failed_for_good, read(odd).tests.passed), (2, 1));
    let none = r#"<testsuite tests="5"/>"#;
    assert_eq!(read(none).trouble.as_deref(), Some("declares 5 tests and lists none"));
    let absurd = r#"<testsuites tests="999999999999999999999" failures="-1" time="NaN"><testsuite tests="1"><testcase name="a" time="1e999"/></testsuite></testsuites>"#;
    assert_eq!(read(absurd).tests, Tests { passed: 1, failed: 0, skipped: 0 });
    // A try that Surefire counts beside the last; pytest's subtests; Catch2's assertions.
    let flaky = r#"<testsuite tests="3" failures="1" errors="1"><testcase name="a"><flakyFailure/><flakyError/></testcase></testsuite>"#;
    let subtests = r#"<testsuites><testsuite tests="4" failures="0"><testcase name="a"/></testsuite></testsuites>"#;
    let assertions = r#"<testsuite tests="9" failures="2"><testcase name="a"><failure/><failure/></testcase></testsuite>"#;
    assert_eq!((read(flaky).failed_for_good, read(flaky).tests.passed), (0, 1));
    assert_eq!((read(assertions).failed_for_good, read(assertions).tests.failed), (1, 1));
    for whole in [PYTEST, JEST, GO, NODE, flaky, subtests, assertions] {
        assert_eq!(read(whole).trouble, None);
    }
}

#[test]
fn what_is_nested_without_end_is_read_in_one_breath() {
    let open = "<testsuite name='a'><testcase name='b'/>".repeat(100_000);
    let report = read(&format!("{open}{}", "</testsuite>".repeat(100_000)));
    assert_eq!((report.tests.passed, report.trouble), (100_000, None));
    assert_eq!(report.names.map(|names| names.ran.len()), Some(DEEPEST));
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><testcase name="&b;"><failure>&b;</failure></testcase>"#;
    assert_eq!(told(bomb), "0 passed, 1 failed, 0 skipped\n&b;: &b;");
}

#[test]
fn other_dialects_are_understood() {
    let surefire = r#"<testcase name="a"><flakyFailure message="once"/><rerunFailure/></testcase><testcase name="b"><system-out>x</system-out></testcase>"#;
    assert_eq!(told(surefire), "2 passed, 0 failed, 0 skipped");
    let gtest = r#"<testcase name="a" status="notrun"/><testcase name="b" status="run"><failure><![CDATA[1 < 2]]></failure></testcase>"#;
    assert_eq!(told(gtest), "0 passed, 1 failed, 1 skipped\nb: 1 < 2");
}

proptest::proptest! {
    #[test]
    fn nothing_panics(cut in 0..NODE.len(), noise in ".{0,20}", rest in 0..NODE.len()) {
        let (cut, rest) = (NODE.floor_char_boundary(cut), NODE.floor_char_boundary(rest));
        read(&format!("{}{noise}{}", &NODE[..cut], &NODE[rest..]));
    }

    #[test]
    fn every_test_is_counted_once(outcomes in proptest::collection::vec(0..3_usize, 0..40)) {
        let cases = ["<testcase name='a'/>", "<testcase name='b'><skipped/></testcase>", "<testsuite><testcase><error/><skipped/></testcase></testsuite>"];
        let text: String = outcomes.iter().map(|outcome| cases[*outcome]).collect();
        let Tests { passed, failed, skipped } = read(&text).tests;
        proptest::prop_assert_eq!((passed + failed + skipped) as usize, outcomes.len());
        proptest::prop_assert_eq!(failed as usize, outcomes.iter().filter(|outcome| **outcome == 2).count());
    }
}
