//! What does an answer say beside its verdict?
//! Pure: a person's words, where changes start, how much more time.

use super::another_try;
use super::misunderstood::first_word;
use super::more_time::More;
use super::said::{MARKS, reason};
use super::verbs::{Takes, Verb};
use super::{Misunderstood, more_money};
use crate::run::{Raise, Retry, Rework, Verdict, foreign_text};

/// What asks for changes from the stage's base; phones make a dash of two hyphens.
pub(super) const FROM_BASE: [&str; 2] = ["--from-base", "—from-base"];
/// What begins a condition: an approval counts at once and has none.
const CONDITIONS: [&str; 8] = ["if", "when", "once", "unless", "until", "after", "but", "not"];

/// What was said beside the verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// As they were typed; none where nothing was.
    pub words: Option<String>,
    pub rework: Rework,
    pub more: Option<More>,
    pub raise: Option<Raise>,
    pub retry: Option<Retry>,
    /// What a snapshot was called.
    pub snapshot: Option<String>,
}

impl Terms {
    /// Reads what follows the verb and the run's name.
    pub fn read(verdict: Verdict, said: &str) -> Result<Self, Misunderstood> {
        let said = foreign_text::printable(said);
        let said = said.trim();
        match Verb::of_verdict(verdict).map(|verb| verb.takes) {
            Some(Takes::Time) => Ok(Self { more: Some(said.parse()?), ..Self::default() }),
            Some(Takes::Money) => {
                Ok(Self { raise: Some(more_money::read(said)?), ..Self::default() })
            }
            Some(Takes::Retry) => {
                let (retry, words) = another_try::read(said);
                Ok(Self { retry: Some(retry), words: some(words), ..Self::default() })
            }
            Some(Takes::Snapshot) => {
                let (name, words) = first_word(said);
                let name = some(name.trim_end_matches(MARKS));
                Ok(Self { snapshot: name, words: some(reason(words)), ..Self::default() })
            }
            Some(Takes::Feedback) => {
                let (words, rework) = without_flag(said);
                Ok(Self { words: some(words), rework, ..Self::default() })
            }
            Some(Takes::Unconditional) if has_condition(said) => {
                Err(Misunderstood::wrong(no_conditions(verdict)))
            }
            _ => Ok(Self { words: some(said), ..Self::default() }),
        }
    }
}

fn no_conditions(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => {
            "An approval counts at once and knows no conditions, so nothing was recorded. Ask for changes instead, or approve without an if."
        }
        _ => {
            "That counts at once and knows no conditions, so nothing was recorded. Say it again without an if."
        }
    }
}

fn some(words: &str) -> Option<String> {
    (!words.is_empty()).then(|| words.to_owned())
}

fn without_flag(said: &str) -> (&str, Rework) {
    let rest = FROM_BASE.iter().find_map(|flag| {
        let front = said
            .strip_prefix(flag)
            .filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        front.or_else(|| said.strip_suffix(flag).filter(|rest| rest.ends_with(char::is_whitespace)))
    });
    rest.map_or((said, Rework::Top), |rest| (rest.trim(), Rework::Base))
}

fn has_condition(said: &str) -> bool {
    let first = said.split_whitespace().next().unwrap_or_default().to_lowercase();
    CONDITIONS.contains(&first.trim_matches(|c: char| !c.is_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_as_they_were_typed() {
        let terms = Terms::read(Verdict::Changes, " keep\n\n  this & `that`\n").expect("words");
        assert_eq!(
            (terms.words.as_deref(), terms.rework),
            (Some("keep\n\n  this & `that`"), Rework::Top)
        );
    }

    #[test]
    fn changes_may_start_from_the_base() {
        for said in ["--from-base use tabs", "use tabs --from-base", "use tabs\n—from-base"] {
            let terms = Terms::read(Verdict::Changes, said).expect("words");
            assert_eq!(
                (terms.words.as_deref(), terms.rework),
                (Some("use tabs"), Rework::Base),
                "{said}"
            );
        }
        let told = Terms::read(Verdict::Changes, "rename --from-base to --base in the help")
            .expect("words");
        assert_eq!(told.rework, Rework::Top);
    }

    #[test]
    fn an_approval_has_no_conditions() {
        for said in ["if the tests pass", "but rename it", "…once it is green"] {
            assert!(Terms::read(Verdict::Approve, said).is_err(), "{said}");
        }
        assert!(Terms::read(Verdict::Approve, "nice and small").is_ok());
    }
}
