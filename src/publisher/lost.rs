//! Lost messages: what if a message is not where it should be?
//! A post whose answer was lost, a message or a whole thread that somebody deleted.

use chrono::TimeDelta;

use super::Publisher;
use super::look::Placement;
use super::retry::{Held, Late, settled};
use super::upsert::Edited;
use crate::slack::{SlackError, Ts};
use crate::store::{KnownMessage, Shown};

/// How much Slack's clock may be behind the database's.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);
/// Before a message that Slack says is missing, and shows all the same, is edited again.
const CONTRADICTED: TimeDelta = TimeDelta::seconds(5);
/// Before a lost thread is drawn anew: whoever deletes it again and again is not answered as fast.
const AFRESH: TimeDelta = TimeDelta::seconds(2);

impl Publisher {
    /// A post was begun and nobody knows how it ended: Slack is asked before it is posted again.
    pub(super) async fn find_lost_post(
        &self,
        at: Placement<'_>,
        lost: &KnownMessage,
    ) -> Result<Ts, Late> {
        self.renew_lease(at.look.thread).await?;
        let oldest = lost.claimed_at - CLOCK_SKEW;
        let found = self.slack.find(at.spot.channel, at.parent(), &at.slack_key(), oldest).await;
        match found {
            Ok(Some(ts)) => {
                // What it shows is not known exactly, so it is edited at once.
                self.record_post(at, &ts, None).await?;
                self.edit(at, &ts).await?;
                Ok(ts)
            }
            Ok(None) if at.now() < settled(lost) => Err(Late::until(settled(lost))),
            Ok(None) => self.post(at).await,
            Err(e) => Err(self.late_in_thread(at, e).await),
        }
    }

    /// A message that was there is not. Whoever deleted it may have meant it, so it does not come back; but a question must be
    /// there to be answered, and a thread of which nothing is left is drawn anew.
    pub(super) async fn replace_missing(
        &self,
        at: Placement<'_>,
        ts: &Ts,
        gone: SlackError,
    ) -> Result<Edited, Late> {
        if gone.is_message_missing() {
            self.look_for_missing(at, ts).await?;
        }
        tracing::warn!(run.id = %at.run(), error = %gone, "the message {} is gone", at.message.key);
        match self.late_in_thread(at, gone).await {
            Late::Held(Held::Refused(_)) => {}
            late => return Err(late),
        }
        if !at.message.asks() {
            return self.record_shown(at, &Shown::Gone, None).await;
        }
        self.store.forget_message(at.look.thread, &at.key()).await?;
        self.post(at).await?;
        Ok(Edited::Done)
    }

    /// Slack may say so once and be wrong: where it shows the message all the same, that is edited again later.
    async fn look_for_missing(&self, at: Placement<'_>, ts: &Ts) -> Result<(), Late> {
        let posted = ts.moment().unwrap_or_default();
        let found = self.slack.find(at.spot.channel, at.parent(), &at.slack_key(), posted).await;
        match found {
            Ok(Some(there)) if &there == ts => {
                tracing::warn!(run.id = %at.run(), "Slack does not find the message {}, and shows it", at.message.key);
                Err(Late::until(at.now() + CONTRADICTED))
            }
            Ok(_) => Ok(()),
            // Of a thread that is gone as a whole.
            Err(gone) if gone.is_message_gone() => Ok(()),
            Err(e) => Err(at.late(e)),
        }
    }

    /// When to try again, after a thread that is lost as a whole was forgotten.
    pub(super) async fn late_in_thread(&self, at: Placement<'_>, error: SlackError) -> Late {
        let Some(root) = at.spot.root.filter(|_| error.is_message_gone()) else {
            return at.late(error);
        };
        match self.slack.has_thread(at.spot.channel, root).await {
            Ok(true) => at.late(error),
            Ok(false) => self.forget_thread(at).await,
            Err(e) => at.late(e),
        }
    }

    async fn forget_thread(&self, at: Placement<'_>) -> Late {
        match self.store.forget_thread(at.look.thread).await {
            Ok(()) => {
                let run = at.run();
                tracing::warn!(run.id = %run, "Slack knows nothing of the thread of {run} any more; it is drawn anew");
                Late::until(at.now() + AFRESH)
            }
            Err(e) => e.into(),
        }
    }
}
