//! The preview of a fan-in: what will happen when features are merged?
//! Found by trying, before anything is merged: which touch the same files, which conflict, and in which order they merge best.

use serde::{Deserialize, Serialize};

use super::merge_order::merge_order;
use crate::run::foreign_text::{PATH, line};

/// What is known before anything is merged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergePreview {
    /// Pairs of features that touch the same files.
    pub overlaps: Vec<Overlap>,
    /// Numbers of features, from 1, in the order in which they are merged.
    pub order: Vec<usize>,
}

/// Two features that touch the same files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// Their numbers, from 1; the lower first.
    pub pair: (usize, usize),
    /// Paths that both changed: the first few, and how many there are.
    pub files: Vec<String>,
    pub count: usize,
    /// Of these, the ones that git cannot merge by itself: the first few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<String>,
}

impl Overlap {
    /// Most paths of each kind that are named.
    pub const SHOWN: usize = 5;
}

impl MergePreview {
    /// Of these features and what was found of them.
    #[must_use]
    pub fn of(features: &[usize], overlaps: Vec<Overlap>) -> Self {
        Self { order: merge_order(features, &overlaps), overlaps }
    }

    /// Names of files are an agent's words.
    #[must_use]
    pub fn cleaned(self) -> Self {
        let names = |paths: Vec<String>| -> Vec<String> {
            paths.iter().take(Overlap::SHOWN).map(|path| line(path, PATH)).collect()
        };
        let overlaps = self.overlaps.into_iter().map(|it| Overlap {
            files: names(it.files),
            conflicts: names(it.conflicts),
            ..it
        });
        Self { overlaps: overlaps.collect(), order: self.order }
    }
}
