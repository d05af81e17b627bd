//! Reactions: which of people's messages have ours?
//! Slack counts a reaction once, so it is simply set again where nobody knows whether it is there.

use chrono::{DateTime, Utc};

use super::Publisher;
use super::look::Look;
use super::retry::{Abort, Held, Late, Tried, earliest, remedy, split_held};
use crate::slack::{SlackError, Ts};
use crate::store::{Claim, GivenUp, KnownMessage, Posted, Shown};
use crate::thread::{MessageKey, Reaction, reactions};

impl Publisher {
    /// Each reaction once; returns when to look again at those that have to wait.
    pub(super) async fn react(&self, look: &Look<'_>) -> Result<Option<DateTime<Utc>>, Abort> {
        let mut again = None;
        for reaction in reactions(look.run) {
            let key = MessageKey::Reaction(reaction.message.clone());
            if look.known.get(&key).is_some_and(is_settled) {
                continue;
            }
            match split_held(self.set_reaction(look, &key, &reaction).await)? {
                Tried::Done(()) => {}
                Tried::Held(Held::Until(at)) => again = earliest(again, Some(at)),
                Tried::Held(Held::Refused(refused)) => {
                    self.give_up_reaction(look, &key, &reaction, &refused).await?;
                }
            }
        }
        Ok(again)
    }

    async fn set_reaction(
        &self,
        look: &Look<'_>,
        key: &MessageKey,
        reaction: &Reaction,
    ) -> Result<(), Late> {
        let key = key.to_string();
        self.renew_lease(look.thread).await?;
        let claim = Claim { key: &key, channel: None };
        if !self.store.claim_message(look.thread, claim).await? {
            return Err(Late::fenced_off());
        }
        let message = Ts(reaction.message.clone());
        self.slack
            .react(&look.thread.channel.channel, &message, reaction.emoji)
            .await
            .map_err(|e| Late::of(e, look.thread.now()))?;
        let shown = Shown::Drawing(reaction.emoji.to_owned());
        let (doubtful_until, step, is_root) = (None, None, false);
        let ts = message.as_str();
        let posted = Posted { key: &key, ts, shown: &shown, doubtful_until, step, is_root };
        Ok(self.store.message_posted(&look.thread.run, posted).await?)
    }

    async fn give_up_reaction(
        &self,
        look: &Look<'_>,
        key: &MessageKey,
        reaction: &Reaction,
        refused: &SlackError,
    ) -> Result<(), Abort> {
        tracing::warn!(run.id = %look.thread.run, error = %refused, "a note has no reaction: {}", remedy(refused));
        let (key, why) = (key.to_string(), refused.to_string());
        let shown = Shown::Drawing(reaction.emoji.to_owned());
        let given_up = GivenUp { key: &key, shown: &shown, why: &why, again_at: None };
        Ok(self.store.give_up_message(look.thread, given_up).await?)
    }
}

/// Whether it is there, or will never be.
fn is_settled(known: &KnownMessage) -> bool {
    known.ts.is_some() || known.given_up.is_some()
}
