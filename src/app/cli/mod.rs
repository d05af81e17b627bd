//! The command line: what can be typed in a shell?
//! The answers to a run are subcommands out of the table of verbs (`commands/verbs.rs`).

mod absent;
mod answer;
mod look;
mod prune;

use std::ffi::OsString;
use std::io::Write;

use anyhow::anyhow;
use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{Failure, exit};

use crate::commands::Verb;
use crate::local::{Bridge, UpOptions};
use crate::sandbox::Inside;
use crate::telemetry::{FILTER, Format};

pub use absent::AbsentCommand;
pub use answer::TypedAnswer;
pub use look::{DiffArgs, LogsArgs, LookCommand, SinceArg};
pub use prune::PruneArgs;

const JSON: &str = "--json";
/// Flags of every command, apart from a command's own.
const EVERYWHERE: &str = "Everywhere";

/// Runs coding agents through staged pipelines, from Slack; where it matters, a person signs off.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "\
Try it:
  signoff up                                 everything on this machine, nothing to configure
  signoff develop llm-wrapper --wait         in a second terminal, the same folder
  signoff approve <run>                      when it asks

Exit codes:
  0  ok                                      3  refused
  1  our fault                               4  the run did not end well, or a history differs
  2  usage, unknown run or project           5  something it depends on is missing"
)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: CliCommand,

    /// Print data as JSON: one document, or one a line
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,

    /// What is logged to standard error: `info`, or `info,signoff::slack=debug`; a command at a shell logs warnings only
    #[arg(long, global = true, help_heading = EVERYWHERE, env = "SIGNOFF_LOG", hide_env_values = true)]
    pub log: Option<String>,

    /// Log as JSON lines
    #[arg(long, global = true, help_heading = EVERYWHERE, env = "SIGNOFF_LOG_JSON", hide_env_values = true, value_parser = FalseyValueParser::new())]
    pub log_json: bool,
}

impl Cli {
    /// Reads what was typed; where it is no command, or only asks for help, that is printed, and the exit code is what is left.
    pub fn read(
        typed: impl IntoIterator<Item = OsString>,
        out: &mut dyn Write,
    ) -> Result<Self, u8> {
        let typed: Vec<OsString> = typed.into_iter().collect();
        Self::try_parse_from(&typed).map_err(|error| {
            if error.use_stderr() && typed.iter().any(|word| word == JSON) {
                // Nothing is left to do where nobody reads it.
                let _ = writeln!(out, "{}", Failure::usage(anyhow!(in_short(&error))).document());
            }
            let _ = error.print();
            u8::try_from(error.exit_code()).unwrap_or(exit::USAGE)
        })
    }

    /// Whether what is printed is for programs: `--json` may stand among the words of what is not there, too.
    pub fn wants_json(&self) -> bool {
        self.json || matches!(&self.verb, CliCommand::Absent(absent) if absent.says(JSON))
    }

    /// What is logged: servers tell their story, a command at a shell answers on standard output.
    pub fn log_filter(&self) -> &str {
        let quiet = if matches!(
            self.verb,
            CliCommand::Up(_) | CliCommand::Serve | CliCommand::Worker { .. }
        ) {
            FILTER
        } else {
            "warn"
        };
        // An empty variable is one that is not set.
        self.log.as_deref().filter(|filter| !filter.trim().is_empty()).unwrap_or(quiet)
    }

    pub fn log_format(&self) -> Format {
        if self.log_json { Format::Json } else { Format::People }
    }
}

#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Start everything on this machine: Postgres, Temporal, a local Slack, serve and worker
    #[command(after_help = "\
Examples:
  signoff up                                 then type /develop llm-wrapper on the page it names
  signoff up --demo                          also plays the people, and ends with the run
  ANTHROPIC_API_KEY=… signoff up --local-slack    with the real model; it costs money
  SIGNOFF_HOME=/tmp/two signoff up           a second one, apart from the first")]
    Up(UpArgs),
    /// Answer Slack, draw threads, serve pages
    #[command(after_help = "\
It reads DATABASE_URL, TEMPORAL_ADDRESS, SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET (where Slack can call it) or SLACK_APP_TOKEN
(where it cannot), SIGNOFF_LISTEN and SIGNOFF_PUBLIC_URL, and signoff.toml in this folder. `signoff doctor` says what is missing.")]
    Serve,
    /// Carry runs on: agents and checks
    #[command(after_help = "\
It reads DATABASE_URL, TEMPORAL_ADDRESS and ANTHROPIC_API_KEY, and signoff.toml in this folder; without a key it rehearses.
As many as you like may run; one that dies is missed by nobody but its attempt, which is made again.")]
    Worker {
        /// Where no box can be built, let agents, setup and checks run without one: they can do what this user can
        #[arg(long)]
        no_sandbox: bool,
        /// Runs kept in memory; 0 replays each run's history for every step
        #[arg(long, default_value_t = 50, hide = true)]
        max_cached_runs: usize,
    },
    /// Start a run
    #[command(after_help = "\
Examples:
  signoff develop llm-wrapper
  signoff develop my-service retry what can be retried budget=\\$5 --wait
  signoff develop my-service 'keep the public names' budget=2.50 --json
  signoff develop my-service -- --words like flags, after two dashes")]
    Develop {
        /// Which project: one of `signoff.toml`, or llm-wrapper
        project: String,
        /// What you want, in words; budget=5 bounds what it may spend, in dollars
        words: Vec<String>,
        /// Tell what happens until the run has ended; exit 4 if it did not end well
        #[arg(long)]
        wait: bool,
    },
    #[command(
        about = about("features"),
        after_help = "\
Each feature is a run of its own, in a box and on a branch of its own, with an equal share of the budget. What is good is merged, one
after the other, and checked as a whole; where two do not fit together you are asked. At the end you approve all of it.

Examples:
  signoff features llm-wrapper 'Gemini provider' 'Token counting' 'Request caching' CLI budget=\\$8
  signoff features llm-wrapper --file features.txt --wait         one a line; - reads standard input
  signoff stop llm-wrapper-k3f9qdz                                stops all of them; what is good is kept"
    )]
    Features {
        /// Which project: one of `signoff.toml`, or llm-wrapper
        project: String,
        /// What each feature is; budget=5 bounds what all of them may spend together, in dollars
        features: Vec<String>,
        /// Read the features from a file, one a line
        #[arg(long, value_name = "FILE")]
        file: Option<std::path::PathBuf>,
        /// Tell what happens until all of it has ended; exit 4 if it did not end well
        #[arg(long)]
        wait: bool,
    },
    #[command(
        about = about("fix"),
        after_help = "\
One stage, with the checks, setup, gate and agent of the last stage of the project's pipeline. Each iteration goes on from what the one before
left, and reads what was tried and what failed; only green work is the result. It ends when the checks are green; after so many attempts, or
three that fail in the same way, it asks. The command behind until= is run first: it has to fail as long as nothing was done.

Examples:
  signoff fix llm-wrapper 'Fix rate limiting in OpenAI provider' --wait
  signoff fix my-service 'orders are lost at midnight' until='npm run e2e' attempts=8 budget=\\$5"
    )]
    Fix {
        /// Which project: one of `signoff.toml`, or llm-wrapper
        project: String,
        /// What is wrong, in words; attempts=5, until='COMMAND' that has to pass, budget=5
        words: Vec<String>,
        /// Tell what happens until the run has ended; exit 4 if it did not end well
        #[arg(long)]
        wait: bool,
    },
    #[command(
        about = about("again"),
        after_help = "\
What was good before the stage is taken over, with its approvals, where it would be done and approved in the same way now; it is not paid
again. The note stands behind the brief.

Examples:
  signoff again llm-wrapper-k3f9qdz
  signoff again llm-wrapper-k3f9qdz from streaming budget=\\$5
  signoff again k3f9qdz from streaming model=claude-opus-4-5 use the fake clock --wait"
    )]
    Again {
        /// Which run: its name or the last characters of it
        run: String,
        /// from STAGE, model=ID, budget=5, then a note
        words: Vec<String>,
        /// Tell what happens until the run has ended; exit 4 if it did not end well
        #[arg(long)]
        wait: bool,
    },
    #[command(flatten)]
    Look(LookCommand),
    #[command(flatten)]
    Answer(TypedAnswer),
    /// Get the work of an attempt into the repository of this folder, as a branch
    #[command(after_help = "\
Whatever became of it: good, failed, rejected or stopped. The branch is signoff/<run>/<stage>-<attempt>; nothing of yours is changed.

Examples:
  signoff fetch llm-wrapper-k3f9qd                 the newest work of the run
  signoff fetch k3f9qd streaming                   the newest of a stage
  signoff fetch k3f9qd streaming-2 && git diff main signoff/llm-wrapper-k3f9qd/streaming-2
  signoff fetch k3f9qd streaming --print           only says what git would be told")]
    Fetch(FetchArgs),
    /// Remove what old runs left: their folders on this disk, and what is theirs in the artifact store
    #[command(after_help = "\
Of runs that are over, those go that ended too long ago, then, while all together are too much, what ended first. Nothing goes of a run
that is not over, nor of one that such a run takes over. Events, diffs of stages, costs and cards stay in the database. Without
--older-than and --keep-bytes, [retention] of signoff.toml counts: else 90 days. Workers do the same by themselves, once a day.

Examples:
  signoff prune --dry-run                            what would go, and what stays and why
  signoff prune --older-than 30d
  signoff prune --keep-bytes 20GB --json | jq -r '.removed[].run'")]
    Prune(PruneArgs),
    /// Set a Slack workspace up
    Slack {
        #[command(subcommand)]
        verb: SlackVerb,
    },
    /// Check what this machine and the Slack app have, and say what is missing
    #[command(
        after_help = "Exit codes: 0 all that is needed is here · 5 something marked ✗ is missing"
    )]
    Doctor,
    #[command(flatten)]
    Absent(AbsentCommand),
    /// Run a program that dies with its parent
    #[command(name = "__child", hide = true)]
    Child(Child),
    /// Run a server that only this program can reach
    #[command(name = "__bridge", hide = true)]
    Bridge(Bridge),
    /// Run a program in a box, as its first process
    #[command(name = "__box", hide = true)]
    Box(InsideArgs),
    /// Pass a box's connections on
    #[command(name = "__forward", hide = true)]
    Forward { socket: std::path::PathBuf },
}

impl CliCommand {
    /// Whether it is of no use without what can be developed. What is said to runs that there are is not: who cannot stop a run because
    /// of a typing error elsewhere pays for it.
    pub const fn needs_projects(&self) -> bool {
        matches!(
            self,
            Self::Up(_)
                | Self::Serve
                | Self::Worker { .. }
                | Self::Develop { .. }
                | Self::Features { .. }
                | Self::Fix { .. }
                | Self::Again { .. }
                // What is kept is said there.
                | Self::Prune(_)
        )
    }
}

#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Which run: its name, or the last characters of it
    pub run: String,
    /// Which work: a stage, an attempt as streaming-2, or what the run began with, start; else the newest
    pub work: Option<String>,
    /// Print the git command instead
    #[arg(long)]
    pub print: bool,
}

#[derive(Debug, Subcommand)]
pub enum SlackVerb {
    /// Print the manifest of the Slack app, to paste at api.slack.com/apps
    #[command(after_help = "\
Examples:
  signoff slack manifest                                       by Socket Mode: nothing of yours has to be reachable
  signoff slack manifest --url https://signoff.example.com     by HTTP, where Slack can reach `signoff serve`

With --json: the same as JSON, for `apps.manifest.create`.")]
    Manifest(ManifestArgs),
}

#[derive(Debug, Args)]
pub struct ManifestArgs {
    /// How Slack reaches you: `http` with --url, `socket` without
    #[arg(long, value_enum)]
    pub mode: Option<TransportArg>,
    /// Where Slack reaches `signoff serve`, by https; /slack is added
    #[arg(long)]
    pub url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TransportArg {
    /// Slack calls an https address of yours
    Http,
    /// `signoff serve` calls Slack
    Socket,
}

#[derive(Debug, Args)]
pub struct Child {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub command: Vec<std::ffi::OsString>,
}

#[derive(Debug, Args)]
pub struct InsideArgs {
    #[arg(long)]
    user: Option<u32>,
    #[arg(long)]
    give: Vec<std::path::PathBuf>,
    #[arg(long)]
    forward: Option<std::path::PathBuf>,
    #[arg(long)]
    file: Option<u64>,
    #[arg(long)]
    processes: Option<u64>,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    command: Vec<std::ffi::OsString>,
}

impl InsideArgs {
    pub fn inside(self) -> Inside {
        let Self { user, give, forward, file, processes, command } = self;
        Inside { user, give, forward, file, processes, command }
    }
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub struct UpArgs {
    /// Also play the people: start a run, approve it, print its thread; exit 0 when it is done, 4 when it did not end well
    #[arg(long)]
    pub demo: bool,
    /// Only Postgres and Temporal, for tests and for a serve and a worker of your own
    #[arg(long, conflicts_with = "demo")]
    pub servers_only: bool,
    /// End when standard input ends, so that it never outlives who started it
    #[arg(long)]
    pub until_eof: bool,
    /// Where no box can be built, let agents, setup and checks run without one: they can do what this user can
    #[arg(long)]
    pub no_sandbox: bool,
    /// Use the local Slack also with a key: whoever can use this machine can type there, and spend your money
    #[arg(long)]
    pub local_slack: bool,
    /// Speak with the local Slack by Socket Mode instead of HTTP
    #[arg(long, conflicts_with = "servers_only")]
    pub socket: bool,
}

impl UpArgs {
    pub fn options(&self) -> UpOptions {
        let Self { demo, servers_only, until_eof, no_sandbox, local_slack, socket } = *self;
        UpOptions { demo, servers_only, until_eof, no_sandbox, local_slack, socket }
    }
}

/// What is wrong with what was typed, without how it should look.
fn in_short(error: &clap::Error) -> String {
    let whole = error.to_string();
    let (wrong, _usage) = whole.split_once("\n\nUsage:").unwrap_or((&whole, ""));
    wrong.trim_start_matches("error: ").trim().to_owned()
}

/// What a verb that Slack has too does, in a line.
fn about(verb: &str) -> &'static str {
    Verb::called(verb).map_or("", |verb| verb.about)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_may_follow_words() {
        let cli = Cli::try_parse_from([
            "signoff", "develop", "x", "keep", "it", "small", "--wait", "--json",
        ])
        .unwrap();
        assert!(
            cli.json
                && matches!(cli.verb, CliCommand::Develop { wait: true, ref words, .. } if words.join(" ") == "keep it small")
        );
    }

    /// What a program reads of a command line that is none.
    fn told(typed: &str) -> String {
        let mut out = Vec::new();
        let code =
            Cli::read(typed.split(' ').map(OsString::from), &mut out).expect_err("no command");
        assert_eq!(code, exit::USAGE);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn programs_read_why_a_command_is_none() {
        insta::assert_snapshot!(told("signoff status --json --nope"), @r#"{"outcome":"usage","text":"unexpected argument '--nope' found\n\n  tip: to pass '--nope' as a value, use '-- --nope'"}"#);
        insta::assert_snapshot!(told("signoff develop --json"), @r#"{"outcome":"usage","text":"the following required arguments were not provided:\n  <PROJECT>"}"#);
        assert_eq!(told("signoff status --nope"), "", "people read standard error");
    }

    #[test]
    fn what_is_not_there_is_told_to_programs_too() {
        let read = |typed: &str| Cli::try_parse_from(typed.split(' ')).unwrap().wants_json();
        assert!(read("signoff config check --json") && read("signoff --json completions bash"));
        assert!(!read("signoff config check"));
    }

    #[test]
    fn an_empty_filter_is_none() {
        let cli = Cli { log: Some(" ".to_owned()), ..Cli::parse_from(["signoff", "serve"]) };
        assert_eq!(cli.log_filter(), FILTER);
    }
}
