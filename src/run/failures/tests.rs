//! Are failures counted where they were made, and is what followed them told truly?

use super::*;
use crate::run::rules::tests::{Facts, RunDriver, ana, decision, request};
use crate::run::{Decision, GateSpec, Retry, Trouble, Verdict};

const BEGINNING: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Two stages with two attempts each; each asks when it has failed, and nothing needs the second.
fn asking() -> RunDriver {
    let mut request = request(&["draft", "extra"]);
    for stage in &mut request.pipeline.stages {
        stage.recovery = Some(GateSpec::recovery());
        stage.needs.clear();
    }
    request.pipeline.agent.models = vec!["another".to_owned()];
    request.rehearsal = false;
    RunDriver::of(request)
}

fn answers(driver: &mut RunDriver, verdict: Verdict, words: &str, retry: Retry) {
    let gate = Some(driver.gate());
    let words = Some(words.to_owned()).filter(|words| !words.is_empty());
    let retry = (verdict == Verdict::Retry).then_some(retry);
    let answer = Decision { words, retry, ..decision(verdict, gate, ana()) };
    assert_eq!(driver.hears(&answer), Ok(()));
}

fn ways(report: &FailureReport) -> Vec<(RecoveryWay, usize, usize)> {
    let mut ways: Vec<_> =
        report.recoveries.iter().map(|it| (it.way, it.times, it.helped)).collect();
    ways.sort_unstable();
    ways
}

#[test]
fn each_way_to_go_on_is_counted_and_whether_it_helped() {
    let mut driver = asking();
    driver.brings(Facts::Red).brings(Facts::Trouble(Trouble::TimeOut));
    answers(&mut driver, Verdict::Retry, "", Retry { longer: true, ..Retry::default() });
    driver.brings(Facts::Red);
    answers(
        &mut driver,
        Verdict::Retry,
        "",
        Retry { longer: true, model: Some("another".into()), ..Retry::default() },
    );
    driver.brings(Facts::Red);
    answers(&mut driver, Verdict::Retry, "mock the clock", Retry::default());
    driver.brings(Facts::Green).brings(Facts::Red).brings(Facts::Red);
    answers(&mut driver, Verdict::Skip, "", Retry::default());
    driver.end();
    let report = FailureReport::of(&[driver.run], BEGINNING);
    assert_eq!((report.attempts, report.runs, report.done, report.open), (6, 1, 1, 0));
    assert_eq!(
        ways(&report),
        [
            (RecoveryWay::ByItself, 2, 0),
            (RecoveryWay::Note, 1, 1),
            (RecoveryWay::Longer, 1, 0),
            (RecoveryWay::Model, 1, 0),
            (RecoveryWay::Skip, 1, 1),
        ]
    );
    let classes: Vec<_> = report.classes.iter().map(|it| (it.class, it.attempts)).collect();
    assert_eq!(classes, [(FailureClass::Checks, 5), (FailureClass::TimeOut, 1)]);
    let stages: Vec<_> = report.stages.iter().map(|it| (it.name.as_str(), it.attempts)).collect();
    assert_eq!(stages, [("draft", 4), ("extra", 2)]);
    assert_eq!(report.messages[0].name, "# of # tests failed");
}

#[test]
fn a_question_that_nobody_answered_and_one_that_was_stopped_are_told_apart() {
    let mut left = asking();
    left.brings(Facts::Red).brings(Facts::Red).deadline_passes();
    let mut stopped = asking();
    stopped.brings(Facts::Red).brings(Facts::Red).gate();
    stopped.ana(Verdict::Stop).on();
    let report = FailureReport::of(&[left.run, stopped.run], BEGINNING);
    assert_eq!(
        ways(&report),
        [(RecoveryWay::ByItself, 2, 0), (RecoveryWay::Stop, 1, 0), (RecoveryWay::Nobody, 1, 0)]
    );
}

#[test]
fn what_is_older_a_rehearsal_or_was_stopped_is_no_failure() {
    let mut old = asking();
    old.brings(Facts::Red);
    let after = old.now;
    let mut rehearsal = old.run.clone();
    rehearsal.request.rehearsal = true;
    let mut stopped = asking();
    stopped.brings(Facts::Interrupted);
    let report = FailureReport::of(&[old.run, stopped.run.clone(), rehearsal], after);
    assert_eq!((report.attempts, report.runs, report.rehearsals), (0, 0, 1));
    assert_eq!(FailureReport::of(&[stopped.run], BEGINNING).attempts, 0);
}
