//! User groups: who is in those that a run names?
//! Slack is asked only where somebody in them is called directly. A group that Slack tells nothing of holds up nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use tokio::time::timeout;

use super::Publisher;
use super::look::Look;
use super::retry::remedy;
use crate::run::{Approver, GroupId};
use crate::slack::SlackError;
use crate::thread::Groups;

/// Longest wait for who is in a group: the thread is drawn without it.
const GROUP_PATIENCE: Duration = Duration::from_secs(3);
/// Before Slack is asked again who is in a group.
const GROUP_PAUSE: TimeDelta = TimeDelta::seconds(5);

/// What Slack said of the groups that a run names.
#[derive(Default)]
pub(super) struct GroupAnswers {
    pub groups: Groups,
    /// Not all of it; worth asking again then.
    pub again: Option<DateTime<Utc>>,
}

impl Publisher {
    /// Who is in the groups that the run names, where anybody is to be called directly; else nobody, and Slack is not asked.
    pub(super) async fn groups(&self, look: &Look<'_>) -> GroupAnswers {
        let called = look
            .run
            .gate
            .as_ref()
            .is_some_and(|open| !open.reminders.is_empty() || open.escalated_at.is_some());
        // What a closed question left behind changes only when something happens.
        let changes = look.run.gate.is_some() || look.thread.behind;
        if changes && (called || look.spoke_directly()) {
            self.ask_groups(look).await
        } else {
            GroupAnswers::default()
        }
    }

    pub(super) async fn ask_groups(&self, look: &Look<'_>) -> GroupAnswers {
        let mut answers = GroupAnswers::default();
        let run = &look.thread.run;
        // All at once: many groups that Slack is silent about cost no more time than one.
        let asked = named(look).into_iter().map(|group| async move {
            (group, timeout(GROUP_PATIENCE, self.slack.group_members(&group.group)).await)
        });
        for (group, answer) in join_all(asked).await {
            let silent = || SlackError::Unknown {
                method: "usergroups.users.list",
                what: format!("no answer within {} s", GROUP_PATIENCE.as_secs()),
            };
            match answer.unwrap_or_else(|_| Err(silent())) {
                Ok(members) => drop(answers.groups.0.insert(group.clone(), members)),
                Err(refused) if refused.is_group_gone() || refused.is_about_us() => {
                    tracing::warn!(run.id = %run, error = %refused, "nobody of the group {group} is called: {}", remedy(&refused));
                    answers.groups.0.insert(group.clone(), Vec::new());
                }
                Err(e) => {
                    tracing::warn!(run.id = %run, error = %e, "could not ask who is in the group {group}; the thread is drawn without them");
                    answers.again = Some(look.thread.now() + GROUP_PAUSE);
                }
            }
        }
        answers
    }
}

fn named<'a>(look: &'a Look<'_>) -> BTreeSet<&'a GroupId> {
    let groups = look.run.named().filter_map(|approver| match approver {
        Approver::Group(group) => Some(group),
        Approver::Person(_) => None,
    });
    groups.collect()
}
