//! An attempt: what is known of one try at a stage?
//! Plain data: what events make of it is in `rules/fold`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::run::rules::seconds_between;
use crate::run::{
    AttemptBranch, Diff, Pause, RedGreen, Remark, Review, Snapshot, Tests, TestsChanged, Tokens,
    Trouble, Usd, Workplace,
};

/// One try at a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub n: u32,
    pub outcome: AttemptOutcome,
    pub why: Option<String>,
    pub feedback: Option<String>,
    pub trouble: Option<Trouble>,
    /// What it was made from.
    pub base: Option<Snapshot>,
    /// What it made; kept only if the attempt is good.
    pub snapshot: Option<Snapshot>,
    /// All that the stage changed.
    pub diff: Option<Diff>,
    pub since_round: Option<Diff>,
    pub since_approved: Option<Diff>,
    pub tests: Option<Tests>,
    pub coverage_percent: Option<f64>,
    pub tests_changed: Option<TestsChanged>,
    /// Whether its new tests can fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red_green: Option<RedGreen>,
    /// What is wrong with the reports of its checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports: Option<String>,
    /// Where it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workplace: Option<Workplace>,
    pub tokens: Tokens,
    pub cost_usd: Usd,
    pub seconds: u64,
    pub words: Option<String>,
    /// Where its work was pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<AttemptBranch>,
    /// Into which parts its agent split the task; this is the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Files that could not be merged by themselves, or that still have the marks of that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
    /// What a second reader found in its work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// What people had said that this attempt read.
    pub remarks: Vec<Remark>,
    pub started_at: DateTime<Utc>,
    /// Why it stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// How long it stood still before.
    #[serde(default)]
    pub paused_seconds: u64,
    /// How long of that it waited for a slot.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub queued_seconds: u64,
    /// When it last waited for a worker, until one could go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<WaitedForWorker>,
}

/// A wait for a worker that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitedForWorker {
    pub why: String,
    pub since: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// An attempt that stands still.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paused {
    pub pause: Pause,
    pub since: DateTime<Utc>,
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    Running,
    Good,
    Bad,
    /// Its workers died and nobody could take over.
    Lost,
    Stopped,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
const fn is_zero(seconds: &u64) -> bool {
    *seconds == 0
}

impl Attempt {
    #[must_use]
    pub const fn is_over(&self) -> bool {
        !matches!(self.outcome, AttemptOutcome::Running)
    }

    /// Whether it stands still until a person says if it spends on.
    #[must_use]
    pub fn waits_for_a_person(&self) -> bool {
        self.paused.as_ref().is_some_and(|paused| paused.pause.is_for_a_person())
    }

    pub(in crate::run) fn resume(&mut self, at: DateTime<Utc>) {
        if let Some(Paused { pause, since }) = self.paused.take() {
            self.paused_seconds += seconds_between(since, at);
            if let Pause::Worker { why, .. } = pause {
                self.waited = Some(WaitedForWorker { why, since, until: at });
            }
            if self.outcome == AttemptOutcome::Running {
                // What was kept meanwhile is not its work: it writes on, and is paid for that.
                (self.snapshot, self.diff) = (None, None);
                (self.since_round, self.since_approved) = (None, None);
            }
        }
    }

    pub(in crate::run) const fn running(
        n: u32,
        remarks: Vec<Remark>,
        started_at: DateTime<Utc>,
    ) -> Self {
        Self {
            n,
            outcome: AttemptOutcome::Running,
            why: None,
            feedback: None,
            trouble: None,
            base: None,
            snapshot: None,
            diff: None,
            since_round: None,
            since_approved: None,
            tests: None,
            coverage_percent: None,
            tests_changed: None,
            red_green: None,
            reports: None,
            workplace: None,
            tokens: Tokens { input: 0, output: 0, cache_read: 0, cache_write: 0 },
            cost_usd: Usd::ZERO,
            seconds: 0,
            words: None,
            branch: None,
            parts: Vec::new(),
            conflicts: Vec::new(),
            review: None,
            remarks,
            started_at,
            paused: None,
            paused_seconds: 0,
            queued_seconds: 0,
            waited: None,
        }
    }
}
