//! Direct messages: who is told something directly, and what if they cannot be reached?
//! Reminders and escalations, and questions that their thread does not show. A person who cannot be reached holds up nothing else.

use chrono::{DateTime, Utc};

use super::Publisher;
use super::groups::GroupAnswers;
use super::look::{Look, Placement, Spot, Unseen};
use super::retry::{Abort, Held, Late, Tried, after_refusal, earliest, remedy, split_held};
use super::upsert::Upserted;
use crate::metrics;
use crate::slack::SlackError;
use crate::store::{GivenUp, KnownMessage, Redrawn, Shown};
use crate::thread::{Message, MessageKey, RenderContext, To, unposted};

impl Publisher {
    /// Messages to people because the thread does not show a question: for the open question, if nobody can see it, and for those that were
    /// asked directly before, so that these messages are kept up to date.
    pub(super) async fn direct_fallback(
        &self,
        look: &Look<'_>,
        render: &RenderContext,
        unseen: Option<Unseen<'_>>,
        asked: &mut GroupAnswers,
    ) -> Result<Vec<Message>, Abort> {
        if unseen.is_some() && asked.groups.0.is_empty() && asked.again.is_none() {
            *asked = self.ask_groups(look).await;
        }
        if let Some(unseen) = &unseen {
            self.raise_alarm(look, unseen).await?;
        }
        let mut messages = Vec::new();
        for question in look.questions() {
            let all = unseen.as_ref().is_some_and(|unseen| unseen.question == question);
            let drawn = unposted(look.run, &question, render, &asked.groups);
            messages.extend(
                drawn.into_iter().filter(|message| all || look.known.contains_key(&message.key)),
            );
        }
        Ok(messages)
    }

    /// Once for each question.
    async fn raise_alarm(&self, look: &Look<'_>, unseen: &Unseen<'_>) -> Result<(), Abort> {
        let key = MessageKey::Alarm(unseen.question.clone());
        if look.known.contains_key(&key) {
            return Ok(());
        }
        let (why, remedy) = unseen.why();
        let (run, channel) = (&look.thread.run, &look.thread.channel.channel);
        tracing::error!(
            run.id = %run,
            "the question of {run} cannot be seen in the channel {channel} ({why}): starter and approvers are asked directly; to mend it, {remedy}"
        );
        metrics::gate_card_unposted();
        let (key, shown) = (key.to_string(), Shown::Unknown);
        let given_up = GivenUp { key: &key, shown: &shown, why: &why, again_at: None };
        Ok(self.store.give_up_message(look.thread, given_up).await?)
    }

    /// Each message on its own; returns when to look again at those that have to wait. People who were never called are not told that the
    /// question is closed.
    pub(super) async fn draw_directly(
        &self,
        look: &Look<'_>,
        messages: &[Message],
    ) -> Result<Option<DateTime<Utc>>, Abort> {
        let mut again = None;
        let due = |message: &&Message| message.asks() || look.known.contains_key(&message.key);
        for message in messages.iter().filter(due) {
            let To::Person(user) = &message.to else { continue };
            let later = match split_held(self.draw_for(look, message, user).await)? {
                Tried::Done(Upserted::Shed(_, until)) => Some(until),
                Tried::Done(_) => None,
                Tried::Held(Held::Until(at)) => Some(at),
                Tried::Held(Held::Refused(refused)) => {
                    self.give_up_on(look, message, user, &refused).await?;
                    None
                }
            };
            again = earliest(again, later);
        }
        Ok(again)
    }

    async fn give_up_on(
        &self,
        look: &Look<'_>,
        message: &Message,
        user: &str,
        refused: &SlackError,
    ) -> Result<(), Abort> {
        tracing::warn!(run.id = %look.thread.run, error = %refused, "{} does not reach {user}: {}", message.key, remedy(refused));
        self.give_up(look, message, &refused.to_string()).await
    }

    async fn draw_for(
        &self,
        look: &Look<'_>,
        message: &Message,
        user: &str,
    ) -> Result<Upserted, Late> {
        if look.is_given_up(message) {
            return Ok(Upserted::GivenUp);
        }
        let known = look.known.get(&message.key).and_then(|known| known.channel.clone());
        let channel = if let Some(channel) = known {
            channel
        } else {
            let opened = self.slack.direct(user).await;
            opened.map_err(|e| Late::of(e, look.thread.now()))?
        };
        let spot = Spot { channel: &channel, root: None };
        self.upsert(Placement { look, message, spot }).await
    }

    /// Slack will not have this message, whatever is tried. What was there before stays. In a thread it is tried again later.
    pub(super) async fn give_up(
        &self,
        look: &Look<'_>,
        message: &Message,
        why: &str,
    ) -> Result<(), Abort> {
        let (key, digest) = (message.key.to_string(), message.digest());
        let since = look.run.ended_at.unwrap_or(look.now);
        let again_at = after_refusal(since, look.thread.now()).filter(|_| message.to == To::Thread);
        if let Some(KnownMessage { ts: Some(_), .. }) = look.known.get(&message.key) {
            let shown = &Shown::Unfit(digest);
            let redrawn = Redrawn { key: &key, shown, doubtful_until: again_at, step: None };
            return Ok(self.store.message_edited(&look.thread.run, redrawn).await?);
        }
        let shown = Shown::Drawing(digest);
        let given_up = GivenUp { key: &key, shown: &shown, why, again_at };
        Ok(self.store.give_up_message(look.thread, given_up).await?)
    }
}
