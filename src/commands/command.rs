//! A command: what did a line of words ask for?

use super::said::Said;
use super::start_run::StartRun;
use crate::run::Verdict;

/// A line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing was typed: ask by a form.
    Form,
    Start(StartRun),
    Answer {
        verdict: Verdict,
        said: Said,
    },
    Status(Said),
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
