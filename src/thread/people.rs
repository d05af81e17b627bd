//! How are people named?
//! Only the messages that call somebody (gate, end) and private answers may use this room: a mention in any other would notify.

use crate::run::{Approver, PersonId, Request};

use super::text::inline;

/// `<@U1>`, or `ana (command line)`.
pub(crate) fn mention(person: &PersonId) -> String {
    match person {
        PersonId::Slack { user, .. } if user.bytes().all(|b| b.is_ascii_alphanumeric()) => format!("<@{user}>"),
        PersonId::Slack { user, .. } => inline(user, 40),
        PersonId::Cli { user } => format!("{} (command line)", inline(user, 40)),
    }
}

/// The starter and the approvers, each once.
pub(super) fn may_answer(request: &Request) -> Vec<&PersonId> {
    let mut people = vec![&request.starter];
    for approver in &request.approvers {
        if let Approver::Person(person) = approver
            && !people.contains(&person)
        {
            people.push(person);
        }
    }
    people
}

/// Mentions in a row; a long row is folded.
pub(super) fn mentions(people: &[&PersonId]) -> String {
    const MOST: usize = 12;
    let mut names: Vec<String> = people.iter().take(MOST).map(|p| mention(p)).collect();
    if people.len() > MOST {
        names.push(format!("and {} more", people.len() - MOST));
    }
    names.join(" ")
}
