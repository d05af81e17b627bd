//! What is different between two runs?
//! Their figures side by side, narrow enough for a phone; and of their code, what differs where both can be read here.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::misunderstood::Misunderstood;
use super::pruned::day;
use super::{Asker, Lookup, Reply, ReplyKind, Said, Services, find};
use crate::run::{Comparison, Run, RunId, StageFigures, Tests, WorkFigures};
use crate::slack::escape;
use crate::store::StoreError;
use crate::thread::figures;
use crate::workspace::Patch;

/// Which runs are compared: what stands behind the verb, two words that each name one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompareWords(pub [String; 2]);

/// Two runs, compared.
#[derive(Debug)]
pub struct Compared {
    pub comparison: Comparison,
    pub code: CodeBetween,
}

/// What came of it.
#[derive(Debug)]
pub enum CompareOutcome {
    /// And how it reads.
    Compared(Box<Compared>, Reply),
    /// One of them is not there; what there is to say of that.
    Unknown(Reply),
}

/// What differs between the code of two runs.
#[derive(Debug)]
pub enum CodeBetween {
    /// One of them has no work that was kept.
    Nothing,
    Patch(Box<Patch>),
    /// Not all of it can be read here; what can be typed where it is on disk.
    Elsewhere {
        command: String,
    },
    /// The work of this one was thrown away.
    Pruned(RunId, DateTime<Utc>),
}

impl CompareWords {
    /// Reads what follows the verb.
    ///
    /// # Errors
    /// These are not two words.
    pub fn read(words: &str) -> Result<Self, Misunderstood> {
        let named: Vec<&str> = words.split_whitespace().collect();
        if let [first, second] = named.as_slice() {
            return Ok(Self([first, second].map(|run| (*run).to_owned())));
        }
        let text = "Which two runs? Say `compare k3f9qdz m2x8wtr`.".to_owned();
        Err(Misunderstood { text, nearly: false })
    }
}

/// Two runs that are named.
pub async fn compare(
    services: &Services,
    asker: &Asker,
    CompareWords(words): &CompareWords,
) -> Result<CompareOutcome, StoreError> {
    let [first, second] = words.each_ref().map(|word| Said::named(word));
    let first = match find(services, asker, &first).await? {
        Lookup::Found(named) => named.run,
        Lookup::Unknown(reply) => return Ok(CompareOutcome::Unknown(reply)),
    };
    let second = match find(services, asker, &second).await? {
        Lookup::Found(named) => named.run,
        Lookup::Unknown(reply) => return Ok(CompareOutcome::Unknown(reply)),
    };
    let comparison = Comparison::of(&first, &second);
    let code = between(services, &first, &second).await?;
    let reply = Reply::new(ReplyKind::Done, in_words(&comparison, &code));
    Ok(CompareOutcome::Compared(Box::new(Compared { comparison, code }), reply))
}

async fn between(
    services: &Services,
    first: &Run,
    second: &Run,
) -> Result<CodeBetween, StoreError> {
    let (Some(from), Some(to)) = (first.last_good(), second.last_good()) else {
        return Ok(CodeBetween::Nothing);
    };
    let archived = [first, second].map(|run| services.archive.of(run));
    let error = match archived[0].patch_to(from, (archived[1], to)).await {
        Ok(patch) => return Ok(CodeBetween::Patch(Box::new(patch))),
        Err(error) => error,
    };
    tracing::debug!(%error, "two results cannot be compared here");
    for run in [first, second] {
        if let Some(at) = services.store.pruned_at(run.id()).await? {
            return Ok(CodeBetween::Pruned(run.id().clone(), at));
        }
    }
    Ok(CodeBetween::Elsewhere { command: archived[0].diff_command(from, (archived[1], to)) })
}

fn in_words(compared: &Comparison, code: &CodeBetween) -> String {
    let names = compared.runs.each_ref().map(|it| it.run.as_str());
    let mut text = format!("`{}` and `{}`\n```\n", names[0], names[1]);
    for line in lines(&rows(compared)) {
        let _ = writeln!(text, "{}", escape(&line));
    }
    text.push_str("```\n");
    text.push_str(&code_line(code));
    text
}

/// What differs in their code, in a line.
#[must_use]
pub fn code_line(code: &CodeBetween) -> String {
    match code {
        CodeBetween::Nothing => {
            "Their code cannot be compared: one of them kept nothing.".to_owned()
        }
        CodeBetween::Patch(patch) if patch.files.is_empty() => "Their code is the same.".to_owned(),
        CodeBetween::Patch(patch) => {
            let (added, removed) = patch.lines();
            let files = figures::plural(patch.files.len() as u64, "file");
            let lines = figures::lines(added, removed);
            format!("Their code differs in {files} {lines}, from the first to the second.")
        }
        CodeBetween::Pruned(run, at) => format!(
            "Their code cannot be compared: the work of `{run}` was pruned on {}.",
            day(*at)
        ),
        CodeBetween::Elsewhere { command } => {
            format!(
                "Their code is not all on this machine, nor in an artifact store that it knows (SIGNOFF_ARTIFACTS). Where it is: `{command}`"
            )
        }
    }
}

/// What a row is about, and both runs' figures.
type Row = [String; 3];

/// In columns; the name of a stage has a line to itself.
fn lines(rows: &[Row]) -> Vec<String> {
    let in_columns =
        rows.iter().filter(|[_, first, second]| !first.is_empty() || !second.is_empty());
    let width = |column: usize| {
        in_columns.clone().map(|row| row[column].chars().count()).max().unwrap_or_default()
    };
    let (what, first) = (width(0), width(1));
    let line = |[a, b, c]: &Row| format!("{a:<what$} {b:<first$} {c}").trim_end().to_owned();
    rows.iter().map(line).collect()
}

fn rows(compared: &Comparison) -> Vec<Row> {
    let runs = &compared.runs;
    let ends = runs.each_ref().map(|it| it.run.as_str().rsplit('-').next().unwrap_or_default());
    let mut rows = vec![
        [String::new(), ends[0].to_owned(), ends[1].to_owned()],
        row("outcome", runs.each_ref().map(|it| it.phase.name().to_owned())),
    ];
    if runs.iter().any(|it| it.model.is_some()) {
        rows.push(row("model", runs.each_ref().map(|it| it.model.clone().unwrap_or_default())));
    }
    rows.extend(figures_of(runs.each_ref().map(|it| Some(&it.work))));
    for stage in &compared.stages {
        rows.push(Row::default());
        rows.push(row(stage.stage.as_str(), [String::new(), String::new()]));
        rows.push(row("  state", stage.of.each_ref().map(|of| state(of.as_ref()))));
        rows.extend(figures_of(stage.of.each_ref().map(|of| of.as_ref().map(|of| &of.work))));
    }
    rows
}

fn state(of: Option<&StageFigures>) -> String {
    match of {
        None => "not there".to_owned(),
        Some(of) if of.taken_over => "taken over".to_owned(),
        Some(of) => match &of.model {
            Some(model) => format!("{} {model}", figures::glyph(of.state)),
            None => figures::glyph(of.state).to_owned(),
        },
    }
}

/// How a figure of a run reads.
type Say = fn(&WorkFigures) -> String;

/// Only those rows in which one of them has something to say.
fn figures_of(of: [Option<&WorkFigures>; 2]) -> Vec<Row> {
    let says: [(&str, Say); 6] = [
        ("  tests", |it| it.tests.map(short_tests).unwrap_or_default()),
        ("  changed", changed),
        ("  attempts", |it| some(it.attempts as u64, figures::count)),
        ("  cost", |it| if it.attempts > 0 { it.cost_usd.to_string() } else { String::new() }),
        ("  time", |it| some(it.seconds, figures::span)),
        ("  tokens", |it| some(it.tokens, figures::count)),
    ];
    let rows =
        says.into_iter().map(|(what, say)| row(what, of.map(|it| it.map(say).unwrap_or_default())));
    rows.filter(|[_, first, second]| !first.is_empty() || !second.is_empty()).collect()
}

fn row(what: &str, of: [String; 2]) -> Row {
    let [first, second] = of;
    [what.to_owned(), first, second]
}

fn some(n: u64, say: fn(u64) -> String) -> String {
    if n > 0 { say(n) } else { String::new() }
}

fn short_tests(tests: Tests) -> String {
    format!("{}/{}", tests.passed, tests.ran())
}

fn changed(work: &WorkFigures) -> String {
    if work.files == 0 { String::new() } else { figures::lines(work.added, work.removed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::samples::Tale;

    #[test]
    fn two_words_name_two_runs() {
        let words = CompareWords::read(" k3f9qdz  m2x8wtr ").expect("two words");
        assert_eq!(words.0, ["k3f9qdz", "m2x8wtr"]);
        assert!(CompareWords::read("k3f9qdz").is_err() && CompareWords::read("a b c").is_err());
    }

    #[test]
    fn both_stand_side_by_side_on_a_phone() {
        let compared = Comparison::of(&Tale::done().run, &Tale::rolled_back().run);
        let text = in_words(&compared, &CodeBetween::Nothing);
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        for part in [
            "\nstreaming\n  state    ✓                 ◐\n  tests    50/50             47/50\n",
            "\noutcome    done              running\n",
            "\nTheir code cannot be compared",
        ] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }
}
