//! Approvers: who can be asked?
//! People and user groups by name; who is in a group is asked of Slack at the door, when somebody answers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::run::{IdError, PersonId};

/// A Slack user group, `slack:<team>:<S…>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupId {
    pub team: String,
    pub group: String,
}

/// Somebody who may answer: a person, or whoever is in a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Approver {
    Person(PersonId),
    Group(GroupId),
}

impl Approver {
    /// Whether that is this person, who was seen in `groups`.
    #[must_use]
    pub fn is(&self, by: &PersonId, groups: &[GroupId]) -> bool {
        match self {
            Self::Person(person) => person == by,
            Self::Group(group) => groups.contains(group),
        }
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slack:{}:{}", self.team, self.group)
    }
}

impl fmt::Display for Approver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => person.fmt(f),
            Self::Group(group) => group.fmt(f),
        }
    }
}

impl FromStr for Approver {
    type Err = IdError;

    /// Slack's user ids begin with U or W, those of groups with S.
    fn from_str(text: &str) -> Result<Self, IdError> {
        match text.parse::<PersonId>().map_err(|_| IdError::Approver(text.to_owned()))? {
            PersonId::Slack { team, user } if user.starts_with('S') => {
                Ok(Self::Group(GroupId { team, group: user }))
            }
            person => Ok(Self::Person(person)),
        }
    }
}

impl TryFrom<String> for GroupId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        match text.parse()? {
            Approver::Group(group) => Ok(group),
            Approver::Person(_) => Err(IdError::Approver(text)),
        }
    }
}

impl TryFrom<String> for Approver {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<GroupId> for String {
    fn from(group: GroupId) -> Self {
        group.to_string()
    }
}

impl From<Approver> for String {
    fn from(approver: Approver) -> Self {
        approver.to_string()
    }
}

impl From<PersonId> for Approver {
    fn from(person: PersonId) -> Self {
        Self::Person(person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_groups_are_told_apart_and_read_again() {
        for text in ["slack:T1:U1", "slack:T1:W1", "cli:sam"] {
            assert!(matches!(text.parse(), Ok(Approver::Person(_))), "{text}");
        }
        let group: Approver = "slack:T1:S0LEADS".parse().expect("a group");
        assert!(matches!(group, Approver::Group(_)));
        assert_eq!(group.to_string(), "slack:T1:S0LEADS");
        assert!("leads".parse::<Approver>().is_err());
    }
}
