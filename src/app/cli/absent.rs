//! Commands that people look for and that are not there: what helps instead?

use clap::{Args, Subcommand};

/// What is not there yet.
#[derive(Debug, Subcommand)]
pub enum AbsentCommand {
    /// Not there yet: servers log to logs/ in their home, each attempt to its folder in runs/
    #[command(hide = true)]
    Logs(Anything),
    /// Not there yet: `signoff status <run> --json` has the address of the diff that is asked about
    #[command(hide = true)]
    Diff(Anything),
    /// Not there yet: `signoff --help` lists the commands
    #[command(hide = true, alias = "completion")]
    Completions(Anything),
    /// Not there yet: `signoff doctor` reads signoff.toml and tells what is wrong
    #[command(hide = true)]
    Config(Anything),
}

/// Whatever was typed behind it.
#[derive(Debug, Args)]
pub struct Anything {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    _words: Vec<String>,
}

impl AbsentCommand {
    /// What to do instead; a sentence.
    pub const fn instead(&self) -> &'static str {
        match self {
            Self::Logs(_) => {
                "there is no `logs` yet. Servers log to $SIGNOFF_HOME/logs/, each attempt to $SIGNOFF_HOME/runs/<run>/<stage>-<n>/: agent.jsonl and checks.log"
            }
            Self::Diff(_) => {
                "there is no `diff` yet. `signoff status <run> --json` has the address of the diff that is asked about, as .gate.diff_url; `signoff fetch <run> <stage>` gets any attempt's work as a branch"
            }
            Self::Completions(_) => {
                "there are no completions yet. `signoff --help` lists the commands, `signoff <command> --help` shows examples"
            }
            Self::Config(_) => {
                "there is no `config` yet. `signoff doctor` reads signoff.toml and every pipeline it names, tries what they say, and tells what is wrong"
            }
        }
    }
}
