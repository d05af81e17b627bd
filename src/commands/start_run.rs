//! The grammar of a new run: what is to be developed, and what may it spend?
//! The same for the words after a project's name and for the fields of the form.

use super::again::StartAgain;
use super::budget_words::BudgetWords;
use super::misunderstood::Misunderstood;
use super::typing;
use crate::config::Projects;
use crate::run::{Fix, ProjectName, Usd, foreign_text};

/// Longest brief, in characters: it travels in history, once per stage.
pub const BRIEF_CHARS: usize = 2_000;

/// A run to start: what to develop, and what it may spend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartRun {
    pub project: ProjectName,
    pub brief: String,
    pub budget: Option<Usd>,
    /// The run that it does once more.
    pub again: Option<StartAgain>,
    /// What is developed side by side; empty for an ordinary run.
    pub features: Vec<String>,
    /// That it fixes something, instead of going through the project's pipeline.
    pub fix: Option<Fix>,
}

impl StartRun {
    /// An ordinary run, through the project's pipeline.
    #[must_use]
    pub const fn new(project: ProjectName, brief: String, budget: Option<Usd>) -> Self {
        Self { project, brief, budget, again: None, features: Vec::new(), fix: None }
    }

    /// Reads what follows the name of a project: what it may spend, and all else is the brief.
    pub(super) fn read(project: ProjectName, rest: &str) -> Result<Self, Misunderstood> {
        let BudgetWords { budget, rest } = BudgetWords::read(rest)?;
        Ok(Self::new(project, read_brief(&rest)?, budget))
    }
}

/// The project that somebody typed the name of.
pub(super) fn project_named<'p>(word: &str, projects: &'p Projects) -> Option<&'p ProjectName> {
    let name = typing::name(word);
    projects.names().find(|known| [word, &name].contains(&known.as_str()))
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
