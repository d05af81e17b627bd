//! Of which time, and of which project?
//! `llm-wrapper 30d`, in any order, behind each verb that looks back.

use chrono::{DateTime, TimeDelta, Utc};

use super::misunderstood::Misunderstood;
use crate::run::{ProjectName, Request};

/// What is looked at unless somebody says otherwise.
const DAYS: u32 = 30;
/// As far back as anybody can ask.
const MOST_DAYS: u32 = 3_650;

/// What is looked back at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookBack {
    /// None for all.
    pub project: Option<ProjectName>,
    pub days: u32,
}

impl LookBack {
    /// Behind this verb: `llm-wrapper 30d`, in any order.
    ///
    /// # Errors
    /// It is something else: in a thread, `costs are too high` is said to the agent.
    pub fn read(verb: &str, words: &str) -> Result<Self, Misunderstood> {
        let mut of = Self { project: None, days: DAYS };
        for word in words.split_whitespace() {
            if let Some(days) = days(word) {
                of.days = days;
            } else if let (None, Ok(project)) = (&of.project, word.to_lowercase().parse()) {
                of.project = Some(project);
            } else {
                let text = format!(
                    "`{}` is no time and no project: `{verb} llm-wrapper 30d`, or `{verb} 2w`.",
                    word.replace('`', "'")
                );
                return Err(Misunderstood { text, nearly: false });
            }
        }
        Ok(of)
    }

    pub(super) fn since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - TimeDelta::days(self.days.into())
    }

    /// Whether this run is of the project.
    pub(super) fn holds(&self, request: &Request) -> bool {
        self.project.as_ref().is_none_or(|project| request.project == *project)
    }
}

/// `30d`, `2w`.
fn days(word: &str) -> Option<u32> {
    let (n, unit) = word.split_at_checked(word.len().checked_sub(1)?)?;
    let each = match unit {
        "d" | "D" => 1,
        "w" | "W" => 7,
        _ => return None,
    };
    let days = n.parse::<u32>().ok()?.checked_mul(each)?;
    (1..=MOST_DAYS).contains(&days).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_and_a_project_are_told_apart() {
        let of = |words| LookBack::read("costs", words);
        let project: ProjectName = "llm-wrapper".parse().unwrap();
        assert_eq!(of(""), Ok(LookBack { project: None, days: 30 }));
        for words in ["llm-wrapper 2w", "2W LLM-wrapper"] {
            assert_eq!(of(words), Ok(LookBack { project: Some(project.clone()), days: 14 }));
        }
        assert!(of("llm-wrapper orders").unwrap_err().text.contains("`orders` is no time"));
    }
}
