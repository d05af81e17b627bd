//! What does a line of words ask for?
//! Pure. What is not understood comes back with what was probably meant.

use crate::config::Projects;
use crate::run::{ProjectName, Usd, Verdict, nearest};

/// Words after `/develop`, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing was typed: ask by a form.
    Form,
    Start(StartRun),
    /// The run is the first word, if that names one; the rest is what a person says.
    Decide {
        verdict: Verdict,
        said: String,
    },
    Status {
        run: Option<String>,
    },
    Waiting,
    List,
    Help,
}

/// A run to start: what to develop, and what it may spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRun {
    pub project: ProjectName,
    pub brief: String,
    pub budget: Option<Usd>,
}

/// Why a line was not understood, and what would work; for that person only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misunderstood {
    pub text: String,
    /// Whether it comes so near to something that it was probably meant as that.
    pub nearly: bool,
}

impl Misunderstood {
    /// Understood as something, and wrong.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), nearly: true }
    }
}

/// Longest brief, in characters: it travels in history, once per stage.
pub const BRIEF_CHARS: usize = 2_000;

/// What can be typed, for `help` and for who typed something else; Slack's mrkdwn.
pub const HELP: &str = "\
`/develop &lt;project&gt; [what you want…] [budget=$5]` starts a run
`/develop` alone asks by a form
`/develop status [run]` how far it is
`/develop list` the newest runs
`/develop waiting` what waits for you, and for others
`/develop approve [run]` answers a gate: go on
`/develop changes [run] &lt;what should be different&gt; [--from-base]` answers a gate: another round
`/develop reject [run] [why…]` answers a gate: not this
`/develop extend [run] [1h|8h|tomorrow]` more time to answer
`/develop snooze [run]` no more reminders for you
`/develop stop [run] [why…]` ends a run
In a run's thread, `approve`, `changes: …` and `reject because …` alone are enough; other words there are notes for the next attempt. \
`@signoff` understands all of this too, in channels, threads and directly.";

const VERBS: [&str; 10] = [
    "status", "list", "waiting", "stop", "approve", "changes", "reject", "extend", "snooze", "help",
];

/// The verdict that a verb gives.
#[must_use]
pub fn verdict(verb: &str) -> Option<Verdict> {
    Some(match verb.to_lowercase().as_str() {
        "approve" | "approved" => Verdict::Approve,
        "changes" | "change" => Verdict::Changes,
        "reject" | "rejected" => Verdict::Reject,
        "extend" => Verdict::Extend,
        "snooze" => Verdict::Snooze,
        "stop" => Verdict::Stop,
        _ => return None,
    })
}

/// Reads a line. Projects are looked up, runs are not.
pub fn parse(line: &str, projects: &Projects) -> Result<Command, Misunderstood> {
    let (first, rest) = first_word(line);
    if first.is_empty() {
        return Ok(Command::Form);
    }
    let verb = first.trim_end_matches([':', ',', '.', '!']);
    if let Some(verdict) = verdict(verb) {
        return Ok(Command::Decide { verdict, said: rest.to_owned() });
    }
    match verb.to_lowercase().as_str() {
        "help" => Ok(Command::Help),
        "list" => Ok(Command::List),
        "waiting" => Ok(Command::Waiting),
        "status" => Ok(Command::Status {
            run: Some(first_word(rest).0.to_owned()).filter(|run| !run.is_empty()),
        }),
        _ => develop(first, rest, projects).map(Command::Start),
    }
}

/// The first word, and the rest as it was typed.
#[must_use]
pub fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace)
        .map_or((text, ""), |(first, rest)| (first, rest.trim_start()))
}

fn develop(name: &str, rest: &str, projects: &Projects) -> Result<StartRun, Misunderstood> {
    let known = name.parse::<ProjectName>().ok().filter(|p| projects.get(p).is_some());
    let Some(project) = known else { return Err(unknown(name, projects)) };
    let mut budget = None;
    let mut brief = Vec::new();
    for word in rest.split_whitespace() {
        match word.split_once('=') {
            Some(("budget", amount)) => budget = Some(read_budget(amount)?),
            Some((key, _)) if key.len() > 2 && nearest(key, ["budget"]).is_some() => {
                return Err(Misunderstood::plain(format!(
                    "`{}` is no setting. Did you mean `budget=$5`?",
                    code_safe(key)
                )));
            }
            _ => brief.push(word),
        }
    }
    Ok(StartRun { project, brief: read_brief(&brief.join(" "))?, budget })
}

/// What a run should do, in a person's words.
pub fn read_brief(brief: &str) -> Result<String, Misunderstood> {
    if brief.chars().count() <= BRIEF_CHARS {
        return Ok(brief.to_owned());
    }
    Err(Misunderstood::plain(format!(
        "That is longer than {BRIEF_CHARS} characters. Put the long part into a file of the repository and name it."
    )))
}

/// An amount a run may spend.
pub fn read_budget(amount: &str) -> Result<Usd, Misunderstood> {
    match amount.parse::<Usd>() {
        Ok(Usd::ZERO) => Err(Misunderstood::plain(
            "A budget of nothing lets no run start. Leave it out for no limit.",
        )),
        Ok(budget) => Ok(budget),
        Err(_) => Err(Misunderstood::plain(format!(
            "`budget={}` is no amount. Write it like `budget=5` or `budget=$2.50`.",
            code_safe(amount)
        ))),
    }
}

fn unknown(name: &str, projects: &Projects) -> Misunderstood {
    let names: Vec<String> = projects.names().map(ToString::to_string).collect();
    let meant = nearest(name, names.iter().map(String::as_str).chain(VERBS));
    let guess = meant.map(|m| format!(" Did you mean `/develop {m}`?")).unwrap_or_default();
    let all = names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "There is no project or command `{}`.{guess} Projects: {all}. `/develop help` shows what can be typed.",
        code_safe(name)
    );
    Misunderstood { text, nearly: meant.is_some() }
}

/// Words of a person, safe between backticks.
pub(super) fn code_safe(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '`' | '<' | '>' | '&')).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, Misunderstood> {
        parse(line, &Projects::built_in().expect("the built-in pipelines are valid"))
    }

    fn told(line: &str) -> String {
        read(line).expect_err("not understood").text
    }

    #[test]
    fn a_project_takes_words_and_a_budget() {
        let want = StartRun {
            project: "llm-wrapper".parse().expect("a slug"),
            brief: "with x=1 retries".to_owned(),
            budget: Some("2.50".parse().expect("an amount")),
        };
        assert_eq!(read("llm-wrapper with x=1 budget=$2.50 retries"), Ok(Command::Start(want)));
    }

    #[test]
    fn an_answer_keeps_what_is_said_as_it_was_typed() {
        let said = |verdict, said: &str| Ok(Command::Decide { verdict, said: said.to_owned() });
        assert_eq!(
            read("changes k3f9qdz use\ttabs\n  here"),
            said(Verdict::Changes, "k3f9qdz use\ttabs\n  here")
        );
        assert_eq!(read("Approve!"), said(Verdict::Approve, ""));
        assert_eq!(read("extend tomorrow"), said(Verdict::Extend, "tomorrow"));
        assert_eq!(read("waiting"), Ok(Command::Waiting));
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
        assert!(!read("please use tabs").expect_err("not understood").nearly);
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
