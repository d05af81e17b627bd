//! What can a person say, and what do they get to read?
//! The verbs of stories. Each goes through the bot's door as Slack would send it.

mod fills;
mod presses;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::dates::dated;
use super::people::{Said, Spot, escaped};
use super::signed::{Heard, Sent};
use super::state::{Message, Private, State};
use super::{FakeSlack, MessageAt, Target};

/// Somebody in front of Slack.
#[derive(Clone)]
pub struct Person {
    slack: FakeSlack,
    name: String,
}

impl FakeSlack {
    /// By name, or by id.
    pub fn person(&self, name: &str) -> Person {
        Person { slack: self.clone(), name: name.to_owned() }
    }
}

impl Person {
    /// Says something in #dev, or types a command there. `@signoff` in it calls the bot.
    pub async fn says(&self, text: &str) -> Result<Said> {
        self.says_in("dev", text).await
    }

    /// The same elsewhere: in a channel (by name), or in the thread of a run, a card, something said.
    pub async fn says_in<T: Target + ?Sized>(&self, place: &T, text: &str) -> Result<Said> {
        let place = place.place(&self.slack).await?;
        self.slack.speaks(&self.name, &place, text).await
    }

    /// Says something as bots did in the old way, with a subtype, to see that nobody listens.
    pub async fn posts<T: Target + ?Sized>(&self, place: &T, text: &str) -> Result<Heard> {
        let message = self.slack.said(&self.name, &place.place(&self.slack).await?, text)?;
        let event = self.slack.shared.change(|state| {
            let mut event = state.message_event("message", &message);
            event["bot_id"] = json!("B05ROBO");
            event["subtype"] = json!("bot_message");
            state.event(&event)
        });
        self.slack.deliver(Sent::json(&event)).await
    }

    /// Says something to the bot alone.
    pub async fn says_directly(&self, text: &str) -> Result<Said> {
        let user = self.slack.user(&self.name)?;
        let channel = self.slack.shared.change(|state| state.direct(&user).id);
        let place = Spot { channel, root: None };
        self.slack.speaks(&self.name, &place, text).await
    }

    /// Changes what they said. If it calls the bot then, Slack tells of a mention as if it were new, but for the field `edited`.
    pub async fn edits(&self, said: &Said, text: &str) -> Result<Heard> {
        let before = self.own(said)?;
        let (changed, mention) = self.slack.shared.change(|state| {
            let text = state.with_mentions(&escaped(text));
            let at = state.next_ts();
            let message = state
                .messages
                .iter_mut()
                .find(|it| it.ts == said.ts)
                .expect("it was there a moment ago");
            message.before.push((std::mem::replace(&mut message.text, text), vec![]));
            let after = message.clone();
            let changed = state.change_event("message_changed", &before, Some(&after));
            let mention = state.calls_us(&after).then(|| {
                let mut mention = state.message_event("app_mention", &after);
                mention["edited"] = json!({ "user": after.user, "ts": at });
                mention["event_ts"] = json!(at);
                state.event(&mention)
            });
            (state.event(&changed), mention)
        });
        let heard = self.slack.deliver(Sent::json(&changed)).await?;
        match mention {
            Some(mention) => self.slack.deliver(Sent::json(&mention)).await,
            None => Ok(heard),
        }
    }

    /// Takes back what they said.
    pub async fn deletes(&self, said: &Said) -> Result<Heard> {
        let before = self.own(said)?;
        let event = self.slack.shared.change(|state| {
            state.messages.retain(|it| it.ts != said.ts);
            let event = state.change_event("message_deleted", &before, None);
            state.event(&event)
        });
        self.slack.deliver(Sent::json(&event)).await
    }

    /// Puts an emoji to a message, `+1` as in `:+1:`; the bot is told, whether it asked for that or not.
    pub async fn reacts<T: Target + ?Sized>(&self, to: &T, emoji: &str) -> Result<Heard> {
        let (user, message) = (self.slack.user(&self.name)?, to.message(&self.slack).await?);
        let event = self.slack.shared.change(|state| {
            let ts = state.next_ts();
            state.event(&json!({
                "type": "reaction_added", "user": user, "reaction": emoji, "item_user": message.user, "event_ts": ts,
                "item": { "type": "message", "channel": message.channel, "ts": message.ts },
            }))
        });
        self.slack.deliver(Sent::json(&event)).await
    }

    /// Forwards a message to another channel. Its copy has its buttons, and another channel and `ts`.
    pub async fn forwards<T: Target + ?Sized>(&self, what: &T, channel: &str) -> Result<MessageAt> {
        let (user, channel) = (self.slack.user(&self.name)?, self.slack.channel(channel)?);
        let original = what.message(&self.slack).await?;
        let (ts, event) = self.slack.shared.change(|state| {
            let ts = state.next_ts();
            let copy = Message {
                channel,
                ts: ts.clone(),
                user,
                blocks: original.blocks,
                forwards: Some((original.ts, original.text)),
                ..Message::default()
            };
            state.messages.push(copy.clone());
            let told = state.channel(&copy.channel).is_some_and(|it| it.has_us);
            let event = told.then(|| state.message_event("message", &copy));
            (ts, event.map(|it| state.event(&it)))
        });
        if let Some(event) = event {
            self.slack.deliver(Sent::json(&event)).await?;
        }
        Ok(self.slack.at(&ts))
    }

    /// Waits until they are told the words where nobody else sees them.
    pub async fn is_told(&self, words: &str) -> Result<Private> {
        let user = self.slack.user(&self.name)?;
        let told = |state: &State| {
            let mut newest = state.private.iter().rev();
            newest.find(|it| it.user == user && state.plain(&it.text).contains(words)).cloned()
        };
        self.slack.until(&format!("{} to be told {words:?}", self.name), told).await
    }

    /// Waits until the bot writes the words to them directly.
    pub async fn is_sent_directly(&self, words: &str) -> Result<MessageAt> {
        let user = self.slack.user(&self.name)?;
        let what = format!("a direct message to {} with {words:?}", self.name);
        let ts = self.slack.until(&what, |state| {
            let mut there = state
                .messages
                .iter()
                .rev()
                .filter(|it| it.is_ours() && state.is_direct(&it.channel, &user));
            there.find(|it| state.shown(it).contains(words)).map(|it| it.ts.clone())
        });
        Ok(self.slack.at(&ts.await?))
    }

    /// What the bot wrote to them directly so far, as they read it.
    pub fn direct_messages(&self) -> Result<Vec<String>> {
        let user = self.slack.user(&self.name)?;
        Ok(self.slack.peek(|state| {
            let there = state
                .messages
                .iter()
                .filter(|it| it.is_ours() && state.is_direct(&it.channel, &user));
            there.map(|it| state.shown(it)).collect()
        }))
    }

    /// A message as their client shows it: dates in their own clock.
    pub async fn reads<T: Target + ?Sized>(&self, what: &T) -> Result<String> {
        let message = what.message(&self.slack).await?;
        let zone = self.slack.account(&self.name)?.zone_offset;
        Ok(self.slack.peek(|state| state.shown(&dated(&message, zone))))
    }

    fn own(&self, said: &Said) -> Result<Message> {
        let message = self.slack.message(&said.ts).context("it was taken back")?;
        ensure!(message.user == self.slack.user(&self.name)?, "{} did not say that", self.name);
        Ok(message)
    }
}
