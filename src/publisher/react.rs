//! Which of people's messages have our reaction?
//! Slack counts a reaction once, so it is simply set again where nobody knows whether it is there.

use chrono::{DateTime, Utc};

use super::Publisher;
use super::look::Look;
use super::retry::{Abort, Held, Late, alone, earliest, remedy};
use crate::slack::Ts;
use crate::store::{Claim, GivenUp, Posted, Shown};
use crate::thread::{MessageKey, Reaction, reactions};

impl Publisher {
    /// Each reaction once. Brings back when to look again at those that have to wait.
    pub(super) async fn react(&self, look: &Look<'_>) -> Result<Option<DateTime<Utc>>, Abort> {
        let mut again = None;
        for reaction in reactions(look.run) {
            let key = MessageKey::Reaction(reaction.message.clone());
            let done = look
                .known
                .get(&key)
                .is_some_and(|known| known.ts.is_some() || known.given_up.is_some());
            if done {
                continue;
            }
            match alone(self.set(look, &key, &reaction).await)? {
                Ok(()) => {}
                Err(Held::Until(at)) => again = earliest(again, Some(at)),
                Err(Held::Refused(refused)) => {
                    tracing::warn!(run.id = %look.thread.run, error = %refused, "a note has no reaction: {}", remedy(&refused));
                    let (shown, why) =
                        (Shown::Drawing(reaction.emoji.to_owned()), refused.to_string());
                    self.store
                        .give_up_message(
                            look.thread,
                            GivenUp {
                                key: &key.to_string(),
                                shown: &shown,
                                why: &why,
                                at: look.now,
                            },
                        )
                        .await?;
                }
            }
        }
        Ok(again)
    }

    async fn set(
        &self,
        look: &Look<'_>,
        key: &MessageKey,
        reaction: &Reaction,
    ) -> Result<(), Late> {
        let key = key.to_string();
        self.still_ours(look.thread).await?;
        if !self
            .store
            .claim_message(look.thread, Claim { key: &key, channel: None, at: look.now })
            .await?
        {
            return Err(Late::fenced_off());
        }
        let message = Ts(reaction.message.clone());
        self.slack
            .react(&look.thread.place.channel, &message, reaction.emoji)
            .await
            .map_err(|e| self.late(e))?;
        let shown = &Shown::Drawing(reaction.emoji.to_owned());
        let posted = Posted { key: &key, ts: message.as_str(), shown, is_root: false };
        Ok(self.store.message_posted(&look.thread.run, posted).await?)
    }
}
