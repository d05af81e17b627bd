//! What went wrong: of which kind, where, in which words, and what helped?
//! Counts of attempts that failed, and of what followed them. Rehearsals fail as their script says and are only counted.

mod class;
mod recovered;
mod same_words;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Attempt, Outcome, Run, StageState};

pub use class::FailureClass;
pub use recovered::{Recovered, RecoveryWay};
pub use same_words::without_figures;

/// What went wrong in a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FailureReport {
    /// Attempts that failed.
    pub attempts: usize,
    /// The runs that they were made in.
    pub runs: usize,
    /// Of these, those that ended well all the same.
    pub done: usize,
    /// Of these, those that are not over.
    pub open: usize,
    /// Runs that are not counted above.
    pub rehearsals: usize,
    /// There are more runs than were looked at.
    pub cut: bool,
    pub classes: Vec<ClassCount>,
    pub projects: Vec<FailureCount>,
    pub stages: Vec<FailureCount>,
    /// Why they failed, where figures, names of commits, paths and times do not count.
    pub messages: Vec<FailureCount>,
    /// What followed them.
    pub recoveries: Vec<Recovered>,
}

/// How many attempts failed so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    pub class: FailureClass,
    pub attempts: usize,
}

/// How many attempts failed there, or in these words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailureCount {
    pub name: String,
    pub attempts: usize,
}

/// An attempt that failed, and where.
struct Failed<'a> {
    run: &'a Run,
    stage: &'a StageState,
    attempt: &'a Attempt,
    class: FailureClass,
}

impl FailureReport {
    /// Of the attempts that began since then.
    #[must_use]
    pub fn of(runs: &[Run], since: DateTime<Utc>) -> Self {
        let (rehearsals, real): (Vec<&Run>, Vec<&Run>) =
            runs.iter().partition(|run| run.request.rehearsal);
        let failed: Vec<Failed<'_>> = real.iter().flat_map(|run| failed(run, since)).collect();
        let failing: Vec<&Run> = real
            .into_iter()
            .filter(|run| failed.iter().any(|it| it.run.id() == run.id()))
            .collect();
        let by = |name: fn(&Failed<'_>) -> String| counts(failed.iter().map(name));
        Self {
            attempts: failed.len(),
            runs: failing.len(),
            done: failing.iter().filter(|run| run.outcome == Some(Outcome::Done)).count(),
            open: failing.iter().filter(|run| run.outcome.is_none()).count(),
            rehearsals: rehearsals.len(),
            cut: false,
            classes: classes(&failed),
            projects: by(|it| it.run.request.project.to_string()),
            stages: by(|it| it.stage.name().to_string()),
            messages: by(said),
            recoveries: Recovered::sums(failed.iter().filter_map(Failed::followed_by)),
        }
    }
}

fn failed(run: &Run, since: DateTime<Utc>) -> impl Iterator<Item = Failed<'_>> {
    run.stages.iter().flat_map(move |stage| {
        let newer = stage.attempts.iter().filter(move |attempt| attempt.started_at >= since);
        // What failed beside others is counted with the run that did it; this one only tells that.
        let own = newer.filter(move |attempt| !stage.only_tells(attempt.n));
        own.filter_map(move |attempt| {
            let class = FailureClass::of(attempt).filter(|class| class.is_failure())?;
            Some(Failed { run, stage, attempt, class })
        })
    })
}

/// Why it failed, in words that another one fails in too; its class where nobody said why.
fn said(failed: &Failed<'_>) -> String {
    let why = failed.attempt.why.as_deref().map(without_figures).filter(|why| !why.is_empty());
    why.unwrap_or_else(|| failed.class.name().to_owned())
}

fn classes(failed: &[Failed<'_>]) -> Vec<ClassCount> {
    let mut counts = BTreeMap::<FailureClass, usize>::new();
    for it in failed {
        *counts.entry(it.class).or_default() += 1;
    }
    let mut counts: Vec<ClassCount> =
        counts.into_iter().map(|(class, attempts)| ClassCount { class, attempts }).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.attempts));
    counts
}

/// The most frequent first.
fn counts(names: impl Iterator<Item = String>) -> Vec<FailureCount> {
    let mut counts = BTreeMap::<String, usize>::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let mut counts: Vec<FailureCount> =
        counts.into_iter().map(|(name, attempts)| FailureCount { name, attempts }).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.attempts));
    counts
}

#[cfg(test)]
mod tests;
