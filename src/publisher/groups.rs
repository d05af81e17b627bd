//! User groups: who is in those that a run names?
//! Slack is asked only where somebody in them is called directly. A group that Slack tells nothing of holds up nothing else.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::Publisher;
use super::look::Look;
use super::retry::remedy;
use crate::run::{Approver, GroupId};
use crate::thread::Groups;

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
        for group in named(look) {
            match self.slack.group_members(&group.group).await {
                Ok(members) => drop(answers.groups.0.insert(group.clone(), members)),
                Err(refused) if refused.is_group_gone() || refused.is_about_us() => {
                    tracing::warn!(run.id = %run, error = %refused, "nobody of the group {group} is called: {}", remedy(&refused));
                    answers.groups.0.insert(group.clone(), Vec::new());
                }
                Err(e) => {
                    tracing::warn!(run.id = %run, error = %e, "could not ask who is in the group {group}");
                    answers.again = Some(look.now + GROUP_PAUSE);
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
