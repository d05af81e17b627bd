//! The facts of activities: what do they bring back?
//! Facts only: whether an attempt is kept is judged by the rules, not here.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Diff, Pause, RedGreen, StartingPoint};
use crate::run::{StageName, Usd};

/// A commit in the run's shadow repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Object name of the commit.
    pub commit: String,
    /// Object name of its tree: equal trees are equal code.
    pub tree: String,
}

impl Snapshot {
    /// git's name of a tree without files.
    const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    /// Whether it has no files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree == Self::EMPTY_TREE
    }
}

/// Tokens of all kinds, as the model's provider counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    pub cache_write: u64,
}

impl Tokens {
    /// All four kinds summed: what tables call "tokens".
    #[must_use]
    pub const fn total(self) -> u64 {
        self.input
            .saturating_add(self.output)
            .saturating_add(self.cache_read)
            .saturating_add(self.cache_write)
    }

    /// What is left of them without those of before.
    #[must_use]
    pub const fn minus(self, before: Self) -> Self {
        Self {
            input: self.input.saturating_sub(before.input),
            output: self.output.saturating_sub(before.output),
            cache_read: self.cache_read.saturating_sub(before.cache_read),
            cache_write: self.cache_write.saturating_sub(before.cache_write),
        }
    }
}

impl std::ops::AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cache_read = self.cache_read.saturating_add(other.cache_read);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
    }
}

/// Results of the test reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tests {
    pub passed: u32,
    pub failed: u32,
    pub skipped: u32,
}

impl Tests {
    /// Tests that ran: passed and failed.
    #[must_use]
    pub const fn ran(self) -> u32 {
        self.passed.saturating_add(self.failed)
    }
}

/// Who wrote: program, version and model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentInfo {
    pub name: String,
    pub version: Option<String>,
    pub model: Option<String>,
}

/// How an agent was confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sandboxing {
    /// In the box. Out of it leads nothing but the socket or the host of the agent's model; a setup has a box of its own.
    Closed,
    /// In the box, where agent or setup had the machine's network: none has that any more.
    OpenNetwork,
    /// No box at all.
    None,
}

/// Why an agent could not finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// The model's provider is busy, limits us or cannot be reached: later may go well.
    ModelBusy,
    /// The agent crashed, hung or answered nonsense: another attempt may go well.
    Agent,
    /// The allowance it was given is spent.
    Budget,
    /// Model, configuration or setup are wrong: another attempt cannot go well.
    Setup,
    /// The model's provider does not take the key, or nobody pays: another attempt cannot go well.
    SignIn,
    /// The agent's program does not work where it ran: on another machine it may.
    Program,
    /// It was not done in time: another attempt, or more time, may go well.
    TimeOut,
    /// It gave no sign of life any more, or did the same over and over: another attempt may go well.
    Stall,
    /// What has to pass passes already: there is nothing by which an agent's work could be told from none.
    NothingToFix,
    /// A kind of a later version.
    #[serde(other)]
    Unknown,
}

/// How an agent's work ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum AgentEnd {
    Finished,
    Failed { trouble: Trouble, why: String },
    Stopped,
}

/// What the activity `write` brings back: how the agent ended, and the snapshot of its work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    #[serde(flatten)]
    pub end: AgentEnd,
    /// Whatever its end says: it stands still, and goes on in the same place and session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    pub agent: Option<AgentInfo>,
    pub sandboxing: Sandboxing,
    /// The work; none where the agent did not finish.
    pub work: Option<Work>,
    pub tokens: Tokens,
    pub cost_usd: Usd,
    pub seconds: u64,
    /// The agent's own words at its end, cut to `Written::WORDS` characters: quoted and labelled wherever they are shown.
    pub words: Option<String>,
    /// Where the run began; none where it began with nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<StartingPoint>,
    /// Files that could not be merged by themselves, or that still have the marks of that: the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
    /// What was said last where it failed before an agent could work; at most `Checked::FEEDBACK` bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
    /// Into which parts the agent split its task, where it was asked to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Where it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workplace: Option<Workplace>,
}

/// Where an attempt was made, so that an operator can look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workplace {
    /// The name of the worker's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// There: what was printed, and the prompt.
    pub folder: String,
    /// The size of the prompt; none where no agent was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_bytes: Option<u64>,
}

/// Snapshot in, snapshot out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// What the attempt started from; for the first stage, the repository as it was found.
    pub base: Snapshot,
    pub snapshot: Snapshot,
    /// All that the stage changed.
    pub diff: Diff,
    /// What changed since the stage asked before.
    #[serde(default)]
    pub since_round: Option<Diff>,
    /// What changed since a person last approved something.
    #[serde(default)]
    pub since_approved: Option<Diff>,
    /// Where it was pushed, where the project wants that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<AttemptBranch>,
}

/// A branch of the project's repository for the work of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptBranch {
    pub name: String,
    /// Why it is not there, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_pushed: Option<String>,
}

impl Written {
    /// Longest quote of an agent, in characters.
    pub const WORDS: usize = 400;

    /// An end without work, for which nothing was used.
    #[must_use]
    pub const fn unkept(end: AgentEnd, sandboxing: Sandboxing) -> Self {
        Self {
            conflicts: Vec::new(),
            end,
            pause: None,
            agent: None,
            sandboxing,
            work: None,
            tokens: Tokens { input: 0, output: 0, cache_read: 0, cache_write: 0 },
            cost_usd: Usd::ZERO,
            seconds: 0,
            words: None,
            start: None,
            feedback: None,
            parts: Vec::new(),
            workplace: None,
        }
    }
}

/// What the activity `check` brings back: the checks' verdict on exactly that snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Checked {
    pub passed: bool,
    /// One line for people: "3 of 50 tests failed", "coverage 71 % is below 90 %".
    pub why: Option<String>,
    /// What the next attempt should read: names and messages of failed tests, the log's tail; at most `Checked::FEEDBACK` bytes.
    pub feedback: Option<String>,
    /// Why the checks could not be reached, where that is not the work's fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    pub tests: Option<Tests>,
    pub coverage_percent: Option<f64>,
    /// Against the newest good attempt before; none where its tests are not known by name.
    #[serde(default)]
    pub tests_changed: Option<TestsChanged>,
    /// Whether its new tests can fail; none where there are none, or nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub red_green: Option<RedGreen>,
    /// What is wrong with the reports, for people: one that is there and could not be read, or is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports: Option<String>,
    pub seconds: u64,
}

/// Which tests went away between two good attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestsChanged {
    pub removed: u32,
    /// Ran before, skipped now.
    pub skipped: u32,
    /// Some of their names, the removed ones first; at most `TestsChanged::NAMES`, each cut to `TestsChanged::NAME` characters.
    pub names: Vec<String>,
}

impl TestsChanged {
    pub const NAMES: usize = 3;
    pub const NAME: usize = 120;
}

impl Checked {
    /// Longest feedback, in bytes: it travels in history.
    pub const FEEDBACK: usize = 3_000;
    /// Stands before the log's tail in that.
    pub const END_OF_LOG: &str = "The end of the log";
}

/// An activity that nobody could finish, and what it had used by its last heartbeat. A lost check used nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    pub why: String,
    pub tokens: Tokens,
    pub cost_usd: Usd,
    pub workplace: Option<Workplace>,
}

/// How far the current attempt is. Newest wins, never history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub stage: StageName,
    pub attempt: u32,
    pub tokens: Tokens,
    pub cost_usd: Usd,
    /// What it does now, e.g. `Write src/stream.js`: an agent's words, shown cut and quoted.
    pub step: String,
    pub at: DateTime<Utc>,
}
