//! A command: what did a line of words ask for?

use super::start_run::StartRun;
use crate::run::Verdict;

/// A line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing was typed: ask by a form.
    Form,
    Start(StartRun),
    /// In front of what a person says may stand the name of the run.
    Answer {
        verdict: Verdict,
        said: String,
    },
    Status {
        run: Option<String>,
    },
    Waiting,
    List,
    Help,
    Note(NoteWords),
    /// No word in it: emoji.
    Nothing,
}

/// Words for the next attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteWords {
    pub words: String,
    /// Whether it begins with a verb that answers, so that it may have been meant as an answer.
    pub sounds_like_an_answer: bool,
}
