//! What is a person told whose words were not understood?

/// Why a line was not understood, and what would work; for that person only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misunderstood {
    pub text: String,
    /// Whether it comes so near to something that it was probably meant as that.
    pub nearly: bool,
}

impl Misunderstood {
    /// Understood as something, and wrong.
    pub(super) fn wrong(text: impl Into<String>) -> Self {
        Self { text: text.into(), nearly: true }
    }
}

/// The first word, and the rest as it was typed.
pub(super) fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace)
        .map_or((text, ""), |(first, rest)| (first, rest.trim_start()))
}

/// Words of a person, safe between backticks.
pub(super) fn code_safe(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '`' | '<' | '>' | '&')).take(60).collect()
}
