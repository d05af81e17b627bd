//! What do people point at?

use anyhow::{Context, Result, ensure};

use super::FakeSlack;
use super::people::{Said, Spot};
use super::presses::offered;
use super::state::{BOT_USER, Message, Private, State};

/// A message, what somebody said, a saved card, a run (its newest gate and its thread), or a channel by name.
pub trait Target {
    /// The message whose buttons are meant.
    async fn message(&self, slack: &FakeSlack) -> Result<Message>;

    /// Where words go.
    async fn place(&self, slack: &FakeSlack) -> Result<Spot> {
        let message = self.message(slack).await?;
        Ok(Spot { channel: message.channel.clone(), root: Some(message.root().to_owned()) })
    }
}

/// By its `ts`; words can go to a channel by its name too.
impl Target for str {
    async fn message(&self, slack: &FakeSlack) -> Result<Message> {
        slack.message(self).with_context(|| format!("no message has the ts {self}"))
    }

    async fn place(&self, slack: &FakeSlack) -> Result<Spot> {
        match slack.message(self) {
            Some(message) => {
                Ok(Spot { root: Some(message.root().to_owned()), channel: message.channel })
            }
            None => Ok(Spot { channel: slack.channel(self)?, root: None }),
        }
    }
}

impl Target for String {
    async fn message(&self, slack: &FakeSlack) -> Result<Message> {
        self.as_str().message(slack).await
    }

    async fn place(&self, slack: &FakeSlack) -> Result<Spot> {
        self.as_str().place(slack).await
    }
}

/// As it was when it was saved.
impl Target for Message {
    async fn message(&self, _: &FakeSlack) -> Result<Message> {
        Ok(self.clone())
    }
}

/// What they alone see.
impl Target for Private {
    async fn message(&self, _: &FakeSlack) -> Result<Message> {
        let Self { channel, thread_ts, text, blocks, ts, .. } = self.clone();
        let user = BOT_USER.to_owned();
        Ok(Message {
            channel,
            ts,
            thread_ts,
            user,
            text,
            blocks,
            ephemeral: true,
            ..Message::default()
        })
    }
}

impl Target for Said {
    async fn message(&self, slack: &FakeSlack) -> Result<Message> {
        self.ts.message(slack).await
    }
}

impl Target for MessageAt {
    async fn message(&self, _: &FakeSlack) -> Result<Message> {
        self.saved()
    }
}

/// A message, whatever it says by now.
#[derive(Clone)]
pub struct MessageAt {
    slack: FakeSlack,
    pub ts: String,
}

impl FakeSlack {
    pub fn at(&self, ts: &str) -> MessageAt {
        MessageAt { slack: self.clone(), ts: ts.to_owned() }
    }
}

impl MessageAt {
    /// The message as it is now: to press it later as somebody's client still shows it.
    pub fn saved(&self) -> Result<Message> {
        self.slack.message(&self.ts).with_context(|| format!("the message {} is gone", self.ts))
    }

    /// As people read it now.
    pub fn shown(&self) -> String {
        self.slack.shown(&self.ts)
    }

    /// Waits until it shows the words.
    pub async fn shows(&self, words: &str) -> Result<()> {
        self.until(&format!("{words:?} in a message"), |state, it| state.shown(it).contains(words))
            .await
    }

    /// Waits until there is such a button, or menu with such an option.
    pub async fn offers(&self, button: &str) -> Result<()> {
        self.until(&format!("a button {button}"), |_, it| {
            offered(&it.blocks).iter().any(|name| name == button)
        })
        .await
    }

    /// Waits until there is nothing left to press.
    pub async fn offers_nothing(&self) -> Result<()> {
        self.until("a message without buttons", |_, it| offered(&it.blocks).is_empty()).await
    }

    /// Waits for a reaction of the bot's, `memo` as in `:memo:`.
    pub async fn has_reaction(&self, emoji: &str) -> Result<()> {
        self.until(&format!("the reaction :{emoji}:"), |_, it| {
            it.reactions.iter().any(|name| name == emoji)
        })
        .await
    }

    /// Asserts that the bot has not reacted so far.
    pub fn has_no_reaction(&self) -> Result<()> {
        let reactions = self.saved()?.reactions;
        ensure!(reactions.is_empty(), "there are reactions: {reactions:?}");
        Ok(())
    }

    async fn until(&self, what: &str, there: impl Fn(&State, &Message) -> bool) -> Result<()> {
        self.slack
            .until(what, |state| state.message(&self.ts).filter(|it| there(state, it)).map(|_| ()))
            .await
    }
}
