//! How is a pipeline written down?
//! TOML, checked whole on load; every problem names file, line and remedy.

use std::collections::BTreeMap;

use super::{Pipeline, StageName};

/// A pipeline with its text: prompts are taken from here, never from history.
#[derive(Clone, Debug)]
pub struct PipelineText {
    pub pipeline: Pipeline,
    pub text: String,
    pub prompts: BTreeMap<StageName, String>,
}

/// One thing wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    /// From 1; none where the whole file is meant.
    pub line: Option<usize>,
    pub what: String,
    pub remedy: String,
}

/// Everything wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);
