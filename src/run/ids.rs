//! Identifiers: how are runs, stages, people and channels named?
//! Each kind of name is a type of its own, parsed once at the door.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const LONGEST_SLUG: usize = 64;

/// Why a text is no name of that kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error(
        "{0:?} is not a name: use lower-case letters, digits, - and _ (up to {LONGEST_SLUG}), starting with a letter or digit"
    )]
    Slug(String),
    #[error("{0:?} is not a person: write slack:<team>:<user> or cli:<user>")]
    Person(String),
    #[error(
        "{0:?} is nobody who can be asked: write slack:<team>:<user or user group> or cli:<user>"
    )]
    Approver(String),
    #[error("{0:?} are no working hours: write them like Mon-Fri 09:00-17:00 Europe/Berlin")]
    Hours(String),
    #[error("{0:?} is not a channel: write slack:<team>:<channel>")]
    Channel(String),
}

/// Lower-case letters, digits, `-` and `_`: safe in paths, git refs and workflow ids.
fn slug(text: &str) -> Result<String, IdError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    let starts_well =
        text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if starts_well && text.len() <= LONGEST_SLUG && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err(IdError::Slug(text.to_owned()))
    }
}

macro_rules! slug_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                slug(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                slug(&text).map(Self)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

slug_type! {
    /// A run; also its Temporal workflow id, e.g. `llm-wrapper-k3f9qd`.
    RunId
}
slug_type! {
    /// What can be developed.
    ProjectName
}
slug_type! {
    /// One step of a pipeline.
    StageName
}

/// The characters at the end of a run id: no vowels (no words), nothing that reads like another.
const RUN_LETTERS: &[u8] = b"23456789bcdfghjkmnpqrstvwxz";
const RUN_LETTERS_COUNT: usize = 7;

impl RunId {
    /// `<project>-<seven characters>`, made from `random`, which the caller draws: this room is pure.
    #[must_use]
    pub fn mint(project: &ProjectName, mut random: u64) -> Self {
        let letters = RUN_LETTERS.len() as u64;
        let mut tail = String::with_capacity(RUN_LETTERS_COUNT);
        for _ in 0..RUN_LETTERS_COUNT {
            tail.push(char::from(RUN_LETTERS[usize::try_from(random % letters).unwrap_or(0)]));
            random /= letters;
        }
        let head: String =
            project.as_str().chars().take(LONGEST_SLUG - RUN_LETTERS_COUNT - 1).collect();
        Self(format!("{head}-{tail}"))
    }

    /// The run that does this stage of a run beside others, for so many times: always the same one.
    #[must_use]
    pub fn beside(of: &Self, project: &ProjectName, (stage, time): (&StageName, usize)) -> Self {
        Self::mint(project, chance(&format!("{of} {stage} {time}")))
    }
}

/// A number that nobody can foresee, and that is always the same for this text: workflows throw no dice.
pub(super) fn chance(text: &str) -> u64 {
    Sha256::digest(text).iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Somebody who asks or decides: `slack:<team>:<user>` or `cli:<os user>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PersonId {
    Slack { team: String, user: String },
    Cli { user: String },
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slack { team, user } => write!(f, "slack:{team}:{user}"),
            Self::Cli { user } => write!(f, "cli:{user}"),
        }
    }
}

impl FromStr for PersonId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let parts: Vec<&str> = text.split(':').collect();
        match parts.as_slice() {
            ["slack", team, user] if !team.is_empty() && !user.is_empty() => {
                Ok(Self::Slack { team: (*team).to_owned(), user: (*user).to_owned() })
            }
            ["cli", user] if !user.is_empty() => Ok(Self::Cli { user: (*user).to_owned() }),
            _ => Err(IdError::Person(text.to_owned())),
        }
    }
}

impl TryFrom<String> for PersonId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<PersonId> for String {
    fn from(person: PersonId) -> Self {
        person.to_string()
    }
}

/// A Slack channel in its workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Channel {
    pub team: String,
    pub channel: String,
}

impl FromStr for Channel {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.split(':').collect::<Vec<_>>().as_slice() {
            ["slack", team, channel] if !team.is_empty() && !channel.is_empty() => {
                Ok(Self { team: (*team).to_owned(), channel: (*channel).to_owned() })
            }
            _ => Err(IdError::Channel(text.to_owned())),
        }
    }
}

/// What makes one delivery unique: the inbox key, and Temporal's `request_id` of the signal it becomes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub String);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A SHA-256 as lower-case hex: of a pipeline's text, or of what a gate asks about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_their_folder_are_refused() {
        for text in ["", "..", "a/b", "A", "-rf", "ü", "a b", &"x".repeat(65)] {
            assert!(text.parse::<StageName>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn a_minted_run_is_named_after_its_project() {
        let project: ProjectName = "llm-wrapper".parse().expect("a slug");
        let run = RunId::mint(&project, 123_456_789_012);
        assert!(run.as_str().starts_with("llm-wrapper-"));
        assert_eq!(run.as_str().parse(), Ok(run.clone()));
    }

    #[test]
    fn people_are_written_with_where_they_come_from() {
        for text in ["slack:T1:U1", "cli:ana"] {
            assert_eq!(text.parse::<PersonId>().map(|p| p.to_string()), Ok(text.to_owned()));
        }
        assert!("ana".parse::<PersonId>().is_err());
    }
}
