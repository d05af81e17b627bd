//! How is one message made to be as it should be?
//! Effectively once: the intent is stored, the message carries its key, and a post whose answer was lost is looked for before it is posted again.

use chrono::TimeDelta;

use super::Publisher;
use super::look::{Look, Spot};
use super::retry::{Abort, Held, Late};
use crate::metrics;
use crate::slack::{Edit, Post, Priority, SlackBlock, SlackError, Ts};
use crate::store::{Claim, KnownMessage, LeasedThread, Posted, Shown};
use crate::thread::{Message, To};

/// How long after a post whose answer was lost Slack must be able to show it.
const SETTLE: TimeDelta = TimeDelta::seconds(10);
/// Before a lost thread is drawn anew: whoever deletes it again and again is not answered as fast.
const AFRESH: TimeDelta = TimeDelta::seconds(2);

/// What became of a message.
pub(super) enum Brought {
    /// It is as it should be.
    Right(Ts),
    /// Slack has no room for progress now; a newer drawing will come.
    Shed(Ts),
    /// Slack will not have it, as it said before.
    GivenUp,
}

impl Publisher {
    /// Posts the message, or edits it if it differs.
    pub(super) async fn bring(
        &self,
        look: &Look<'_>,
        message: &Message,
        spot: Spot<'_>,
    ) -> Result<Brought, Late> {
        match look.known.get(&message.key) {
            Some(KnownMessage { ts: Some(ts), shown, .. }) => {
                let ts = Ts(ts.clone());
                let done = self.edit(look, message, spot, (&ts, shown)).await?;
                Ok(if done { Brought::Right(ts) } else { Brought::Shed(ts) })
            }
            Some(_) if look.is_given_up(message) => Ok(Brought::GivenUp),
            Some(lost) if lost.given_up.is_none() => {
                self.settle(look, message, spot, lost).await.map(Brought::Right)
            }
            _ => self.post(look, message, spot).await.map(Brought::Right),
        }
    }

    pub(super) async fn still_ours(&self, thread: &LeasedThread) -> Result<(), Abort> {
        if self.store.renew_lease(thread, (self.clock)()).await? {
            Ok(())
        } else {
            Err(Abort::FencedOff)
        }
    }

    async fn post(&self, look: &Look<'_>, message: &Message, spot: Spot<'_>) -> Result<Ts, Late> {
        self.still_ours(look.thread).await?;
        let elsewhere = matches!(message.to, To::Person(_)).then_some(spot.channel);
        if !self
            .store
            .claim_message(
                look.thread,
                Claim { key: &message.key.to_string(), channel: elsewhere, at: (self.clock)() },
            )
            .await?
        {
            return Err(Late::fenced_off());
        }
        let mut shown = Shown::Drawing(message.digest());
        let mut posted = self.send(look, message, spot, &message.blocks).await;
        if let Some(refused) = posted.as_ref().err().filter(|e| e.is_invalid_blocks()) {
            draws_plainly(look, message, refused);
            self.still_ours(look.thread).await?;
            posted = self.send(look, message, spot, &message.plainer()).await;
            shown = Shown::Plainer(message.digest());
        }
        match posted {
            Ok(ts) => {
                let is_root = message.to == To::Channel;
                self.store
                    .message_posted(
                        &look.thread.run,
                        Posted {
                            key: &message.key.to_string(),
                            ts: ts.as_str(),
                            shown: &shown,
                            is_root,
                        },
                    )
                    .await?;
                Ok(ts)
            }
            Err(SlackError::Unknown { what, .. }) => {
                tracing::warn!(run.id = %look.thread.run, error = %what, "the post of {} may have happened", message.key);
                Err(Late::until((self.clock)() + SETTLE))
            }
            Err(surely_not) => {
                self.store.unclaim_message(look.thread, &message.key.to_string()).await?;
                Err(self.late_in(look.thread, spot, surely_not).await)
            }
        }
    }

    async fn send(
        &self,
        look: &Look<'_>,
        message: &Message,
        spot: Spot<'_>,
        blocks: &[SlackBlock],
    ) -> Result<Ts, SlackError> {
        let key = look.key(message);
        let thread_ts = spot.above(message);
        self.slack
            .post(Post {
                channel: spot.channel,
                thread_ts,
                text: message.text.as_str(),
                blocks,
                key: &key,
                priority: message.priority(),
            })
            .await
    }

    /// A post was begun and nobody knows how it ended: Slack is asked before it is posted again.
    async fn settle(
        &self,
        look: &Look<'_>,
        message: &Message,
        spot: Spot<'_>,
        lost: &KnownMessage,
    ) -> Result<Ts, Late> {
        self.still_ours(look.thread).await?;
        let oldest = lost.claimed_at - TimeDelta::seconds(60);
        let found = match self
            .slack
            .find(spot.channel, spot.above(message), &look.key(message), oldest)
            .await
        {
            Ok(found) => found,
            Err(e) => return Err(self.late_in(look.thread, spot, e).await),
        };
        if let Some(ts) = found {
            let is_root = message.to == To::Channel;
            self.store
                .message_posted(
                    &look.thread.run,
                    Posted {
                        key: &message.key.to_string(),
                        ts: ts.as_str(),
                        shown: &Shown::Unknown,
                        is_root,
                    },
                )
                .await?;
            // What it shows is not known exactly.
            self.edit(look, message, spot, (&ts, &Shown::Unknown)).await?;
            return Ok(ts);
        }
        let settled = lost.claimed_at + SETTLE;
        if (self.clock)() < settled {
            return Err(Late::until(settled));
        }
        self.post(look, message, spot).await
    }

    /// False where Slack has no room for progress now.
    async fn edit(
        &self,
        look: &Look<'_>,
        message: &Message,
        spot: Spot<'_>,
        (ts, shown): (&Ts, &Shown),
    ) -> Result<bool, Late> {
        let digest = message.digest();
        if shown.is_right_for(&digest) {
            return Ok(true);
        }
        self.still_ours(look.thread).await?;
        let priority = look.priority_of_edit(message);
        let whole = Edit {
            channel: spot.channel,
            ts,
            text: message.text.as_str(),
            blocks: &message.blocks,
            priority,
        };
        let (mut edited, mut now_shown) =
            (self.slack.update(whole).await, Shown::Drawing(digest.clone()));
        if let Some(refused) = edited.as_ref().err().filter(|e| e.is_invalid_blocks()) {
            draws_plainly(look, message, refused);
            self.still_ours(look.thread).await?;
            (edited, now_shown) = (
                self.slack.update(Edit { blocks: &message.plainer(), ..whole }).await,
                Shown::Plainer(digest.clone()),
            );
        }
        match edited {
            Ok(()) => {
                self.store
                    .message_edited(&look.thread.run, &message.key.to_string(), &now_shown)
                    .await?;
                Ok(true)
            }
            Err(SlackError::RateLimited { .. }) if priority == Priority::Tick => Ok(false),
            Err(gone) if gone.is_message_gone() => self.missing(look, message, spot, gone).await,
            Err(refused) if refused.is_invalid_blocks() => {
                tracing::error!(run.id = %look.thread.run, error = %refused, "Slack takes {} in no form; it shows what it did", message.key);
                self.store
                    .message_edited(
                        &look.thread.run,
                        &message.key.to_string(),
                        &Shown::Unfit(digest),
                    )
                    .await?;
                Ok(true)
            }
            Err(e) => Err(self.late(e)),
        }
    }

    /// A message that was there is not. Whoever deleted it may have meant it, so it does not come back; but a question must be
    /// there to be answered, and a thread of which nothing is left is drawn anew.
    async fn missing(
        &self,
        look: &Look<'_>,
        message: &Message,
        spot: Spot<'_>,
        gone: SlackError,
    ) -> Result<bool, Late> {
        tracing::warn!(run.id = %look.thread.run, error = %gone, "the message {} is gone", message.key);
        match self.late_in(look.thread, spot, gone).await {
            Late::Held(Held::Refused(_)) => {}
            late => return Err(late),
        }
        if message.asks() {
            self.store.forget_message(look.thread, &message.key.to_string()).await?;
            self.post(look, message, spot).await?;
        } else {
            self.store
                .message_edited(&look.thread.run, &message.key.to_string(), &Shown::Gone)
                .await?;
        }
        Ok(true)
    }

    /// When to try again, after a thread that is lost as a whole was forgotten.
    async fn late_in(&self, thread: &LeasedThread, spot: Spot<'_>, error: SlackError) -> Late {
        let Some(root) = spot.root.filter(|_| error.is_message_gone()) else {
            return self.late(error);
        };
        match self.slack.has_thread(spot.channel, root).await {
            Ok(true) => self.late(error),
            Ok(false) => match self.store.forget_thread(thread).await {
                Ok(()) => {
                    tracing::warn!(run.id = %thread.run, "Slack knows nothing of the thread of {} any more; it is drawn anew", thread.run);
                    Late::until((self.clock)() + AFRESH)
                }
                Err(e) => e.into(),
            },
            Err(e) => self.late(e),
        }
    }

    pub(super) fn late(&self, error: SlackError) -> Late {
        Late::of(error, (self.clock)())
    }
}

fn draws_plainly(look: &Look<'_>, message: &Message, refused: &SlackError) {
    metrics::message_drawn_plainly();
    tracing::error!(run.id = %look.thread.run, error = %refused, "Slack does not take {} as it is drawn; it is drawn more plainly", message.key);
}
