//! Problems of a file: what is wrong with it, and what can be done about that?

use std::fmt;

/// One thing wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    /// From 1; none where the whole file is meant.
    pub line: Option<usize>,
    pub what: String,
    pub remedy: String,
}

/// `deploy/pipelines/x.toml:12: what. Remedy`
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}. {}", self.what, self.remedy)
    }
}

/// Everything wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Problems(pub Vec<Problem>);

/// The word of `among` that `word` was probably meant to be.
#[must_use]
pub fn nearest<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // One wrong letter in three: with more, every short word would resemble every other.
    let most = (word.chars().count() / 3).max(1);
    among
        .into_iter()
        .map(|known| (strsim::osa_distance(&word.to_lowercase(), known), known))
        .filter(|(slips, _)| *slips <= most)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, known)| known)
}

/// `Did you mean "…"?` where a word comes near, else what to do in any case.
#[must_use]
pub fn did_you_mean<'a>(
    word: &str,
    among: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    nearest(word, among)
        .map_or_else(|| otherwise.to_owned(), |known| format!("Did you mean {known:?}?"))
}
