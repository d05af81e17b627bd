//! What went wrong, and what helped?
//! Of a time and a project, by all that whoever asks may see. Made for a phone: a line for each question.

use super::look_back::LookBack;
use super::{Asker, Reply, ReplyKind, Services, Sight, is_visible_to};
use crate::run::{FailureCount, FailureReport, Recovered, RecoveryWay};
use crate::slack::Mrkdwn;
use crate::store::StoreError;
use crate::thread::{self, figures};

/// Runs that are looked at, the newest: all of them are read with their events.
const MOST_RUNS: i64 = 500;
/// Parts of a kind that are named; the rest is summed.
const NAMED: usize = 8;
/// Messages that are quoted.
const QUOTED: usize = 5;
/// Longest name, and longest message on a phone.
const NAME: usize = 60;
const MESSAGE: usize = 90;

/// The report, and how it reads.
pub async fn failures(
    services: &Services,
    asker: &Asker,
    of: &LookBack,
) -> Result<(FailureReport, Reply), StoreError> {
    let since = of.since(asker.said.at);
    let mut runs = services.store.runs_that_failed_since(since, MOST_RUNS).await?;
    let cut = i64::try_from(runs.len()).is_ok_and(|count| count >= MOST_RUNS);
    runs.retain(|run| of.holds(&run.request) && is_visible_to(run, asker));
    let report = FailureReport { cut, ..FailureReport::of(&runs, since) };
    let mut text = in_words(&report, of);
    if asker.sight.doubt {
        text.push_str(Sight::DOUBT);
    }
    Ok((report, Reply::new(ReplyKind::Done, text)))
}

fn in_words(report: &FailureReport, of: &LookBack) -> String {
    let what = of.project.as_ref().map(|project| format!(" of {project}")).unwrap_or_default();
    let time = format!("in the last {}", figures::plural(of.days.into(), "day"));
    let notes = notes(report);
    if report.attempts == 0 {
        let nothing = format!("No attempt{what} has failed {time}.");
        return [nothing].into_iter().chain(notes).collect::<Vec<_>>().join(" ");
    }
    let attempts = figures::plural(report.attempts as u64, "attempt");
    let head = format!("*{attempts}*{what} failed {time}, {}.", runs(report));
    let head = [head].into_iter().chain(notes).collect::<Vec<_>>().join(" ");
    let classes = report.classes.iter().map(|it| (thread::failure_class(it.class), it.attempts));
    let classes: Vec<String> = classes.map(|(class, n)| format!("{class} {n}")).collect();
    let mut lines = vec![
        head,
        format!("*how*: {}", classes.join(" · ")),
        format!("*projects*: {}", listed(&report.projects)),
        format!("*stages*: {}", listed(&report.stages)),
    ];
    lines.extend(report.messages.iter().take(QUOTED).map(quoted));
    lines.extend(helped(&report.recoveries));
    lines.join("\n")
}

/// `in 5 runs: 2 ended well, 1 is not over`.
fn runs(report: &FailureReport) -> String {
    let runs = figures::plural(report.runs as u64, "run");
    let open = (report.open > 0).then(|| format!(", {} not over", report.open));
    format!("in {runs}: {} ended well{}", report.done, open.unwrap_or_default())
}

fn notes(report: &FailureReport) -> impl Iterator<Item = String> {
    let rehearsals = (report.rehearsals > 0).then(|| {
        let rehearsals = figures::plural(report.rehearsals as u64, "rehearsal");
        format!("{rehearsals}, whose failures are played, not counted.")
    });
    let cut = report.cut.then(|| format!("Only the newest {MOST_RUNS} runs are looked at."));
    rehearsals.into_iter().chain(cut)
}

fn listed(parts: &[FailureCount]) -> String {
    let named = parts
        .iter()
        .take(NAMED)
        .map(|part| format!("{} {}", Mrkdwn::line(&part.name, NAME).as_str(), part.attempts));
    let others = parts.len().saturating_sub(NAMED);
    let rest: usize = parts.iter().skip(NAMED).map(|part| part.attempts).sum();
    let others = (others > 0).then(|| format!("{others} more {rest}"));
    named.chain(others).collect::<Vec<_>>().join(" · ")
}

/// `• 5 × # of # tests failed`.
fn quoted(message: &FailureCount) -> String {
    format!("• {} × {}", message.attempts, Mrkdwn::line(&message.name, MESSAGE).as_str())
}

/// `*what helped*: another attempt by itself 7 of 9 · a note 2 of 2`.
fn helped(recoveries: &[Recovered]) -> Option<String> {
    let parts: Vec<String> = recoveries
        .iter()
        .map(|it| match it.way {
            RecoveryWay::Stop | RecoveryWay::Nobody => format!("{} {}", way(it.way), it.times),
            helps => format!("{} {} of {}", way(helps), it.helped, it.times),
        })
        .collect();
    (!parts.is_empty()).then(|| format!("*what helped*: {}", parts.join(" · ")))
}

const fn way(way: RecoveryWay) -> &'static str {
    match way {
        RecoveryWay::ByItself => "the next attempt",
        RecoveryWay::Retry => "another try",
        RecoveryWay::Note => "a note",
        RecoveryWay::Longer => "more time",
        RecoveryWay::Model => "another model",
        RecoveryWay::Smaller => "smaller steps",
        RecoveryWay::ByHand => "done by hand",
        RecoveryWay::Rollback => "a rollback",
        RecoveryWay::Skip => "without the stage",
        RecoveryWay::Stop => "stopped",
        RecoveryWay::Nobody => "nobody answered",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{ClassCount, FailureClass};

    fn count(name: &str, attempts: usize) -> FailureCount {
        FailureCount { name: name.to_owned(), attempts }
    }

    fn all() -> LookBack {
        LookBack { project: None, days: 30 }
    }

    #[test]
    fn the_answer_fits_a_phone() {
        let recovered = |way, helped, times| Recovered { way, times, helped };
        let report = FailureReport {
            attempts: 12,
            runs: 5,
            done: 3,
            open: 1,
            rehearsals: 2,
            cut: false,
            classes: vec![
                ClassCount { class: FailureClass::Checks, attempts: 9 },
                ClassCount { class: FailureClass::TimeOut, attempts: 3 },
            ],
            projects: vec![count("llm-wrapper", 12)],
            stages: (0..10).map(|n| count(&format!("stage-{n}"), 1)).collect(),
            messages: vec![count("# of # tests failed", 9), count("<!channel> look", 1)],
            recoveries: vec![
                recovered(RecoveryWay::ByItself, 7, 9),
                recovered(RecoveryWay::Note, 1, 2),
                recovered(RecoveryWay::Nobody, 0, 1),
            ],
        };
        insta::assert_snapshot!(in_words(&report, &all()), @r"
        *12 attempts* failed in the last 30 days, in 5 runs: 3 ended well, 1 not over. 2 rehearsals, whose failures are played, not counted.
        *how*: The checks are red 9 · Out of time 3
        *projects*: llm-wrapper 12
        *stages*: stage-0 1 · stage-1 1 · stage-2 1 · stage-3 1 · stage-4 1 · stage-5 1 · stage-6 1 · stage-7 1 · 2 more 2
        • 9 × # of # tests failed
        • 1 × &lt;!channel&gt; look
        *what helped*: the next attempt 7 of 9 · a note 1 of 2 · nobody answered 1
        ");
    }

    #[test]
    fn where_nothing_failed_that_is_said() {
        let nothing = in_words(&FailureReport::default(), &all());
        assert_eq!(nothing, "No attempt has failed in the last 30 days.");
    }
}
