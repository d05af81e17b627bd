//! The ledger: what has been tried, and what became of it?
//! The thread's first reply: one row per attempt, in order, edited in place, with the words of people that the attempt read. It names
//! people only there, and an edit notifies nobody.

mod row;

use super::sections::in_sections;
use super::side_run::Beside;
use super::{Message, MessageKey, To, figures, review};
use crate::run::{Attempt, GateId, Progress, QueuedAttempt, Run, StagePhase, StageState, Verdict};
use crate::slack::{Mrkdwn, SlackBlock};

use row::{back, remark};

pub(super) use row::{first_try, row};

/// Most characters of all: Slack refuses messages with more than some 12,000.
const TOTAL: usize = 10_000;
/// Most characters of what people said, in one row.
const SAID: usize = 7_000;

/// What is shown together: an attempt and the words it read, or how a stage ended. Each paragraph fits into a section.
struct Row {
    paragraphs: Vec<Mrkdwn>,
    /// How many attempts it counts for where it is folded.
    attempts: u64,
}

/// What is known besides its events: of the attempt that is at work, or waits for a slot, and of stages that are done beside it.
#[derive(Clone, Copy, Default)]
pub(super) struct AtWork<'a> {
    pub progress: Option<&'a Progress>,
    pub queued: Option<&'a QueuedAttempt>,
    pub beside: Beside<'a>,
}

impl<'a> From<Option<&'a Progress>> for AtWork<'a> {
    fn from(progress: Option<&'a Progress>) -> Self {
        Self { progress, ..Self::default() }
    }
}

/// None before the first attempt: an empty ledger tells nothing.
pub(super) fn ledger<'a>(run: &Run, at_work: impl Into<AtWork<'a>>) -> Option<Message> {
    let at_work = at_work.into();
    let of_stage = |(i, stage): (usize, &StageState)| {
        let beside = at_work.beside;
        let before: Vec<Row> = beside.of(stage).flat_map(|it| rows_beside(it, beside)).collect();
        before.into_iter().chain(rows(run, i, stage, at_work))
    };
    let rows: Vec<Row> = run.stages.iter().enumerate().flat_map(of_stage).collect();
    let newest = rows.last()?.paragraphs.first()?;
    Some(Message::new(MessageKey::Ledger, To::Thread, newest, sections(&rows, unread(run))))
}

fn rows(run: &Run, index: usize, stage: &StageState, at_work: AtWork<'_>) -> Vec<Row> {
    let attempts = stage.attempts.iter().map(|attempt| Row {
        paragraphs: with_remarks(row(run, index, attempt, at_work).into(), attempt)
            .into_iter()
            .chain(review::in_a_line(stage, attempt).map(Mrkdwn::from))
            .collect(),
        attempts: 1,
    });
    let tried = first_try(stage).map(|line| Row { paragraphs: vec![line.into()], attempts: 0 });
    tried
        .into_iter()
        .chain(attempts)
        .chain(
            end_of_stage(run, index).map(|line| Row { paragraphs: vec![line.into()], attempts: 0 }),
        )
        .collect()
}

/// The attempts of a run that did a stage beside others: it is its last one.
fn rows_beside((run, is_left_behind): (&Run, bool), beside: Beside<'_>) -> Vec<Row> {
    let Some(stage) = run.stages.last() else { return Vec::new() };
    let (progress, queued) = (beside.progress(run.id()), beside.queued(run.id()));
    let at_work = AtWork { progress, queued, beside: Beside::default() };
    let mut rows = rows(run, run.stages.len() - 1, stage, at_work);
    let newest = rows.last_mut().filter(|_| is_left_behind);
    if let Some(words) = newest.and_then(|row| row.paragraphs.first_mut()) {
        *words = std::mem::take(words) + " · left behind";
    }
    rows
}

/// A row and the words that its attempt read; the newest words where not all fit.
fn with_remarks(row: Mrkdwn, attempt: &Attempt) -> Vec<Mrkdwn> {
    let remarks: Vec<Vec<Mrkdwn>> = attempt.remarks.iter().map(remark).collect();
    let folded = remarks.len() - newest_remarks(&remarks);
    let note = (folded > 0)
        .then(|| format!("_… and {} before_", figures::plural(folded as u64, "remark")).into());
    let shown = in_room(remarks.into_iter().skip(folded).flatten());
    [row].into_iter().chain(note).chain(shown).collect()
}

/// How many of the newest remarks fit. The newest one is always shown, cut if it must be.
fn newest_remarks(remarks: &[Vec<Mrkdwn>]) -> usize {
    let mut room = SAID;
    let fits = |paragraphs: &&Vec<Mrkdwn>| {
        let length: usize = paragraphs.iter().map(|text| text.length() + 1).sum();
        let fits = length <= room;
        room = room.saturating_sub(length);
        fits
    };
    remarks.iter().rev().take_while(fits).count().max(1).min(remarks.len())
}

fn in_room(paragraphs: impl Iterator<Item = Mrkdwn>) -> Vec<Mrkdwn> {
    let mut room = SAID;
    let mut shown = Vec::new();
    for paragraph in paragraphs {
        if paragraph.length() > room {
            shown.push("> …".into());
            break;
        }
        room -= paragraph.length();
        shown.push(paragraph);
    }
    shown
}

/// Notes that no attempt has read.
fn unread(run: &Run) -> Option<String> {
    let n = run.notes.iter().filter(|note| note.read_by.is_none()).count() as u64;
    let waits = if n == 1 { "waits" } else { "wait" };
    let notes = figures::plural(n, "note");
    (n > 0).then(|| match run.outcome {
        None => format!("{notes} {waits} for the next attempt"),
        Some(_) => format!("{notes} came too late for an attempt"),
    })
}

/// What a stage's attempts do not tell: that good work waits, or was not kept after all.
fn end_of_stage(run: &Run, index: usize) -> Option<String> {
    let stage = &run.stages[index];
    let what = match stage.phase {
        StagePhase::Running if review::is_at_work(stage) => {
            return Some(format!("{} · a second reader reads it", signed(stage)));
        }
        StagePhase::Waiting => return Some(format!("{} · waits for an answer", signed(stage))),
        StagePhase::Failed if stage.missed_deadline => "nobody answered in time",
        StagePhase::Undone if stage.good_attempt().is_some() => why_undone(run, stage),
        _ => return None,
    };
    Some(format!("{} · {what} → {}", signed(stage), back(run, (index, None))))
}

fn signed(stage: &StageState) -> String {
    format!("{} {}", figures::glyph(stage.phase), stage.name())
}

fn why_undone(run: &Run, stage: &StageState) -> &'static str {
    let here = |gate: &GateId| &gate.stage == stage.name();
    let mut decisions = run.decisions.iter();
    let rejected =
        decisions.any(|d| d.verdict == Verdict::Reject && d.gate.as_ref().is_some_and(here));
    if rejected { "rejected" } else { "the run was stopped" }
}

/// The newest rows that fit, in sections; the older ones are counted.
fn sections(rows: &[Row], last: Option<String>) -> Vec<SlackBlock> {
    let folded = rows.len() - newest_that_fit(rows);
    let attempts: u64 = rows[..folded].iter().map(|row| row.attempts).sum();
    let note =
        (folded > 0).then(|| format!("… {}", figures::plural(attempts, "earlier attempt")).into());
    let shown = rows[folded..].iter().flat_map(|row| row.paragraphs.iter().cloned());
    in_sections(note.into_iter().chain(shown).chain(last.map(Mrkdwn::from)))
}

/// How many of the newest rows fit. The newest one is always shown: its size has a limit of its own.
fn newest_that_fit(rows: &[Row]) -> usize {
    let mut room = TOTAL;
    let fits = |row: &&Row| {
        room = room.saturating_sub(row.paragraphs.iter().map(|p| p.length() + 1).sum());
        room > 0
    };
    rows.iter().rev().take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests;
