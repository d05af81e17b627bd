//! The closing message: what is said when a run is over?
//! The one message that calls the starter at the end, whatever the end is: outcome first, then the money, then where the code is.

mod advice;

use crate::run::{
    Attempt, Decided, Delivered, Outcome, Run, Snapshot, SnapshotEntry, StagePhase, StageState,
    Trouble, Verdict,
};
use crate::slack::{self, Button, Mrkdwn, SlackBlock, actions, context, one_line, section};

use advice::next;

pub(super) use advice::after_the_end;

use super::batch::{is_asked_in_batch, merged_in_short};
use super::message::NOTICE;
use super::people::{listed, mention};
use super::sections::in_sections;
use super::{
    ActionId, Message, MessageKey, RenderContext, RunValue, To, card, estimate, figures, gate,
    snapshots, table,
};

const WHY: usize = 400;
const FEEDBACK: usize = 800;
/// Stages and decisions that are listed; the rest is counted.
const LISTED: usize = 24;

/// None while the run is not over.
pub(super) fn closing(run: &Run, render: &RenderContext) -> Option<Message> {
    let outcome = run.outcome?;
    let mut blocks = vec![section(headline(run, outcome))];
    if outcome != Outcome::Done {
        blocks.extend(aftermath(run, outcome, render));
    }
    if table::worked(run).next().is_some() {
        blocks.extend(costs(run, render));
    }
    blocks.extend(result(run).non_empty().map(section));
    blocks.extend(run.delivered.as_ref().map(|d| whereabouts(run, d)).map(section));
    let small = card::banners(run).into_iter().chain(render.run_page(run));
    blocks.extend(Mrkdwn::join(small, "\n").non_empty().map(context));
    Some(Message::new(MessageKey::End, To::Thread, &notice(run, outcome), blocks))
}

/// What each stage cost. Emulators draw no tables.
fn costs(run: &Run, render: &RenderContext) -> Vec<SlackBlock> {
    let (shown, words) = if render.real_slack {
        (slack::table(&table::wide(run)), [table::dearest(run), None])
    } else {
        let lines = slack::aligned(&table::narrow(run));
        (section(Mrkdwn::code_lines(&lines)), [table::dearest(run), table::kinds(run)])
    };
    let words = Mrkdwn::join(words.into_iter().flatten().map(Mrkdwn::from), " ");
    [shown].into_iter().chain(words.non_empty().map(context)).collect()
}

/// How it ended, in one line that calls the starter.
fn headline(run: &Run, outcome: Outcome) -> Mrkdwn {
    let said = how_it_ended(run, outcome);
    // A batch calls once, for all of its features.
    if is_asked_in_batch(run) {
        return said;
    }
    let starter = mention(&run.request.starter);
    if said.as_str().contains(starter.as_str()) { said } else { said + " " + starter }
}

fn how_it_ended(run: &Run, outcome: Outcome) -> Mrkdwn {
    let project = &run.request.project;
    match outcome {
        Outcome::Done => format!("*{project} is done.* {}.", all_stages(run)).into(),
        Outcome::Failed => {
            let why = sentence(run.why.as_deref().unwrap_or("No reason is known"));
            format!("*{project} failed.* {}", one_line(&why, WHY)).into()
        }
        Outcome::Rejected => {
            Mrkdwn::from(format!("*{project} was rejected*")) + by(run, Verdict::Reject)
        }
        Outcome::Stopped => {
            Mrkdwn::from(format!("*{project} was stopped*")) + by(run, Verdict::Stop)
        }
    }
}

/// `All 6 stages are good`, `5 of 6 stages are good`.
fn all_stages(run: &Run) -> String {
    if let Some(merged) = merged_in_short(run, "") {
        return merged;
    }
    let good = run.stages.iter().filter(|stage| stage.phase == StagePhase::Good).count();
    if let [stage] = run.stages.as_slice()
        && stage.stage.iterates
        && let Some(resolved) = stage.good_attempt()
    {
        return format!("Resolved in {}", figures::plural(resolved.n.into(), "iteration"));
    }
    match (good, run.stages.len()) {
        (1, 1) => "Its stage is good".to_owned(),
        (good, all) if good == all => format!("All {all} stages are good"),
        (1, all) => format!("1 of {all} stages is good"),
        (good, all) => format!("{good} of {all} stages are good"),
    }
}

fn by(run: &Run, verdict: Verdict) -> Mrkdwn {
    let decided = run.decisions.iter().find(|d| d.verdict == verdict);
    let Some(decided) = decided.filter(|_| !is_asked_in_batch(run)) else {
        return ".".into();
    };
    let at = decided.gate.as_ref().map(|gate| format!(" at {}", gate.stage)).unwrap_or_default();
    Mrkdwn::from(at) + " by " + mention(&decided.by) + "."
}

/// What people should know about a run that did not go well: the words, what was kept, what to do next.
fn aftermath(run: &Run, outcome: Outcome, render: &RenderContext) -> Vec<SlackBlock> {
    let failed = run.stages.iter().find(|s| s.phase == StagePhase::Failed);
    // A failure's reason stands in the headline already.
    let why = run.why.as_deref().filter(|_| outcome != Outcome::Failed);
    let mut blocks: Vec<SlackBlock> =
        why.and_then(|words| Mrkdwn::excerpt(words, WHY)).map(section).into_iter().collect();
    blocks.extend(failed.and_then(|stage| feedback(stage, render)).map(section));
    let lines = [
        Some(kept(run)),
        unfinished(run),
        undecided(run),
        not_used(run),
        not_merged(run),
        Some(next(run, outcome, failed).into()),
    ];
    blocks.extend(in_sections(lines.into_iter().flatten()));
    // A part is done again with all of it.
    blocks.extend(run.request.part_of.is_none().then(|| do_it_again(run)));
    blocks
}

/// Opens the form that does it once more.
fn do_it_again(run: &Run) -> SlackBlock {
    let value = RunValue { run: run.id().clone() }.json();
    actions("again", vec![Button::new("Do it again", ActionId::Again.as_str(), &value)])
}

fn feedback(failed: &StageState, render: &RenderContext) -> Option<Mrkdwn> {
    let feedback = failed.attempts.last()?.feedback.as_deref()?.trim();
    let code = || render.code_block(&figures::last_lines(feedback, FEEDBACK));
    let whose = match failed.attempts.last()?.trouble {
        Some(Trouble::Setup) => "setup",
        Some(Trouble::Stall) => "the agent",
        _ => "the checks",
    };
    let head = Mrkdwn::from(format!("_What {whose} said last:_\n"));
    (!feedback.is_empty()).then(|| head + code())
}

fn kept(run: &Run) -> Mrkdwn {
    let good = run.stages.iter().filter(|s| s.phase == StagePhase::Good);
    let mut good: Vec<Mrkdwn> = good.map(|s| s.name().to_string().into()).collect();
    let more = good.len().saturating_sub(LISTED);
    good.truncate(LISTED);
    good.extend((more > 0).then(|| format!("{more} more").into()));
    match listed(good, " and ").non_empty() {
        Some(good) => "*Kept:* the work of " + good + ".",
        None => "*Kept:* nothing, as no stage was finished.".into(),
    }
}

/// What a stop cut short, and how to get it.
fn unfinished(run: &Run) -> Option<Mrkdwn> {
    let (stage, attempt, snapshot) = run.unfinished()?;
    let what = format!(
        "*Unfinished:* what {} attempt {} had written, unchecked,",
        stage.name(),
        attempt.n
    );
    Some(Mrkdwn::from(what) + to_be_had(run, (stage, attempt, snapshot)))
}

/// What nobody decided about, and how to get it.
fn undecided(run: &Run) -> Option<Mrkdwn> {
    let (stage, attempt, snapshot) = run.undecided()?;
    let what = format!(
        "*Not decided:* the work of {} attempt {}, good by its checks,",
        stage.name(),
        attempt.n
    );
    Some(Mrkdwn::from(what) + to_be_had(run, (stage, attempt, snapshot)))
}

/// The newest work that was not good enough, or that somebody rejected, and how to get it.
fn not_used(run: &Run) -> Option<Mrkdwn> {
    let ended =
        |it: &SnapshotEntry<'_>| matches!(it.stage.phase, StagePhase::Failed | StagePhase::Undone);
    let SnapshotEntry { stage, attempt, snapshot, .. } = run.snapshots().filter(ended).last()?;
    let mut told = [run.unfinished(), run.undecided()].into_iter().flatten();
    if told.any(|(_, _, told)| told == snapshot) {
        return None;
    }
    let what = format!("*Not used:* the work of {} attempt {}", stage.name(), attempt.n);
    Some(Mrkdwn::from(what) + to_be_had(run, (stage, attempt, snapshot)))
}

/// What was done beside others, is good, and was to be merged later; and how to get it.
fn not_merged(run: &Run) -> Option<Mrkdwn> {
    let waits = run.stages.iter().filter(|stage| stage.is_to_be_merged()).take(LISTED);
    let lines = waits.filter_map(|stage| {
        let side = stage.side_run()?;
        let what = format!("*Not merged:* the work of {}, good by its checks,", stage.name());
        let get = format!("signoff fetch {}", side.run);
        Some(Mrkdwn::from(what) + is_commit(side.end.as_ref()?.work.as_ref()?, &get))
    });
    Mrkdwn::join(lines, "\n").non_empty()
}

/// How git fetches an attempt's work from the project's repository; none where it was not pushed.
#[must_use]
pub fn fetch_of_pushed(run: &Run, attempt: &Attempt) -> Option<String> {
    let branch = attempt.branch.as_ref().filter(|branch| branch.not_pushed.is_none())?;
    Some(format!("git fetch {} {}", shell(run.request.repository.as_deref()?), branch.name))
}

/// Every attempt's work is kept, whatever else became of the run.
fn to_be_had(run: &Run, (stage, attempt, snapshot): (&StageState, &Attempt, &Snapshot)) -> Mrkdwn {
    let get = match fetch_of_pushed(run, attempt) {
        Some(fetch) => format!("{fetch} && git switch --detach FETCH_HEAD"),
        None => format!("signoff fetch {} {}-{}", run.id(), stage.name(), attempt.n),
    };
    is_commit(snapshot, &get)
}

fn is_commit(snapshot: &Snapshot, get: &str) -> Mrkdwn {
    " is commit " + snapshots::commit(snapshot) + ". In a clone:\n" + Mrkdwn::code(get, 600)
}

/// What came out, and who decided.
fn result(run: &Run) -> Mrkdwn {
    let mut lines: Vec<Mrkdwn> =
        Mrkdwn::join(results(run), " · ").non_empty().into_iter().collect();
    lines.extend(estimate::in_short(run).map(Mrkdwn::from));
    lines.extend(times(run).map(Mrkdwn::from));
    if is_asked_in_batch(run) {
        return Mrkdwn::join(lines, "\n");
    }
    lines.extend(run.decisions.iter().take(LISTED).map(decision));
    if run.decisions.len() > LISTED {
        let more = (run.decisions.len() - LISTED) as u64;
        lines.push(format!("… {}", figures::plural(more, "more decision")).into());
    }
    Mrkdwn::join(lines, "\n")
}

/// The diff of all, and tests and coverage of the newest good work.
fn results(run: &Run) -> Vec<String> {
    let mut good = run.stages.iter().rev().filter(|s| s.phase == StagePhase::Good);
    let last = good.find_map(StageState::good_attempt);
    let diff = run.delivered.as_ref().map(|d| figures::diff(&d.diff));
    let tests = last.and_then(|a| a.tests).map(figures::tests);
    let coverage = last.and_then(|a| a.coverage_percent);
    let coverage = coverage.map(|p| format!("{} coverage", figures::percent(p)));
    [diff, tests, coverage].into_iter().flatten().collect()
}

/// `you 4 min, agent 16 min`: who was waited for, and who worked.
fn times(run: &Run) -> Option<String> {
    let waited = run
        .stages
        .iter()
        .any(|s| !s.asked.is_empty())
        .then(|| format!("you {}", figures::wait(run.waited_seconds())));
    let worked = (run.worked_seconds() > 0)
        .then(|| format!("agent {}", figures::wait(run.worked_seconds())));
    let times: Vec<String> = waited.into_iter().chain(worked).collect();
    (!times.is_empty()).then(|| times.join(", "))
}

fn decision(decided: &Decided) -> Mrkdwn {
    let by = Mrkdwn::from(gate::was(decided)) + " by " + mention(&decided.by);
    match &decided.gate {
        Some(gate) => {
            Mrkdwn::from(format!("{} ", gate.stage))
                + by
                + " "
                + figures::after(decided.waited_seconds)
        }
        None => by,
    }
}

/// How to get the code.
fn whereabouts(run: &Run, delivered: &Delivered) -> Mrkdwn {
    if delivered.repository.is_empty() {
        let why = one_line(delivered.note.as_deref().unwrap_or("nobody knows why"), WHY);
        return format!("*The code* was delivered nowhere: {why}").into();
    }
    let place = if delivered.pushed {
        "pushed to the project's repository"
    } else {
        "in the run's own repository"
    };
    let note = delivered
        .note
        .as_deref()
        .map(|note| format!("\n{}", one_line(note, WHY)))
        .unwrap_or_default();
    let clone =
        format!("git clone -b {} {}", shell(&delivered.branch), shell(&delivered.repository));
    let branch = "*The code* is on branch " + Mrkdwn::code(&delivered.branch, 120);
    let start = run.start.as_ref().map(|start| format!(", made {}", figures::start(start)));
    let start = Mrkdwn::from(one_line(&start.unwrap_or_default(), 160));
    branch + format!(", {place}") + start + format!(".{note}\n") + Mrkdwn::code(&clone, 600)
}

/// A word for a shell, quoted where it must be.
#[must_use]
pub fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@~+%=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn notice(run: &Run, outcome: Outcome) -> Mrkdwn {
    let said = match outcome {
        Outcome::Done => "is done",
        Outcome::Failed => "failed",
        Outcome::Rejected => "was rejected",
        Outcome::Stopped => "was stopped",
    };
    let mut parts = vec![format!("{} {said}", run.request.project)];
    parts.extend(run.delivered.as_ref().map(|d| figures::diff(&d.diff)));
    parts.push(run.spent().to_string());
    parts.extend(
        run.started_at
            .zip(run.ended_at)
            .map(|(from, to)| figures::span(figures::seconds(from, to))),
    );
    Mrkdwn::line(&parts.join(" · "), NOTICE)
}

fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}

#[cfg(test)]
mod tests;
