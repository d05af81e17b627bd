//! What can be typed in a shell?

use clap::{Args, Parser, Subcommand};

use crate::local::UpOptions;
use crate::telemetry::{FILTER, Format};

/// Runs coding agents through staged pipelines, from Slack; where it matters, a person signs off.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    after_help = "\
Try it:        signoff up            everything on this machine, nothing to configure
Then:          signoff develop llm-wrapper --wait
Exit codes:    0 ok · 1 our fault · 2 usage, unknown run or project · 3 refused · 4 the run did not end well · 5 something it depends on is missing"
)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,

    /// Print data as JSON: one document, or one a line
    #[arg(long, global = true)]
    pub json: bool,

    /// What is logged to standard error, as `target=level,…`
    #[arg(long, global = true, env = "SIGNOFF_LOG", default_value = FILTER, hide_default_value = true, hide_env_values = true)]
    pub log: String,

    /// Log as JSON lines
    #[arg(long, global = true, env = "SIGNOFF_LOG_JSON", hide_env_values = true)]
    pub log_json: bool,
}

impl Cli {
    pub fn log_format(&self) -> Format {
        if self.log_json { Format::Json } else { Format::People }
    }
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Start everything on this machine: Postgres, Temporal, a local Slack, serve and worker
    Up(Up),
    /// Answer Slack, draw threads, serve pages
    Serve,
    /// Carry runs on: agents and checks
    Worker {
        /// Let a real model work without a box where there is no bubblewrap
        #[arg(long)]
        no_sandbox: bool,
        /// Runs kept in memory; 0 replays each run's history for every step
        #[arg(long, default_value_t = 200, hide = true)]
        max_cached_runs: usize,
    },
    /// Start a run
    Develop {
        project: String,
        /// What you want, in words; budget=$5 bounds what it may spend
        #[arg(trailing_var_arg = true)]
        words: Vec<String>,
        /// Wait until the run has ended; exit 4 if it did not end well
        #[arg(long)]
        wait: bool,
    },
    /// How far a run is; without a name, the newest that is open
    Status { run: Option<String> },
    /// The newest runs
    List {
        #[arg(long, default_value_t = 20)]
        limit: i64,
    },
    /// Answer a gate: go on
    Approve(Decide),
    /// Answer a gate: end the run
    Reject(Decide),
    /// End a run, whatever it does
    Stop(Decide),
    /// What happened to a run, one event a line
    Events { run: String },
    /// A run's thread, as Slack shows it
    Thread { run: String },
    /// Check what this machine has, and say what is missing
    Doctor,
    /// Run a program that dies with its parent
    #[command(name = "__child", hide = true)]
    Child(Child),
}

#[derive(Debug, Args)]
pub struct Decide {
    pub run: String,
    /// Why, in your words
    #[arg(trailing_var_arg = true)]
    pub words: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Child {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
    pub command: Vec<std::ffi::OsString>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub struct Up {
    /// Also play the people: start a run, approve it, print its thread; exit 0 when it is done, 4 when it did not end well
    #[arg(long)]
    pub demo: bool,
    /// Only Postgres and Temporal
    #[arg(long, conflicts_with = "demo")]
    pub servers_only: bool,
    /// End when standard input ends
    #[arg(long)]
    pub until_eof: bool,
    /// Let a real model work without a box where there is no bubblewrap
    #[arg(long)]
    pub no_sandbox: bool,
}

impl Up {
    pub fn options(&self) -> UpOptions {
        UpOptions { demo: self.demo, servers_only: self.servers_only, until_eof: self.until_eof, no_sandbox: self.no_sandbox }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
