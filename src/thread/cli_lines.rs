//! Lines for the command line: what is printed for somebody who waits at a shell?
//! One line per thing that happened, each with a key: a line is printed once, and never changes the ones before it.

use chrono::{DateTime, Utc};

use crate::run::{
    AttemptOutcome, Decided, GateKind, Note, OpenGate, PersonId, Run, StagePhase, StageState,
};
use crate::slack::one_line;

use super::people::mention;
use super::{FeatureRow, clock, figures, gate, ledger, plain_text, review};

/// How much of a person's words a line shows.
const WORDS: usize = 200;

/// A line to print, and what it is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliLine {
    pub key: String,
    pub line: String,
}

/// Every line so far, in order.
#[must_use]
pub fn cli_lines(run: &Run, now: DateTime<Utc>) -> Vec<CliLine> {
    let mut lines = Vec::new();
    for (index, stage) in run.stages.iter().enumerate() {
        lines.extend(side_lines(stage));
        lines.extend(attempt_lines(run, index, stage));
        lines.extend(
            run.gate
                .as_ref()
                .filter(|open| &open.id.stage == stage.name())
                .map(|open| question_line(run, open, now)),
        );
        lines.extend(decision_lines(run, Some(stage)));
    }
    lines.extend(decision_lines(run, None));
    lines.extend(run.notes.iter().enumerate().map(|(i, note)| note_line(i, note)));
    lines
}

/// What the runs ask that are part of it; of a batch's features also how they ended, and how they were merged.
#[must_use]
pub fn feature_lines(batch: &Run, features: &[Run], now: DateTime<Utc>) -> Vec<CliLine> {
    let ended = FeatureRow::all(batch, features, now).into_iter();
    let ended = ended.filter(|row| batch.features.contains_key(&row.n)).map(|row| CliLine {
        key: format!("feature {} {:?}", row.n, row.state),
        line: row.in_a_line(),
    });
    let asked = features.iter().filter_map(|run| {
        let CliLine { key, line } = question_line(run, run.gate.as_ref()?, now);
        Some(CliLine { key: format!("{} {key}", run.id()), line })
    });
    asked.chain(ended).collect()
}

/// That a stage is done beside others, and what came of that.
fn side_lines(stage: &StageState) -> Vec<CliLine> {
    let name = stage.name();
    let line = |what: &str, glyph, said: String| {
        let key = format!("{name} beside {} {what}", stage.side_runs.len());
        CliLine {
            key, line: format!("{} {name} · beside the others{said}", figures::glyph(glyph))
        }
    };
    let Some(side) = stage.side_runs.last() else { return Vec::new() };
    let begun = line("begun", StagePhase::Running, String::new());
    let ended = side.end.as_ref().map(|end| {
        let glyph = if end.work.is_some() { StagePhase::Good } else { StagePhase::Failed };
        let why = end.why.as_deref().map(|why| format!(" · {}", one_line(why, WORDS)));
        let (why, took) = (why.unwrap_or_default(), figures::span(end.seconds));
        line("ended", glyph, format!("{why} · {} · {took}", end.cost_usd))
    });
    [begun].into_iter().chain(ended).collect()
}

fn note_line(i: usize, note: &Note) -> CliLine {
    CliLine {
        key: format!("note {i}"),
        line: format!("◆ note by {}: “{}”", named(&note.by), one_line(&note.words, WORDS)),
    }
}

fn attempt_lines(run: &Run, index: usize, stage: &StageState) -> Vec<CliLine> {
    let mut lines: Vec<CliLine> = ledger::first_try(stage)
        .map(|line| CliLine { key: format!("{} tried", stage.name()), line })
        .into_iter()
        .collect();
    for attempt in &stage.attempts {
        let key = format!("{} {}", stage.name(), attempt.n);
        if attempt.outcome == AttemptOutcome::Running {
            let of = format!("stage {} of {}", index + 1, run.stages.len());
            let begun = format!(
                "{} {} · {} · {of}",
                figures::glyph(stage.phase),
                stage.name(),
                figures::attempt(stage, attempt.n)
            );
            lines.push(CliLine { key: format!("{key} begun"), line: begun });
        } else {
            lines.push(CliLine {
                key: format!("{key} ended"),
                line: ledger::row(run, index, attempt, ledger::AtWork::default()),
            });
            let read = review::in_a_line(stage, attempt);
            lines.extend(read.map(|line| CliLine { key: format!("{key} read"), line }));
        }
    }
    lines
}

fn question_line(run: &Run, open: &OpenGate, now: DateTime<Utc>) -> CliLine {
    let id = &open.id;
    let left = run
        .spec_of(id)
        .map(|spec| format!(", {}", clock::left(open, spec, now)))
        .unwrap_or_default();
    let (stage, name) = (&id.stage, run.id());
    let failed = id.kind == GateKind::Recovery;
    let line = match gate::MoneyQuestion::of(open) {
        _ if open.by_hand.is_some() => {
            format!("◆ {stage} is done by hand{left}: signoff done {name} (or retry, or stop)")
        }
        _ if failed => format!(
            "◆ {stage} has failed, and it is asked what now{left}: signoff retry {name} (or skip, or stop)"
        ),
        Some(gate::MoneyQuestion { wants, because, raise }) => format!(
            "◆ {stage} waits for {wants}, {because}{left}: signoff raise {name} '{raise}' (or stop)"
        ),
        None => format!(
            "◆ {stage} waits for an answer{left}: signoff approve {name} (or changes, or reject)"
        ),
    };
    // An extension makes another key, so that it is printed.
    let kind = match id.kind {
        GateKind::Approve => "",
        GateKind::Budget => "money ",
        GateKind::Recovery => "recovery ",
    };
    // Somebody who takes it over makes another, too.
    let times = open.extensions.len() + usize::from(open.by_hand.is_some());
    CliLine { key: format!("gate {kind}{} {} {times}", id.stage, id.round), line }
}

/// The answers about a stage, or about the run itself.
fn decision_lines<'a>(
    run: &'a Run,
    stage: Option<&'a StageState>,
) -> impl Iterator<Item = CliLine> + 'a {
    let about = run.decisions.iter().enumerate().filter(move |(_, d)| {
        d.gate.as_ref().map(|gate| &gate.stage) == stage.map(StageState::name)
    });
    about.map(|(i, d)| CliLine { key: format!("decision {i}"), line: decision_line(d) })
}

fn decision_line(decided: &Decided) -> String {
    let (who, what) = (named(&decided.by), gate::was(decided));
    let about = decided.gate.as_ref().map_or("the run", |gate| gate.stage.as_str());
    let words = decided
        .words
        .as_deref()
        .map(|words| one_line(words, WORDS))
        .filter(|words| !words.is_empty());
    format!(
        "◆ {about} {what} by {who}{}",
        words.map(|words| format!(": “{words}”")).unwrap_or_default()
    )
}

fn named(person: &PersonId) -> String {
    plain_text(mention(person).as_str())
}

#[cfg(test)]
mod tests {
    use crate::run::Verdict;
    use crate::thread::samples::{Tale, ben, work};

    use super::cli_lines;

    fn shown(tale: &Tale) -> String {
        cli_lines(&tale.run, tale.now)
            .into_iter()
            .map(|line| line.line)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_question_says_how_to_answer_it() {
        insta::assert_snapshot!(shown(&Tale::waiting()), @"
        ✓ scaffold · attempt 1 · 15/15 tests · 3 files +156 −12 · $0.04 · 2m 15s
        ✓ core-implementation · attempt 1 · 50/50 tests · 92 % coverage · 3 files +156 −12 · $0.23 · 4m 30s
        ◆ core-implementation waits for an answer, times out in 1 h: signoff approve llm-wrapper-k3f9qdz (or changes, or reject)
        ");
    }

    #[test]
    fn what_ended_is_told_as_in_the_ledger() {
        let tale = Tale::waiting()
            .decides(ben(), Verdict::Approve, None)
            .keeps("core-implementation")
            .begins("streaming", 1);
        insta::assert_snapshot!(shown(&tale), @"
        ✓ scaffold · attempt 1 · 15/15 tests · 3 files +156 −12 · $0.04 · 2m 15s
        ✓ core-implementation · attempt 1 · 50/50 tests · 92 % coverage · 3 files +156 −12 · $0.23 · 4m 30s
        ◆ core-implementation approved by @UBEN
        ◐ streaming · attempt 1 · stage 3 of 6
        ");
    }

    #[test]
    fn what_was_told_stays_as_it_was() {
        let tale = Tale::rolled_back();
        let before = cli_lines(&tale.run, tale.now);
        let after = tale.works("streaming", 2, work(8_500, 15, 210)).keeps("streaming");
        let after = cli_lines(&after.run, after.now);
        let same = before.iter().filter(|line| !line.key.ends_with("begun"));
        assert!(
            same.clone().count() > 2 && same.clone().all(|line| after.contains(line)),
            "{before:?} {after:?}"
        );
    }
}
