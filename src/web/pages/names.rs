//! Names: what are the people called whom a page names?
//! Slack is asked, for a moment; whoever it does not name keeps their id.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use super::super::SlackEndpoint;
use crate::run::{Approver, PersonId, Run};
use crate::slack::one_line;

/// Longest wait for all of them; longest name; most people who are asked about.
const PATIENCE: Duration = Duration::from_secs(2);
const NAME: usize = 60;
const MOST: usize = 30;

/// The names of everybody whom the run's page may name.
pub(super) async fn names(slack: Option<&SlackEndpoint>, run: &Run) -> BTreeMap<PersonId, String> {
    let Some(slack) = slack else { return BTreeMap::new() };
    let asked = people(run).into_iter().take(MOST).filter_map(|person| match person {
        PersonId::Slack { user, .. } => Some((person, user)),
        PersonId::Cli { .. } => None,
    });
    let named = asked.map(async |(person, user)| {
        let member = timeout(PATIENCE, slack.api.member(user)).await.ok()?.ok()?;
        Some((person.clone(), one_line(&member.display, NAME)))
    });
    join_all(named).await.into_iter().flatten().filter(|(_, name)| !name.is_empty()).collect()
}

fn people(run: &Run) -> BTreeSet<&PersonId> {
    let decided = run.decisions.iter().map(|decided| &decided.by);
    let noted = run.notes.iter().map(|note| &note.by);
    let asked = run.named().filter_map(|approver| match approver {
        Approver::Person(person) => Some(person),
        Approver::Group(_) => None,
    });
    [&run.request.starter].into_iter().chain(decided).chain(noted).chain(asked).collect()
}
