//! What has been tried, and what became of it?
//! The thread's first reply: one row per attempt, in order, edited in place. It names nobody, like the card.

use crate::run::{Attempt, AttemptOutcome, Outcome, Progress, Run, StagePhase, StageState, Trouble, Verdict};

use super::blocks::section;
use super::text::{NOTICE, bare, inline};
use super::{Message, To, figures};

/// Most characters of one section and of all: Slack refuses messages with more than some 12,000.
const PER_SECTION: usize = 2_900;
const TOTAL: usize = 10_000;
const WHY: usize = 160;
/// Longest part of a running row; a step is cut before.
const STEP: usize = 120;

/// None before the first attempt: an empty ledger tells nothing.
pub(super) fn ledger(run: &Run, progress: Option<&Progress>) -> Option<Message> {
    let rows: Vec<String> = run.stages.iter().enumerate().flat_map(|(i, stage)| rows(run, i, stage, progress)).collect();
    let newest = rows.last()?;
    let text = bare(&super::plain_text(newest), NOTICE);
    Some(Message { key: "ledger".to_owned(), to: To::Thread, text, blocks: sections(&rows).iter().map(|s| section(s)).collect() })
}

fn rows(run: &Run, index: usize, stage: &StageState, progress: Option<&Progress>) -> Vec<String> {
    let mut rows: Vec<String> = stage.attempts.iter().map(|attempt| row(run, index, attempt, progress)).collect();
    rows.extend(end_of_stage(run, index));
    rows
}

/// One attempt. What ended reads the same for ever; what runs shows its progress.
pub(super) fn row(run: &Run, index: usize, attempt: &Attempt, progress: Option<&Progress>) -> String {
    let stage = &run.stages[index];
    let mut parts = vec![stage.name().to_string(), format!("attempt {}", attempt.n)];
    match attempt.outcome {
        AttemptOutcome::Running => parts.extend(figures::doing(stage, attempt, progress).iter().map(|part| inline(part, STEP))),
        AttemptOutcome::Good => parts.extend(figures::achieved(attempt)),
        AttemptOutcome::Bad | AttemptOutcome::Lost => parts.push(format!("{} → {}", what_went_wrong(attempt), then(run, index, attempt))),
        AttemptOutcome::Stopped => parts.push("stopped, its work is not kept".to_owned()),
    }
    if attempt.outcome != AttemptOutcome::Running {
        parts.push(attempt.cost_usd.to_string());
        parts.push(figures::span(attempt.seconds));
    }
    format!("{} {}", sign(attempt.outcome), parts.join(" · "))
}

const fn sign(outcome: AttemptOutcome) -> &'static str {
    figures::glyph(match outcome {
        AttemptOutcome::Running => StagePhase::Running,
        AttemptOutcome::Good => StagePhase::Good,
        AttemptOutcome::Bad | AttemptOutcome::Lost => StagePhase::Failed,
        AttemptOutcome::Stopped => StagePhase::Undone,
    })
}

fn what_went_wrong(attempt: &Attempt) -> String {
    let why = attempt.why.as_deref().map(|why| inline(why, WHY)).filter(|why| !why.is_empty());
    let because = |what: &str| why.as_deref().map_or_else(|| what.to_owned(), |why| format!("{what}: {why}"));
    match (attempt.outcome, attempt.trouble) {
        (AttemptOutcome::Lost, _) => because("the worker was lost"),
        (_, None) => why.unwrap_or_else(|| "the checks failed".to_owned()),
        (_, Some(Trouble::ModelBusy)) => because("the model was too busy"),
        (_, Some(Trouble::Agent)) => because("the agent stumbled"),
        (_, Some(Trouble::Budget)) => because("the money ran out"),
        (_, Some(Trouble::Setup)) => because("the setup is not right"),
    }
}

/// What follows from an attempt that was not good.
fn then(run: &Run, index: usize, attempt: &Attempt) -> String {
    let stage = &run.stages[index];
    let is_last = stage.attempts.last().is_some_and(|last| last.n == attempt.n);
    let over = matches!(stage.phase, StagePhase::Failed | StagePhase::Undone);
    let spent = run.request.budget_usd.is_some_and(|budget| run.spent() >= budget);
    if is_last && attempt.trouble == Some(Trouble::Setup) {
        return "another attempt would not help".to_owned();
    }
    if is_last && attempt.n >= stage.stage.attempts {
        return "no attempts left".to_owned();
    }
    if is_last && (over || spent) {
        return if spent { "no money left for another attempt" } else { "not tried again" }.to_owned();
    }
    let way = match (attempt.outcome, attempt.trouble) {
        (AttemptOutcome::Lost, _) => "trying again",
        (_, Some(Trouble::ModelBusy)) => "trying again after a pause",
        _ => "trying another way",
    };
    format!("{}, {way}", back(run, index))
}

/// Where work starts from again.
fn back(run: &Run, index: usize) -> String {
    let before = run.stages[..index].iter().rev().find(|s| s.phase == StagePhase::Good && s.snapshot.is_some());
    before.map_or_else(|| "back to the start".to_owned(), |s| format!("back to the snapshot after {}", s.name()))
}

/// What a stage's attempts do not tell: that good work waits, or was not kept after all.
fn end_of_stage(run: &Run, index: usize) -> Option<String> {
    let stage = &run.stages[index];
    let name = format!("{} {}", figures::glyph(stage.phase), stage.name());
    let had_good_work = stage.good_attempt().is_some();
    match stage.phase {
        StagePhase::Waiting => Some(format!("{name} · waits for an answer")),
        StagePhase::Failed if stage.missed_deadline => Some(format!("{name} · nobody answered in time → {}", back(run, index))),
        StagePhase::Undone if had_good_work => {
            let rejected = run.outcome == Some(Outcome::Rejected) || run.decisions.iter().any(|d| d.verdict == Verdict::Reject);
            Some(format!("{name} · {} → {}", if rejected { "rejected" } else { "the run was stopped" }, back(run, index)))
        }
        _ => None,
    }
}

/// The newest rows that fit, in sections; the older ones are counted.
fn sections(rows: &[String]) -> Vec<String> {
    let mut room = TOTAL;
    let fits = |row: &&String| {
        room = room.saturating_sub(row.chars().count() + 1);
        room > 0
    };
    let shown = rows.iter().rev().take_while(fits).count();
    let folded = rows.len() - shown;
    // Only the newest stage has a row that is no attempt, and the newest rows stay.
    let note = (folded > 0).then(|| format!("… {}", figures::plural(folded as u64, "earlier attempt")));
    let mut sections: Vec<String> = Vec::new();
    for row in note.iter().chain(&rows[folded..]) {
        match sections.last_mut() {
            Some(last) if last.chars().count() + 1 + row.chars().count() <= PER_SECTION => {
                last.push('\n');
                last.push_str(row);
            }
            _ => sections.push(row.clone()),
        }
    }
    sections
}

#[cfg(test)]
mod tests;
