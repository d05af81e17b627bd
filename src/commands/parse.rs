//! What does a line of words ask for?
//! Pure. What is not understood comes back with what was probably meant.

use crate::config::Projects;
use crate::run::{ProjectName, Usd, Verdict, nearest};

/// Words after `/develop`, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing was typed: ask by a form.
    Form,
    Develop(Develop),
    /// The run is the first word, if that names one; the rest is a person's words.
    Decide {
        verdict: Verdict,
        words: Vec<String>,
    },
    Status {
        run: Option<String>,
    },
    List,
    Help,
}

/// What to develop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Develop {
    pub project: ProjectName,
    pub brief: String,
    pub budget: Option<Usd>,
}

/// Why a line was not understood, and what would work; for that person only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misunderstood(pub String);

/// Longest brief, in characters: it travels in history, once per stage.
pub const BRIEF_CHARS: usize = 2_000;

/// What can be typed, for `help` and for who typed something else.
pub const HELP: &str = "\
`/develop <project> [what you want…] [budget=$5]` starts a run
`/develop` alone asks by a form
`/develop status [run]` how far it is
`/develop list` the newest runs
`/develop approve|reject [run] [why…]` answers a gate
`/develop stop [run] [why…]` ends a run
In a run's thread, `approve` and `reject …` alone are enough.";

const VERBS: [&str; 6] = ["status", "list", "stop", "approve", "reject", "help"];

/// Reads a line. Projects are looked up, runs are not.
pub fn parse(line: &str, projects: &Projects) -> Result<Command, Misunderstood> {
    let mut words = line.split_whitespace().map(str::to_owned);
    let Some(first) = words.next() else { return Ok(Command::Form) };
    let rest: Vec<String> = words.collect();
    match first.to_lowercase().as_str() {
        "help" => Ok(Command::Help),
        "list" => Ok(Command::List),
        "status" => Ok(Command::Status { run: rest.into_iter().next() }),
        "approve" => Ok(Command::Decide { verdict: Verdict::Approve, words: rest }),
        "reject" => Ok(Command::Decide { verdict: Verdict::Reject, words: rest }),
        "stop" => Ok(Command::Decide { verdict: Verdict::Stop, words: rest }),
        name => develop(name, &rest, projects).map(Command::Develop),
    }
}

fn develop(name: &str, rest: &[String], projects: &Projects) -> Result<Develop, Misunderstood> {
    let known = name.parse::<ProjectName>().ok().filter(|p| projects.get(p).is_some());
    let Some(project) = known else { return Err(unknown(name, projects)) };
    let mut budget = None;
    let mut brief = Vec::new();
    for word in rest {
        match word.split_once('=') {
            Some(("budget", amount)) => budget = Some(read_budget(amount)?),
            Some((key, _)) if key.len() > 2 && nearest(key, ["budget"]).is_some() => {
                return Err(Misunderstood(format!("`{}` is no setting. Did you mean `budget=$5`?", plain(key))));
            }
            _ => brief.push(word.as_str()),
        }
    }
    Ok(Develop { project, brief: read_brief(&brief.join(" "))?, budget })
}

/// What a run should do, in a person's words.
pub fn read_brief(brief: &str) -> Result<String, Misunderstood> {
    if brief.chars().count() <= BRIEF_CHARS {
        return Ok(brief.to_owned());
    }
    Err(Misunderstood(format!("That is longer than {BRIEF_CHARS} characters. Put the long part into a file of the repository and name it.")))
}

/// An amount a run may spend.
pub fn read_budget(amount: &str) -> Result<Usd, Misunderstood> {
    match amount.parse::<Usd>() {
        Ok(Usd::ZERO) => Err(Misunderstood("A budget of nothing lets no run start. Leave it out for no limit.".to_owned())),
        Ok(budget) => Ok(budget),
        Err(_) => Err(Misunderstood(format!("`budget={}` is no amount. Write it like `budget=5` or `budget=$2.50`.", plain(amount)))),
    }
}

fn unknown(name: &str, projects: &Projects) -> Misunderstood {
    let names: Vec<String> = projects.names().map(ToString::to_string).collect();
    let meant = nearest(name, names.iter().map(String::as_str).chain(VERBS));
    let guess = meant.map(|m| format!(" Did you mean `/develop {m}`?")).unwrap_or_default();
    let all = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    Misunderstood(format!("There is no project or command `{}`.{guess} Projects: {all}. `/develop help` shows what can be typed.", plain(name)))
}

/// Words of a person, safe between backticks.
fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '`' | '<' | '>' | '&')).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, Misunderstood> {
        parse(line, &Projects::built_in().expect("the built-in pipelines are valid"))
    }

    fn told(line: &str) -> String {
        read(line).expect_err("not understood").0
    }

    #[test]
    fn a_project_takes_words_and_a_budget() {
        let want = Develop {
            project: "llm-wrapper".parse().expect("a slug"),
            brief: "with x=1 retries".to_owned(),
            budget: Some("2.50".parse().expect("an amount")),
        };
        assert_eq!(read("llm-wrapper with x=1 budget=$2.50 retries"), Ok(Command::Develop(want)));
    }

    #[test]
    fn nothing_typed_asks_by_a_form() {
        assert_eq!(read("  "), Ok(Command::Form));
    }

    #[test]
    fn a_slip_is_told_what_was_meant() {
        assert!(told("llm-wraper").contains("Did you mean `/develop llm-wrapper`?"));
        assert!(told("aprove").contains("Did you mean `/develop approve`?"));
        assert!(told("llm-wrapper bugdet=5").contains("Did you mean `budget=$5`?"));
    }

    #[test]
    fn an_amount_that_is_none_is_told_so() {
        assert!(told("llm-wrapper budget=lots").contains("`budget=lots` is no amount"));
    }

    #[test]
    fn hostile_words_are_told_back_harmless() {
        assert!(!told("<!channel>").contains('<'));
    }
}
