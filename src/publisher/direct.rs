//! Who is told something directly, and what if they cannot be reached?
//! Reminders and escalations, and questions that their thread does not show. Nobody who cannot be reached holds up anything.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::look::{Look, Spot};
use super::post::Brought;
use super::retry::{Abort, Held, Late, alone, earliest, remedy};
use super::{Publisher, SHED_PAUSE};
use crate::metrics;
use crate::run::{Approver, GroupId};
use crate::store::{GivenUp, KnownMessage, Shown};
use crate::thread::{GateKey, Groups, Message, MessageKey, RenderContext, To, unposted};

/// Before Slack is asked again who is in a group.
const GROUP_PAUSE: TimeDelta = TimeDelta::seconds(5);

/// What Slack said of the groups that a run names.
#[derive(Default)]
pub(super) struct Asked {
    pub groups: Groups,
    /// Not all of it; worth asking again then.
    pub again: Option<DateTime<Utc>>,
}

/// The question that people may wait for in vain, and why.
type Silent<'a> = Option<(&'a GateKey, Option<&'a Held>)>;

impl Publisher {
    /// Who is in the groups that the run names, where anybody is to be called directly; else nobody, unasked.
    pub(super) async fn groups(&self, look: &Look<'_>) -> Asked {
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
            Asked::default()
        }
    }

    async fn ask_groups(&self, look: &Look<'_>) -> Asked {
        let mut asked = Asked::default();
        for group in named(look) {
            match self.slack.group_members(&group.group).await {
                Ok(members) => drop(asked.groups.0.insert(group.clone(), members)),
                Err(refused) if refused.is_group_gone() || refused.is_about_us() => {
                    tracing::warn!(run.id = %look.thread.run, error = %refused, "nobody of the group {group} is called: {}", remedy(&refused));
                    asked.groups.0.insert(group.clone(), Vec::new());
                }
                Err(e) => {
                    tracing::warn!(run.id = %look.thread.run, error = %e, "could not ask who is in the group {group}");
                    asked.again = Some(look.now + GROUP_PAUSE);
                }
            }
        }
        asked
    }

    /// What is told directly because the thread does not show it: the open question, if people may wait for it in vain, and those that were
    /// told so before, for as long as they stand there.
    pub(super) async fn instead(
        &self,
        look: &Look<'_>,
        place: &RenderContext,
        silent: Silent<'_>,
        asked: &mut Asked,
    ) -> Result<Vec<Message>, Abort> {
        if silent.is_some() && asked.groups.0.is_empty() && asked.again.is_none() {
            *asked = self.ask_groups(look).await;
        }
        if let Some((question, held)) = silent {
            self.raise_alarm(look, question, held).await?;
        }
        let mut messages = Vec::new();
        for question in look.questions() {
            let all = silent.is_some_and(|(silent, _)| *silent == question);
            let drawn = unposted(look.run, &question, place, &asked.groups);
            messages.extend(
                drawn.into_iter().filter(|message| all || look.known.contains_key(&message.key)),
            );
        }
        Ok(messages)
    }

    /// Once for each question.
    async fn raise_alarm(
        &self,
        look: &Look<'_>,
        question: &GateKey,
        held: Option<&Held>,
    ) -> Result<(), Abort> {
        let key = MessageKey::Alarm(question.clone());
        if look.known.contains_key(&key) {
            return Ok(());
        }
        let (why, remedy) = match held {
            Some(Held::Refused(refused)) => (refused.to_string(), remedy(refused)),
            _ => ("Slack did not take it for a while".to_owned(), "it will be tried again"),
        };
        let channel = &look.thread.place.channel;
        tracing::error!(
            run.id = %look.thread.run,
            "the question of {} cannot be seen in the channel {channel} ({why}): starter and approvers are asked directly; to mend it, {remedy}",
            look.thread.run
        );
        metrics::gate_card_unposted();
        Ok(self
            .store
            .give_up_message(
                look.thread,
                GivenUp { key: &key.to_string(), shown: &Shown::Unknown, why: &why, at: look.now },
            )
            .await?)
    }

    /// Each message on its own. Brings back when to look again at those that have to wait. Who was never called is not told that it is over.
    pub(super) async fn draw_directly(
        &self,
        look: &Look<'_>,
        messages: &[Message],
    ) -> Result<Option<DateTime<Utc>>, Abort> {
        let mut again = None;
        for message in messages
            .iter()
            .filter(|message| message.asks() || look.known.contains_key(&message.key))
        {
            let To::Person(user) = &message.to else { continue };
            match alone(self.tell(look, message, user).await)? {
                Ok(Brought::Shed(_)) => again = earliest(again, Some(look.now + SHED_PAUSE)),
                Ok(_) => {}
                Err(Held::Until(at)) => again = earliest(again, Some(at)),
                Err(Held::Refused(refused)) => {
                    let run = &look.thread.run;
                    tracing::warn!(run.id = %run, error = %refused, "{} does not reach {user}: {}", message.key, remedy(&refused));
                    self.give_up(look, message, &refused.to_string()).await?;
                }
            }
        }
        Ok(again)
    }

    async fn tell(&self, look: &Look<'_>, message: &Message, user: &str) -> Result<Brought, Late> {
        if look.is_given_up(message) {
            return Ok(Brought::GivenUp);
        }
        let known = look.known.get(&message.key).and_then(|known| known.channel.clone());
        let channel = match known {
            Some(channel) => channel,
            None => self.slack.direct(user).await.map_err(|e| self.late(e))?,
        };
        self.bring(look, message, Spot::direct(&channel)).await
    }

    /// Slack will not have this message, whatever is tried. What was there before stays.
    pub(super) async fn give_up(
        &self,
        look: &Look<'_>,
        message: &Message,
        why: &str,
    ) -> Result<(), Abort> {
        let digest = message.digest();
        match look.known.get(&message.key) {
            Some(KnownMessage { ts: Some(_), .. }) => {
                self.store
                    .message_edited(
                        &look.thread.run,
                        &message.key.to_string(),
                        &Shown::Unfit(digest),
                    )
                    .await?;
            }
            _ => {
                self.store
                    .give_up_message(
                        look.thread,
                        GivenUp {
                            key: &message.key.to_string(),
                            shown: &Shown::Drawing(digest),
                            why,
                            at: look.now,
                        },
                    )
                    .await?;
            }
        }
        Ok(())
    }
}

fn named<'a>(look: &'a Look<'_>) -> BTreeSet<&'a GroupId> {
    let groups = look.run.named().filter_map(|approver| match approver {
        Approver::Group(group) => Some(group),
        Approver::Person(_) => None,
    });
    groups.collect()
}
