//! Recoveries: what followed an attempt that failed, and did it help?
//! A stage goes on by itself while it has attempts left; then a person says how, or nobody does.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Failed;
use crate::run::{AttemptOutcome, Outcome, Run, StageState, Verdict};

/// What followed an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryWay {
    /// Another attempt, which nobody had to ask for.
    ByItself,
    /// Somebody asked for another attempt.
    Retry,
    /// The same, and told it something.
    Note,
    /// The same, with more time.
    Longer,
    /// The same, with another model.
    Model,
    /// In smaller steps.
    Smaller,
    /// Somebody did it by hand.
    ByHand,
    /// The run went back to a snapshot before it.
    Rollback,
    /// The run went on without the stage.
    Skip,
    Stop,
    /// It was asked what to do, and nobody answered in time.
    Nobody,
}

/// How often something followed, and how often it helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Recovered {
    pub way: RecoveryWay,
    pub times: usize,
    /// How often the next attempt was good, or the run ended well without the stage.
    pub helped: usize,
}

impl Recovered {
    /// The most frequent first.
    pub(super) fn sums(followed: impl Iterator<Item = (RecoveryWay, bool)>) -> Vec<Self> {
        let mut sums = BTreeMap::<RecoveryWay, Self>::new();
        for (way, helped) in followed {
            let sum = sums.entry(way).or_insert(Self { way, times: 0, helped: 0 });
            sum.times += 1;
            sum.helped += usize::from(helped);
        }
        let mut sums: Vec<Self> = sums.into_values().collect();
        sums.sort_by_key(|sum| std::cmp::Reverse(sum.times));
        sums
    }
}

impl Failed<'_> {
    /// What followed, and whether it helped; none where nothing did yet, or the run just ended.
    pub(super) fn followed_by(&self) -> Option<(RecoveryWay, bool)> {
        let n = self.attempt.n;
        match self.stage.attempts.iter().find(|next| next.n > n) {
            Some(next) => Some((asked_for(self.stage, n), next.outcome == AttemptOutcome::Good)),
            None => answered(self.run, self.stage, n),
        }
    }
}

/// In which way the attempt after this one was asked for. Of several things that were different, the dearest.
fn asked_for(stage: &StageState, after: u32) -> RecoveryWay {
    if stage.redone.as_ref().is_some_and(|redone| redone.attempts == after) {
        return RecoveryWay::Rollback;
    }
    let Some(retried) = stage.retries.iter().find(|retried| retried.after == after) else {
        return RecoveryWay::ByItself;
    };
    if retried.retry.by_hand.is_some() {
        return RecoveryWay::ByHand;
    }
    if retried.retry.smaller {
        return RecoveryWay::Smaller;
    }
    match (&retried.retry.model, retried.retry.longer, retried.words.is_empty()) {
        (Some(_), _, _) => RecoveryWay::Model,
        (None, true, _) => RecoveryWay::Longer,
        (None, false, false) => RecoveryWay::Note,
        (None, false, true) => RecoveryWay::Retry,
    }
}

/// What became of the question after the last attempt.
fn answered(run: &Run, stage: &StageState, last: u32) -> Option<(RecoveryWay, bool)> {
    let asked = stage.asked_to_recover.iter().rev().find(|asked| asked.gate.attempt == last)?;
    let of_this = |gate: &Option<_>| gate.as_ref() == Some(&asked.gate.id);
    let answer = run.decisions.iter().rev().find(|decided| of_this(&decided.gate));
    match answer.map(|decided| decided.verdict) {
        Some(Verdict::Skip) => Some((RecoveryWay::Skip, run.outcome == Some(Outcome::Done))),
        // The attempt that was asked for has not begun.
        Some(Verdict::Retry | Verdict::HandIn) => None,
        _ if run.was_stopped() => Some((RecoveryWay::Stop, false)),
        _ if stage.missed_deadline => Some((RecoveryWay::Nobody, false)),
        _ => None,
    }
}
