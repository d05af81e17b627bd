//! Commands that people look for and that are not there: what helps instead?

use clap::{Args, Subcommand};

/// What is not there yet.
#[derive(Debug, Subcommand)]
pub enum AbsentCommand {
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
    words: Vec<String>,
}

impl AbsentCommand {
    /// Whether this word was typed behind it.
    pub fn says(&self, word: &str) -> bool {
        let (Self::Completions(typed) | Self::Config(typed)) = self;
        typed.words.iter().any(|typed| typed == word)
    }

    /// What to do instead; a sentence.
    pub const fn instead(&self) -> &'static str {
        match self {
            Self::Completions(_) => {
                "there are no completions yet. `signoff --help` lists the commands, `signoff <command> --help` shows examples"
            }
            Self::Config(_) => {
                "there is no `config` yet. `signoff doctor` reads signoff.toml and every pipeline it names, tries what they say, and tells what is wrong"
            }
        }
    }
}
