//! The command line: what can be looked at, at a shell?
//! Nothing here changes a run.

use clap::{Args, Subcommand, ValueEnum};

use super::about;
use crate::workspace::AttemptFile;

/// Looks at runs.
#[derive(Debug, Subcommand)]
pub enum LookCommand {
    #[command(
        about = about("status"),
        after_help = "Examples:\n  signoff status\n  signoff status k3f9qdz --json | jq .stages[].state"
    )]
    Status {
        /// Which run: its name or the last characters of it; else the newest that is open
        run: Option<String>,
    },
    #[command(
        about = about("snapshots"),
        after_help = "Examples:\n  signoff snapshots k3f9qdz\n  signoff snapshots k3f9qdz --json | jq -r '.[] | [.name, .fate] | @tsv'"
    )]
    Snapshots {
        /// Which run: its name or the last characters of it; else the newest that is open
        run: Option<String>,
    },
    #[command(about = about("list"))]
    List {
        /// At most so many
        #[arg(long, default_value_t = 20)]
        limit: i64,
    },
    #[command(
        about = about("costs"),
        after_help = "\
Sums are those of the ledger, to the nano-dollar. With --json: one document, amounts as texts with nine places.

Examples:
  signoff costs
  signoff costs llm-wrapper 90d --json | jq -r '.stages[] | [.name, .cost] | @tsv'
  signoff costs --calibration                 how often a run cost what was said before"
    )]
    Costs {
        /// Which project, and of which time: `llm-wrapper 30d`, `2w`; else all of 30 days
        of: Vec<String>,
        /// How often the last 50 runs cost what was estimated before
        #[arg(long, conflicts_with = "of")]
        calibration: bool,
    },
    #[command(
        about = about("failures"),
        after_help = "\
Attempts that failed, by the kind of failure, project, stage and message; and how often each way to go on helped. Figures, names of
commits, paths and times in a message do not count: what differs in nothing else is the same failure. Rehearsals are left out.

Examples:
  signoff failures
  signoff failures llm-wrapper 90d --json | jq -r '.messages[] | [.attempts, .name] | @tsv'
  signoff failures --json | jq '.recoveries[] | select(.way == \"note\")'"
    )]
    Failures {
        /// Which project, and of which time: `llm-wrapper 30d`, `2w`; else all of 30 days
        of: Vec<String>,
    },
    #[command(
        about = about("compare"),
        after_help = "\
Tests, changes, money, time and tokens of both, as a whole and by stage. What differs in their code is told where both runs'
repositories are on this machine or in the artifact store; else the git command that tells it.

Examples:
  signoff compare k3f9qdz m2x8wtr
  signoff compare k3f9qdz m2x8wtr --diff | git apply --stat
  signoff again k3f9qdz from streaming model=claude-opus-4-5       the same stage by another model, to compare"
    )]
    Compare {
        /// One run: its name or the last characters of it
        first: String,
        /// The other
        second: String,
        /// Print what differs in their code, as a patch from the first to the second
        #[arg(long)]
        diff: bool,
    },
    #[command(
        about = about("waiting"),
        after_help = "With --json: one question a line.\n\nExample:\n  signoff waiting --json | jq -r 'select(.for_me).run'"
    )]
    Waiting,
    #[command(
        about = about("queue"),
        after_help = "\
An attempt has a slot while its agent writes and its checks judge. How many there are follows from the workers and from [queue] in
signoff.toml; both may change while runs wait. With --json: one document.

Examples:
  signoff queue
  signoff queue --json | jq -r '.waiting[] | [.place, .run, .because.limit, .seconds] | @tsv'"
    )]
    Queue,
    /// What happened to a run, one event a line
    #[command(after_help = "\
Examples:
  signoff events llm-wrapper-k3f9qdz
  signoff events llm-wrapper-k3f9qdz --json | jq 'select(.kind == \"attempt_ended\") | [.stage, .outcome, .cost_usd]'")]
    Events {
        /// Which run: its name, or the last characters of it
        run: String,
    },
    /// A run's thread, as Slack shows it
    #[command(
        after_help = "With --json: the messages as they are sent to Slack, with their blocks."
    )]
    Thread {
        /// Which run: its name, or the last characters of it
        run: String,
    },
    /// What an attempt's setup, agent and checks printed: the end of it
    #[command(after_help = "\
Read where SIGNOFF_HOME is the worker's; else from the artifact store (SIGNOFF_ARTIFACTS), where they are once the agent and the
checks are done. An agent's log is told step by step; with --json each line as it was printed, as {stage, attempt, file, line}.

Examples:
  signoff logs k3f9qdz                               the attempt that began last
  signoff logs k3f9qdz --follow                      until that attempt has ended
  signoff logs k3f9qdz streaming --attempt 1 --file checks --all
  signoff logs k3f9qdz streaming --file prompt       what its agent was told")]
    Logs(LogsArgs),
    /// What a run or a stage of it changed, as a patch
    #[command(after_help = "\
Of a stage: the work that is asked about, else the newest that was good, else the newest; from the database. Of a run: from the
repository as it was found to the newest work that was kept; from the run's repository, here or in the artifact store.

Examples:
  signoff diff k3f9qdz
  signoff diff k3f9qdz streaming --stat
  signoff diff k3f9qdz streaming --since round       what changed since it was asked about before
  signoff diff k3f9qdz streaming --attempt 1         of an attempt that was not kept, too
  signoff diff k3f9qdz | git apply")]
    Diff(DiffArgs),
    /// Save what Temporal has recorded of a run
    #[command(after_help = "\
As JSON, as `signoff replay` reads it. It holds what was said to the run: brief, notes, answers.

Examples:
  signoff history k3f9qdz                            to llm-wrapper-k3f9qdz.history.json
  signoff history k3f9qdz --output - | jq '.events | length'")]
    History {
        /// Which run: its name, or the last characters of it
        run: String,
        /// The file; - for standard output; else <run>.history.json
        #[arg(long, short)]
        output: Option<String>,
    },
    /// Would this program do what a run's history says? Changes nothing
    #[command(after_help = "\
Before a new version goes to runs that are open: does it go on with them? Nothing is done by a replay, and nobody is asked.

Examples:
  signoff replay k3f9qdz                             the history that Temporal has
  signoff replay llm-wrapper-k3f9qdz.history.json    one that was saved; neither database nor Temporal is needed

Exit codes: 0 the same · 4 it differs: which event, and what was recorded there · 2 no such run, or no history")]
    Replay {
        /// A run: its name, or the last characters of it; or a file
        of: String,
    },
}

#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Which run: its name, or the last characters of it
    pub run: String,
    /// Which stage; else that of the attempt that began last
    pub stage: Option<String>,
    /// Which attempt of it, from 1; else the newest
    #[arg(long, value_name = "N")]
    pub attempt: Option<u32>,
    /// Only this file; else setup.log, agent.jsonl and what the checks printed
    #[arg(long, value_enum)]
    pub file: Option<FileArg>,
    /// From the beginning, not only the last 60 lines of each file
    #[arg(long)]
    pub all: bool,
    /// Print what comes, until the attempt has ended
    #[arg(long, short)]
    pub follow: bool,
}

/// A file of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileArg {
    Prompt,
    Setup,
    Agent,
    ChecksBefore,
    Checks,
    ChecksRedGreen,
    Junit,
}

impl FileArg {
    pub const fn file(self) -> AttemptFile {
        match self {
            Self::Prompt => AttemptFile::Prompt,
            Self::Setup => AttemptFile::Setup,
            Self::Agent => AttemptFile::Agent,
            Self::ChecksBefore => AttemptFile::ChecksBefore,
            Self::Checks => AttemptFile::Checks,
            Self::ChecksRedGreen => AttemptFile::ChecksRedGreen,
            Self::Junit => AttemptFile::Junit,
        }
    }
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// Which run: its name, or the last characters of it
    pub run: String,
    /// Which stage; else all that the run changed
    pub stage: Option<String>,
    /// Which attempt of it, from 1
    #[arg(long, value_name = "N", requires = "stage")]
    pub attempt: Option<u32>,
    /// Only what changed since the stage was asked about before
    #[arg(long, value_enum, requires = "stage")]
    pub since: Option<SinceArg>,
    /// Which files, and how many lines of each
    #[arg(long)]
    pub stat: bool,
}

/// Since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SinceArg {
    Round,
}
