//! The verdict on an attempt: is it good, and if not, what should the next attempt read?
//! A command that fails is no good, whatever a report says; a report that says that tests failed is believed too, unless the stage trusts
//! exit codes alone.

use std::fmt::Write;

use super::log::Log;
use super::reports::Reported;
use super::shell::CommandEnd;
use super::test_report::FailedCase;
use crate::run::{Checked, Stage, Trust};

/// How much of the feedback the failed tests may take; the rest is the log's.
const FAILURES_BYTES: usize = 2_000;

/// How much one failed test may say: many short ones say more than one long one.
const FAILURE_BYTES: usize = 400;

/// How much of a setup's last line says why it failed.
const LAST_LINE_BYTES: usize = 200;

pub(super) fn judge(stage: &Stage, end: &CommandEnd, reported: &Reported, log: &Log) -> Checked {
    let tests = reported.tests.as_ref().map(|report| report.tests);
    let why = why(stage, end, reported);
    // Those of a test that went well at last would only lead astray.
    let failing = reported.tests.as_ref().filter(|report| report.failed_for_good > 0);
    let failures = failing.map_or(&[][..], |report| &report.failures);
    let reports = reports_trouble(end, reported);
    let feedback = why.as_ref().map(|why| {
        let reports = reports.as_deref().map(|trouble| format!(" ({trouble})"));
        let why = format!("{why}{}", reports.unwrap_or_default());
        feedback(&why, failures, &log.tail())
    });
    Checked {
        passed: why.is_none(),
        why,
        feedback,
        trouble: None,
        tests,
        coverage_percent: reported.coverage_percent,
        tests_changed: None,
        red_green: None,
        reports,
        seconds: 0,
    }
}

/// What people should know of the reports.
fn reports_trouble(end: &CommandEnd, reported: &Reported) -> Option<String> {
    let missing = reported.missing.as_ref().filter(|_| *end == CommandEnd::Good);
    let all: Vec<&str> = reported.trouble.iter().chain(missing).map(String::as_str).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// The command of a setup that failed, how it ended, and the last line that it said.
pub(super) fn why_setup_failed(stage: &Stage, end: &CommandEnd, log: &Log) -> String {
    let tail = log.tail();
    let said = |line: &&str| !line.trim().is_empty() && !line.starts_with("$ ");
    let last = tail.lines().rev().find(said).map(|line| head(line.trim(), LAST_LINE_BYTES));
    let what = match end {
        CommandEnd::Slow => format!("setup took longer than {}", duration(stage.timeout_seconds)),
        CommandEnd::Failed { .. } => {
            format!("setup {}", why(stage, end, &Reported::default()).unwrap_or_default())
        }
        // Its last line says the same.
        CommandEnd::Exceeded { .. } => {
            return format!("setup {}", why(stage, end, &Reported::default()).unwrap_or_default());
        }
        CommandEnd::Refused(_) => "setup was refused".to_owned(),
        CommandEnd::Good | CommandEnd::Stopped => "setup was stopped".to_owned(),
    };
    last.map_or_else(|| what.clone(), |last| format!("{what}: {last}"))
}

/// None where it is good.
fn why(stage: &Stage, end: &CommandEnd, reported: &Reported) -> Option<String> {
    match end {
        CommandEnd::Stopped => Some("stopped".to_owned()),
        CommandEnd::Refused(why) => Some(why.clone()),
        CommandEnd::Slow => {
            Some(format!("checks took longer than {}", duration(stage.timeout_seconds)))
        }
        CommandEnd::Exceeded { command, exceeded } => {
            Some(format!("`{command}` was ended: {exceeded}"))
        }
        CommandEnd::Failed { command, code } => {
            Some(tests_failed(stage, reported).unwrap_or_else(|| command_failed(command, *code)))
        }
        // A pipe or a wrapper can swallow the exit code of tests that failed.
        CommandEnd::Good => tests_failed(stage, reported)
            .map(|failed| format!("{failed}, though every check exited 0"))
            .or_else(|| missing_coverage(stage, reported)),
    }
}

/// None where none did, or where the stage does not believe what reports say.
fn tests_failed(stage: &Stage, reported: &Reported) -> Option<String> {
    let report = reported.tests.as_ref()?;
    let failed = report.failed_for_good > 0 && stage.reports.trust == Trust::Report;
    failed.then(|| format!("{} of {} tests failed", report.failed_for_good, report.tests.ran()))
}

fn command_failed(command: &str, code: Option<i32>) -> String {
    match code {
        Some(code) => format!("`{command}` exited {code}"),
        None => format!("`{command}` was killed"),
    }
}

fn missing_coverage(stage: &Stage, reported: &Reported) -> Option<String> {
    let least = stage.least_coverage_percent?;
    let paths = [&stage.reports.lcov[..], &stage.reports.cobertura[..]].concat().join(", ");
    match reported.coverage_percent {
        Some(percent) if percent >= least => None,
        Some(percent) => {
            Some(format!("coverage {} % is below {} %", tenths(percent), tenths(least)))
        }
        None if paths.is_empty() => Some(format!(
            "coverage of {} % is wanted, but the pipeline names no report",
            tenths(least)
        )),
        None => Some(format!(
            "coverage of {} % is wanted, but the checks left no report in {paths}",
            tenths(least)
        )),
    }
}

/// Cut, not rounded: 89.96 % must not read as the 90 % it misses.
fn tenths(percent: f64) -> String {
    format!("{}", (percent * 10.0).floor() / 10.0)
}

fn duration(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, 0) => format!("{minutes}m"),
        (minutes, seconds) => format!("{minutes}m {seconds}s"),
    }
}

/// Why it failed, the tests that failed, and the end of the log.
pub(super) fn feedback(why: &str, failures: &[FailedCase], log: &str) -> String {
    let mut text = format!("{}\n", head(why, FAILURE_BYTES));
    for (n, failure) in failures.iter().enumerate() {
        let line = failure_line(failure);
        if text.len() + line.len() > FAILURES_BYTES {
            let _ = writeln!(text, "- and {} more", failures.len() - n);
            break;
        }
        text.push_str(&line);
    }
    let _ = writeln!(text, "\n{}:", Checked::END_OF_LOG);
    text.push_str(tail(log.trim_end(), Checked::FEEDBACK - text.len()));
    text
}

fn failure_line(failure: &FailedCase) -> String {
    let (name, message) = (&failure.name, &failure.message);
    format!("- {}: {}\n", head(name, FAILURE_BYTES / 2), head(message, FAILURE_BYTES))
}

fn head(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

/// The last whole lines that fit; a single line that does not is cut.
fn tail(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = &text[text.ceil_char_boundary(text.len() - most)..];
    end.split_once('\n').map_or(end, |(_, lines)| lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearly_enough_is_not_enough() {
        assert_eq!(tenths(89.96), "89.9");
        assert_eq!(tenths(71.0), "71");
    }

    #[test]
    fn spans_are_short() {
        assert_eq!([duration(45), duration(1200), duration(90)], ["45s", "20m", "1m 30s"]);
    }

    proptest::proptest! {
        #[test]
        fn feedback_fits(why in ".{0,600}", names in proptest::collection::vec((".{0,300}", ".{0,900}"), 0..30), log in "(.{0,90}\n){0,90}") {
            let failures: Vec<_> = names.into_iter().map(|(name, message)| FailedCase { name, message }).collect();
            proptest::prop_assert!(feedback(&why, &failures, &log).len() <= Checked::FEEDBACK);
        }
    }
}
