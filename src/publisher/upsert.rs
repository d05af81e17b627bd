//! Upserts one message: is it to be posted, or edited?
//! Effectively once: the intent is stored before the post, so that a post whose answer was lost is looked for before it is sent again.

use super::Publisher;
use super::look::Placement;
use super::retry::{Abort, Late, SETTLE};
use crate::metrics;
use crate::slack::{Edit, Post, Priority, SlackBlock, SlackError, Ts};
use crate::store::{Claim, KnownMessage, LeasedThread, Posted, Shown};
use crate::thread::To;

/// What became of a message.
pub(super) enum Upserted {
    /// It is as it should be.
    UpToDate(Ts),
    /// Slack has no room for progress now; a newer drawing will come.
    Shed(Ts),
    /// Slack will not have it, as it said before.
    GivenUp,
}

/// What became of an edit.
pub(super) enum Edited {
    Done,
    /// Slack has no room for progress now.
    Shed,
}

/// What Slack answered to a drawing, and what it shows if it took it.
struct Sent<T> {
    answer: Result<T, SlackError>,
    shown: Shown,
}

impl Publisher {
    /// Posts the message, or edits it if it differs.
    pub(super) async fn upsert(&self, at: Placement<'_>) -> Result<Upserted, Late> {
        match at.known() {
            Some(KnownMessage { ts: Some(ts), shown, .. }) => {
                let ts = Ts(ts.clone());
                Ok(match self.edit(at, &ts, shown).await? {
                    Edited::Done => Upserted::UpToDate(ts),
                    Edited::Shed => Upserted::Shed(ts),
                })
            }
            Some(_) if at.look.is_given_up(at.message) => Ok(Upserted::GivenUp),
            Some(lost) if lost.given_up.is_none() => {
                self.find_lost_post(at, lost).await.map(Upserted::UpToDate)
            }
            _ => self.post(at).await.map(Upserted::UpToDate),
        }
    }

    /// Right before Slack is called: a writer that another one overtook must not write.
    pub(super) async fn renew_lease(&self, thread: &LeasedThread) -> Result<(), Abort> {
        if self.store.renew_lease(thread, (self.clock)()).await? {
            Ok(())
        } else {
            Err(Abort::FencedOff)
        }
    }

    pub(super) async fn post(&self, at: Placement<'_>) -> Result<Ts, Late> {
        self.renew_lease(at.look.thread).await?;
        self.claim(at).await?;
        let Sent { answer, shown } = self.send_post(at).await?;
        match answer {
            Ok(ts) => {
                self.record_post(at, &ts, &shown).await?;
                Ok(ts)
            }
            Err(SlackError::Unknown { what, .. }) => {
                tracing::warn!(run.id = %at.run(), error = %what, "the post of {} may have happened", at.message.key);
                Err(Late::until((self.clock)() + SETTLE))
            }
            Err(surely_not) => {
                self.store.unclaim_message(at.look.thread, &at.key()).await?;
                Err(self.late_in_thread(at, surely_not).await)
            }
        }
    }

    /// Stores that the message is about to be posted.
    async fn claim(&self, at: Placement<'_>) -> Result<(), Late> {
        let elsewhere = matches!(at.message.to, To::Person(_)).then_some(at.spot.channel);
        let claim = Claim { key: &at.key(), channel: elsewhere, at: (self.clock)() };
        if self.store.claim_message(at.look.thread, claim).await? {
            Ok(())
        } else {
            Err(Late::fenced_off())
        }
    }

    /// Stores that Slack has the message.
    pub(super) async fn record_post(
        &self,
        at: Placement<'_>,
        ts: &Ts,
        shown: &Shown,
    ) -> Result<(), Late> {
        let is_root = at.message.to == To::Channel;
        let posted = Posted { key: &at.key(), ts: ts.as_str(), shown, is_root };
        Ok(self.store.message_posted(at.run(), posted).await?)
    }

    pub(super) async fn edit(
        &self,
        at: Placement<'_>,
        ts: &Ts,
        shown: &Shown,
    ) -> Result<Edited, Late> {
        let digest = at.message.digest();
        if shown.is_right_for(&digest) {
            return Ok(Edited::Done);
        }
        self.renew_lease(at.look.thread).await?;
        let Sent { answer, shown } = self.send_edit(at, ts).await?;
        let priority = at.look.priority_of_edit(at.message);
        match answer {
            Ok(()) => self.record_edit(at, &shown).await,
            Err(SlackError::RateLimited { .. }) if priority == Priority::Tick => Ok(Edited::Shed),
            Err(gone) if gone.is_message_gone() => self.replace_missing(at, gone).await,
            Err(refused) if refused.is_invalid_blocks() => {
                tracing::error!(run.id = %at.run(), error = %refused, "Slack takes {} in no form; it shows what it did", at.message.key);
                self.record_edit(at, &Shown::Unfit(digest)).await
            }
            Err(e) => Err(self.late(e)),
        }
    }

    /// Stores what Slack shows now.
    pub(super) async fn record_edit(
        &self,
        at: Placement<'_>,
        shown: &Shown,
    ) -> Result<Edited, Late> {
        self.store.message_edited(at.run(), &at.key(), shown).await?;
        Ok(Edited::Done)
    }

    /// Posts the drawing; where Slack refuses its blocks, a plainer one.
    async fn send_post(&self, at: Placement<'_>) -> Result<Sent<Ts>, Abort> {
        let answer = self.post_blocks(at, &at.message.blocks).await;
        match answer {
            Err(refused) if refused.is_invalid_blocks() => {
                self.prepare_plainer(at, &refused).await?;
                let answer = self.post_blocks(at, &at.message.plainer()).await;
                Ok(Sent { answer, shown: Shown::Plainer(at.message.digest()) })
            }
            answer => Ok(Sent { answer, shown: Shown::Drawing(at.message.digest()) }),
        }
    }

    /// The same for an edit.
    async fn send_edit(&self, at: Placement<'_>, ts: &Ts) -> Result<Sent<()>, Abort> {
        let answer = self.edit_blocks(at, ts, &at.message.blocks).await;
        match answer {
            Err(refused) if refused.is_invalid_blocks() => {
                self.prepare_plainer(at, &refused).await?;
                let answer = self.edit_blocks(at, ts, &at.message.plainer()).await;
                Ok(Sent { answer, shown: Shown::Plainer(at.message.digest()) })
            }
            answer => Ok(Sent { answer, shown: Shown::Drawing(at.message.digest()) }),
        }
    }

    async fn prepare_plainer(&self, at: Placement<'_>, refused: &SlackError) -> Result<(), Abort> {
        metrics::message_drawn_plainly();
        tracing::error!(run.id = %at.run(), error = %refused, "Slack does not take {} as it is drawn; it is drawn more plainly", at.message.key);
        self.renew_lease(at.look.thread).await
    }

    async fn post_blocks(
        &self,
        at: Placement<'_>,
        blocks: &[SlackBlock],
    ) -> Result<Ts, SlackError> {
        let post = Post {
            channel: at.spot.channel,
            thread_ts: at.parent(),
            text: at.message.text.as_str(),
            blocks,
            key: &at.slack_key(),
            priority: at.message.priority(),
        };
        self.slack.post(post).await
    }

    async fn edit_blocks(
        &self,
        at: Placement<'_>,
        ts: &Ts,
        blocks: &[SlackBlock],
    ) -> Result<(), SlackError> {
        let edit = Edit {
            channel: at.spot.channel,
            ts,
            text: at.message.text.as_str(),
            blocks,
            priority: at.look.priority_of_edit(at.message),
        };
        self.slack.update(edit).await
    }

    pub(super) fn late(&self, error: SlackError) -> Late {
        Late::of(error, (self.clock)())
    }
}
