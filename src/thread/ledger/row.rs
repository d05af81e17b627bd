//! A row of the ledger: how does one attempt read?
//! What ended reads the same for ever; what runs shows its progress.

use super::AtWork;
use crate::run::{
    Attempt, AttemptOutcome, Changes, OpenGate, QueuedAttempt, Remark, RemarkKind, Rework, Run,
    Shortage, StagePhase, StageState, TaskPart, Trouble,
};
use crate::slack::{Mrkdwn, one_line};
use crate::thread::figures;
use crate::thread::people::mention;
use crate::thread::queue_place;
use crate::thread::sections::PER_SECTION;

/// A wait for a slot that is told of afterwards, in seconds.
const LONG_WAIT: u64 = 60;
/// Longest reason.
const WHY: usize = 160;
/// Longest words for a part of a task.
const PART: usize = 60;
/// Room for who said it.
const HEAD: usize = 200;
/// Longest part of a running row; a step is cut before.
const STEP: usize = 120;

/// What people had said that this attempt read: who, and every word of it, in paragraphs that Slack takes.
pub(super) fn remark(remark: &Remark) -> Vec<Mrkdwn> {
    let who = mention(&remark.by);
    let head = match remark.kind {
        RemarkKind::Changes | RemarkKind::Anew => "_" + who + " asked for changes:_\n",
        RemarkKind::Note => "_Note by " + who + ":_\n",
    };
    let mut words: Vec<Mrkdwn> =
        pieces(&remark.words).iter().filter_map(|piece| Mrkdwn::quoted(piece)).collect();
    let first = if words.is_empty() { "> (no words)".into() } else { words.remove(0) };
    [head + first].into_iter().chain(words).collect()
}

/// The text in pieces that fit into a paragraph each, at the ends of lines or words where there are any.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(end) = too_much(rest) {
        let end = ["\n", " "]
            .iter()
            .find_map(|gap| rest[..end].rfind(gap).map(|at| at + 1))
            .unwrap_or(end);
        let (piece, more) = rest.split_at(end);
        pieces.push(piece);
        rest = more;
    }
    pieces.push(rest);
    pieces
}

/// Where a text leaves a paragraph; none where it fits.
fn too_much(text: &str) -> Option<usize> {
    let mut room = PER_SECTION - HEAD;
    let mut fits = |c: char| {
        let escaped = match c {
            '&' => "&amp;".len(),
            '<' | '>' => "&lt;".len(),
            '\n' => "\n> ".len(),
            c => c.len_utf16(),
        };
        room.checked_sub(escaped).map(|left| room = left).is_some()
    };
    text.char_indices().find(|(_, c)| !fits(*c)).map(|(at, _)| at)
}

fn not_begun(open: &OpenGate) -> &'static str {
    match open.money.map(|money| money.why) {
        Some(Shortage::Ahead(_)) => "has not begun: the money will probably not do",
        Some(Shortage::Stage) => "has not begun: the stage's money is spent",
        _ => "has not begun: the money is spent",
    }
}

/// `waits for a slot: 3rd of 12, because all 4 slots are busy, about 4 min`.
fn waits_for_slot(
    run: &Run,
    (stage, attempt): (&StageState, &Attempt),
    queued: Option<&QueuedAttempt>,
) -> Option<String> {
    let is_this = |it: &&QueuedAttempt| &it.stage == stage.name() && it.attempt == attempt.n;
    let queued = queued.filter(is_this).filter(|it| run.wants_slot(it))?;
    Some(format!("waits for a slot: {}", queue_place(&queued.at)))
}

/// What an attempt that is not over does, or waits for.
fn doing(run: &Run, of: (&StageState, &Attempt), at_work: AtWork<'_>) -> Vec<String> {
    let (stage, attempt) = of;
    let asks_for_money = |open: &&OpenGate| open.money.is_some() && attempt.paused.is_none();
    if let Some(open) = run.gate.as_ref().filter(asks_for_money) {
        return vec![not_begun(open).to_owned()];
    }
    match waits_for_slot(run, of, at_work.queued) {
        Some(place) => vec![place],
        None => figures::doing(stage, attempt, at_work.progress),
    }
}

/// One attempt. What ended reads the same for ever; what runs shows its progress.
pub(in crate::thread) fn row(
    run: &Run,
    index: usize,
    attempt: &Attempt,
    at_work: AtWork<'_>,
) -> String {
    let stage = &run.stages[index];
    let mut parts = vec![stage.name().to_string()];
    parts.extend(run.request.is_side_run().then(|| "beside the others".to_owned()));
    parts.push(figures::attempt(stage, attempt.n));
    parts.extend(stage.done_by_hand(attempt.n).map(|_| "by hand".to_owned()));
    parts.extend(
        stage.part(attempt.n).filter(|part| !part.all.is_empty()).map(|part| part_of(&part)),
    );
    if attempt.outcome == AttemptOutcome::Running {
        let doing = doing(run, (stage, attempt), at_work);
        parts.extend(doing.iter().map(|part| one_line(part, STEP)));
    } else {
        parts.extend(ending(run, index, attempt));
        parts.extend(stage.is_left_behind(attempt.n).then(|| "left behind".to_owned()));
        parts.push(attempt.cost_usd.to_string());
        parts.push(figures::span(attempt.seconds));
        let waited = Some(attempt.queued_seconds).filter(|seconds| *seconds >= LONG_WAIT);
        parts.extend(waited.map(|s| format!("waited {} for a slot", figures::wait(s))));
    }
    format!("{} {}", sign(attempt.outcome), parts.join(" · "))
}

/// ``○ fix · `npm run e2e` fails on the code as it is: it exited 1``: that what has to pass was shown to fail before anything was paid.
pub(in crate::thread) fn first_try(stage: &StageState) -> Option<String> {
    let (until, (_, tried)) = (stage.stage.until.as_deref()?, stage.tried.as_ref()?);
    let until = one_line(until, PART);
    let name = stage.name();
    let sign = figures::glyph(StagePhase::Todo);
    if tried.passed {
        return Some(format!("{sign} {name} · `{until}` passes on the code as it is"));
    }
    let why = tried.why.as_deref().map(|why| one_line(why, WHY));
    // It begins with the command.
    let why =
        why.map(|why| format!(": {}", why.strip_prefix(&format!("`{until}` ")).unwrap_or(&why)));
    Some(format!("{sign} {name} · `{until}` fails on the code as it is{}", why.unwrap_or_default()))
}

/// `part 2 of 3: reads the stream`.
fn part_of(part: &TaskPart) -> String {
    let words = part.all.get(part.n - 1).map(|words| format!(": {}", one_line(words, PART)));
    format!("part {} of {}{}", part.n, part.all.len(), words.unwrap_or_default())
}

/// What an attempt that is over came to.
fn ending(run: &Run, index: usize, attempt: &Attempt) -> Vec<String> {
    match attempt.outcome {
        AttemptOutcome::Running => Vec::new(),
        AttemptOutcome::Good => figures::achieved(attempt),
        AttemptOutcome::Bad | AttemptOutcome::Lost => {
            vec![format!("{} → {}", what_went_wrong(attempt), then(run, index, attempt))]
        }
        AttemptOutcome::Stopped if attempt.snapshot.is_some() => {
            vec!["stopped, what was written is kept unchecked".to_owned()]
        }
        AttemptOutcome::Stopped => vec!["stopped, its work is not kept".to_owned()],
    }
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
    let why = attempt.why.as_deref().map(|why| one_line(why, WHY)).filter(|why| !why.is_empty());
    let because =
        |what: &str| why.as_deref().map_or_else(|| what.to_owned(), |why| format!("{what}: {why}"));
    match (attempt.outcome, attempt.trouble) {
        (AttemptOutcome::Lost, _) => because("the worker was lost"),
        (_, None) => why.unwrap_or_else(|| "the checks failed".to_owned()),
        (_, Some(Trouble::ModelBusy)) => because("the model was too busy"),
        (_, Some(Trouble::Agent)) => because("the agent stumbled"),
        (_, Some(Trouble::Budget)) => because("the money ran out"),
        (_, Some(Trouble::Setup)) => because("the setup is not right"),
        (_, Some(Trouble::SignIn)) => because("the model's provider lets nobody in"),
        (_, Some(Trouble::Program)) => because("the agent's program does not work"),
        (_, Some(Trouble::TimeOut)) => because("out of time"),
        (_, Some(Trouble::Stall)) => because("stalled"),
        (_, Some(Trouble::NothingToFix)) => because("nothing to fix"),
        (_, Some(Trouble::Unknown)) => because("it failed"),
    }
}

/// What follows from an attempt that was not good.
fn then(run: &Run, index: usize, attempt: &Attempt) -> String {
    let stage = &run.stages[index];
    if stage.only_tells(attempt.n) {
        return "it was tried often enough beside the others".to_owned();
    }
    // Asked-for changes are tried as often as the stage itself.
    let round = stage.changes.iter().rev().find(|changes| attempt.n > changes.after);
    if let Some(next) = stage.part(attempt.n + 1).filter(|next| next.n > 1) {
        return format!("{} is next", part_of(&next));
    }
    if let Some(sent) = stage.sent_back().filter(|sent| sent.n + 1 == attempt.n) {
        return format!("back to the work of attempt {}", sent.n);
    }
    let is_last = stage.attempts_now().last().is_some_and(|last| last.n == attempt.n);
    if let Some(why) = no_other(run, stage, (attempt, round)).filter(|_| is_last) {
        return why.to_owned();
    }
    let way = match (attempt.outcome, attempt.trouble) {
        (AttemptOutcome::Lost, _) => "trying again",
        (_, Some(Trouble::ModelBusy)) => "trying again after a pause",
        _ => "trying another way",
    };
    if attempt.outcome == AttemptOutcome::Bad && stage.is_built_on_merge(attempt.n) {
        return "its agent makes it fit".to_owned();
    }
    // Nobody judged what a busy, broken or slow one left.
    if stage.stage.iterates && attempt.trouble.is_none() && attempt.snapshot.is_some() {
        return "going on from there".to_owned();
    }
    format!("{}, {way}", back(run, (index, round)))
}

/// Why a stage's last attempt was not followed by another.
fn no_other(
    run: &Run,
    stage: &StageState,
    (attempt, round): (&Attempt, Option<&Changes>),
) -> Option<&'static str> {
    if matches!(attempt.trouble, Some(Trouble::Setup | Trouble::SignIn | Trouble::Program)) {
        return Some("another attempt would not help");
    }
    if attempt.trouble == Some(Trouble::NothingToFix) {
        return Some("somebody has to say what now");
    }
    if stage.stage.iterates {
        return no_other_iteration(run, stage);
    }
    let began_after = round.map_or(0, |changes| changes.after);
    if stage.tries(began_after, attempt.n) >= stage.stage.attempts {
        return Some("no attempts left");
    }
    if run.is_out_of_money() {
        return Some("no money left for another attempt");
    }
    let over = matches!(stage.phase, StagePhase::Failed | StagePhase::Undone);
    over.then_some("not tried again")
}

fn no_other_iteration(run: &Run, stage: &StageState) -> Option<&'static str> {
    let over = matches!(stage.phase, StagePhase::Failed | StagePhase::Undone);
    match run.why_failed(stage) {
        Some(_) if !over => Some("somebody has to say what now"),
        why => why.map(|_| "not tried again").or_else(|| over.then_some("not tried again")),
    }
}

/// Where work starts from again.
pub(super) fn back(run: &Run, (index, round): (usize, Option<&Changes>)) -> String {
    if let Some(changes) = round.filter(|changes| changes.rework == Rework::Top) {
        return format!("back to the work of attempt {}", changes.attempt);
    }
    let before = run.stages[..index]
        .iter()
        .rev()
        .find(|s| s.phase == StagePhase::Good && s.snapshot.is_some());
    before.map_or_else(
        || "back to the start".to_owned(),
        |s| format!("back to the snapshot after {}", s.name()),
    )
}
