//! The plan of an attempt: what is it to do, from which snapshot does it start, and after which backoff?
//! Rollback is here: an attempt starts from the last good work, so bad work is simply not used.

use serde::{Deserialize, Serialize};

use super::iterate;
use super::memory::memory;
use crate::run::{
    Attempt, Changes, Guard, HandBranch, MergeStep, Note, Remark, RemarkKind, Retried, Rework, Run,
    Snapshot, Stage, StageName, StageState, TaskPart, Trouble, Usd,
};

/// What an attempt is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub stage: Stage,
    pub attempt: u32,
    /// Instead of the pipeline's.
    pub model: Option<String>,
    /// The snapshot to start from; none = the repository as it is found.
    pub base: Option<Snapshot>,
    /// What else its work is compared with.
    pub compare: Compare,
    /// What was approved that this attempt builds on.
    pub guard: Option<Guard>,
    /// What people said, in order.
    pub remarks: Vec<Remark>,
    /// What an earlier attempt did wrong: of the newest one that says something.
    pub feedback: Option<String>,
    pub backoff_seconds: u64,
    pub budget_left_usd: Option<Usd>,
    pub watched: Watched,
    /// Instead of an agent's work, what is on this branch.
    pub by_hand: Option<HandBranch>,
    /// Not its whole task.
    pub part: Option<TaskPart>,
    /// Instead of an agent's work, this is put together.
    pub merge: Option<MergeStep>,
    /// Files in which no marks of a conflict may be left.
    pub resolves: Vec<String>,
}

/// What is watched beside the budget of the attempt itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    /// The budgets of the month: before a stage, and until somebody lets the run go beyond.
    pub months: bool,
    /// Whether it seems to get nowhere: until somebody lets the stage go on.
    pub breakers: bool,
}

/// What an attempt's work is compared with, beside its base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compare {
    /// What the stage started with; none = the base.
    pub stage_base: Option<Snapshot>,
    /// What the stage last asked about.
    pub round: Option<Snapshot>,
    /// What a person last approved.
    pub approved: Option<Snapshot>,
    /// The newest good attempt before this one: all its tests should still be there.
    pub tests: Option<(StageName, u32)>,
    /// The good attempt that made what the stage started with, where these checks judged it: so its tests are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_tests: Option<(StageName, u32)>,
}

/// Backoff before another attempt after red checks: the agent needs none, a broken machine does.
const BACKOFF_SECONDS: u64 = 1;
/// Backoff for each attempt made so far, where the model's provider was busy.
pub(super) const BUSY_BACKOFF_SECONDS: u64 = 15;

impl Plan {
    /// Whether nobody wants this attempt any more.
    #[must_use]
    pub fn is_called_off(&self, run: &Run) -> bool {
        run.is_called_off(&self.stage.name, self.attempt)
    }
}

impl Run {
    pub(super) fn plan(&self, stage: &StageState, attempt: u32) -> Plan {
        let earlier = earlier_in_round(stage, attempt);
        let (base, compare) = self.base(stage, attempt);
        let mut planned = stage.stage.clone();
        planned.timeout_seconds = stage.timeout_seconds(attempt);
        self.judge_with_others(stage, &mut planned);
        self.own_ports(stage, &mut planned);
        let was_begun = stage.attempt(attempt).is_some_and(|a| a.cost_usd > Usd::ZERO);
        let asks = self.request.money.is_some();
        Plan {
            stage: planned,
            attempt,
            model: stage.model().map(str::to_owned),
            guard: base.as_ref().and_then(|base| self.guard(base)),
            base,
            compare,
            remarks: stage.attempt(attempt).map(|a| a.remarks.clone()).unwrap_or_default(),
            feedback: stage
                .sent_back_to(attempt)
                .map(|(_, said)| said)
                .or_else(|| stage.told_of_merge(memory(&earlier)))
                .or_else(|| stage.shown_to_fail()),
            backoff_seconds: match stage.stage.iterates {
                _ if was_begun => 0,
                true => iterate::backoff_seconds(self.id(), &earlier),
                false => backoff_seconds(&earlier),
            },
            budget_left_usd: self.allowance(stage.name(), attempt),
            watched: Watched {
                months: asks
                    && (attempt == 1 || self.pays_first(stage, attempt))
                    && !was_begun
                    && !self.goes_beyond_months(),
                breakers: asks && !self.goes_on_regardless(stage.name()),
            },
            by_hand: stage.done_by_hand(attempt).map(|(branch, _)| branch.clone()),
            part: stage.part(attempt),
            merge: self.merge_step(stage, attempt),
            resolves: self.to_resolve(stage),
        }
    }

    /// What an attempt starts from: the kept work, the work on top of which somebody wants changes, or that to which the run went back.
    pub(super) fn base(&self, stage: &StageState, attempt: u32) -> (Option<Snapshot>, Compare) {
        let kept = self.last_good().or_else(|| self.origin()).cloned();
        let asked_about = || {
            let changes = stage.rework().filter(|changes| changes.rework == Rework::Top)?;
            stage.snapshot_of(changes.attempt)
        };
        let top = stage
            .part_before(attempt)
            .cloned()
            .or_else(|| stage.sent_back_to(attempt).map(|(work, _)| work.clone()))
            .or_else(|| iterate::built_on(stage, attempt).cloned())
            .or_else(asked_about)
            .or_else(|| stage.unfinished_base().cloned())
            .or_else(|| self.merged(stage, attempt).cloned());
        let compare = Compare {
            base_tests: kept.as_ref().and_then(|kept| self.attempt_that_made(kept, stage)),
            stage_base: self.compared_whole(stage).or(kept.clone().filter(|_| top.is_some())),
            round: stage.asked_now().last().and_then(|asked| stage.snapshot_of(asked.gate.attempt)),
            approved: self.last_approved().cloned(),
            tests: self.last_attempt_with_checks(&stage.stage.checks),
        };
        (top.or(kept), compare)
    }

    /// What all that was merged is compared with: the repository as it was found.
    fn compared_whole(&self, stage: &StageState) -> Option<Snapshot> {
        self.origin().filter(|_| self.is_together(stage.name())).cloned()
    }

    /// The good attempt of another stage that made this work, where it ran the same checks.
    fn attempt_that_made(&self, work: &Snapshot, stage: &StageState) -> Option<(StageName, u32)> {
        let made_it = |(s, a): &(&StageState, &Attempt)| {
            s.name() != stage.name()
                && s.stage.checks == stage.stage.checks
                && a.snapshot.as_ref().is_some_and(|made| made.tree == work.tree)
        };
        let (stage, attempt) = self.good_attempts().filter(made_it).last()?;
        Some((stage.name().clone(), attempt.n))
    }

    /// The newest good attempt that ran these checks. Other checks run other tests, so all of these would look removed.
    fn last_attempt_with_checks(&self, checks: &[String]) -> Option<(StageName, u32)> {
        let (stage, attempt) =
            self.good_attempts().filter(|(s, _)| s.stage.checks == checks).last()?;
        Some((stage.name().clone(), attempt.n))
    }

    /// What an attempt of this stage reads if it begins now: the changes its round is about, and notes that no good attempt has read.
    pub(super) fn remarks_for(&self, stage: &StageName) -> Vec<Remark> {
        let Some(stage) = self.stage(stage) else { return Vec::new() };
        let changes = stage.rework().filter(|changes| !changes.words.is_empty());
        let unread = self.notes.iter().filter(|note| is_unread(note, stage));
        let retried =
            stage.retries_now().iter().filter(|it| is_unread_retry(it, stage)).map(advised);
        changes.into_iter().map(requested).chain(retried).chain(unread.map(noted)).collect()
    }
}

fn requested(changes: &Changes) -> Remark {
    let kind = if changes.rework == Rework::Top { RemarkKind::Changes } else { RemarkKind::Anew };
    Remark { kind, by: changes.by.clone(), words: changes.words.clone() }
}

fn advised(retried: &Retried) -> Remark {
    Remark { kind: RemarkKind::Note, by: retried.by.clone(), words: retried.words.clone() }
}

/// Whether it says something, and no attempt since then was good.
fn is_unread_retry(retried: &Retried, stage: &StageState) -> bool {
    !retried.words.is_empty() && stage.good_attempt().is_none_or(|good| good.n <= retried.after)
}

fn noted(note: &Note) -> Remark {
    Remark { kind: RemarkKind::Note, by: note.by.clone(), words: note.words.clone() }
}

/// Whether no attempt read it yet, or only attempts of this stage of which none was good.
fn is_unread(note: &Note, stage: &StageState) -> bool {
    let good_since =
        |n: u32| stage.attempts.iter().any(|a| a.n >= n && stage.is_good_as_a_whole(a));
    note.read_by.as_ref().is_none_or(|(read_in, n)| read_in == stage.name() && !good_since(*n))
}

/// The attempts before this one in its round, the newest first.
pub(super) fn earlier_in_round(stage: &StageState, attempt: u32) -> Vec<&Attempt> {
    let round_began_after = stage.round_began_after();
    let in_round = |a: &&Attempt| a.n < attempt && a.n > round_began_after;
    stage.attempts.iter().rev().filter(in_round).collect()
}

/// The pause before an attempt, after these attempts of its round, of which the newest is the first.
fn backoff_seconds(earlier: &[&Attempt]) -> u64 {
    match earlier.first().map(|a| a.trouble) {
        None => 0,
        Some(Some(Trouble::ModelBusy)) => BUSY_BACKOFF_SECONDS * earlier.len() as u64,
        Some(_) => BACKOFF_SECONDS,
    }
}

#[cfg(test)]
mod tests;
