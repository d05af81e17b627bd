//! Events: what can happen to a run?
//! Past tense, numbered, kept for ever. Readers tolerate kinds they do not know: old and new processes run side by side.

mod cleaned;
mod diff;
mod facts;
mod first_try;
mod pause;
mod red_green;
mod review;
mod starting_point;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{
    AttemptOutcome, FeatureEnd, GateId, HandBranch, MergePreview, PersonId, Raise, Refusal,
    Reminder, Request, RequestId, Retry, Rework, RollbackTo, RunId, StageEstimate, StageName,
    StageRun, Usd, Verdict, Via,
};

pub use diff::{Diff, FileDiff, Flag, Risk};
pub use facts::{
    AgentEnd, AgentInfo, AttemptBranch, Checked, Lost, Progress, Sandboxing, Snapshot, Tests,
    TestsChanged, Tokens, Trouble, Work, Workplace, Written,
};
pub use first_try::FirstTry;
pub use pause::{Pause, WorkStep};
pub use red_green::{NotKnown, RedGreen};
pub use review::{Finding, NotFound, Review};
pub use starting_point::{NotHere, StartingPoint};

/// Something that happened to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// From 1, without gaps.
    pub seq: u64,
    /// Workflow time.
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub what: Happened,
}

/// The kinds of events, in `kind`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Happened {
    /// The workflow took the run on.
    Started {
        rules: u32,
        request: Box<Request>,
    },
    /// It is known where in the project's repository it began.
    Began(StartingPoint),
    StageStarted {
        stage: StageName,
        /// What it will probably use, by what the run's stages used so far.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        estimate: Option<StageEstimate>,
    },
    AttemptStarted {
        stage: StageName,
        attempt: u32,
    },
    /// What has to pass was run on what the stage begins with.
    UntilTried {
        stage: StageName,
        attempt: u32,
        #[serde(flatten)]
        tried: FirstTry,
    },
    /// An attempt could not begin at once: others had all slots.
    WaitedForSlot {
        stage: StageName,
        attempt: u32,
        seconds: u64,
    },
    /// The agent is done; the checks have not judged yet.
    Written {
        stage: StageName,
        attempt: u32,
        agent: Option<AgentInfo>,
        sandboxing: Sandboxing,
        base: Snapshot,
        snapshot: Snapshot,
        /// All that the stage changed.
        diff: Box<Diff>,
        #[serde(default)]
        since_round: Option<Box<Diff>>,
        #[serde(default)]
        since_approved: Option<Box<Diff>>,
        tokens: Tokens,
        cost_usd: Usd,
        words: Option<String>,
        /// Where it was pushed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<AttemptBranch>,
        /// Into which parts its agent split the task, of which this is the first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<String>,
        /// Files that could not be merged by themselves.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        conflicts: Vec<String>,
    },
    AttemptEnded {
        stage: StageName,
        attempt: u32,
        outcome: AttemptOutcome,
        why: Option<String>,
        feedback: Option<String>,
        trouble: Option<Trouble>,
        tests: Option<Tests>,
        coverage_percent: Option<f64>,
        #[serde(default)]
        tests_changed: Option<TestsChanged>,
        /// Whether its new tests can fail.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        red_green: Option<RedGreen>,
        /// What is wrong with the reports of its checks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reports: Option<String>,
        /// Where it was made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        workplace: Option<Workplace>,
        tokens: Tokens,
        cost_usd: Usd,
        seconds: u64,
        /// Whether a second reader goes on in its slot.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        review_follows: bool,
    },
    /// A second reader read good work, or could not.
    Reviewed {
        stage: StageName,
        attempt: u32,
        #[serde(flatten)]
        review: Review,
    },
    GateOpened {
        gate: GateId,
        /// The attempt whose work is asked about.
        #[serde(default)]
        attempt: u32,
        deadline: DateTime<Utc>,
    },
    /// An attempt stands still where it is; the same session goes on.
    Paused {
        stage: StageName,
        attempt: u32,
        pause: Pause,
        tokens: Tokens,
        cost_usd: Usd,
    },
    /// What an attempt waited for is over.
    Resumed {
        stage: StageName,
        attempt: u32,
    },
    /// An answer that counts. A gate closes with the last approval that its quorum wants, or with anything else.
    Decided {
        request: RequestId,
        /// None where the answer was a stop.
        gate: Option<GateId>,
        verdict: Verdict,
        by: PersonId,
        via: Via,
        words: Option<String>,
        #[serde(default)]
        rework: Rework,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        raise: Option<Raise>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry: Option<Retry>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rollback: Option<RollbackTo>,
    },
    /// Somebody gave the question more time.
    Extended {
        request: RequestId,
        gate: GateId,
        by: PersonId,
        via: Via,
        deadline: DateTime<Utc>,
    },
    /// Somebody wants no more reminders of this question.
    Snoozed {
        request: RequestId,
        gate: GateId,
        by: PersonId,
    },
    /// Words for the next attempt.
    Noted {
        request: RequestId,
        by: PersonId,
        via: Via,
        words: String,
        message: Option<String>,
    },
    /// Those who can answer are told that the question is still open.
    Reminded {
        gate: GateId,
        reminder: Reminder,
    },
    /// Others are asked as well.
    Escalated {
        gate: GateId,
    },
    /// What somebody does by hand is where they can fetch it.
    HandedOut {
        gate: GateId,
        branch: HandBranch,
    },
    /// What somebody wanted to do by hand could not be put anywhere.
    NotHandedOut {
        gate: GateId,
        why: String,
    },
    /// An answer that lost a race; told to that person privately.
    DecisionRefused {
        request: RequestId,
        by: PersonId,
        why: Refusal,
    },
    /// Nobody answered in time: the gate closes, unless its stage waits.
    DeadlinePassed {
        gate: GateId,
    },
    StageEnded {
        stage: StageName,
        outcome: StageOutcome,
        why: Option<String>,
        snapshot: Option<Snapshot>,
    },
    /// Stages are done side by side from here on, each by a run of its own.
    SideRunsStarted {
        runs: Vec<StageRun>,
    },
    /// One of these runs is over.
    SideRunEnded {
        stage: StageName,
        run: RunId,
        #[serde(flatten)]
        end: FeatureEnd,
    },
    /// The run of one of a batch's features is over.
    FeatureEnded {
        /// From 1.
        n: usize,
        #[serde(flatten)]
        end: FeatureEnd,
    },
    /// It is known what merging the features will be like.
    Previewed(MergePreview),
    /// The branch with the result is where people can fetch it.
    Delivered(Delivered),
    Ended {
        outcome: Outcome,
        why: Option<String>,
    },
    /// A kind of a later version.
    #[serde(other)]
    Unknown,
}

/// How a stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageOutcome {
    Good,
    Failed,
    /// Its work was rejected, or the run was stopped.
    Undone,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Done,
    Failed,
    Rejected,
    Stopped,
}

/// Where the code is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    pub branch: String,
    pub commit: String,
    /// What to clone: the project's repository where the push went through, else the shadow repository.
    pub repository: String,
    /// Whether it was pushed to the project's repository.
    pub pushed: bool,
    /// Why it was not, for people.
    pub note: Option<String>,
    /// All that changed: from the repository as it was found to the result.
    #[serde(default)]
    pub diff: Diff,
}

#[cfg(test)]
mod tests;
