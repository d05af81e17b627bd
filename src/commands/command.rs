//! A command: what did a line of words ask for?

use super::again::AgainWords;
use super::compare::CompareWords;
use super::features::FeatureWords;
use super::look_back::LookBack;
use super::said::Said;
use super::start_run::StartRun;
use super::thread_words::says_something;
use crate::run::Verdict;

/// A line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing was typed: ask by a form.
    Form,
    Start(StartRun),
    /// Several features side by side; none is named yet: ask by a form.
    Features(FeatureWords),
    /// A run once more.
    Again(AgainWords),
    Answer {
        verdict: Verdict,
        said: Said,
    },
    Look(LookAt),
    Help,
    Note(NoteWords),
    /// No word in it: emoji.
    Nothing,
}

/// What is looked at; nothing changes by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookAt {
    Status(Said),
    Snapshots(Said),
    Waiting,
    Queue,
    List,
    Costs(LookBack),
    Failures(LookBack),
    Compare(CompareWords),
}

/// Words for the next attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteWords {
    pub words: String,
    pub sounds: SoundsLike,
}

impl NoteWords {
    /// Whether there is a word in it that an agent could be told.
    #[must_use]
    pub fn says_something(&self) -> bool {
        says_something(&self.words)
    }
}

/// What words sound like that are no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoundsLike {
    /// Something to tell the agent.
    ANote,
    /// An answer and more: it begins with a verb that answers, or with a yes or no.
    AnAnswerAndMore,
    /// Nothing but an answer: `LGTM`, `aprove`, a thumb.
    AnAnswer,
}
