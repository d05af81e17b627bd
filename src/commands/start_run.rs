//! The grammar of a new run: what is to be developed, and what may it spend?
//! The same for the words after a project's name and for the fields of the form.

use super::misunderstood::{Misunderstood, code_safe};
use crate::run::{ProjectName, Usd, foreign_text, nearest};

/// Longest brief, in characters: it travels in history, once per stage.
pub const BRIEF_CHARS: usize = 2_000;

/// A run to start: what to develop, and what it may spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRun {
    pub project: ProjectName,
    pub brief: String,
    pub budget: Option<Usd>,
}

impl StartRun {
    /// Reads what follows the name of a project: `budget=…`, and all else is the brief.
    pub(super) fn read(project: ProjectName, rest: &str) -> Result<Self, Misunderstood> {
        let mut budget = None;
        let mut brief = Vec::new();
        for word in rest.split_whitespace() {
            match word.split_once('=') {
                Some(("budget", amount)) => budget = Some(read_budget(amount)?),
                Some((key, _)) if key.len() > 2 && nearest(key, ["budget"]).is_some() => {
                    return Err(Misunderstood::wrong(format!(
                        "`{}` is no setting. Did you mean `budget=$5`?",
                        code_safe(key)
                    )));
                }
                _ => brief.push(word),
            }
        }
        Ok(Self { project, brief: read_brief(&brief.join(" "))?, budget })
    }
}

/// What a run should do, in a person's words.
pub fn read_brief(brief: &str) -> Result<String, Misunderstood> {
    if brief.chars().count() <= BRIEF_CHARS {
        return Ok(foreign_text::printable(brief));
    }
    Err(Misunderstood::wrong(format!(
        "That is longer than {BRIEF_CHARS} characters. Put the long part into a file of the repository and name it."
    )))
}

/// An amount a run may spend.
pub fn read_budget(amount: &str) -> Result<Usd, Misunderstood> {
    match amount.parse::<Usd>() {
        Ok(Usd::ZERO) => Err(Misunderstood::wrong(
            "A budget of nothing lets no run start. Leave it out for no limit.",
        )),
        Ok(budget) => Ok(budget),
        Err(_) => Err(Misunderstood::wrong(format!(
            "`budget={}` is no amount. Write it like `budget=5` or `budget=$2.50`.",
            code_safe(amount)
        ))),
    }
}
