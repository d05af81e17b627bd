//! The command line: which answers can be given in a shell?
//! One subcommand for each verb of the table that answers, and what may follow it.

use clap::{Arg, ArgAction, ArgMatches, Command, Error, FromArgMatches, Subcommand};

use crate::commands::{Takes, VERBS, Verb};
use crate::run::Verdict;

/// Ids of the arguments, which are their names in the help too.
const RUN: &str = "run";
const WORDS: &str = "words";
const TIME: &str = "time";
const AMOUNT: &str = "amount";
const FROM_BASE: &str = "from-base";

/// `signoff approve <run> [words…]`, understood.
#[derive(Debug)]
pub struct TypedAnswer {
    pub verdict: Verdict,
    /// The run, and all that was typed behind it, as one line.
    pub said: String,
    /// Of asked-for changes: from what the stage started with.
    pub from_base: bool,
}

impl Subcommand for TypedAnswer {
    fn augment_subcommands(cli: Command) -> Command {
        answers().fold(cli, |cli, verb| cli.subcommand(subcommand(verb)))
    }

    fn augment_subcommands_for_update(cli: Command) -> Command {
        Self::augment_subcommands(cli)
    }

    fn has_subcommand(name: &str) -> bool {
        answers().any(|verb| verb.name() == name)
    }
}

impl FromArgMatches for TypedAnswer {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let typed = matches.subcommand().and_then(|(name, typed)| {
            let verb = answers().find(|verb| verb.name() == name)?;
            Some(Self { verdict: verb.verdict()?, said: said(typed), from_base: from_base(typed) })
        });
        typed.ok_or_else(|| Error::raw(clap::error::ErrorKind::MissingSubcommand, "no answer"))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn answers() -> impl Iterator<Item = &'static Verb> {
    VERBS.iter().filter(|verb| verb.verdict().is_some())
}

fn subcommand(verb: &'static Verb) -> Command {
    let command = Command::new(verb.name()).about(verb.about).arg(run(verb));
    let command = match verb.takes {
        Takes::Nothing => command,
        Takes::Unconditional | Takes::Words => command.arg(words()),
        Takes::Feedback => command.arg(words()).arg(base()),
        Takes::Time => command.arg(time()),
        Takes::Money => command.arg(amount()),
        Takes::Snapshot => command.arg(
            words()
                .value_name("SNAPSHOT")
                .help("start, undo, a stage or a snapshot; then what should be different"),
        ),
        Takes::Retry => {
            command.arg(words().help("longer, smaller, model=ID, then a note for the agent"))
        }
    };
    if verb.examples.is_empty() { command } else { command.after_help(verb.examples) }
}

/// A stop is for what is at work; all else for what waits.
fn run(verb: &Verb) -> Arg {
    let only =
        if verb.verdict().is_some_and(Verdict::is_about_the_run) { "is at work" } else { "waits" };
    Arg::new(RUN)
        .value_name("RUN")
        .help(format!("Which run: its name or the last characters of it, or its project, where only one of it {only}; else the only one that {only}"))
}

fn words() -> Arg {
    let many = Arg::new(WORDS).value_name("WORDS").num_args(1..).action(ArgAction::Append);
    many.help("Why, in your words")
}

fn base() -> Arg {
    let flag = Arg::new(FROM_BASE).long(FROM_BASE).action(ArgAction::SetTrue);
    flag.help("From what the stage started with, not on top of its work")
}

fn time() -> Arg {
    Arg::new(TIME)
        .value_name("TIME")
        .help("1h, 8h, or until tomorrow, 9:00 here; 1h if it is not said")
}

fn amount() -> Arg {
    let words = Arg::new(AMOUNT).value_name("AMOUNT").num_args(1..).action(ArgAction::Append);
    words.help("How much more, as $5 (between quotes, for the shell), or no limit")
}

/// The values of the arguments in their order; those that this verb does not take are not there.
fn said(typed: &ArgMatches) -> String {
    let values = [RUN, WORDS, TIME, AMOUNT]
        .into_iter()
        .filter_map(|argument| typed.try_get_many::<String>(argument).ok().flatten());
    values.flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn from_base(typed: &ArgMatches) -> bool {
    matches!(typed.try_get_one::<bool>(FROM_BASE), Ok(Some(true)))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::app::cli::{Cli, CliCommand};

    fn typed(words: &[&str]) -> TypedAnswer {
        let cli = Cli::try_parse_from([&["signoff"], words].concat()).unwrap();
        match cli.verb {
            CliCommand::Answer(answer) => answer,
            other => panic!("it is no answer: {other:?}"),
        }
    }

    #[test]
    fn an_answer_is_its_verdict_and_a_line() {
        let changes = typed(&["changes", "k3f9qdz", "--from-base", "keep", "the names"]);
        assert_eq!(
            (changes.verdict, changes.said.as_str(), changes.from_base),
            (Verdict::Changes, "k3f9qdz keep the names", true)
        );
        let snooze = typed(&["snooze", "k3f9qdz"]);
        assert_eq!((snooze.verdict, snooze.said.as_str()), (Verdict::Snooze, "k3f9qdz"));
    }

    #[test]
    fn no_run_has_to_be_named() {
        assert_eq!(typed(&["approve"]).said, "");
        assert_eq!(typed(&["approve", ":", "nice"]).said, ": nice");
        assert_eq!(typed(&["extend", "tomorrow"]).said, "tomorrow");
    }

    #[test]
    fn more_time_stands_behind_the_run() {
        assert_eq!(typed(&["extend", "k3f9qdz"]).said, "k3f9qdz");
        assert_eq!(typed(&["extend", "k3f9qdz", "tomorrow"]).said, "k3f9qdz tomorrow");
    }
}
